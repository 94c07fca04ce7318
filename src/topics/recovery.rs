//! Recovery and restore in detail: the end of a process, the offers, and the report of a restore.
//!
//! To begin with, a game needs [`RecoveryAvailable`](crate::RecoveryAvailable),
//! [`RecoveryOffers`](crate::RecoveryOffers) and [`SessionRestored`](crate::SessionRestored).

pub use bevy_session_journal::{
    EarlierDeath, Elsewhere, HowItEnded, OfferedCheckpoint, OfferedOption, OfferedSession,
    PanicInfo, ProcessDeath, Proposal, ProvenTime, RecoveryError, RestoreReason,
};

pub use crate::lifecycle::{
    CorruptionDetected, RecoveryDeclined, RecoveryOption, RestoreCancelled, RestoreLosses,
    RestorePhase, RestorePrepared, RestoreStalled, RestoreStarted, RestoredInPlace,
};
pub use crate::restore::{
    DanglingReference, DespawnOnRestore, ExtraEntities, NewComponents, PlacedReport,
    RespawnedEntity, RestoreLoss, RestoreLossReason, RestoreReport, WorldClearing,
};
