//! Which way a session went through the game's states.

use std::fmt::Debug;
use std::time::Duration;

use bevy::ecs::resource::Resource;
use bevy::reflect::TypePath;
use bevy::state::state::States;
use serde::{Deserialize, Serialize};

/// One change of a saved state, as it is recorded in the session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StateChange {
    /// The state's type, without its module.
    pub state: String,
    /// What it was, as `Debug` writes it; `None` for a sub-state that didn't exist.
    pub from: Option<String>,
    /// What it became; `None` for a sub-state that ceased to exist.
    pub to: Option<String>,
    /// Play time at that moment.
    #[serde(with = "crate::journal::milliseconds")]
    pub play_time: Duration,
}

/// Changes of saved states that no frame has dealt with yet.
#[derive(Resource, Default)]
pub(crate) struct StateLog(Vec<StateChange>);

impl StateLog {
    /// Changes that are kept; a game that changes more often within one frame is lost anyhow.
    const LONGEST: usize = 256;

    pub(super) fn note<S: States + Debug + TypePath>(&mut self, from: &Option<S>, to: &Option<S>) {
        let text = |state: &S| format!("{state:?}");
        if self.0.len() < Self::LONGEST {
            self.0.push(StateChange {
                state: S::short_type_path().to_owned(),
                from: from.as_ref().map(text),
                to: to.as_ref().map(text),
                play_time: Duration::ZERO,
            });
        }
    }

    /// The changes since the last call.
    pub(crate) fn take(&mut self) -> Vec<StateChange> {
        std::mem::take(&mut self.0)
    }

    /// Whether there was none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
