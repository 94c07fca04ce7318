//! The writer: turns orders into durable bytes, on a thread of its own.
//!
//! It is a plain state machine, [`Worker`]. A thread drives it, or, in tests and where there are no
//! threads, the main loop does; nothing outside knows the difference.

mod about_session;
mod archiving;
mod asked;
mod backoff;
mod content;
mod context;
mod digesting;
mod drafting;
mod editing_many;
mod event_gathering;
mod event_log;
pub(crate) mod filing;
mod filing_jobs;
mod gathering;
mod group_copy;
mod hold;
mod jobs;
mod link;
mod listing;
mod measuring;
mod news;
pub(crate) mod open_segment;
mod orders;
pub(crate) mod pending;
mod pruning;
mod pruning_others;
mod reading_events;
mod reporting;
mod reserve;
pub mod retention;
mod rotation;
pub(crate) mod run_journal;
mod run_upkeep;
mod self_test;
mod session_attachments;
mod session_copying;
mod shelf_sweeping;
pub(crate) mod shelving;
mod slices;
mod slot_begin;
mod slot_copy;
pub(crate) mod slot_work;
mod snapshot;
mod snapshot_writing;
mod statements;
mod sweeping;
mod trials;
mod type_bytes;
mod unplayed_run;
mod upkeep;
mod worker;

pub use crate::write::retention::Quota;
pub use asked::{EditMany, EditedMany, OneOfMany, SessionAttachmentOrder, SlotDone, SlotOrder};
pub use content::{Content, Encoded, Everything};
pub use context::Versions;
pub use link::Link;
pub use measuring::Surroundings;
pub use news::{EventsDropCause, News, Saved};
pub use orders::Leave;
pub use orders::{CheckpointOrder, DraftOrder, EventStart, Order, Report, TakeUp, WorldOrder};
pub use upkeep::Upkeep;
pub use worker::Worker;
