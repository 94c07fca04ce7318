use bevy::prelude::*;
use bevy_session::types::Migrations;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Health {
    current: f32,
    max: f32,
}

#[derive(Deserialize)]
struct OldHealth(f32); // without a maximum, until version 1.2

fn versions(app: &mut App) {
    let step = |old: OldHealth| Health { current: old.0, max: 100.0 };
    app.migrate_saved(Migrations::since(0).then(step)).rename_saved::<Health>("hop::combat::Hp");
}
