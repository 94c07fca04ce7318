use std::fs;
use std::path::PathBuf;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component)]
struct Villager {
    name: String,
}

#[derive(Component)]
struct Health(u32);

#[derive(Resource, Default)]
struct Gold(u32);

/// The file of the only save.
#[derive(Resource)]
struct SaveFile(PathBuf);

/// What is in it.
#[derive(Serialize, Deserialize)]
struct Save {
    version: u32,
    gold: u32,
    villagers: Vec<(String, u32)>,
}

fn build(app: &mut App) {
    app.init_resource::<Gold>()
        .add_systems(Startup, begin)
        .add_systems(Last, save.run_if(on_message::<AppExit>));
}

fn begin(file: Res<SaveFile>, mut gold: ResMut<Gold>, mut commands: Commands) -> Result {
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

fn save(
    file: Res<SaveFile>,
    gold: Res<Gold>,
    villagers: Query<(&Villager, &Health)>,
) -> Result {
    let villagers = villagers.iter().map(|(villager, health)| (villager.name.clone(), health.0));
    let save = Save { version: 1, gold: gold.0, villagers: villagers.collect() };
    fs::write(&file.0, serde_json::to_vec(&save)?)?;
    Ok(())
}
