//! The autosave interval and limits in certain states: in a boss fight, in a town.

use std::time::Duration;

use bevy::prelude::*;
use tracing::warn;

use super::{CaptureBudget, SessionSettings};

/// The autosave interval and limits while the game is in a state, or while a condition holds:
/// [`pace_session_in`](crate::SessionHooksExt::pace_session_in) and
/// [`pace_session_while`](crate::SessionHooksExt::pace_session_while). Fields that are `None` are
/// as in [`SessionSettings`].
///
/// ```
/// use bevy_session::checkpoints::SessionPace;
/// use std::time::Duration;
///
/// let boss = SessionPace::every(Duration::from_secs(1));
/// let town = SessionPace { max_bytes_per_second: Some(64 << 10), ..SessionPace::every(Duration::from_secs(30)) };
/// assert_eq!((boss.max_bytes_per_second, town.capture_budget), (None, None));
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
pub struct SessionPace {
    /// Used instead of [`SessionSettings::interval`].
    pub interval: Option<Duration>,
    /// Used instead of [`SessionSettings::max_bytes_per_second`].
    pub max_bytes_per_second: Option<u64>,
    /// Used instead of [`SessionSettings::capture_budget`].
    pub capture_budget: Option<CaptureBudget>,
}

impl SessionPace {
    /// A pace with this much real time between checkpoints.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self { interval: Some(interval), ..Self::default() }
    }
}

/// The game's paces by name, as data: a designer can tune them, a file load them, or an inspector
/// change them while the game runs. The states and conditions in which they apply are set while the
/// app is built.
///
/// ```
/// use std::time::Duration;
///
/// use bevy::prelude::*;
/// use bevy_session::checkpoints::{SessionPace, SessionPaces};
///
/// fn tune(mut paces: ResMut<SessionPaces>) {
///     if let Some(boss) = paces.get_mut("Place::Boss") {
///         *boss = SessionPace::every(Duration::from_millis(500));
///     }
/// }
/// # bevy::ecs::system::assert_is_system(tune);
/// ```
#[derive(Resource, Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct SessionPaces {
    paces: Vec<NamedPace>,
}

/// A pace with the name of its state or condition.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
struct NamedPace {
    name: String,
    pace: SessionPace,
}

impl SessionPaces {
    /// The pace of this name: the one that it was given or, for a state, its type and value, as
    /// `Place::Boss`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SessionPace> {
        self.paces.iter().find(|named| named.name == name).map(|named| &named.pace)
    }

    /// The pace of this name, mutably.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut SessionPace> {
        self.paces.iter_mut().find(|named| named.name == name).map(|named| &mut named.pace)
    }

    /// All paces, in the order in which they were declared.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SessionPace)> {
        self.paces.iter().map(|named| (named.name.as_str(), &named.pace))
    }

    /// Adds a pace at the end; one of the same name is replaced, with a warning.
    pub(in crate::lifecycle) fn set(&mut self, name: &str, pace: SessionPace) {
        let count = self.paces.len();
        self.paces.retain(|named| named.name != name);
        if self.paces.len() < count {
            warn!(name, "two paces have the same name: the later one counts");
        }
        self.paces.push(NamedPace { name: name.to_owned(), pace });
    }
}

/// The autosave interval and limits right now, from the settings, the paces in force, and raised
/// alerts. Updated in each frame in which a session is played.
#[derive(Resource, Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, FromWorld))]
#[non_exhaustive]
pub struct CurrentPace {
    /// Time between automatic checkpoints.
    /// [`AutosaveStretched`](crate::checkpoints::AutosaveStretched) reports when it is longer,
    /// since they would write too much.
    pub interval: Duration,
    /// Mean bytes per second that they may write.
    pub max_bytes_per_second: u64,
    /// The share of a frame that a capture may take.
    pub capture_budget: Option<CaptureBudget>,
    /// The paces in force, in the order in which they were declared; a later one takes precedence.
    pub by: Vec<String>,
    /// The factor by which [`Restraints`](crate::monitoring::Restraints) lengthen the interval; 1
    /// if they don't.
    pub stretched: f32,
}

impl FromWorld for CurrentPace {
    /// The pace of the settings alone, before any condition was evaluated.
    fn from_world(world: &mut World) -> Self {
        Self::of(&world.get_resource_or_init::<SessionSettings>())
    }
}

impl CurrentPace {
    pub(super) fn of(settings: &SessionSettings) -> Self {
        let SessionSettings { interval, max_bytes_per_second, capture_budget, .. } = *settings;
        Self { interval, max_bytes_per_second, capture_budget, by: Vec::new(), stretched: 1.0 }
    }

    pub(super) fn take_over(&mut self, name: &str, pace: &SessionPace) {
        self.interval = pace.interval.unwrap_or(self.interval);
        self.max_bytes_per_second = pace.max_bytes_per_second.unwrap_or(self.max_bytes_per_second);
        self.capture_budget = pace.capture_budget.or(self.capture_budget);
        self.by.push(name.to_owned());
    }

    pub(super) fn stretch(&mut self, times: f32) {
        if times > 1.0 {
            let seconds = self.interval.as_secs_f64() * f64::from(times);
            self.interval = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            self.stretched = times;
        }
    }

    /// Lowers the budget of a capture to this time, if that is less.
    pub(super) fn limit_capture(&mut self, most: Option<Duration>) {
        let allowed = self.capture_budget.map_or(Duration::MAX, |budget| budget.time());
        if let Some(frame) = most.filter(|most| *most < allowed) {
            self.capture_budget = Some(CaptureBudget { frame, share: 1.0 });
        }
    }
}
