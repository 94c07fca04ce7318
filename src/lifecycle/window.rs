//! Watches the focus of windows, and the system's suspending of the game.

use bevy::prelude::*;
use bevy_window::{AppLifecycle, WindowCloseRequested, WindowFocused};

use super::SessionSettings;
use super::hooks::game_hooks::CheckpointTriggers;
use super::runtime::exit_watch::WindowClosed;
use super::runtime::suspension::Suspension;

/// Adds the systems that watch windows. If there are none, it does nothing.
pub(crate) fn watch_windows(app: &mut App) {
    app.init_resource::<Suspension>().add_systems(
        Last,
        (
            note_suspension.run_if(resource_exists::<Messages<AppLifecycle>>),
            note_focus_loss.run_if(resource_exists::<Messages<WindowFocused>>),
            note_close.run_if(resource_exists::<Messages<WindowCloseRequested>>),
        ),
    );
}

/// Follows the system's suspending of the game. `bevy_winit` sends `Suspended` after it has
/// announced `WillSuspend`, and the frame in which that comes is the last one; other runners may
/// send one or both.
fn note_suspension(mut phases: MessageReader<AppLifecycle>, mut suspension: ResMut<Suspension>) {
    for phase in phases.read() {
        *suspension = match phase {
            AppLifecycle::WillSuspend | AppLifecycle::Suspended => Suspension::Announced,
            AppLifecycle::Idle | AppLifecycle::WillResume | AppLifecycle::Running => {
                Suspension::None
            }
        };
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

/// Notes that the exit, if one follows, is caused by the window.
fn note_close(mut requests: MessageReader<WindowCloseRequested>, mut commands: Commands) {
    if requests.read().last().is_some() {
        commands.insert_resource(WindowClosed);
    }
}
