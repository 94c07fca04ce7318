//! Checkpoints in detail: autosave intervals by state and condition, the cost and budget of a
//! capture, and notifications of trouble with the disk or with a type.
//!
//! Checkpoints themselves are [`CheckpointCaptured`](crate::CheckpointCaptured),
//! [`CheckpointSaved`](crate::CheckpointSaved) and [`CheckpointFailed`](crate::CheckpointFailed).

pub use bevy_session_journal::{
    CheckpointError, CheckpointSummary, DiskRefusal, FailureCause, RunId, SaveId, StandingAlert,
    StopReason, SurvivedFailure,
};

pub use crate::capture::{DriftedType, TypeProblem, TypeProblemReason};
pub use crate::lifecycle::{
    AutosaveDelayed, AutosaveStretched, CaptureBudget, CaptureCost, CaptureOverBudget,
    CheckpointDrifted, CurrentPace, DataPlaceChanged, LastCheckpoint, PaceChanged, Patience,
    SavingResumed, SavingStopped, SessionPace, SessionPaces, TypeBytes, TypeFailed, TypeNotSaved,
    WorldCollapsed, WorldFork, WorldForksExt,
};
