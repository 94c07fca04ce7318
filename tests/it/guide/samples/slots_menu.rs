use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::slots::SlotId;

fn show(catalog: Res<SessionCatalog>) {
    for slot in catalog.slots() {
        // A quick slot has no name.
        info!("{:?} {} of {}: {:?} played, {}", slot.kind, slot.name, slot.session.name, slot.play_time, slot.time);
    }
}

/// Another session that is played is closed first.
fn load(In(slot): In<SlotId>, mut commands: Commands) {
    commands.session().slots().load(slot);
}
