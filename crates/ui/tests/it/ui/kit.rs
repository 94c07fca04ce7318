//! A test game with UI: presses keys and buttons, and reads what is on the screen.

use bevy::app::PluginGroupBuilder;
use bevy::camera::{ComputedCameraValues, RenderTargetInfo};
use bevy::input::ButtonState;
use bevy::input::gamepad::GamepadButtonChangedEvent;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::input_focus::{FocusCause, InputFocus};
use bevy::prelude::*;
use bevy::text::{EditableText, TextEdit};
use bevy::ui::InteractionDisabled;
use bevy::ui_widgets::{Activate, Button};
use bevy::window::PrimaryWindow;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session::recovery::RecoveryDeclined;
use bevy_session_ui::SessionUiPlugins;

#[path = "../../../benches/headless_ui.rs"]
mod headless_ui;

use crate::common::*;
use headless_ui::add_headless_ui;

/// Adds what Bevy's UI needs, without anything that draws.
pub fn add_ui(app: &mut App) {
    add_headless_ui(app);
    app.world_mut().spawn(Camera2d);
}

/// The plugin of a start that is an hour after that of the killed games.
pub fn plugin_later(disk: &MemoryDisk) -> SessionPlugin {
    plugin(disk).clock_from("2026-01-01T01:00:00Z".parse().unwrap())
}

/// A test game with all of the ready-made UI.
pub fn ui_game(disk: &MemoryDisk) -> App {
    ui_game_with(disk, |_| {})
}

pub fn ui_game_with(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    ui_game_of(disk, SessionUiPlugins.build(), add)
}

/// A test game with pieces of the ready-made UI that are set up in another way.
pub fn ui_game_of(disk: &MemoryDisk, ui: PluginGroupBuilder, add: impl FnOnce(&mut App)) -> App {
    let mut app = game_with(plugin_later(disk), |app| {
        add_ui(app);
        app.add_plugins(ui);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        listen::<SessionRecovered>(app);
        listen::<RecoveryDeclined>(app);
        listen::<CheckpointSaved>(app);
        resize(app, 1280, 720, 1.0);
        add(app);
    });
    frames(&mut app, 4);
    app
}

/// Makes the window as large as this, in physical pixels.
pub fn resize(app: &mut App, width: u32, height: u32, scale_factor: f32) {
    let world = app.world_mut();
    let mut windows = world.query_filtered::<&mut Window, With<PrimaryWindow>>();
    let mut window = windows.single_mut(world).unwrap();
    window.resolution.set_scale_factor_override(Some(scale_factor));
    window.resolution.set_physical_resolution(width, height);
    let mut cameras = world.query::<&mut Camera>();
    let mut camera = cameras.single_mut(world).unwrap();
    let physical_size = UVec2::new(width, height);
    let target_info = Some(RenderTargetInfo { physical_size, scale_factor });
    camera.computed = ComputedCameraValues { target_info, ..default() };
}

/// All texts on the screen, in reading order.
pub fn texts(app: &mut App) -> Vec<String> {
    let world = app.world_mut();
    let mut roots = world.query_filtered::<Entity, (With<Node>, Without<ChildOf>)>();
    let roots: Vec<Entity> = roots.iter(world).collect();
    roots.into_iter().flat_map(|root| texts_below(world, root)).collect()
}

pub fn texts_below(world: &World, entity: Entity) -> Vec<String> {
    let own = world.get::<Text>(entity).map(|text| text.0.clone());
    let children = world.get::<Children>(entity).into_iter().flatten();
    own.into_iter().chain(children.flat_map(|child| texts_below(world, *child))).collect()
}

/// True if this is on the screen.
pub fn is_shown(app: &mut App, part: &str) -> bool {
    texts(app).iter().any(|text| text.contains(part))
}

/// The button on which this is written.
pub fn button(app: &mut App, label: &str) -> Option<Entity> {
    let world = app.world_mut();
    let mut buttons = world.query_filtered::<Entity, With<Button>>();
    let buttons: Vec<Entity> = buttons.iter(world).collect();
    buttons.into_iter().find(|entity| texts_below(world, *entity).iter().any(|text| text == label))
}

/// Presses a button, as a click does.
#[track_caller]
pub fn press(app: &mut App, label: &str) {
    let shown = texts(app);
    let button = button(app, label).unwrap_or_else(|| panic!("no button {label:?} in {shown:?}"));
    let is_disabled = app.world().get::<InteractionDisabled>(button).is_some();
    assert!(!is_disabled, "{label:?} can't be pressed");
    app.world_mut().trigger(Activate { entity: button });
    frames(app, 2);
}

