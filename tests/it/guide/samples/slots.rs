use bevy::prelude::*;
use bevy_session::prelude::*;

fn save(mut commands: Commands) {
    commands.session().slots().save(SaveSlot::manual("2").overwrite()); // any name; without `overwrite`, a new one
}

fn load(catalog: Res<SessionCatalog>, mut commands: Commands) {
    let Some(slot) = catalog.slots().iter().find(|slot| slot.name == "2") else { return };
    commands.session().slots().load(slot.id);
}

fn quick_save(mut commands: Commands) {
    commands.session().slots().quick_save();
}

fn quick_load(mut commands: Commands) {
    commands.session().slots().quick_load();
}
