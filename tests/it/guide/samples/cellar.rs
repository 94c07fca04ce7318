use bevy::prelude::*;
use bevy_session::SaveScope;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Coin;

fn spawn_level(mut commands: Commands) {
    let cellar = (SaveKey::new("cellar"), SaveScope::new("cellar"));
    commands.spawn((cellar, children![(Coin, SaveKey::new("cellar/coin_1"))]));
}

fn levels(app: &mut App) {
    app.add_systems(Startup, spawn_level);
}
