//! Requests about the game's own saves.

use bevy::prelude::*;
use bevy_session_journal::SessionId;

use crate::external_saves::{Answer, ExternalDone, ExternalRequestId};

/// A request about the game's own saves.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum ExternalRequest {
    /// [`ExternalCommands::done`](crate::external::ExternalCommands::done) and
    /// [`ExternalCommands::failed`](crate::external::ExternalCommands::failed), or the same by
    /// [`ExternalAnswer`](crate::external::ExternalAnswer).
    Answer {
        /// The plugin's request to the game.
        request: ExternalRequestId,
        /// The result, or the reason why it failed.
        result: Result<ExternalDone, String>,
    },
    /// [`ExternalCommands::recover`](crate::external::ExternalCommands::recover).
    Recover {
        /// The session.
        session: SessionId,
        /// The slot of the backup.
        slot: String,
    },
}

impl From<Answer> for ExternalRequest {
    fn from(Answer { request, result }: Answer) -> Self {
        Self::Answer { request, result }
    }
}
