//! A save system of the game's own: what it answers, and who asks it.
//!
//! The provider is asked on a thread of its own, one question at a time, so that a slow one costs no
//! frame and one that panics costs its answer. What is asked of the game itself, to save and to load,
//! goes by notifications, and comes back as an [`Answer`].

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
