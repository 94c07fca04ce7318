//! Items that the packages of this project need and no game does. There is no promise of stability.
//!
//! `bevy_session_ops` and `bevy_session_ui` are built on the public API of this crate and on this module.

pub use bevy_session_journal::internal::model::clock::{between, instant, timestamp};

pub use crate::lifecycle::{LastLook, ask_to_close, give_hint, notify, start_is_decided};
pub use crate::saved::panic_message;
