//! Keys and gamepads: which half of the keyboard does what, and how the game's own menus are used. The dialogs of
//! `bevy_session` have theirs.

use bevy::input::gamepad::GamepadButtonChangedEvent;
use bevy::input::keyboard::KeyboardInput;
use bevy::input::{ButtonState, InputSystems};
use bevy::input_focus::tab_navigation::{NavAction, TabNavigation};
use bevy::input_focus::{FocusCause, FocusedInput, InputFocus, InputFocusSystems};
use bevy::prelude::*;
use bevy::text::EditableText;
use bevy::ui_widgets::Activate;
use bevy_session_ui::session_ui_is_open;

use crate::crew::{Seat, Seats};
use crate::inputs::{self, Steer};
use crate::menu::Action;
use crate::model::Game;
use crate::pause::Asking;

/// The keys of a half of the keyboard.
pub struct Half {
    left: KeyCode,
    right: KeyCode,
    down: KeyCode,
    up: KeyCode,
    flare: KeyCode,
    pause: KeyCode,
    pub pin: KeyCode,
}

impl Half {
    /// Keys that are where they are on every layout.
    pub const fn of(seat: Seat) -> Self {
        match seat {
            Seat::Left => Self {
                left: KeyCode::KeyA,
                right: KeyCode::KeyD,
                down: KeyCode::KeyS,
                up: KeyCode::KeyW,
                flare: KeyCode::Space,
                pause: KeyCode::Escape,
                pin: KeyCode::KeyQ,
            },
            Seat::Right => Self {
                left: KeyCode::ArrowLeft,
                right: KeyCode::ArrowRight,
                down: KeyCode::ArrowDown,
                up: KeyCode::ArrowUp,
                flare: KeyCode::Enter,
                pause: KeyCode::Backspace,
                pin: KeyCode::ShiftRight,
            },
        }
    }
}

pub fn plugin(app: &mut App) {
    app.add_systems(FixedPreUpdate, steer.run_if(in_state(Game::Playing)))
        // Before states change: what one press has brought about it is not to undo.
        .add_systems(
            PreUpdate,
            pause
                .after(InputSystems)
                // What closes a dialog pauses nothing.
                .before(InputFocusSystems::Dispatch)
                .run_if(in_state(Game::Playing).and_then(not(session_ui_is_open))),
        )
        .add_observer(press_key)
        .add_observer(press_key_in_field)
        .add_observer(press_gamepad);
}

/// A run condition: true if letters are typed into a field, and mean nothing else.
pub fn is_typing(focus: Res<InputFocus>, fields: Query<(), With<EditableText>>) -> bool {
    focus.get().is_some_and(|focus| fields.contains(focus))
}

/// Says for each who is here what the keys say.
pub fn steer(keys: Res<ButtonInput<KeyCode>>, seats: Seats, mut steers: MessageWriter<Steer>) {
    for mut steer in inputs::of_all_here(&seats) {
        let seat = Seat::ALL.into_iter().find(|seat| seat.id() == steer.player);
        let halves = seat.into_iter().flat_map(|seat| seats.halves(seat));
        for half in halves.map(Half::of) {
            let axis =
                |less, more| f32::from(i8::from(keys.pressed(more)) - i8::from(keys.pressed(less)));
            steer.direction += Vec2::new(axis(half.left, half.right), axis(half.down, half.up));
            steer.flare |= keys.pressed(half.flare);
        }
        steers.write(steer);
    }
}

/// Pauses the game. The player who presses it makes the requests of the menu.
fn pause(
    keys: Res<ButtonInput<KeyCode>>,
    gamepads: Query<&Gamepad>,
    seats: Seats,
    mut next: ResMut<NextState<Game>>,
    mut commands: Commands,
) {
    let is_start = |gamepad: &Gamepad| gamepad.just_pressed(GamepadButton::Start);
    let half = match Seat::ALL.into_iter().find(|half| keys.just_pressed(Half::of(*half).pause)) {
        None if gamepads.iter().any(is_start) => Seat::Left,
        None => return,
        Some(half) => half,
    };
    commands.insert_resource(Asking(seats.at(half)));
    next.set(Game::Paused);
}

/// Handles keys that arrive at the window, because no dialog took them.
fn press_key(
    key: On<FocusedInput<KeyboardInput>>,
    windows: Query<(), With<Window>>,
    fields: Query<(), With<EditableText>>,
    mut commands: Commands,
) {
    let is_of_field = fields.contains(key.original_event_target());
    let is_here = windows.contains(key.focused_entity) && !is_of_field;
    if key.input.state != ButtonState::Pressed || !is_here {
        return;
    }
    match key.input.key_code {
        KeyCode::ArrowDown => commands.run_system_cached_with(choose, NavAction::Next),
        KeyCode::ArrowUp => commands.run_system_cached_with(choose, NavAction::Previous),
        KeyCode::Escape => commands.run_system_cached(go_back),
        _ => {}
    }
}

/// A field handles most keys itself, so that the window wouldn't get them.
fn press_key_in_field(
    key: On<FocusedInput<KeyboardInput>>,
    fields: Query<&EditableText, With<Action>>,
    mut commands: Commands,
) {
    let is_typing = fields.get(key.focused_entity).is_ok_and(|text| !text.is_composing());
    if !is_typing || key.input.state != ButtonState::Pressed {
        return;
    }
    match key.input.key_code {
        KeyCode::Enter | KeyCode::NumpadEnter => commands.run_system_cached(press_chosen),
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
fn press_chosen(focus: Res<InputFocus>, buttons: Query<(), With<Action>>, mut commands: Commands) {
    let chosen = focus.get().filter(|chosen| buttons.contains(*chosen));
    chosen.into_iter().for_each(|entity| commands.trigger(Activate { entity }));
}

fn go_back(state: Res<State<Game>>, mut next: ResMut<NextState<Game>>) {
    match state.get() {
        Game::Paused => next.set(Game::Playing),
        Game::Choosing | Game::Insights | Game::Lessons => next.set(Game::Menu),
        _ => {}
    }
}
