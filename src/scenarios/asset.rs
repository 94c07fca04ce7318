//! Scenarios as assets.

use bevy::prelude::*;
use bevy_session_journal::{NewSession, Scenario, StartingWorld, Ticket};

use crate::lifecycle::SessionCommandsExt;

use super::loader::ScenarioLoader;

/// Loads [scenarios](Scenario) from `*.scenario.ron`, as [`ScenarioAsset`].
///
/// Add it after Bevy's `AssetPlugin`. If a file can't be read, the asset server logs an error with
/// the file, the line and what was expected there. If the server watches files, a scenario is
/// loaded again when its file, or one that it extends, changes.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::scenarios::{ScenarioAsset, ScenarioPlugin};
///
/// #[derive(Resource)]
/// struct Chosen(Handle<ScenarioAsset>);
///
/// /// Runs until the file was read.
/// fn new_game(chosen: Res<Chosen>, scenarios: Res<Assets<ScenarioAsset>>, mut commands: Commands) {
///     let Some(scenario) = scenarios.get(&chosen.0) else { return };
///     scenario.start(scenario.new_session().player("Ann"), &mut commands);
///     commands.remove_resource::<Chosen>();
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, AssetPlugin::default(), ScenarioPlugin))
///     .add_plugins(SessionPlugin::new("Studio", "Hop").in_memory())
///     .add_systems(Update, new_game.run_if(resource_exists::<Chosen>));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ScenarioPlugin;

impl Plugin for ScenarioPlugin {
    fn build(&self, app: &mut App) {
        app.init_asset::<ScenarioAsset>().init_asset_loader::<ScenarioLoader>();
    }
}

/// A [`Scenario`] that was loaded from `*.scenario.ron`, with all that it extends and its starting
/// world.
#[derive(Asset, TypePath, Deref, Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct ScenarioAsset {
    /// The scenario.
    #[deref]
    pub scenario: Scenario,
    /// Its world, if it has one. Its content is read when a session begins with it.
    pub starting_world: Option<StartingWorld>,
}

impl ScenarioAsset {
    /// Starts a session: in the scenario's world, if it has one, and otherwise as
    /// [`start`](crate::SessionCommands::start) does. The session is usually made with
    /// [`new_session`](Scenario::new_session).
    ///
    /// With a world, [`SessionRestored`](crate::SessionRestored) follows, as after
    /// [`start_in`](crate::library::LibraryCommands::start_in), without one
    /// [`SessionStarted`](crate::SessionStarted).
    pub fn start(&self, session: NewSession, commands: &mut Commands) -> Ticket {
        match self.starting_world.clone() {
            Some(world) => commands.session().library().start_in(session, world),
            None => commands.session().start(session),
        }
    }
}
