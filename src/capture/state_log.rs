//! The session's transitions of the game's states.

use std::fmt::Debug;

use bevy::ecs::resource::Resource;
use bevy::reflect::TypePath;
use bevy::state::state::States;

use bevy_session_journal::StateChange;

/// Changes of saved states that no frame has handled yet.
#[derive(Resource, Default)]
pub(crate) struct StateLog(Vec<StateChange>);

impl StateLog {
    /// The most changes that are kept; more within one frame are not expected.
    const LONGEST: usize = 256;

    pub(super) fn note<S: States + Debug + TypePath>(&mut self, from: &Option<S>, to: &Option<S>) {
        let text = |state: &S| format!("{state:?}");
        if self.0.len() < Self::LONGEST {
            self.0.push(StateChange::new(
                S::short_type_path().to_owned(),
                from.as_ref().map(text),
                to.as_ref().map(text),
            ));
        }
    }

    /// The changes since the last call.
    pub(crate) fn take(&mut self) -> Vec<StateChange> {
        std::mem::take(&mut self.0)
    }

    /// Returns true if there was none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
