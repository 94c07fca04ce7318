use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::slots::SlotId;

fn save(mut commands: Commands) {
    commands.session().slots().save(SaveSlot::manual("Before the boss")); // any name; `.overwrite()` replaces one
}

fn quick_save(mut commands: Commands) {
    commands.session().slots().quick_save();
}

fn quick_load(mut commands: Commands) {
    commands.session().slots().quick_load();
}

/// A load menu, in or out of a session. `catalog.slots_of(session)` has those of one session.
fn show(catalog: Res<SessionCatalog>) {
    for slot in catalog.slots() {
        // A quick slot has no name.
        info!("{:?} {} of {}: {:?} played, {}", slot.kind, slot.name, slot.session.name, slot.play_time, slot.time);
    }
}

/// Its button. Another session that is played is closed first.
fn load(In(slot): In<SlotId>, mut commands: Commands) {
    commands.session().slots().load(slot);
}