/// The text of the button that has the focus.
pub fn focused(app: &mut App) -> Vec<String> {
    let focused = app.world().resource::<InputFocus>().get();
    focused.map(|entity| texts_below(app.world(), entity)).unwrap_or_default()
}

/// Presses and releases a key.
pub fn key(app: &mut App, key_code: KeyCode) {
    let world = app.world_mut();
    let mut windows = world.query_filtered::<Entity, With<PrimaryWindow>>();
    let window = windows.single(world).unwrap();
    for state in [ButtonState::Pressed, ButtonState::Released] {
        let logical_key = Key::Unidentified(bevy::input::keyboard::NativeKey::Unidentified);
        let input =
            KeyboardInput { key_code, logical_key, state, text: None, repeat: false, window };
        app.world_mut().write_message(input);
        app.update();
    }
}

/// Types a text, letter by letter, as a keyboard with these letters does.
pub fn type_text(app: &mut App, text: &str) {
    for letter in text.chars() {
        let text = letter.to_string();
        strike(app, KeyCode::KeyX, Key::Character(text.as_str().into()), Some(&text));
    }
    frames(app, 2);
}

/// Presses and releases a key other than a letter.
pub fn named_key(app: &mut App, key_code: KeyCode, logical_key: Key) {
    strike(app, key_code, logical_key, None);
    frames(app, 2);
}

fn strike(app: &mut App, key_code: KeyCode, logical_key: Key, text: Option<&str>) {
    let world = app.world_mut();
    let mut windows = world.query_filtered::<Entity, With<PrimaryWindow>>();
    let window = windows.single(world).unwrap();
    for state in [ButtonState::Pressed, ButtonState::Released] {
        let text = text.map(Into::into);
        let logical_key = logical_key.clone();
        let input = KeyboardInput { key_code, logical_key, state, text, repeat: false, window };
        app.world_mut().write_message(input);
        app.update();
    }
}

/// The texts of the fields on the screen, from top to bottom.
pub fn fields(app: &mut App) -> Vec<String> {
    let world = app.world_mut();
    let mut fields = world.query::<&EditableText>();
    fields.iter(world).map(|text| text.value().to_string()).collect()
}

/// Puts this into the only field.
pub fn fill_in(app: &mut App, text: &str) {
    let world = app.world_mut();
    let mut fields = world.query::<&mut EditableText>();
    let mut field = fields.single_mut(world).expect("there should be one field");
    field.queue_edit(TextEdit::SelectAll);
    field.queue_edit(match text {
        "" => TextEdit::Delete,
        text => TextEdit::Insert(text.into()),
    });
    frames(app, 2);
}

/// Puts the focus into the only field on the screen.
pub fn focus_field(app: &mut App) {
    let world = app.world_mut();
    let mut fields = world.query_filtered::<Entity, With<EditableText>>();
    let field = fields.single(world).expect("there should be one field");
    world.resource_mut::<InputFocus>().set(field, FocusCause::Navigated);
    app.update();
}

/// True if a field has the focus.
pub fn is_typing(app: &App) -> bool {
    let focused = app.world().resource::<InputFocus>().get();
    focused.is_some_and(|entity| app.world().get::<EditableText>(entity).is_some())
}

/// Presses and releases a button of a gamepad.
pub fn gamepad(app: &mut App, button: GamepadButton) {
    let entity = app.world_mut().spawn_empty().id();
    for (state, value) in [(ButtonState::Pressed, 1.0), (ButtonState::Released, 0.0)] {
        app.world_mut().write_message(GamepadButtonChangedEvent::new(entity, button, state, value));
        app.update();
    }
}

/// Plays a session with a named checkpoint every second, and hands out what `kill -9` leaves.
pub fn killed(name: &str, checkpoints: usize) -> MemoryDisk {
    killed_beside(&MemoryDisk::default(), name, checkpoints)
}

/// The same beside what is on this disk.
pub fn killed_beside(disk: &MemoryDisk, name: &str, checkpoints: usize) -> MemoryDisk {
    let mut app = game(disk);
    let entity = app.world_mut().spawn(Health(0)).id();
    start(&mut app, name);
    for number in 1..=checkpoints {
        // Of hundreds it matters only that they are there.
        frames(&mut app, if checkpoints > 50 { 1 } else { 10 });
        app.world_mut().entity_mut(entity).insert(Health(number as u32));
        request(&mut app, |commands| commands.session().checkpoint(format!("Place {number}")));
        frames(&mut app, 2);
    }
    seconds(&mut app, 2.0);
    disk.snapshot()
}

/// The health that is in the world.
pub fn health(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    world.query::<&Health>().iter(world).map(|health| health.0).collect()
}
