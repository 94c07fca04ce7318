//! Hints: what keeps the plugin from doing what the game probably expects of it, each said once in the log, with a
//! [`Code`] that the guide explains.

pub use bevy_session_journal::{Code, Weight};

pub use crate::lifecycle::{HintGiven, SessionHint, SessionHints};
