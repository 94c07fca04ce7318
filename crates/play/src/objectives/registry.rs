//! The objectives that a build gives every session, and conditions.

use bevy::platform::collections::HashMap;

use bevy::prelude::*;
use bevy_session::Condition;

use super::change::ObjectiveStep;
use super::key::ObjectiveKey;
use super::objective::Objective;
use super::problem::ObjectiveProblem;

/// The objectives that every session has, each key once.
#[derive(Resource, Default)]
pub(crate) struct Registry {
    objectives: Vec<Objective>,
    places: HashMap<ObjectiveKey, usize>,
    duplicates: Vec<ObjectiveKey>,
}

impl Registry {
    /// Adds one, unless its key is taken.
    pub(crate) fn add(&mut self, objective: Objective) {
        let key = objective.key();
        if self.places.contains_key(key) {
            self.duplicates.push(key.clone());
            return;
        }
        self.places.insert(key.clone(), self.objectives.len());
        self.objectives.push(objective);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Objective> {
        self.objectives.iter()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// The keys of older builds, and what is called so today.
    pub(crate) fn former(&self) -> HashMap<ObjectiveKey, ObjectiveKey> {
        let former = self.objectives.iter().flat_map(|objective| {
            let today = objective.key();
            objective.former_keys().iter().map(move |former| (former.clone(), today.clone()))
        });
        former.collect()
    }

    /// Duplicates among the registered objectives.
    pub(crate) fn problems(&self) -> Vec<ObjectiveProblem> {
        let duplicate = |key: &ObjectiveKey| ObjectiveProblem::Duplicate { key: key.clone() };
        self.duplicates.iter().map(duplicate).collect()
    }
}

/// The conditions that a game has set, in the order in which it did.
#[derive(Resource, Default)]
pub(crate) struct Criteria(pub Vec<Criterion>);

/// A condition, and what comes of it when it holds.
pub(crate) struct Criterion {
    pub key: ObjectiveKey,
    /// The place of the objective in the tree; `None` if it isn't there.
    pub place: Option<usize>,
    pub step: ObjectiveStep,
    pub condition: Condition,
}
