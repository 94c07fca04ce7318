//! Tests through the public API, in one binary, since each links Bevy anew.

mod bad_input;
mod common;
mod crash_report;
mod death;
mod gates;
mod history;
#[cfg(feature = "auto_register")]
mod kill;
mod lifecycle;
mod modes;
mod notifications;
mod opting_out;
mod placed;
mod policies;
mod profiles;
mod recovery;
mod restore_protocol;
mod saved_types;
