//! The focus of the game's windows, noted by itself.

use bevy::prelude::*;
use bevy_session::session_is_active;
use bevy_window::WindowFocused;

use super::marks::InsightsCommandsExt;

pub(super) fn add_to(app: &mut App) {
    app.add_message::<WindowFocused>().add_systems(
        PreUpdate,
        note_focus.run_if(session_is_active.and_then(on_message::<WindowFocused>)),
    );
}

/// A game has the focus while one of its windows has it.
fn note_focus(
    mut focused: MessageReader<WindowFocused>,
    mut with_focus: Local<bevy::ecs::entity::EntityHashSet>,
    mut had_focus: Local<Option<bool>>,
    mut commands: Commands,
) {
    for WindowFocused { window, focused } in focused.read() {
        if *focused {
            with_focus.insert(*window);
        } else {
            with_focus.remove(window);
        }
    }
    let has_focus = !with_focus.is_empty();
    if had_focus.replace(has_focus) != Some(has_focus) {
        commands.insights().focus(has_focus);
    }
}
