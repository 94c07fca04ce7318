//! Notifications about the game's own saves.

use bevy::prelude::*;
use bevy_session_journal::SessionId;

use crate::external_saves::{
    ExternalAnswer, ExternalCall, ExternalCallError, ExternalOperation, ExternalRequestId,
    ExternalSave, ExternalSaveReason,
};
use crate::lifecycle::notifications::notifications;

notifications! {
    /// The game should save with its own save system now, and answer when that is durable: by
    /// `answer` from any thread, or by [`done`](crate::external::ExternalCommands::done) or
    /// [`failed`](crate::external::ExternalCommands::failed).
    ExternalSaveRequested {
        /// The request.
        request: ExternalRequestId,
        /// The session.
        session: SessionId,
        /// The occasion.
        reason: ExternalSaveReason,
        /// The state that requests it, as `enter Playing`.
        label: Option<String>,
        /// Answers the request.
        answer: ExternalAnswer,
    }

    /// The game should load a backup with its own save system, and answer as above when its world
    /// is there. The session then continues with it.
    ExternalRestoreRequested {
        /// The request.
        request: ExternalRequestId,
        /// The session that crashed.
        session: SessionId,
        /// The backup.
        save: ExternalSave,
        /// Answers the request.
        answer: ExternalAnswer,
    }

    /// A request to the game's own save system is done, has failed, or was given up.
    /// [`ExternalOperations`](crate::external::ExternalOperations) lists it from now on.
    ExternalOperationFinished {
        /// The request and its outcome.
        operation: ExternalOperation,
    }

    /// One of the game's own backups can't be loaded, according to its save system. It isn't
    /// offered.
    ExternalSaveDamaged {
        /// The backup.
        save: ExternalSave,
        /// The damage, in plain words.
        reason: String,
    }

    /// A call of the game's own save system has no answer. Only that answer is lost.
    ExternalCallFailed {
        /// The call.
        call: ExternalCall,
        /// The error.
        error: ExternalCallError,
    }
}
