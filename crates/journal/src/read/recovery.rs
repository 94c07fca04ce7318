//! Detection and restores: looks at the sessions on this machine, and reads the one that was chosen.
//!
//! Runs on the writer's thread and only reads.

mod about;
mod attachments;
mod corruption;
mod deaths;
mod detect;
mod event_line;
mod event_query;
mod event_reading;
mod event_validating;
mod event_walk;
mod fork;
mod goal;
mod index;
mod judging;
mod known;
mod known_types;
mod ladder;
#[cfg(test)]
mod many_sessions;
mod offer;
mod prepare;
mod prepare_draft;
mod prepare_slot;
mod prepare_world;
mod read_progress;
mod review;
mod session_finder;
mod session_history;
mod shortlist;
mod slots;
mod standing;
mod tape;
mod timeline;
mod version_fit;
mod wanted;

pub use about::ABOUT_SESSION;
#[cfg(test)]
pub(crate) use about::AboutSession;
pub(crate) use about::{CHAPTER_COUNTS, CLOCK, STATE_CHANGES};
pub use about::{CHAPTERS, FIELDS};
pub(crate) use attachments::read_attachment;
pub use corruption::{Corruption, fields_of};
pub use detect::FoundSession;
#[cfg(test)]
pub(crate) use detect::detect;
pub(crate) use detect::{entry_of_line, entry_of_new, look_again, look_at_new, newest_thumbnail};
pub(crate) use event_line::{line_before, named_by_checkpoints};
pub use event_query::{EventGap, EventPage, EventQuery, EventValidation};
pub(crate) use event_reading::EventReading;
pub use event_reading::read_events;
pub(crate) use event_validating::EventValidating;
pub use event_validating::validate_events;
pub use fork::{Fork, ForkedLine};
pub(crate) use index::Index;
pub use index::IndexFigures;
pub use judging::{Verdict, judge};
pub(crate) use known::{KnownSessions, Listed, Listing, ListingScope};
pub use known_types::{Decode, KnownTypes};
pub use ladder::Proposal;
pub use ladder::{Ladder, PROBATION};
pub(crate) use ladder::{deaths_of, remembered};
pub use offer::{
    Elsewhere, OfferedCheckpoint, OfferedOption, OfferedSession, RecoveryOffer, SessionEntry,
    UnsavedPlay,
};
pub use prepare::Prepared;
pub(crate) use prepare::{PrepareFailure, line_with, next_save_id, prepare};
pub(crate) use prepare_draft::fields_of_draft;
pub(crate) use prepare_world::prepare_world;
pub use read_progress::ReadProgress;
pub(crate) use review::WaitingCrash;
pub(crate) use session_finder::{Found, Records, SessionFinder};
pub(crate) use session_history::SessionHistory;
pub use session_history::{HistoryLosses, SessionFacts};
pub(crate) use slots::find_slot;
pub use slots::{SlotEntry, UnreadableSlot};
pub use slots::{SlotListing, THUMBNAIL};
pub(crate) use standing::{LockHolder, standing};
pub(crate) use tape::RecordedAfter;
pub use tape::{Keyframe, Tape};
pub use timeline::{Timeline, TimelineCheckpoint, TimelineLine};
pub use version_fit::VersionFit;
pub use wanted::Wanted;
