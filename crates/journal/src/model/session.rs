//! The rules of the lifecycle, as plain types: no ECS, no files.

mod attachment;
mod audit;
mod chapter;
mod chapters;
mod consent;
mod context;
mod disk_refusal;
mod encoding;
mod erasure;
mod errors;
mod failure_cause;
mod feature;
mod fields;
mod game_clock;
mod leaving;
mod lifecycle_event;
mod links;
mod metadata;
mod network;
mod panic_info;
mod proven_time;
mod report;
mod restoring;
mod session_edit;
mod shelf_move;
mod shelf_place;
mod slot;
mod starting_world;
mod state_change;
mod status;
mod summary;
mod tags;
mod taped_frames;
mod update;
mod world_of;
mod written_by;

pub use attachment::check_attachment_name;
pub use attachment::{
    Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion,
};
pub use audit::{AuditDeed, AuditEntry};
pub use chapter::{
    Chapter, ChapterEnd, ChapterError, ChapterFigures, ChapterOutcome, ChapterSummary,
    InnerChapters, NewChapter, OpenChapter,
};
pub use chapters::{Chapters, ChaptersWritten, Counted};
pub use consent::{
    CONSENT_STEM_LETTERS, ConsentAnswer, ErasedConsent, KeptConsents, PlayerConsent, Purpose,
    consent_stem,
};
pub use context::{ContextPart, SessionContext};
pub(crate) use context::{cut, cut_in_place};
pub use disk_refusal::DiskRefusal;
pub(crate) use encoding::{bytes, milliseconds, optional_milliseconds};
pub use erasure::{ErasureReceipt, Remaining};
pub use errors::{CheckpointError, ExternalError, RecoveryError, RequestError, StopReason};
pub use failure_cause::FailureCause;
pub(crate) use failure_cause::WithSources;
pub use feature::SessionFeature;
pub use fields::{Field, FieldError, Fields};
pub use game_clock::{FixedClock, GameClock};
pub use leaving::{LeaveCause, Leaving};
pub use lifecycle_event::{EventTrigger, LifecycleEvent, ProcessDeath};
pub use links::{Link, LinkTarget, Links};
pub use metadata::{NewSession, SessionMetadata, SessionPriority, SessionTally};
pub use network::{NetworkKind, SessionNetwork};
pub use panic_info::PanicInfo;
pub use proven_time::ProvenTime;
pub use report::{Report, ReportError, ReportSubject};
pub use restoring::{RestoreFrom, RestoreReason};
pub use session_edit::SessionEdit;
pub use shelf_move::{Archived, ShelfMove, ShelfMoved};
pub use shelf_place::ShelfPlace;
pub use slot::check_slot_name;
pub use slot::{SaveSlot, SlotError, SlotKind};
pub use starting_world::StartingWorld;
pub use state_change::StateChange;
pub use status::{EndReason, IllegalMove, Move, SessionStatus};
pub use summary::CheckpointSummary;
pub use tags::Tags;
pub use taped_frames::TapedFrames;
pub use update::SessionUpdate;
pub use world_of::WorldOf;
pub use written_by::WrittenBy;
