//! Keys and gamepads in the game's own menus. The dialogs of `bevy_session` have theirs.

use bevy::input::gamepad::GamepadButtonChangedEvent;
use bevy::input::keyboard::KeyboardInput;
use bevy::input::{ButtonState, InputSystems};
use bevy::input_focus::tab_navigation::{NavAction, TabNavigation};
use bevy::input_focus::{FocusCause, FocusedInput, InputFocus, InputFocusSystems};
use bevy::prelude::*;
use bevy::ui_widgets::{Activate, Button};
use bevy_session::ui::session_ui_is_open;

use crate::model::Game;

pub fn plugin(app: &mut App) {
    // Before states change: what one press has brought about it is not to undo.
    app.add_systems(
        PreUpdate,
        pause
            .after(InputSystems)
            // What closes a dialog pauses nothing.
            .before(InputFocusSystems::Dispatch)
            .run_if(in_state(Game::Playing).and_then(not(session_ui_is_open))),
    )
    .add_observer(press_key)
    .add_observer(press_gamepad);
}

fn pause(
    keys: Res<ButtonInput<KeyCode>>,
    gamepads: Query<&Gamepad>,
    mut next: ResMut<NextState<Game>>,
) {
    let is_start = |gamepad: &Gamepad| gamepad.just_pressed(GamepadButton::Start);
    if keys.just_pressed(KeyCode::Escape) || gamepads.iter().any(is_start) {
        next.set(Game::Paused);
    }
}

/// What no dialog took for itself arrives at the window.
fn press_key(
    key: On<FocusedInput<KeyboardInput>>,
    windows: Query<(), With<Window>>,
    mut commands: Commands,
) {
    if key.input.state != ButtonState::Pressed || !windows.contains(key.focused_entity) {
        return;
    }
    match key.input.key_code {
        KeyCode::ArrowDown => commands.run_system_cached_with(choose, NavAction::Next),
        KeyCode::ArrowUp => commands.run_system_cached_with(choose, NavAction::Previous),
        KeyCode::Escape => commands.run_system_cached(go_back),
        _ => {}
    }
}

fn press_gamepad(
    press: On<FocusedInput<GamepadButtonChangedEvent>>,
    windows: Query<(), With<Window>>,
    mut commands: Commands,
) {
    if press.input.state != ButtonState::Pressed || !windows.contains(press.focused_entity) {
        return;
    }
    match press.input.button {
        GamepadButton::DPadDown => commands.run_system_cached_with(choose, NavAction::Next),
        GamepadButton::DPadUp => commands.run_system_cached_with(choose, NavAction::Previous),
        GamepadButton::South => commands.run_system_cached(press_chosen),
        GamepadButton::East => commands.run_system_cached(go_back),
        _ => {}
    }
}

fn choose(step: In<NavAction>, navigation: TabNavigation, mut focus: ResMut<InputFocus>) {
    if let Ok(button) = navigation.navigate(&focus, *step) {
        focus.set(button, FocusCause::Navigated);
    }
}

/// Enter and Space on a button are Bevy's own.
fn press_chosen(focus: Res<InputFocus>, buttons: Query<(), With<Button>>, mut commands: Commands) {
    let chosen = focus.get().filter(|chosen| buttons.contains(*chosen));
    chosen.into_iter().for_each(|entity| commands.trigger(Activate { entity }));
}

fn go_back(state: Res<State<Game>>, mut next: ResMut<NextState<Game>>) {
    match state.get() {
        Game::Paused => next.set(Game::Playing),
        Game::Choosing | Game::Insights => next.set(Game::Menu),
        _ => {}
    }
}
