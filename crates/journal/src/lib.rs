#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod crash_report;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod deep;
#[doc(hidden)]
pub mod ids;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod process;
#[doc(hidden)]
pub mod recovery;
#[cfg(feature = "bevy_reflect")]
mod reflection;
#[doc(hidden)]
pub mod session;
#[doc(hidden)]
pub mod store;
#[cfg(test)]
mod torture;
#[doc(hidden)]
pub mod writer;

pub use ids::{CheckpointId, RunId, SaveId, SessionId, SlotId, limits};
pub use journal::{CheckpointKind, Validity};
pub use process::HowItEnded;
pub use recovery::{
    OfferedCheckpoint, Proposal, RecoveryOffer, SessionEntry, SlotEntry, UnreadableSlot,
    UnsavedPlay, VersionFit,
};
#[cfg(feature = "bevy_reflect")]
pub use reflection::register_types;
pub use session::{
    Attachment, AttachmentError, AttachmentOf, CheckpointError, DiskRefusal, EndReason,
    ExternalError, FailureCause, Field, FieldError, Fields, IllegalMove, Move, NewSession,
    RecoveryError, RequestError, RestoreFrom, RestoreReason, SaveSlot, SessionContext,
    SessionMetadata, SessionPriority, SessionStatus, SlotError, SlotKind, StateChange, StopReason,
    WrittenBy,
};
pub use store::{MemoryDisk, Operation, PanicInfo};
