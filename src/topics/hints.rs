//! Hints: reasons why the plugin doesn't do what the game probably expects of it. Each is logged
//! once, with a [`Code`] that the guide explains.

pub use bevy_session_journal::{Code, Weight};

pub use crate::lifecycle::{HintGiven, SessionHint, SessionHints};
