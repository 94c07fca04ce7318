//! What can be had back: looks at the sessions on this machine, and reads the one that was chosen.
//!
//! Runs on the writer's thread and only reads.

mod about;
mod attachments;
mod corruption;
mod detect;
mod known;
mod known_types;
mod ladder;
mod machine;
mod offer;
mod prepare;
mod prepare_slot;
mod read_progress;
mod shortlist;
mod slots;
mod standing;
mod version_fit;

pub(crate) use about::{CLOCK, FIELDS, STATE_CHANGES};
pub(crate) use attachments::read_attachment;
pub(crate) use detect::Found;
#[cfg(test)]
pub(crate) use detect::detect;
pub(crate) use known::{KnownSessions, Listed, Listing};
#[cfg(test)]
pub(crate) use known_types::NoTypes;
pub(crate) use known_types::{Decode, KnownTypes};
pub use ladder::Proposal;
pub(crate) use ladder::{Ladder, PROBATION};
pub(crate) use machine::Machine;
pub use offer::{OfferedCheckpoint, RecoveryOffer, SessionEntry, UnsavedPlay};
pub(crate) use prepare::{PrepareFailure, Prepared, Wanted, prepare};
pub(crate) use read_progress::ReadProgress;
pub use slots::{SlotEntry, UnreadableSlot};
pub(crate) use slots::{SlotListing, THUMBNAIL, find_slot};
pub(crate) use standing::{LockHolder, standing};
pub use version_fit::VersionFit;
