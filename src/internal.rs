//! What the packages of this project need and no game does. Nothing here is promised to stay as it is.
//!
//! `bevy_session_ops` and `bevy_session_ui` are built on the public API of this crate and on this module.

pub use bevy_session_journal::internal::model::clock::{between, instant, timestamp};

pub use crate::lifecycle::{LastLook, give_hint, notify};
