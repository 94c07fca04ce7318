//! Failures of the game's own code to write a value.

use bevy::ecs::entity::Entity;

use crate::saved::EncodeError;

/// A value, or a whole type, that could not be written.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct EncodeFailure {
    /// The type.
    pub type_path: String,
    /// The entity; `None` for a resource or state.
    pub entity: Option<Entity>,
    /// The failure.
    pub reason: EncodeFailureReason,
}

/// The failure.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EncodeFailureReason {
    /// One value could not be written. The others were.
    #[error(transparent)]
    Value(#[from] EncodeError),
    /// The game's code panicked. The rest of the type was not written.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The value refers to too many unsaved entities: there are no ids left for them.
    #[error("too many references to entities that are not saved")]
    TooManyReferences,
}

/// The failures of one capture: the first ones, and their number.
#[derive(Default)]
pub(super) struct Failures {
    listed: Vec<EncodeFailure>,
    total: usize,
}

impl Failures {
    const LISTED: usize = 64;

    pub(super) fn add(&mut self, failure: EncodeFailure) {
        self.total += 1;
        if self.listed.len() < Self::LISTED {
            self.listed.push(failure);
        }
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    pub(super) fn into_listed(self) -> Vec<EncodeFailure> {
        self.listed
    }
}
