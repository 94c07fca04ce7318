//! The game's answers to requests to save or to load.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use bevy_session_journal::RunId;
use bevy_session_journal::internal::model::clock;

/// The id of a request to the game. Each process counts from another number, so that the answer to
/// a request of an earlier process is recognized.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug))]
#[serde(transparent)]
pub struct ExternalRequestId(pub u64);

impl fmt::Display for ExternalRequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// The result of a save or load, in the game's words. A text alone is its details.
///
/// ```
/// use bevy_session::external::ExternalDone;
///
/// let saved = ExternalDone::in_slot("autosave-3").details("212 units");
/// let loaded = ExternalDone::from("212 units");
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExternalDone {
    pub(crate) slot: Option<String>,
    pub(crate) details: String,
}

impl ExternalDone {
    /// The slot in which it was saved, as in [`list`](crate::external::ExternalSaves::list): after
    /// a crash, the offer uses it to tell which backups were acknowledged.
    #[must_use]
    pub fn in_slot(slot: impl Into<String>) -> Self {
        Self { slot: Some(slot.into()), details: String::new() }
    }

    /// Adds further details, for [`ExternalOperations`](crate::external::ExternalOperations).
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }
}

impl From<&str> for ExternalDone {
    fn from(details: &str) -> Self {
        Self::default().details(details)
    }
}

impl From<String> for ExternalDone {
    fn from(details: String) -> Self {
        Self::default().details(details)
    }
}

/// Answers one request, from any thread. Clone it into the task that saves.
///
/// A system can also answer by the request's id, with
/// [`done`](crate::external::ExternalCommands::done). The first answer counts.
#[derive(Clone)]
pub struct ExternalAnswer {
    request: ExternalRequestId,
    to: Sender<Answer>,
    /// Counts the holders that may still answer.
    _held: Arc<()>,
}

impl ExternalAnswer {
    /// Answers that it was done.
    pub fn done(&self, done: impl Into<ExternalDone>) {
        self.send(Ok(done.into()));
    }

    /// Answers that it failed.
    pub fn failed(&self, error: impl Into<String>) {
        self.send(Err(error.into()));
    }

    fn send(&self, result: Result<ExternalDone, String>) {
        // Without a plugin there is nothing left that would want to know.
        let _ = self.to.send(Answer { request: self.request, result });
    }
}

impl fmt::Debug for ExternalAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ExternalAnswer").field(&self.request).finish()
    }
}

/// An answer that was received.
#[derive(Debug)]
pub(crate) struct Answer {
    pub request: ExternalRequestId,
    pub result: Result<ExternalDone, String>,
}

/// Numbers requests, and receives their answers.
pub(crate) struct AnswerSheet {
    first: u64,
    next: u64,
    to: Sender<Answer>,
    from: Receiver<Answer>,
}

impl AnswerSheet {
    pub(crate) fn new() -> Self {
        let (to, from) = channel();
        let first = RunId::random().0;
        Self { first, next: first, to, from }
    }

    /// A new request: its answerer, and a reference that shows if an answer can still come.
    pub(crate) fn ask(&mut self) -> (ExternalAnswer, Weak<()>) {
        let request = ExternalRequestId(self.next);
        self.next = self.next.wrapping_add(1);
        let held = Arc::new(());
        let holders = Arc::downgrade(&held);
        (ExternalAnswer { request, to: self.to.clone(), _held: held }, holders)
    }

    /// Returns true if this request was made in this process.
    pub(crate) fn has_asked(&self, request: ExternalRequestId) -> bool {
        request.0.wrapping_sub(self.first) < self.next.wrapping_sub(self.first)
    }

    /// The next answer, if there is one.
    pub(crate) fn take(&self) -> Option<Answer> {
        self.from.try_recv().ok()
    }

    /// The next answer until the deadline.
    pub(crate) fn wait(&self, deadline: Instant) -> Option<Answer> {
        let patience = deadline.checked_duration_since(clock::instant()).unwrap_or(Duration::ZERO);
        self.from.recv_timeout(patience).ok()
    }
}

impl ExternalAnswer {
    /// The request's id.
    #[must_use]
    pub fn request(&self) -> ExternalRequestId {
        self.request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_that_were_made_are_known() {
        let mut sheet = AnswerSheet::new();
        sheet.first = u64::MAX;
        sheet.next = u64::MAX;
        let asked = [sheet.ask().0.request, sheet.ask().0.request];
        assert_eq!(asked, [ExternalRequestId(u64::MAX), ExternalRequestId(0)]);
        assert!(asked.into_iter().all(|request| sheet.has_asked(request)));
        assert!(!sheet.has_asked(ExternalRequestId(1)));
        assert!(!sheet.has_asked(ExternalRequestId(u64::MAX - 1)));
    }

    #[test]
    fn holders_of_an_answer_are_counted() {
        let mut sheet = AnswerSheet::new();
        let (answer, holders) = sheet.ask();
        let other = answer.clone();
        assert_eq!(holders.strong_count(), 2);
        drop(answer);
        other.done("saved");
        drop(other);
        assert_eq!(holders.strong_count(), 0);
        assert_eq!(sheet.take().unwrap().result, Ok("saved".into()));
    }
}
