#![doc = include_str!("lib.md")]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod capture;
mod clock;
mod journal;
mod lifecycle;
mod plugin;
mod process;
mod recovery;
mod restore;
mod session;
mod store;
#[cfg(test)]
mod torture;
mod writer;

pub use capture::{ReflectSaved, Saved, SessionAppExt, TypeProblem, TypeProblemReason};
pub use journal::{
    CheckpointId, CheckpointKind, RunId, SaveId, SessionId, SlotId, SlotKind, Validity, limits,
};
pub use lifecycle::{
    AttachmentRead, AttachmentSaved, AutosaveStretched, CheckpointCaptured, CheckpointDrifted,
    CheckpointFailed, CheckpointSaved, CorruptionDetected, CurrentSession, LastCheckpoint,
    RecoveryAvailable, RecoveryDeclined, RecoveryFailed, RecoveryOffers, Request, RequestRejected,
    RestorePrepared, RestoreStarted, SessionActivity, SessionCatalog, SessionClosed,
    SessionCommands, SessionEnded, SessionForgotten, SessionPaused, SessionRecovered,
    SessionRestored, SessionResumed, SessionSettings, SessionStarted, SessionUpdate,
    SessionUpdated, SessionsFound, SlotCopied, SlotDeleted, SlotFailed, SlotRenamed, SlotSaved,
    TypeFailed, TypeNotSaved, recovery_is_pending, saving_is_in_progress, session_is_active,
    session_is_paused, session_is_restoring,
};
pub use plugin::{SessionLast, SessionPlugin, SessionSystems};
pub use process::{HowItEnded, PreviousRun};
pub use recovery::{
    OfferedCheckpoint, RecoveryOffer, SessionEntry, SlotEntry, UnreadableSlot, Unsaved,
};
pub use restore::{
    DanglingReference, DespawnOnRestore, ExtraEntities, RestoreLoss, RestoreLossReason,
    RestoreReport,
};
pub use session::{
    Attachment, AttachmentError, AttachmentOf, CheckpointError, EndReason, Field, FieldError,
    Fields, IllegalMove, Move, NewSession, RecoveryError, RequestError, RestoreFrom, RestoreReason,
    SaveSlot, SessionContext, SessionMetadata, SessionPriority, SessionStatus, SlotError,
};
pub use store::{MemoryDisk, Operation, PanicInfo};

/// What most games use: `use bevy_session::prelude::*;`.
pub mod prelude {
    pub use crate::{
        CheckpointCaptured, CheckpointFailed, CheckpointSaved, CorruptionDetected, CurrentSession,
        DespawnOnRestore, EndReason, HowItEnded, NewSession, PreviousRun, RecoveryAvailable,
        RecoveryDeclined, RecoveryFailed, RecoveryOffers, ReflectSaved, RequestRejected,
        RestoreFrom, RestoreReason, SaveSlot, Saved, SessionAppExt, SessionCatalog, SessionClosed,
        SessionCommands, SessionEnded, SessionPaused, SessionPlugin, SessionRecovered,
        SessionRestored, SessionResumed, SessionSettings, SessionStarted, SessionStatus,
        SessionUpdate, SessionsFound, SlotEntry, SlotFailed, SlotId, SlotSaved,
        recovery_is_pending, saving_is_in_progress, session_is_active, session_is_paused,
        session_is_restoring,
    };
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
