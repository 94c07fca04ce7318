//! The progress of an objective.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::ReflectSaved;
use serde::{Deserialize, Serialize};

use super::change::{ObjectiveChange, ObjectiveStep};

/// The state of an objective. A player may not be able to go about an open one yet; see
/// [`ObjectiveStanding`](crate::ObjectiveStanding).
#[derive(Reflect, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[reflect(Clone, PartialEq, Hash, Debug, Default, Serialize, Deserialize)]
#[type_path = "bevy_session_play"]
pub enum ObjectiveState {
    /// Neither completed nor failed.
    #[default]
    Open,
    /// Done.
    Completed,
    /// It can't be done any more.
    Failed,
}

/// An obstacle in the way of an objective, as a game or a player sees it: "the bridge is out".
///
/// ```
/// use bevy_session_play::Blocker;
///
/// let blocker = Blocker::new("The bridge is out").owner("Ann");
/// assert_eq!(blocker.owner.as_deref(), Some("Ann"));
/// ```
#[derive(Reflect, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[reflect(Clone, PartialEq, Hash, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[type_path = "bevy_session_play"]
pub struct Blocker {
    /// A text that describes it, and by which it is resolved.
    pub what: String,
    /// The player who sees to it, if it is somebody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Since when, in play time of the session. Set when the objective is blocked.
    #[serde(default)]
    pub since: Duration,
}

impl Blocker {
    /// A blocker that no player owns.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), owner: None, since: Duration::ZERO }
    }

    /// The name of the player who sees to it.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = Some(owner.into());
        self
    }
}

/// The origin of an objective.
#[derive(Reflect, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[reflect(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[type_path = "bevy_session_play"]
pub(crate) enum Origin {
    /// The game spawned it, and keeps it.
    #[default]
    Game,
    /// The build registered it.
    Registered,
    /// The session's own list had it.
    Session,
}

/// The progress of an [`Objective`](crate::Objective): saved beside it, and changed by requests and conditions only.
///
/// Times are play time of the session, so nothing is written while a player is about it.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{ObjectiveProgress, ObjectiveState};
///
/// fn count(objectives: Query<&ObjectiveProgress>) {
///     let done = objectives.iter().filter(|it| it.state() == ObjectiveState::Completed).count();
///     println!("{done} done");
/// }
/// # bevy::ecs::system::assert_is_system(count);
/// ```
#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[type_path = "bevy_session_play"]
pub struct ObjectiveProgress {
    state: ObjectiveState,
    #[serde(default)]
    done: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<Duration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    blockers: Vec<Blocker>,
    #[serde(default)]
    pub(crate) origin: Origin,
    /// Counted up with each new objective, so that the older of two is known after a restore; 0 until it is seen.
    #[serde(default)]
    pub(crate) number: u64,
}

impl ObjectiveProgress {
    /// Returns its state: open, completed or failed.
    #[must_use]
    pub fn state(&self) -> ObjectiveState {
        self.state
    }

    /// The number of times that it was done, up to its [`count`](crate::Objective::count).
    #[must_use]
    pub fn done(&self) -> u32 {
        self.done
    }

    /// Since when it has been available; `None` if it never was.
    #[must_use]
    pub fn since(&self) -> Option<Duration> {
        self.since
    }

    /// When it was completed or failed; `None` while it is open.
    #[must_use]
    pub fn closed(&self) -> Option<Duration> {
        self.closed
    }

    /// The blockers in its way, the oldest first.
    #[must_use]
    pub fn blockers(&self) -> &[Blocker] {
        &self.blockers
    }

    /// The time that it has been played: from when it was available until it was closed, or until `now`, which is the
    /// session's play time.
    #[must_use]
    pub fn played(&self, now: Duration) -> Duration {
        let since = self.since.unwrap_or(Duration::MAX);
        self.closed.unwrap_or(now).saturating_sub(since)
    }

    pub(crate) fn of(origin: Origin) -> Self {
        Self { origin, ..Self::default() }
    }

    pub(crate) fn is_blocked_by(&self, what: &str) -> bool {
        self.blockers.iter().any(|blocker| blocker.what == what)
    }

    /// Makes it available from this moment on, unless it was before; whether it wasn't.
    pub(crate) fn unlock(&mut self, at: Duration) -> bool {
        let is_new = self.since.is_none();
        self.since.get_or_insert(at);
        is_new
    }

    /// Takes a change over; whether it was one. What is done twice changes nothing the second time, so that what
    /// is handed out after a crash may have been part of a checkpoint.
    pub(crate) fn follow(&mut self, change: &ObjectiveChange) -> bool {
        let before = self.state;
        match &change.step {
            ObjectiveStep::Advanced { done, .. } if before == ObjectiveState::Open => {
                return std::mem::replace(&mut self.done, *done) != *done;
            }
            ObjectiveStep::Advanced { .. } => return false,
            ObjectiveStep::Completed => self.close(ObjectiveState::Completed, change.at),
            ObjectiveStep::Failed => self.close(ObjectiveState::Failed, change.at),
            ObjectiveStep::Reopened => {
                (self.state, self.closed, self.done) = (ObjectiveState::Open, None, 0);
            }
            ObjectiveStep::Blocked(blocker) => {
                let is_new = !self.is_blocked_by(&blocker.what);
                if is_new {
                    self.blockers.push(blocker.clone());
                }
                return is_new;
            }
            ObjectiveStep::Resolved { what } => {
                let count = self.blockers.len();
                self.blockers.retain(|blocker| blocker.what != *what);
                return self.blockers.len() < count;
            }
        }
        self.state != before
    }

    fn close(&mut self, state: ObjectiveState, at: Duration) {
        if self.state != state {
            (self.state, self.closed) = (state, Some(at));
            self.unlock(at);
        }
    }
}
