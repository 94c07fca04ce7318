#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`Codec`] is what a program implements, [`Journal`] and [`JournalOptions`] open its journal, and [`Run`]
//! is a session that is played. `internal` is made for the other packages of `bevy_session` and carries no promise of
//! stability.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod api;
#[cfg(any(test, feature = "testing"))]
mod deep;
pub mod disk;
mod format;
#[doc(hidden)]
pub mod internal;
mod model;
mod read;
pub mod replica;
#[cfg(test)]
mod torture;
#[expect(missing_docs, reason = "types say what the fields of orders and answers are")]
mod write;

#[cfg(feature = "bevy_reflect")]
pub use api::reflection::register_types;
pub use api::{
    Codec, Event, Journal, JournalError, JournalOptions, ManualClock, Restored, Row, RowReader,
    RowWriter, Run, SavedType, Scope,
};
pub use disk::process::{HowItEnded, LastRun};
pub use disk::process_record::{EarlierDeath, StandingAlert};
pub use disk::survived_failure::SurvivedFailure;
#[doc(inline)]
pub use disk::{MemoryDisk, Operation};
pub use format::{
    CheckpointKind, EventMoment, EventPrivacy, EventSource, EventType, EventValueError,
    RecordedEvent, Validity,
};
pub use model::codes::{Code, Weight};
pub use model::ids::{ChapterId, CheckpointId, RunId, SaveId, SessionId, SlotId, Ticket, limits};
pub use model::scenario::{Scenario, ScenarioError, ScenarioFiles};
pub use model::session::{
    Archived, Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion,
    AuditDeed, AuditEntry, Chapter, ChapterEnd, ChapterError, ChapterFigures, ChapterOutcome,
    ChapterSummary, Chapters, CheckpointError, CheckpointSummary, ConsentAnswer, ContextPart,
    DiskRefusal, EndReason, ErasureReceipt, EventTrigger, ExternalError, FailureCause, Field,
    FieldError, Fields, IllegalMove, InnerChapters, LeaveCause, Leaving, LifecycleEvent, Link,
    LinkTarget, Links, Move, NetworkKind, NewChapter, NewSession, OpenChapter, PanicInfo,
    ProcessDeath, ProvenTime, Purpose, RecoveryError, Remaining, Report, ReportError, RequestError,
    RestoreFrom, RestoreReason, SaveSlot, SessionContext, SessionEdit, SessionFeature,
    SessionMetadata, SessionNetwork, SessionPriority, SessionStatus, SessionTally, SessionUpdate,
    ShelfMove, ShelfPlace, SlotError, SlotKind, StartingWorld, StateChange, StopReason, Tags,
    WorldOf, WrittenBy,
};
pub use read::digest::{DigestFigures, DigestOrder, Digested, DigestedSessions, SessionDigester};
pub use read::finding::{
    GroupBy, GroupKey, Left, ListedSessions, ListedSessionsIter, Outcome, SessionChanges,
    SessionGroup, SessionGroups, SessionPage, SessionQuery, SessionWatch, SortBy, Suggestion,
    SuggestionReason, suggest,
};
pub use read::recovery::{
    Corruption, Elsewhere, EventGap, EventPage, EventQuery, EventValidation, Fork, ForkedLine,
    FoundSession, HistoryLosses, IndexFigures, OfferedCheckpoint, OfferedOption, OfferedSession,
    Proposal, RecoveryOffer, SessionEntry, SessionFacts, SlotEntry, Timeline, TimelineCheckpoint,
    TimelineLine, UnreadableSlot, UnsavedPlay, Verdict, VersionFit,
};
pub use write::retention::{
    Keep, LeftAs, LetGo, Retention, RetentionPreview, RetentionReason, WouldGo,
};
pub use write::{CleanedSession, CleanupChange, CleanupOutcome, CleanupReason, Saved};
pub use write::{CloudError, CloudFolder, CloudFork, CloudNews};
