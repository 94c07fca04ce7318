//! Takes a checkpoint when the player looks away, and when the system puts the game aside.

use bevy::prelude::*;
use bevy_window::{AppLifecycle, WindowCloseRequested, WindowFocused};

use super::SessionSettings;
use super::exit::WindowClosed;
use super::hooks::CheckpointTriggers;

/// Adds what looks at windows. Where there are none, it does nothing.
pub(crate) fn watch_windows(app: &mut App) {
    app.add_systems(
        Last,
        (
            note_suspension.run_if(resource_exists::<Messages<AppLifecycle>>),
            note_focus_loss.run_if(resource_exists::<Messages<WindowFocused>>),
            note_close.run_if(resource_exists::<Messages<WindowCloseRequested>>),
        ),
    );
}

/// The system may never resume what it has suspended, and says nothing when it ends it.
fn note_suspension(
    mut phases: MessageReader<AppLifecycle>,
    mut triggers: ResMut<CheckpointTriggers>,
) {
    if phases.read().any(|phase| *phase == AppLifecycle::WillSuspend) {
        triggers.urgent = Some("suspended".to_owned());
    }
}

fn note_focus_loss(
    mut changes: MessageReader<WindowFocused>,
    settings: Res<SessionSettings>,
    mut triggers: ResMut<CheckpointTriggers>,
) {
    let is_lost = changes.read().any(|change| !change.focused);
    if is_lost && settings.checkpoint_on_focus_loss {
        triggers.urgent = Some("focus lost".to_owned());
    }
}

/// Notes that the exit, if one follows, is the window's.
fn note_close(mut requests: MessageReader<WindowCloseRequested>, mut commands: Commands) {
    if requests.read().last().is_some() {
        commands.insert_resource(WindowClosed);
    }
}
