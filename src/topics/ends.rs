//! The end of a session: its reason, the game's systems that run before it, and its summary.

pub use bevy_session_journal::Leaving;

pub use crate::lifecycle::{EndStep, SessionEnding, SessionSummary};
