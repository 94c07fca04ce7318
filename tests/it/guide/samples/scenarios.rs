use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::scenarios::{Scenario, ScenarioAsset, ScenarioPlugin};
use serde::{Deserialize, Serialize};

#[derive(Resource)]
struct Chosen(Handle<ScenarioAsset>);

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Settler(u32);

fn choose(assets: Res<AssetServer>, mut commands: Commands) {
    commands.insert_resource(Chosen(assets.load("scenarios/frontier.scenario.ron")));
}

fn new_game(chosen: Res<Chosen>, scenarios: Res<Assets<ScenarioAsset>>, mut commands: Commands) {
    let Some(scenario) = scenarios.get(&chosen.0) else { return };
    scenario.start(scenario.new_session().player("Ann"), &mut commands);
    commands.remove_resource::<Chosen>();
}

/// In a new session only: one that comes back has its settlers.
fn settle(_: On<SessionStarted>, session: Res<CurrentSession>, mut commands: Commands) {
    let settlers: u32 = session.get(&format!("{}settlers", Scenario::SETTING)).unwrap_or(4);
    commands.spawn_batch((0..settlers).map(Settler));
}

pub fn plugin(app: &mut App) {
    app.add_plugins(ScenarioPlugin).add_systems(Startup, choose).add_observer(settle);
    app.add_systems(Update, new_game.run_if(resource_exists::<Chosen>));
}
