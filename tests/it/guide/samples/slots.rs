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

/// The slots of the session that is played. `catalog.slots()` has those of all sessions and players.
fn show(session: Res<CurrentSession>, catalog: Res<SessionCatalog>) {
    for slot in catalog.slots_of(session.id()) {
        info!("{}: {:?} played, {} bytes", slot.name, slot.play_time, slot.bytes);
    }
}
