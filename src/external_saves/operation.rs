//! Requests to the game's own save system, and their outcomes.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{Fields, SessionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ExternalRequestId;

/// The custom field of a session in which its newest operations are kept.
pub(crate) const LEDGER: &str = "bevy_session::external_saves";
/// The number of operations that are remembered.
const REMEMBERED: usize = 20;
/// The number of characters that are kept of the game's texts.
const TEXT: usize = 256;

/// The occasion at which the game was asked to save.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug))]
#[non_exhaustive]
pub enum ExternalSaveReason {
    /// The play time of [`ExternalAutosave::Every`](crate::external::ExternalAutosave::Every) has
    /// passed since the last request.
    Timer,
    /// A gate closes, a state is left that asks for a checkpoint, or the system suspends the game.
    /// The world that is being left is still there while observers run, and not a frame later.
    Leaving,
    /// A state was entered that asks for a checkpoint.
    State,
    /// The session was paused.
    Pause,
    /// The session is being left, with or without the app. If the app exits, no frame follows: only
    /// an observer, or a task that it started, can answer.
    Exit,
}

/// A request to the game's own save system, and its outcome.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct ExternalOperation {
    /// The request.
    pub request: ExternalRequestId,
    /// The session.
    pub session: SessionId,
    /// The kind of request.
    pub kind: ExternalOperationKind,
    /// The time of the request.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub asked: Timestamp,
    /// The time until it was answered or given up.
    pub took: Duration,
    /// The session's play time at the request.
    pub play_time: Duration,
    /// The outcome.
    pub outcome: ExternalOutcome,
}

/// The kind of a request to a game's own save system.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub enum ExternalOperationKind {
    /// To save.
    Save(ExternalSaveReason),
    /// To load the backup in this slot.
    Restore(String),
}

/// The outcome of an operation. The game's texts are truncated after 256 characters.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub enum ExternalOutcome {
    /// The game reports success.
    Done {
        /// The slot, if the game named it.
        slot: Option<String>,
        /// Further details.
        details: String,
    },
    /// The game reports failure.
    Failed {
        /// The game's error.
        error: String,
    },
    /// There was no answer within
    /// [`Patience::external`](crate::checkpoints::Patience::external), or until the app
    /// exited.
    TimedOut,
    /// It was cancelled, by [`cancel_restore`](crate::SessionCommands::cancel_restore) or an exit.
    Cancelled,
}

impl ExternalOperation {
    /// Returns true if the game reported success.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.outcome, ExternalOutcome::Done { .. })
    }
}

impl ExternalOutcome {
    /// The outcome that an answer means.
    pub(crate) fn of(result: Result<super::ExternalDone, String>) -> Self {
        match result {
            Ok(done) => {
                Self::Done { slot: done.slot.map(shortened), details: shortened(done.details) }
            }
            Err(error) => Self::Failed { error: shortened(error) },
        }
    }
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TEXT) {
        text.truncate(end);
    }
    text
}

/// The newest 20 requests to the game's own save system, with their outcomes: those of this
/// process, and those of earlier ones that the played session has kept.
///
/// They are durable with the session's next checkpoint, in its custom field
/// `bevy_session::external_saves`. Answers while the app exits aren't kept.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::external::ExternalOperations;
///
/// fn last_backup(operations: Res<ExternalOperations>) {
///     if let Some(saved) = operations.iter().rev().find(|operation| operation.is_done()) {
///         info!("saved after {:?}", saved.took);
///     }
/// }
/// # bevy::ecs::system::assert_is_system(last_backup);
/// ```
#[derive(Resource, Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct ExternalOperations {
    operations: Vec<ExternalOperation>,
}

impl ExternalOperations {
    /// The operations, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &ExternalOperation> {
        self.operations.iter()
    }

    /// The outcome of a request, if it is still remembered.
    #[must_use]
    pub fn get(&self, request: ExternalRequestId) -> Option<&ExternalOperation> {
        self.operations.iter().find(|operation| operation.request == request)
    }

    /// Adds operations, in order. Known ones stay as they are.
    pub(crate) fn note(&mut self, operations: impl IntoIterator<Item = ExternalOperation>) {
        for operation in operations {
            if !self.operations.iter().any(|known| is_same(known, &operation)) {
                self.operations.push(operation);
            }
        }
        self.operations.sort_by_key(|operation| operation.asked);
        let surplus = self.operations.len().saturating_sub(REMEMBERED);
        self.operations.drain(..surplus);
    }

    /// The operations of a session, as it keeps them.
    pub(crate) fn of(&self, session: SessionId) -> Vec<&ExternalOperation> {
        self.operations.iter().filter(|operation| operation.session == session).collect()
    }
}

fn is_same(one: &ExternalOperation, other: &ExternalOperation) -> bool {
    (one.request, one.session, one.asked) == (other.request, other.session, other.asked)
}

/// The operations that a session has kept.
pub(crate) fn ledger_of(fields: &Fields) -> Vec<ExternalOperation> {
    fields.get(LEDGER).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external_saves::ExternalDone;

    fn operation(number: u64, session: SessionId) -> ExternalOperation {
        ExternalOperation {
            request: ExternalRequestId(number),
            session,
            kind: ExternalOperationKind::Save(ExternalSaveReason::Timer),
            asked: Timestamp::from_second(i64::try_from(number).unwrap()).unwrap(),
            took: Duration::from_millis(7),
            play_time: Duration::from_secs(number),
            outcome: ExternalOutcome::of(Ok(ExternalDone::in_slot("auto").details("fine"))),
        }
    }

    #[test]
    fn the_newest_twenty_operations_are_kept_without_duplicates() {
        let session = SessionId::random();
        let mut operations = ExternalOperations::default();
        operations.note((0..30).map(|number| operation(number, session)));
        operations.note((0..30).map(|number| operation(number, session)));
        let kept: Vec<u64> = operations.iter().map(|operation| operation.request.0).collect();
        assert_eq!(kept, (10..30).collect::<Vec<_>>());
    }

    #[test]
    fn external_operations_are_kept_in_a_field_of_the_session() {
        let session = SessionId::random();
        let mut operations = ExternalOperations::default();
        operations.note((0..20).map(|number| operation(number, session)));
        operations.note([operation(99, SessionId::random())]);
        let mut fields = Fields::default();
        fields.set(LEDGER, &operations.of(session)).unwrap();
        let kept = ledger_of(&fields);
        assert_eq!(kept, (1..20).map(|number| operation(number, session)).collect::<Vec<_>>());
        fields.set(LEDGER, &"a game that uses the name").unwrap();
        assert!(ledger_of(&fields).is_empty());
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let outcome = ExternalOutcome::of(Err("ä".repeat(1 << 20)));
        assert_eq!(outcome, ExternalOutcome::Failed { error: "ä".repeat(TEXT) });
    }
}
