//! Save systems of a game's own: the plugin asks them for backups, keeps account of these, and offers them after a crash.
//!
//! One is registered with [`ExternalSavesExt`]. Through [`external()`](crate::SessionCommands::external) the game reports what it saved.

pub use bevy_session_journal::{ExternalError, Operation, Outcome, UnsavedPlay};

pub use crate::external_saves::{
    ExternalAnswer, ExternalAutosave, ExternalCall, ExternalCallError, ExternalDone,
    ExternalOperation, ExternalOperationKind, ExternalOperations, ExternalOutcome,
    ExternalRequestId, ExternalSave, ExternalSaveKind, ExternalSaveReason, ExternalSaves,
    OfferedBackup,
};
pub use crate::lifecycle::{
    ExternalCallFailed, ExternalCommands, ExternalOperationFinished, ExternalRequest,
    ExternalRestoreRequested, ExternalSaveDamaged, ExternalSaveRequested, ExternalSavesExt,
};
