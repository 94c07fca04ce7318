//! One objective of the tree, to read.

use std::fmt;
use std::time::Duration;

use bevy::prelude::*;

use super::{Node, Objectives};
use crate::objectives::key::ObjectiveKey;
use crate::objectives::objective::Objective;
use crate::objectives::progress::{Blocker, ObjectiveProgress, ObjectiveState};

/// The standing of an objective for a player: its state, and if open, whether it is locked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ObjectiveStanding {
    /// Others must be completed before.
    Locked {
        /// Their keys: what it and the groups around it need and isn't completed.
        missing: Vec<ObjectiveKey>,
    },
    /// It can be gone about.
    Open,
    /// It is done.
    Completed,
    /// It can't be done any more.
    Failed,
}

impl ObjectiveStanding {
    /// `open`, `completed`, `failed` or `locked`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "locked",
            Self::Open => "open",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// A row of a HUD or a menu: one objective.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct ObjectiveRow {
    /// The number of groups that it is in.
    pub depth: usize,
    /// Its key.
    pub key: ObjectiveKey,
    /// The title that the player reads.
    pub title: String,
    /// Its standing for the player.
    pub standing: ObjectiveStanding,
    /// The share of it that is done, from 0 to 1.
    pub progress: f32,
    /// The number of times that it was done.
    pub done: u32,
    /// The number of times that it is to be done.
    pub count: u32,
    /// The blockers in its way, the oldest first.
    pub blockers: Vec<Blocker>,
    /// True if its group can do without it.
    pub optional: bool,
    /// True if it is a group of others.
    pub group: bool,
}

impl ObjectiveRow {
    /// Returns true if others must be completed before.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.standing, ObjectiveStanding::Locked { .. })
    }
}

/// One objective of [`Objectives`], to read.
#[derive(Clone, Copy)]
pub struct ObjectiveView<'a> {
    pub(super) objectives: &'a Objectives,
    pub(super) node: &'a Node,
    pub(super) place: usize,
}

impl<'a> ObjectiveView<'a> {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> &'a ObjectiveKey {
        self.node.definition.key()
    }

    /// The title that the player reads.
    #[must_use]
    pub fn title(&self) -> &'a str {
        self.node.definition.shown_title()
    }

    /// Its definition.
    #[must_use]
    pub fn definition(&self) -> &'a Objective {
        &self.node.definition
    }

    /// Its saved progress: state, count, blockers and times.
    #[must_use]
    pub fn saved(&self) -> &'a ObjectiveProgress {
        &self.node.progress
    }

    /// The entity that it is on.
    #[must_use]
    pub fn entity(&self) -> Entity {
        self.node.entity
    }

    /// Its state: open, completed or failed. One that is locked is open.
    #[must_use]
    pub fn state(&self) -> ObjectiveState {
        self.node.progress.state()
    }

    /// Its standing for a player.
    #[must_use]
    pub fn standing(&self) -> ObjectiveStanding {
        match self.state() {
            ObjectiveState::Completed => ObjectiveStanding::Completed,
            ObjectiveState::Failed => ObjectiveStanding::Failed,
            ObjectiveState::Open if self.is_locked() => {
                ObjectiveStanding::Locked { missing: self.missing() }
            }
            ObjectiveState::Open => ObjectiveStanding::Open,
        }
    }

    /// Returns true if something that it needs, or that a group around it needs, isn't completed.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.objectives.is_locked(self.place)
    }

    /// Returns true if it is open, and nothing that it needs is missing.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.state() == ObjectiveState::Open && !self.is_locked()
    }

    /// The objectives that it needs and that aren't completed, with those that the groups around it need.
    #[must_use]
    pub fn missing(&self) -> Vec<ObjectiveKey> {
        let mut missing = Vec::new();
        for node in self.objectives.with_groups(self.place) {
            let unmet = node.needs.iter().zip(node.definition.needed());
            let unmet = unmet.filter(|(need, _)| !self.objectives.is_met(**need));
            missing.extend(unmet.map(|(_, key)| key.clone()));
        }
        missing
    }

    /// Returns true if lists show it: unless it is hidden, and neither available nor closed.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        !self.node.definition.is_hidden()
            || self.state() != ObjectiveState::Open
            || !self.is_locked()
    }

    /// The share of it that is done, from 0 to 1: 1 if it is completed, else by its count, or, for a group, by the
    /// weights of its members that aren't optional.
    #[must_use]
    pub fn progress(&self) -> f32 {
        self.node.share
    }

    /// The number of times that it was done, up to its count.
    #[must_use]
    pub fn done(&self) -> u32 {
        match self.state() {
            ObjectiveState::Completed => self.node.definition.times(),
            _ => self.node.progress.done(),
        }
    }

    /// The time that it is expected to take; for a group without an expected time, the sum over its members.
    #[must_use]
    pub fn expected(&self) -> Option<Duration> {
        self.objectives.expected(self.place)
    }

    /// The time that it has been played. `now` is the session's play time.
    #[must_use]
    pub fn played(&self, now: Duration) -> Duration {
        self.node.progress.played(now)
    }

    /// The expected time by the played: 2 is twice as fast as expected. `None` if one of them is missing. `now` is
    /// the session's play time.
    #[must_use]
    pub fn efficiency(&self, now: Duration) -> Option<f32> {
        let played = self.played(now);
        (!played.is_zero()).then(|| Some(self.expected()?.div_duration_f32(played))).flatten()
    }

    /// Returns true if others are in it.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.node.is_group()
    }

    /// The group that it is in.
    #[must_use]
    pub fn group(&self) -> Option<Self> {
        self.objectives.view(self.node.group?)
    }

    /// Its members, in order.
    pub fn members(&self) -> impl Iterator<Item = Self> + use<'a> {
        let objectives = self.objectives;
        self.node.members.iter().filter_map(move |place| objectives.view(*place))
    }

    /// Its row for a HUD or a menu.
    #[must_use]
    pub fn row(&self) -> ObjectiveRow {
        ObjectiveRow {
            depth: self.node.depth,
            key: self.key().clone(),
            title: self.title().to_owned(),
            standing: self.standing(),
            progress: self.progress(),
            done: self.done(),
            count: self.node.definition.times(),
            blockers: self.node.progress.blockers().to_vec(),
            optional: self.node.definition.is_optional(),
            group: self.is_group(),
        }
    }
}

impl fmt::Debug for ObjectiveView<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut view = formatter.debug_struct("ObjectiveView");
        view.field("key", self.key()).field("standing", &self.standing()).finish_non_exhaustive()
    }
}
