use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Villager {
    name: String,
}

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Gold(u32);

fn build(app: &mut App) {
    app.init_resource::<Gold>().add_systems(Startup, play).add_observer(new_village);
}

fn play(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("Village"));
}

fn new_village(_: On<SessionStarted>, mut commands: Commands) {
    commands.spawn(Villager { name: "Ann".to_owned() });
}

// Keys of the game.
fn save(mut commands: Commands) {
    commands.session().slots().quick_save();
}

fn load(mut commands: Commands) {
    commands.session().slots().quick_load();
}
