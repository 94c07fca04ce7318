#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`Codec`] is what a program implements, [`Journal`] and [`JournalOptions`] open its journal, and [`Run`]
//! is a session that is played. The hidden modules are made for `bevy_session` and carry no promise of
//! stability.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

#[doc(hidden)]
pub mod clock;
mod codes;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod deep;
#[doc(hidden)]
pub mod digest;
mod facade;
#[doc(hidden)]
pub mod finding;
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
pub mod replica;
#[doc(hidden)]
pub mod report;
mod retention;
#[doc(hidden)]
pub mod scenario;
#[doc(hidden)]
pub mod session;
#[doc(hidden)]
pub mod store;
#[cfg(test)]
mod torture;
#[doc(hidden)]
pub mod writer;

pub use codes::{Code, Weight};
pub use digest::{DigestFigures, DigestOrder, Digested, DigestedSessions, SessionDigester};
pub use facade::{
    Codec, Event, Journal, JournalError, JournalOptions, ManualClock, Restored, Row, RowReader,
    RowWriter, Run, SavedType, Scope,
};
pub use finding::{
    GroupBy, GroupKey, Left, Outcome, SessionChanges, SessionGroup, SessionGroups, SessionPage,
    SessionQuery, SessionWatch, SortBy, Suggestion, SuggestionReason, suggest,
};
pub use ids::{ChapterId, CheckpointId, RunId, SaveId, SessionId, SlotId, Ticket, limits};
pub use journal::{
    CheckpointKind, EventMoment, EventPrivacy, EventSource, EventType, EventValueError,
    RecordedEvent, Validity,
};
pub use process::{HowItEnded, LastRun};
pub use recovery::{
    Corruption, EventGap, EventPage, EventQuery, EventValidation, Fork, ForkedLine, FoundSession,
    HistoryLosses, IndexFigures, OfferedCheckpoint, OfferedOption, Proposal, RecoveryOffer,
    SessionEntry, SessionFacts, SlotEntry, Timeline, TimelineCheckpoint, TimelineLine,
    UnreadableSlot, UnsavedPlay, VersionFit,
};
#[cfg(feature = "bevy_reflect")]
pub use reflection::register_types;
pub use retention::{Keep, LeftAs, LetGo, Retention, RetentionPreview, RetentionReason, WouldGo};
pub use scenario::{Scenario, ScenarioError, ScenarioFiles};
pub use session::{
    Archived, Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion,
    Chapter, ChapterEnd, ChapterError, ChapterFigures, ChapterOutcome, ChapterSummary, Chapters,
    CheckpointError, CheckpointSummary, ContextPart, DiskRefusal, EndReason, EventTrigger,
    ExternalError, FailureCause, Field, FieldError, Fields, IllegalMove, InnerChapters, LeaveCause,
    Leaving, LifecycleEvent, Link, LinkTarget, Links, Move, NewChapter, NewSession, OpenChapter,
    ProcessDeath, ProvenTime, RecoveryError, Report, ReportError, RequestError, RestoreFrom,
    RestoreReason, SaveSlot, SessionContext, SessionEdit, SessionFeature, SessionMetadata,
    SessionPriority, SessionStatus, SessionTally, SessionUpdate, ShelfMove, ShelfPlace, SlotError,
    SlotKind, StartingWorld, StateChange, StopReason, Tags, WorldOf, WrittenBy,
};
pub use store::{MemoryDisk, Operation, PanicInfo, StandingAlert, SurvivedFailure};
pub use writer::Saved;
