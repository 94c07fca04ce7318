//! The alerts that are raised.

use bevy::prelude::*;

use super::StandingAlert;

/// The raised alerts, as the record of this process names them: for `bevy-session health`, for the
/// panel of developers, and, if this process dies, for
/// [`PreviousRun::alerts`](crate::PreviousRun::alerts) of the next one.
///
/// The monitoring code replaces the list when it changes. It is written with the next heartbeat,
/// within two seconds.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::monitoring::{StandingAlert, StandingAlerts};
///
/// fn too_hot(mut standing: ResMut<StandingAlerts>) {
///     let since = jiff::Timestamp::UNIX_EPOCH; // the moment at which it was noticed
///     standing.0 = vec![StandingAlert::new("HOP01", "the processor is too hot", true, since)];
/// }
/// # App::new().init_resource::<StandingAlerts>().add_systems(Update, too_hot);
/// ```
#[derive(Resource, Clone, PartialEq, Eq, Debug, Default)]
pub struct StandingAlerts(pub Vec<StandingAlert>);
