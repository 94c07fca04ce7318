//! A game's own save system: its interface, and the thread that calls it.
//!
//! The provider is called on a separate thread, one question at a time, so that a slow one costs no
//! frame, and a panic loses only its answer. Requests to the game itself, to save and to load, are
//! notifications, and are answered with an [`Answer`].

mod answer;
mod asker;
mod backups;
mod operation;
mod provider;
mod save;

pub use answer::{ExternalAnswer, ExternalDone, ExternalRequestId};
pub use backups::OfferedBackup;
pub use operation::{
    ExternalOperation, ExternalOperationKind, ExternalOperations, ExternalOutcome,
    ExternalSaveReason,
};
pub use provider::{ExternalAutosave, ExternalCall, ExternalCallError, ExternalSaves};
pub use save::{ExternalSave, ExternalSaveKind};

pub(crate) use answer::{Answer, AnswerSheet};
pub(crate) use asker::{Asker, Question, Reply};
pub(crate) use backups::Backups;
pub(crate) use operation::{LEDGER, ledger_of};
