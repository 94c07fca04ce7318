use std::fs;
use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Villager {
    name: String,
}

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Health(u32);

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Gold(u32);

/// The file of earlier builds. It is read once.
#[derive(Resource)]
struct SaveFile(PathBuf);

/// What is in it.
#[derive(Deserialize)]
struct Save {
    gold: u32,
    villagers: Vec<(String, u32)>,
}

fn build(app: &mut App) {
    app.init_resource::<Gold>()
        .add_systems(Startup, play)
        .add_observer(begin)
        .add_observer(put_aside);
}

fn play(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("Village"));
}

/// A new session takes the old save along, if there is one.
fn begin(
    _: On<SessionStarted>,
    file: Res<SaveFile>,
    mut gold: ResMut<Gold>,
    mut commands: Commands,
) -> Result {
    if !file.0.exists() {
        commands.spawn((Villager { name: "Ann".to_owned() }, Health(40)));
        return Ok(());
    }
    let saved: Save = serde_json::from_slice(&fs::read(&file.0)?)?;
    gold.0 = saved.gold;
    for (name, health) in saved.villagers {
        commands.spawn((Villager { name }, Health(health)));
    }
    Ok(())
}

/// What is durable in the session isn't taken along again.
fn put_aside(_: On<CheckpointSaved>, file: Res<SaveFile>) -> Result {
    if file.0.exists() {
        fs::rename(&file.0, file.0.with_extension("imported"))?;
    }
    Ok(())
}
