#![doc = include_str!("lib.md")]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod capture;
mod clock;
mod crash_report;
mod journal;
mod lifecycle;
mod mode;
mod plugin;
mod process;
mod recovery;
mod restore;
mod session;
mod store;
#[cfg(test)]
mod torture;
mod writer;

pub use capture::{
    ReflectSaved, SaveKey, SaveScope, Saved, SessionAppExt, StateChange, TypeProblem,
    TypeProblemReason, Unsaved,
};
pub use journal::{CheckpointId, CheckpointKind, RunId, SaveId, SessionId, Validity, limits};
pub use lifecycle::{
    AutosaveStretched, CheckpointCaptured, CheckpointDrifted, CheckpointFailed, CheckpointSaved,
    CorruptionDetected, CrashReportWritten, CurrentProfile, CurrentSession, DuplicateSaveKey,
    LastCheckpoint, PlacedRestored, ProfileChanged, RecoveryAvailable, RecoveryDeclined,
    RecoveryFailed, RecoveryOffers, RecoveryPolicy, Request, RequestRejected, RestoreCancelled,
    RestoreLosses, RestorePhase, RestorePrepared, RestoreStalled, RestoreStarted, SessionActivity,
    SessionCatalog, SessionClosed, SessionCommands, SessionEnded, SessionForgotten,
    SessionHooksExt, SessionPaused, SessionRecovered, SessionRestored, SessionResumed,
    SessionSettings, SessionStarted, SessionUpdate, SessionUpdated, SessionsFound, TypeFailed,
    TypeNotSaved, recovery_is_pending, saving_is_in_progress, session_is_active, session_is_paused,
    session_is_restoring,
};
pub use mode::SessionMode;
pub use plugin::{SessionLast, SessionPlugin, SessionSystems};
pub use process::{HowItEnded, PreviousRun};
pub use recovery::{OfferedCheckpoint, Proposal, RecoveryOffer, SessionEntry, UnsavedPlay};
pub use restore::{
    DanglingReference, DespawnOnRestore, ExtraEntities, RestoreLoss, RestoreLossReason,
    RestoreReport,
};
pub use session::{
    CheckpointError, EndReason, Field, FieldError, Fields, IllegalMove, Move, NewSession,
    RecoveryError, RequestError, RestoreFrom, RestoreReason, SessionContext, SessionMetadata,
    SessionPriority, SessionStatus,
};
pub use store::{MemoryDisk, Operation, PanicInfo};

/// What most games use: `use bevy_session::prelude::*;`.
pub mod prelude {
    pub use crate::{
        CheckpointCaptured, CheckpointFailed, CheckpointSaved, CorruptionDetected,
        CrashReportWritten, CurrentProfile, CurrentSession, DespawnOnRestore, DuplicateSaveKey,
        EndReason, HowItEnded, NewSession, PreviousRun, ProfileChanged, Proposal,
        RecoveryAvailable, RecoveryDeclined, RecoveryFailed, RecoveryOffers, RecoveryPolicy,
        ReflectSaved, RequestRejected, RestoreFrom, RestoreReason, RestoreStalled, SaveKey,
        SaveScope, Saved, SessionAppExt, SessionCatalog, SessionClosed, SessionCommands,
        SessionEnded, SessionHooksExt, SessionPaused, SessionPlugin, SessionRecovered,
        SessionRestored, SessionResumed, SessionSettings, SessionStarted, SessionStatus,
        SessionUpdate, SessionsFound, Unsaved, recovery_is_pending, saving_is_in_progress,
        session_is_active, session_is_paused, session_is_restoring,
    };
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
