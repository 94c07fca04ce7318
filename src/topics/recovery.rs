//! Recovery and restore in detail: how a process died, what is offered, and what a restore did with the world.
//!
//! A game's first week needs [`RecoveryAvailable`](crate::RecoveryAvailable), [`RecoveryOffers`](crate::RecoveryOffers) and
//! [`SessionRestored`](crate::SessionRestored).

pub use bevy_session_journal::{
    HowItEnded, OfferedCheckpoint, OfferedOption, PanicInfo, ProcessDeath, Proposal, ProvenTime,
    RecoveryError, RestoreReason,
};

pub use crate::lifecycle::{
    CorruptionDetected, RecoveryDeclined, RecoveryOption, RestoreCancelled, RestoreLosses,
    RestorePhase, RestorePrepared, RestoreStalled, RestoreStarted, RestoredInPlace,
};
pub use crate::restore::{
    DanglingReference, ExtraEntities, NewComponents, PlacedReport, RespawnedEntity, RestoreLoss,
    RestoreLossReason, RestoreReport, WorldClearing,
};
