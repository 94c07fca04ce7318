//! Events that `bevy_session_play` records of objectives and notes, as far as figures are made of them, without its
//! engine.

use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A change of an objective.
#[derive(Deserialize)]
pub struct ObjectiveChange {
    pub key: String,
    pub at: Duration,
    pub step: ObjectiveStep,
}

#[derive(Deserialize)]
pub enum ObjectiveStep {
    Advanced(IgnoredAny),
    Completed,
    Failed,
    Reopened,
    Blocked(IgnoredAny),
    Resolved(IgnoredAny),
}

impl ObjectiveChange {
    pub const TYPE_PATH: &str = "bevy_session_play::ObjectiveChange";
}

/// The summary of a session's objectives.
#[derive(serde::Serialize, Deserialize)]
pub struct ObjectivesSummary {
    pub expected: Duration,
}

impl ObjectivesSummary {
    pub const FIELD: &str = "bevy_session.objectives";
}

/// A change of a note.
#[derive(Deserialize)]
pub struct NoteChange {
    pub note: u64,
    pub step: NoteStep,
}

#[derive(Deserialize)]
pub enum NoteStep {
    Written { new: NewNote },
    Edited { text: String },
    Removed,
    MentionHeard(IgnoredAny),
}

#[derive(Deserialize)]
pub struct NewNote {
    pub text: String,
    #[serde(default)]
    pub learnt: bool,
}

impl NoteChange {
    pub const TYPE_PATH: &str = "bevy_session_play::NoteChange";
}
