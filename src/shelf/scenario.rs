//! Scenarios as assets.

mod loader;

use bevy::prelude::*;
use bevy_session_journal::Scenario;

use loader::ScenarioLoader;

/// Loads [scenarios](Scenario) from `*.scenario.ron`, as [`ScenarioAsset`].
///
/// After Bevy's `AssetPlugin`. A file that can't be read is an error of the asset server, with the file, the line and
/// what was expected there. Where the server watches files, a scenario is loaded again when its file or one
/// that it extends changes.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::shelf::{ScenarioAsset, ScenarioPlugin};
///
/// #[derive(Resource)]
/// struct Chosen(Handle<ScenarioAsset>);
///
/// fn new_game(chosen: Res<Chosen>, scenarios: Res<Assets<ScenarioAsset>>, mut commands: Commands) {
///     let Some(scenario) = scenarios.get(&chosen.0) else { return };
///     commands.session().start(scenario.new_session().player("Ann"));
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, AssetPlugin::default(), ScenarioPlugin))
///     .add_plugins(SessionPlugin::new("Studio", "Hop").in_memory())
///     .add_systems(Update, new_game.run_if(resource_added::<Chosen>));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ScenarioPlugin;

impl Plugin for ScenarioPlugin {
    fn build(&self, app: &mut App) {
        app.init_asset::<ScenarioAsset>().init_asset_loader::<ScenarioLoader>();
    }
}

/// A [`Scenario`] that was loaded from `*.scenario.ron`, with all that it extends.
#[derive(Asset, TypePath, Deref, Clone, PartialEq, Debug)]
pub struct ScenarioAsset(pub Scenario);
