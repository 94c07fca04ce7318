//! Problems in how objectives are set up.

use std::collections::HashSet;

use bevy::prelude::*;
use tracing::warn;

use super::key::{ObjectiveKey, ObjectiveKeyError};
use crate::line::announce;

/// A problem of a game's objectives. [`Display`](std::fmt::Display) says it in a sentence.
#[derive(Clone, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveProblem {
    /// A key can't be one. The objective doesn't count.
    #[error("the objective {key:?} is ignored: {error}")]
    InvalidKey {
        /// The key.
        key: ObjectiveKey,
        /// The reason why it can't be one.
        error: ObjectiveKeyError,
    },
    /// Several objectives have one key. The oldest counts; of those that are registered, the first.
    #[error("there is more than one objective {key:?}: the oldest counts")]
    Duplicate {
        /// The key.
        key: ObjectiveKey,
    },
    /// An objective needs one that isn't there, and is locked until it is.
    #[error("{key:?} is locked: it needs {need:?}, and there is no such objective")]
    UnknownNeed {
        /// The objective that is locked.
        key: ObjectiveKey,
        /// The key that it needs.
        need: ObjectiveKey,
    },
    /// An objective needs itself, and stays locked.
    #[error("{key:?} stays locked: it needs itself")]
    NeedsItself {
        /// The objective.
        key: ObjectiveKey,
    },
    /// An objective needs a group that it is in, and both wait for each other.
    #[error("{key:?} stays locked: it needs {group:?}, which it is in")]
    NeedsItsGroup {
        /// The objective.
        key: ObjectiveKey,
        /// The group.
        group: ObjectiveKey,
    },
    /// Objectives wait for each other, and stay locked. A group waits for what is in it, and what is in it for what
    /// the group needs.
    #[error("{} stay locked: they wait for each other", arrows(path))]
    NeedsCycle {
        /// The way around, which ends where it begins.
        path: Vec<ObjectiveKey>,
    },
    /// An objective is hidden until it can be gone about, and nothing locks it.
    #[error("hiding {key:?} has no effect: it needs nothing, so it is never locked")]
    HiddenWithoutNeeds {
        /// The objective.
        key: ObjectiveKey,
    },
    /// A group has a count, which means nothing: it is completed with what is in it.
    #[error("the count of {key:?} has no effect: it is a group")]
    GroupWithCount {
        /// The group.
        key: ObjectiveKey,
    },
    /// A condition is set for a group and is never asked: a group is closed with what is in it.
    #[error("the condition of {key:?} has no effect: it is a group")]
    GroupWithCondition {
        /// The group.
        key: ObjectiveKey,
    },
    /// A condition is set for an objective that isn't there, and isn't asked until it is.
    #[error("a condition waits for the objective {key:?}, which isn't there")]
    UnknownConditionKey {
        /// The key that the condition is set for.
        key: ObjectiveKey,
    },
    /// This build doesn't register an objective that the session has. It keeps what it holds, and doesn't count.
    #[error("this build doesn't register the objective {key:?}, so it is ignored")]
    Retired {
        /// The objective.
        key: ObjectiveKey,
    },
    /// There are more than [`Objectives::MOST`](crate::Objectives::MOST). The newest don't count.
    #[error("there are {count} objectives; all beyond {} are ignored", crate::Objectives::MOST)]
    TooMany {
        /// The number of objectives.
        count: usize,
    },
    /// The session's field [`OBJECTIVES`](crate::OBJECTIVES) is no list of objectives, and isn't used.
    #[error("the session's field {:?} is no list of objectives", crate::OBJECTIVES)]
    UnreadableList,
    /// Progress can't be written into the session's fields, since they are full: lists don't show it.
    #[error("lists don't show the progress: the session's fields are full")]
    FieldsFull,
}

/// The problems of the objectives at the moment, in no particular order. Each problem is in the log as a warning once,
/// and triggered as [`ObjectiveProblemFound`].
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::ObjectiveProblems;
///
/// fn all_is_well(problems: Res<ObjectiveProblems>) -> bool {
///     problems.is_empty()
/// }
/// # bevy::ecs::system::assert_is_read_only_system(all_is_well);
/// ```
#[derive(Resource, Clone, Debug, Default)]
pub struct ObjectiveProblems {
    /// Problems of the registered objectives, and of the session's own list as it was read when the session was started
    /// or resumed.
    lasting: Vec<ObjectiveProblem>,
    /// Problems of the tree as it is.
    standing: Vec<ObjectiveProblem>,
    said: HashSet<ObjectiveProblem>,
}

/// A problem of the objectives was found. Sent once for each.
#[derive(Event, Message, Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct ObjectiveProblemFound {
    /// The problem.
    pub problem: ObjectiveProblem,
}

impl ObjectiveProblems {
    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &ObjectiveProblem> {
        self.lasting.iter().chain(&self.standing)
    }

    /// Returns true if there are no problems.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Another session is played: what was found in the one before is no more.
    pub(crate) fn begin_session(&mut self, of_registry: Vec<ObjectiveProblem>) {
        self.lasting = of_registry;
    }
}

/// Adds a problem that lasts for as long as the session is played.
pub(crate) fn found(world: &mut World, problem: ObjectiveProblem) {
    let mut problems = world.get_resource_or_init::<ObjectiveProblems>();
    if !problems.lasting.contains(&problem) {
        problems.lasting.push(problem);
    }
    say_new(world);
}

/// Sets those of the tree as it is now.
pub(crate) fn found_in_tree(world: &mut World, standing: Vec<ObjectiveProblem>) {
    let mut problems = world.get_resource_or_init::<ObjectiveProblems>();
    if problems.standing != standing {
        problems.standing = standing;
    }
    say_new(world);
}

/// Announces problems that weren't announced before.
fn say_new(world: &mut World) {
    let mut problems = world.get_resource_or_init::<ObjectiveProblems>();
    let problems = problems.bypass_change_detection();
    let new: Vec<ObjectiveProblem> =
        problems.iter().filter(|problem| !problems.said.contains(*problem)).cloned().collect();
    problems.said.extend(new.iter().cloned());
    for problem in new {
        warn!("{problem} (docs/guide/objective-lists.md#what-can-go-wrong)");
        announce(world, ObjectiveProblemFound { problem });
    }
}

fn arrows(path: &[ObjectiveKey]) -> String {
    path.iter().map(|key| &**key).collect::<Vec<_>>().join(" -> ")
}
