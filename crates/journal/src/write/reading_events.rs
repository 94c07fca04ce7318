//! Reads a page of what a session has recorded, or looks at all of it.

use super::News;
use super::jobs::{Job, Slice, Tools, Urgency, WaitsFor};
use super::slices::SLICE_BYTES;
use crate::disk::DirectoryStore;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::RequestError;
use crate::read::recovery::{EventReading, EventValidating};

/// Events of a session that are read because somebody asked for it.
pub(super) struct ReadEvents<R> {
    pub session: SessionId,
    pub reading: R,
    pub ticket: Ticket,
    pub waits_for: WaitsFor,
}

/// A reading of events, step by step.
pub(super) trait ReadsEvents: Send + 'static {
    /// Does a piece of it, and returns its bytes; `None` if all is read.
    fn step(&mut self, store: &DirectoryStore) -> Result<Option<usize>, RequestError>;

    /// The answer.
    fn answer(self, ended: Result<(), RequestError>, ticket: Ticket) -> News;
}

impl ReadsEvents for EventReading {
    fn step(&mut self, store: &DirectoryStore) -> Result<Option<usize>, RequestError> {
        self.step(store)
    }

    fn answer(self, ended: Result<(), RequestError>, ticket: Ticket) -> News {
        let (query, page) = self.finish();
        News::EventsRead { query: Box::new(query), result: ended.map(|()| page), ticket }
    }
}

impl ReadsEvents for EventValidating {
    fn step(&mut self, store: &DirectoryStore) -> Result<Option<usize>, RequestError> {
        self.step(store)
    }

    fn answer(self, ended: Result<(), RequestError>, ticket: Ticket) -> News {
        let (session, found) = self.finish();
        News::EventsValidated { session, result: ended.map(|()| found), ticket }
    }
}

impl<R: ReadsEvents> Job for ReadEvents<R> {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn waits_for(&self) -> WaitsFor {
        self.waits_for
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        if std::mem::replace(&mut self.waits_for, WaitsFor::Nothing) != WaitsFor::Nothing {
            tools.hand_over_events(self.session);
        }
        let store = &tools.finder.local().store;
        let Some(ended) = in_a_slice(|| self.reading.step(store)) else {
            return Slice::Going(self);
        };
        tools.news.push(self.reading.answer(ended, self.ticket));
        Slice::Done
    }

    /// What was there before is read.
    fn in_vain(mut self: Box<Self>, _news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        self.waits_for = WaitsFor::Nothing;
        Some(self)
    }
}

/// Reads for a slice, by steps that return the bytes that they read. Returns the result, if the reading ended.
fn in_a_slice<E>(mut step: impl FnMut() -> Result<Option<usize>, E>) -> Option<Result<(), E>> {
    let mut read = 0;
    while read < SLICE_BYTES {
        match step() {
            Ok(Some(bytes)) => read += bytes,
            Ok(None) => return Some(Ok(())),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}
