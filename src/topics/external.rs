//! A game's own save system: the plugin asks it for backups, keeps a list of them, and offers them
//! after a crash.
//!
//! It is registered with [`ExternalSavesExt`]. Through
//! [`external()`](crate::SessionCommands::external) the game reports its saves.

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
