//! Hints: what keeps the plugin from doing what the game probably expects of it, each said once in the log.

pub use crate::lifecycle::{HintGiven, SessionHint, SessionHints};
