//! Tests through the public API, in one binary, since each links Bevy anew.

mod bad_input;
mod clean_exits;
mod clocks;
mod common;
mod death;
mod fight;
mod history;
#[cfg(feature = "auto_register")]
mod kill;
mod lifecycle;
mod merging;
mod notifications;
mod process;
mod recovery;
mod saved_types;
mod waiting;
