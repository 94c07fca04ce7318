//! What holds the plugin back.

use bevy::prelude::*;

/// What holds the plugin back for as long as something is wrong. The plugin goes by what this says at each moment and
/// remembers nothing of it: set it back to its default, which restrains nothing, once that is over.
///
/// With `bevy_session_ops`, alerts that are raised set it, and nobody else should.
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
    /// How many times longer the interval between automatic checkpoints is. 1 by default.
    pub stretch: f32,
    /// Bytes that the history of the session that is played may take, where that is less than
    /// [`StorageSettings::max_session_bytes`](crate::library::StorageSettings::max_session_bytes). What must stay stays. `None` by
    /// default.
    pub history_bytes: Option<u64>,
    /// Why no session is started: requests to start one are rejected with
    /// [`RequestError::LimitReached`](crate::RequestError::LimitReached). What there is can be continued, recovered and
    /// loaded. `None` by default.
    pub refuses_sessions: Option<String>,
}

impl Default for Restraints {
    fn default() -> Self {
        Self { stretch: 1.0, history_bytes: None, refuses_sessions: None }
    }
}
