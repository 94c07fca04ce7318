use bevy::prelude::*;
use bevy_session::prelude::*;

fn pause_menu(mut commands: Commands, sessions: Res<SessionCatalog>) {
    commands.session().slots().save(SaveSlot::manual("Before the boss")); // any name; `.overwrite()` replaces one
    commands.session().slots().quick_save();
    commands.session().slots().quick_load();
    for slot in sessions.slots() {
        info!("{}: {:?} played, {} bytes", slot.name, slot.play_time, slot.bytes);
    }
}
