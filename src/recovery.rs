//! What can be had back: looks at the sessions on this machine, and reads the one that was chosen.
//!
//! Runs on the writer's thread and only reads.

mod about;
mod corruption;
mod detect;
mod ladder;
mod machine;
mod offer;
mod prepare;
mod shortlist;
mod standing;

pub(crate) use about::{CLOCK, FIELDS, STATE_CHANGES};
pub(crate) use detect::{Found, detect};
pub use ladder::Proposal;
pub(crate) use ladder::{Ladder, PROBATION};
pub(crate) use machine::Machine;
pub use offer::{OfferedCheckpoint, RecoveryOffer, SessionEntry, UnsavedPlay};
pub(crate) use prepare::{PrepareFailure, Prepared, Wanted, prepare};
pub(crate) use shortlist::is_named;
pub(crate) use standing::{LockHolder, standing};
