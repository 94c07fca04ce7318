use bevy::prelude::*;
use bevy_session::prelude::*;

fn save(mut commands: Commands) {
    commands.session().slots().save(SaveSlot::manual("Before the boss")); // any name; `.overwrite()` replaces one
}

fn quick_save(mut commands: Commands) {
    commands.session().slots().quick_save();
}

fn quick_load(mut commands: Commands) {
    commands.session().slots().quick_load();
}
