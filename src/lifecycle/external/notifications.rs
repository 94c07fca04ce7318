//! Notifications about the game's own saves.

use bevy::prelude::*;
use bevy_session_journal::SessionId;

use crate::external_saves::{
    ExternalAnswer, ExternalCall, ExternalCallError, ExternalOperation, ExternalRequestId,
    ExternalSave, ExternalSaveReason,
};
use crate::lifecycle::notifications::notifications;

notifications! {
    /// The game is to save with its own save system now, and to answer when that is durable: by `answer`
    /// from any thread, or by
    /// [`done`](crate::external::ExternalCommands::done) or
    /// [`failed`](crate::external::ExternalCommands::failed).
    ExternalSaveRequested {
        /// The request.
        request: ExternalRequestId,
        /// The session.
        session: SessionId,
        /// Why.
        reason: ExternalSaveReason,
        /// The state that asks for it, as `enter Playing`.
        label: Option<String>,
        /// Where the answer goes.
        answer: ExternalAnswer,
    }

    /// The game is to load a backup with its own save system, and to answer as above when its world is
    /// there. The session goes on with it then.
    ExternalRestoreRequested {
        /// The request.
        request: ExternalRequestId,
        /// The session that crashed.
        session: SessionId,
        /// The backup.
        save: ExternalSave,
        /// Where the answer goes.
        answer: ExternalAnswer,
    }

    /// A request to the game's own save system is done, has failed, or was given up.
    /// [`ExternalOperations`](crate::external::ExternalOperations) lists it from now on.
    ExternalOperationFinished {
        /// The request and its outcome.
        operation: ExternalOperation,
    }

    /// A backup of the game's own can't be loaded, as its save system says. It isn't offered.
    ExternalSaveDamaged {
        /// The backup.
        save: ExternalSave,
        /// The damage, in plain words.
        reason: String,
    }

    /// A call of the game's own save system has no answer. It costs that answer only.
    ExternalCallFailed {
        /// The call.
        call: ExternalCall,
        /// Why.
        error: ExternalCallError,
    }
}
