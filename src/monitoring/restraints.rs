//! Restraints of the plugin.

use std::time::Duration;

use bevy::prelude::*;

/// Restraints of the plugin while something is wrong. The plugin reads them at each moment and
/// keeps no copy: set this back to its default, which restrains nothing, once that is over.
///
/// With `bevy_session_ops`, raised alerts set it, and nothing else should.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::monitoring::Restraints;
///
/// fn run_cooler(mut restraints: ResMut<Restraints>) {
///     restraints.stretch = 4.0;
/// }
/// # App::new().init_resource::<Restraints>().add_systems(Update, run_cooler);
/// ```
#[derive(Resource, Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Restraints {
    /// The factor by which the interval between automatic checkpoints is longer. 1 by default.
    pub stretch: f32,
    /// Bytes that the history of the played session may take, if that is less than
    /// [`StorageSettings::max_session_bytes`](crate::library::StorageSettings::max_session_bytes).
    /// The history that must be kept is kept all the same. `None` by default.
    pub history_bytes: Option<u64>,
    /// The time that a capture may take, if that is less than
    /// [`CurrentPace::capture_budget`](crate::checkpoints::CurrentPace::capture_budget) allows. `None` by default.
    pub capture_time: Option<Duration>,
    /// The reason why no session may be started: requests to start one are rejected with
    /// [`RequestError::LimitReached`](crate::RequestError::LimitReached). Existing sessions can be
    /// continued, recovered and loaded. `None` by default.
    pub refuses_sessions: Option<String>,
}

impl Default for Restraints {
    fn default() -> Self {
        Self { stretch: 1.0, history_bytes: None, capture_time: None, refuses_sessions: None }
    }
}
