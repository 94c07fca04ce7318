//! Tests through the public API, in one binary, since each links Bevy anew.

mod attachments;
mod bad_input;
mod bad_slot_files;
mod bad_slots;
mod catalogue;
mod common;
mod death;
mod history;
#[cfg(feature = "auto_register")]
mod kill;
mod lifecycle;
mod notifications;
mod recovery;
mod saved_types;
mod slot_loads;
mod slots;
