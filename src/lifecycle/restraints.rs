//! What alerts do to the session that is played, besides being raised.

use bevy::prelude::*;

/// What holds the plugin back for as long as an alert is raised that answers so. It is said again each time that it
/// changes, and nothing else remembers it.
#[derive(Resource, Clone, PartialEq, Debug)]
pub(crate) struct Restraints {
    /// How many times longer the interval between automatic checkpoints is.
    pub stretch: f32,
    /// Bytes that the history of a session may take, where that is less than the settings say.
    pub history_bytes: Option<u64>,
    /// Why no session is started.
    pub refuses_sessions: Option<String>,
}

impl Default for Restraints {
    fn default() -> Self {
        Self { stretch: 1.0, history_bytes: None, refuses_sessions: None }
    }
}
