//! Features that are switched off, by the game while it runs or by the environment.

use std::env;

use bevy::prelude::*;
use tracing::{info, warn};

use bevy_session_journal::SessionFeature;

/// The environment variable that names features to switch off.
const VARIABLE: &str = "BEVY_SESSION_OFF";

/// Features that are switched off. Everything is on by default.
///
/// For operators who suspect a feature, and for players whose machine is too slow for it. The
/// environment variable `BEVY_SESSION_OFF` names some, as in `BEVY_SESSION_OFF=pictures,index`;
/// those stay off as long as the process runs. If the game is in a test mode, the variable isn't
/// read. Each change is logged.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::SessionSwitches;
/// use bevy_session::library::SessionFeature;
///
/// fn low_end_machine(mut switches: ResMut<SessionSwitches>) {
///     switches.turn_off(SessionFeature::Pictures);
/// }
/// # bevy::ecs::system::assert_is_system(low_end_machine);
/// ```
#[derive(Resource, Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct SessionSwitches {
    off: Vec<SessionFeature>,
    off_by_environment: Vec<SessionFeature>,
}

impl SessionSwitches {
    /// Returns true if a feature is on.
    #[must_use]
    pub fn is_on(&self, feature: SessionFeature) -> bool {
        !self.off.contains(&feature) && !self.off_by_environment.contains(&feature)
    }

    /// Returns true if a feature is on in this world. Without switches, all are.
    pub(crate) fn has_on(world: &World, feature: SessionFeature) -> bool {
        world.get_resource::<Self>().is_none_or(|switches| switches.is_on(feature))
    }

    /// Features that are off.
    pub fn off(&self) -> impl Iterator<Item = SessionFeature> {
        SessionFeature::ALL.into_iter().filter(|feature| !self.is_on(*feature))
    }

    /// Switches a feature off. It may be off already.
    pub fn turn_off(&mut self, feature: SessionFeature) {
        if !self.off.contains(&feature) {
            info!(%feature, "switched off");
            self.off.push(feature);
        }
    }

    /// Switches a feature on, unless the environment has switched it off. Returns true if it is on.
    pub fn turn_on(&mut self, feature: SessionFeature) -> bool {
        let count = self.off.len();
        self.off.retain(|off| *off != feature);
        let is_on = self.is_on(feature);
        if !is_on {
            warn!(%feature, "the feature stays off, since {VARIABLE} switches it off");
        } else if self.off.len() < count {
            info!(%feature, "switched on");
        }
        is_on
    }

    /// Switches off the features that the environment names.
    pub(crate) fn read_environment(&mut self) {
        let value = env::var_os(VARIABLE).unwrap_or_default();
        let value = value.to_string_lossy();
        let (features, unknown) = named(&value);
        for name in unknown {
            let legal = SessionFeature::ALL.map(SessionFeature::name).join(", ");
            warn!("{VARIABLE}: the feature {name:?} is unknown and ignored; use {legal}");
        }
        for feature in &features {
            info!(%feature, "switched off by {VARIABLE}");
        }
        self.off_by_environment = features;
    }
}

/// The features with these names, separated by commas, and the unknown names.
fn named(value: &str) -> (Vec<SessionFeature>, Vec<&str>) {
    let (mut features, mut unknown) = (Vec::new(), Vec::new());
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match SessionFeature::ALL.into_iter().find(|feature| feature.name() == name) {
            Some(feature) => features.push(feature),
            None => unknown.push(name),
        }
    }
    (features, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_named_by_the_environment_are_parsed_and_unknown_ones_returned() {
        assert_eq!(named(""), (vec![], vec![]));
        let (features, unknown) = named(" index,pictures,, Index,save");
        assert_eq!(features, [SessionFeature::Index, SessionFeature::Pictures]);
        assert_eq!(unknown, ["Index", "save"]);
    }

    #[test]
    fn a_feature_switched_off_by_the_environment_cannot_be_turned_on() {
        let mut switches =
            SessionSwitches { off_by_environment: vec![SessionFeature::Index], ..default() };
        assert!(!switches.turn_on(SessionFeature::Index));
        switches.turn_off(SessionFeature::Events);
        assert!(switches.off().eq([SessionFeature::Events, SessionFeature::Index]));
        assert!(switches.turn_on(SessionFeature::Events));
        assert!(switches.off().eq([SessionFeature::Index]));
    }
}
