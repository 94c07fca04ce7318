//! The end of a session: why it is left, what the game does before, and what it came to.

pub use bevy_session_journal::Leaving;

pub use crate::lifecycle::{EndStep, SessionEnding, SessionSummary};
