//! Asks the provider, on a separate thread.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use bevy::ecs::error::BevyError;

use super::{ExternalAutosave, ExternalCall, ExternalCallError, ExternalSave, ExternalSaves};
use crate::saved::panic_message;

/// The most backups that are examined for one offer, newest first.
const LOOKED_AT: usize = 64;

/// A question to the provider.
#[derive(Debug)]
pub(crate) enum Question {
    Autosave,
    /// The newest backups of these players; `None` is a session whose player isn't known.
    List(Vec<Option<String>>),
    Validate(ExternalSave),
}

/// The provider's reply.
#[derive(Debug)]
pub(crate) enum Reply {
    Autosave(ExternalAutosave),
    /// Newest first, each slot once.
    Listed(Vec<ExternalSave>),
    Validated(ExternalSave, Result<(), String>),
    /// The call failed.
    Failed(ExternalCall, ExternalCallError),
}

/// Asks the provider one question at a time. A thread that hangs in a call only delays further
/// questions, and ends with its process.
pub(crate) struct Asker {
    questions: Sender<Question>,
    replies: Receiver<Reply>,
    asked: Option<Asked>,
}

/// The question that the provider hasn't answered yet.
struct Asked {
    call: ExternalCall,
    at: Duration,
    /// True if its answer isn't waited for any more.
    given_up: bool,
}

impl Asker {
    pub(crate) fn new(provider: Arc<dyn ExternalSaves>) -> std::io::Result<Self> {
        let (questions, asked) = channel();
        let (answers, replies) = channel();
        let serve = move || serve(&*provider, &asked, &answers);
        thread::Builder::new().name("external saves".into()).spawn(serve)?;
        Ok(Self { questions, replies, asked: None })
    }

    /// Returns true if a question can be asked.
    pub(crate) fn is_free(&self) -> bool {
        self.asked.is_none()
    }

    /// Asks a question, unless one is still open.
    pub(crate) fn ask(&mut self, question: Question, now: Duration) {
        if self.is_free() {
            let call = question.call();
            // Without the thread there is no reply, which is noticed when its time is over.
            let _ = self.questions.send(question);
            self.asked = Some(Asked { call, at: now, given_up: false });
        }
    }

    /// The reply to the question that is open, if it is there or its time is over.
    pub(crate) fn reply(&mut self, now: Duration, patience: Duration) -> Option<Reply> {
        let asked = self.asked.as_mut()?;
        if let Ok(reply) = self.replies.try_recv() {
            let was_given_up = asked.given_up;
            self.asked = None;
            return Some(reply).filter(|_| !was_given_up);
        }
        if asked.given_up || now.saturating_sub(asked.at) < patience {
            return None;
        }
        asked.given_up = true;
        Some(Reply::Failed(asked.call, ExternalCallError::Silent(patience)))
    }
}

impl Question {
    fn call(&self) -> ExternalCall {
        match self {
            Self::Autosave => ExternalCall::Autosave,
            Self::List(_) => ExternalCall::List,
            Self::Validate(_) => ExternalCall::Validate,
        }
    }
}

/// Answers questions until there are no more.
fn serve(provider: &dyn ExternalSaves, questions: &Receiver<Question>, replies: &Sender<Reply>) {
    while let Ok(question) = questions.recv() {
        let call = question.call();
        let reply = catch_unwind(AssertUnwindSafe(|| answer(provider, question)));
        let reply = reply.unwrap_or_else(|panic| {
            Reply::Failed(call, ExternalCallError::Panicked(panic_message(&*panic)))
        });
        if replies.send(reply).is_err() {
            return;
        }
    }
}

fn answer(provider: &dyn ExternalSaves, question: Question) -> Reply {
    match question {
        Question::Autosave => Reply::Autosave(provider.autosave()),
        Question::List(players) => match provider.list() {
            Ok(saves) => Reply::Listed(newest_of(saves, &players)),
            Err(error) => {
                let error = ExternalCallError::Failed(first_line(&error));
                Reply::Failed(ExternalCall::List, error)
            }
        },
        Question::Validate(save) => {
            let result = provider.validate(&save).map_err(|error| first_line(&error));
            Reply::Validated(save, result)
        }
    }
}

/// The newest backups of these players, each slot once.
fn newest_of(mut saves: Vec<ExternalSave>, players: &[Option<String>]) -> Vec<ExternalSave> {
    saves.retain(|save| players.iter().any(|player| save.is_for(player.as_deref())));
    saves.sort_by_key(|save| std::cmp::Reverse(save.time));
    let mut slots = HashSet::new();
    saves.retain(|save| slots.insert(save.slot.clone()));
    saves.truncate(LOOKED_AT);
    saves
}

/// The first line of an error. Bevy's errors end with a backtrace.
fn first_line(error: &BevyError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn save(slot: &str, second: i64) -> ExternalSave {
        ExternalSave::auto(slot, Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn external_saves_are_listed_newest_first_and_each_slot_once() {
        let players = [Some("Ann".to_owned())];
        let mut saves: Vec<ExternalSave> =
            (0..10_000).map(|number| save(&format!("auto-{number}"), number)).collect();
        saves.push(save("auto-9999", 3));
        saves.push(save("of Ben", 20_000).player("Ben"));
        saves.push(save("of Ann", 20_001).player("Ann"));
        let newest = newest_of(saves, &players);
        assert_eq!(newest.len(), LOOKED_AT);
        assert_eq!(newest[0].slot, "of Ann");
        assert_eq!(newest[1], save("auto-9999", 9999));
        assert_eq!(newest.iter().filter(|save| save.slot == "auto-9999").count(), 1);
    }

    #[test]
    fn a_session_without_a_player_is_offered_the_saves_of_all() {
        let saves = vec![save("of Ben", 2).player("Ben"), save("no one's", 1)];
        assert_eq!(newest_of(saves.clone(), &[None]).len(), 2);
        assert_eq!(newest_of(saves, &[]).len(), 0);
    }
}
