use bevy::prelude::*;
use bevy_session::external::{ExternalDone, ExternalSaveRequested};

/// An observer.
fn save(asked: On<ExternalSaveRequested>, mut commands: Commands) {
    let answer = asked.answer.clone();
    commands.queue(move |world: &mut World| match save_the_army(world) {
        Ok(()) => answer.done(ExternalDone::in_slot("autosave")),
        Err(error) => answer.failed(error.to_string()),
    });
}

/// The game's own.
fn save_the_army(world: &World) -> Result {
    Ok(())
}
