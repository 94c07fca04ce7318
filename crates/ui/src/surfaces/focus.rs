//! Keys and gamepads: which button has the focus, and which is next.

use bevy::ecs::system::SystemParam;
use bevy::input::ButtonState;
use bevy::input::gamepad::{GamepadAxisChangedEvent, GamepadButtonChangedEvent};
use bevy::input::keyboard::KeyboardInput;
use bevy::input::mouse::MouseScrollUnit;
use bevy::input_focus::tab_navigation::TabIndex;
use bevy::input_focus::{FocusCause, FocusedInput, InputFocus, InputFocusVisible};
use bevy::platform::collections::HashSet;
use bevy::prelude::*;
use bevy::text::EditableText;
use bevy::ui::{InteractionDisabled, UiGlobalTransform};
use bevy::ui_widgets::Activate;

use super::field::Field;
use crate::engine::{OnPress, OnScroll};

/// The root of a surface, within which the focus is moved.
#[derive(Component, Clone, Copy, Debug)]
pub(super) struct FocusScope {
    /// The entity that had the focus before it was opened.
    pub before: Option<Entity>,
    /// True if the focus can't leave it.
    pub is_modal: bool,
    pub layer: i32,
    /// The entity on the surface that had the focus last.
    pub last: Option<Entity>,
}

/// A row of a list that goes on beyond what is shown.
#[derive(Component, Clone, Copy, Debug)]
pub(super) struct EdgeRow {
    pub more_above: bool,
    pub more_below: bool,
}

/// A list, for the mouse wheel.
#[derive(Component, Clone, Copy, Debug)]
pub(super) struct WheelList;

/// The player wants to see other rows of a surface's list.
#[derive(EntityEvent, Clone, Copy, PartialEq, Debug)]
pub(super) struct ScrollRows {
    /// The surface's root.
    pub entity: Entity,
    /// The number of rows to scroll down; negative is up.
    pub rows: i32,
    /// True if the focus moves along.
    pub with_focus: bool,
}

/// The player wants to go back: Escape, or East on a gamepad.
#[derive(EntityEvent, Clone, Copy, PartialEq, Debug)]
pub(super) struct GoBack {
    /// The surface's root.
    pub entity: Entity,
}

/// One step of the focus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Next,
    Previous,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
}

/// A page of a list, in rows.
const PAGE: i32 = 5;
/// The deflection at which a stick counts as moved; it has to go back before it counts again.
const STICK_ON: f32 = 0.6;
const STICK_OFF: f32 = 0.35;

/// The entities that can have the focus.
#[derive(SystemParam)]
pub(super) struct Stops<'w, 's> {
    children: Query<'w, 's, &'static Children>,
    buttons: Query<'w, 's, (), (With<TabIndex>, Without<InteractionDisabled>)>,
    places: Query<'w, 's, (&'static ComputedNode, &'static UiGlobalTransform)>,
    edges: Query<'w, 's, &'static EdgeRow>,
}

impl Stops<'_, '_> {
    /// The buttons of a surface in reading order.
    fn of(&self, scope: Entity) -> Vec<Entity> {
        let mut stops = Vec::new();
        self.gather(scope, &mut stops);
        stops
    }

    fn gather(&self, entity: Entity, stops: &mut Vec<Entity>) {
        if self.buttons.contains(entity) {
            stops.push(entity);
        }
        for child in self.children.get(entity).into_iter().flatten() {
            self.gather(*child, stops);
        }
    }

    fn place(&self, entity: Entity) -> Option<Rect> {
        let (node, transform) = self.places.get(entity).ok()?;
        Some(Rect::from_center_size(transform.translation, node.size()))
    }

    /// The button that is next in a direction, by where things are on the screen.
    fn beside(&self, stops: &[Entity], focused: Entity, direction: Vec2) -> Option<Entity> {
        let here = self.place(focused)?;
        let distance = |there: Rect| {
            let offset = there.center() - here.center();
            let along = offset.dot(direction);
            let gap = (along - (there.size() + here.size()).dot(direction.abs()) / 2.0).max(0.0);
            let is_ahead =
                along > 1.0 && along > (there.size() + here.size()).dot(direction.abs()) / 4.0;
            let aside = offset.dot(direction.perp()).abs();
            let overlap = (there.size() + here.size()).dot(direction.perp().abs()) / 2.0;
            is_ahead.then_some(gap + 2.0 * (aside - overlap).max(0.0) + aside * 0.1)
        };
        let others = stops.iter().filter(|stop| **stop != focused);
        let reachable = others.filter_map(|stop| Some((*stop, distance(self.place(*stop)?)?)));
        reachable.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(stop, _)| stop)
    }

    fn after(&self, stops: &[Entity], focused: Entity, step: Step) -> Option<Entity> {
        let at = stops.iter().position(|stop| *stop == focused);
        let count = stops.len();
        match step {
            Step::First => stops.first().copied(),
            Step::Last => stops.last().copied(),
            Step::Next => stops.get(at.map_or(0, |at| (at + 1) % count.max(1))).copied(),
            Step::Previous => {
                stops.get(at.map_or(0, |at| (at + count - 1) % count.max(1))).copied()
            }
            _ if at.is_none() => stops.first().copied(),
            Step::Up | Step::PageUp => self.beside(stops, focused, Vec2::NEG_Y),
            Step::Down | Step::PageDown => self.beside(stops, focused, Vec2::Y),
            Step::Left => self.beside(stops, focused, Vec2::NEG_X),
            Step::Right => self.beside(stops, focused, Vec2::X),
        }
    }

    /// By how many rows the list is to be scrolled instead.
    fn scrolls(&self, focused: Entity, step: Step) -> Option<i32> {
        let edge = self.edges.get(focused).ok()?;
        match step {
            Step::Up if edge.more_above => Some(-1),
            Step::Down if edge.more_below => Some(1),
            Step::PageUp => Some(-PAGE),
            Step::PageDown => Some(PAGE),
            _ => None,
        }
    }
}

fn take_step(
    scope: Entity,
    step: Step,
    stops: &Stops,
    focus: &mut InputFocus,
    visible: &mut InputFocusVisible,
    commands: &mut Commands,
) {
    visible.0 = true;
    let focused = focus.get().unwrap_or(scope);
    if let Some(rows) = stops.scrolls(focused, step) {
        commands.trigger(ScrollRows { entity: scope, rows, with_focus: true });
        return;
    }
    if let Some(next) = stops.after(&stops.of(scope), focused, step) {
        focus.set(next, FocusCause::Navigated);
    }
}

fn step_of_key(key: KeyCode, is_shifted: bool) -> Option<Step> {
    Some(match key {
        KeyCode::Tab if is_shifted => Step::Previous,
        KeyCode::Tab => Step::Next,
        KeyCode::ArrowUp => Step::Up,
        KeyCode::ArrowDown => Step::Down,
        KeyCode::ArrowLeft => Step::Left,
        KeyCode::ArrowRight => Step::Right,
        KeyCode::PageUp => Step::PageUp,
        KeyCode::PageDown => Step::PageDown,
        KeyCode::Home => Step::First,
        KeyCode::End => Step::Last,
        _ => return None,
    })
}

/// Moves the focus with the keyboard. Enter and Space are Bevy's own.
pub(super) fn on_key(
    mut event: On<FocusedInput<KeyboardInput>>,
    scopes: Query<&FocusScope>,
    fields: Query<(), With<Field>>,
    keys: Option<Res<ButtonInput<KeyCode>>>,
    stops: Stops,
    mut focus: ResMut<InputFocus>,
    mut visible: ResMut<InputFocusVisible>,
    mut commands: Commands,
) {
    let scope = event.focused_entity;
    if !scopes.contains(scope) || event.input.state != ButtonState::Pressed {
        return;
    }
    let key = event.input.key_code;
    // The other keys are the field's.
    if key != KeyCode::Tab && fields.contains(event.original_event_target()) {
        return;
    }
    if key == KeyCode::Escape && !event.input.repeat {
        event.propagate(false);
        commands.trigger(GoBack { entity: scope });
    }
    let is_shifted =
        keys.is_some_and(|keys| keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]));
    if let Some(step) = step_of_key(key, is_shifted) {
        event.propagate(false);
        take_step(scope, step, &stops, &mut focus, &mut visible, &mut commands);
    }
}

/// Leaves a field with the keys that mean nothing on a single line.
pub(super) fn on_key_in_field(
    event: On<FocusedInput<KeyboardInput>>,
    fields: Query<&EditableText, With<Field>>,
    scopes: Query<&FocusScope>,
    parents: Query<&ChildOf>,
    stops: Stops,
    mut focus: ResMut<InputFocus>,
    mut visible: ResMut<InputFocusVisible>,
    mut commands: Commands,
) {
    let field = event.focused_entity;
    let is_typing = fields.get(field).is_ok_and(|text| !text.is_composing());
    if !is_typing || event.input.state != ButtonState::Pressed {
        return;
    }
    let scope = parents.iter_ancestors(field).find(|entity| scopes.contains(*entity));
    let Some(scope) = scope else { return };
    let step = match event.input.key_code {
        KeyCode::Escape if !event.input.repeat => {
            return commands.trigger(GoBack { entity: scope });
        }
        KeyCode::Enter | KeyCode::NumpadEnter => {
            return commands.trigger(Activate { entity: field });
        }
        KeyCode::ArrowUp => Step::Up,
        KeyCode::ArrowDown => Step::Down,
        _ => return,
    };
    take_step(scope, step, &stops, &mut focus, &mut visible, &mut commands);
}

/// Moves the focus and presses buttons with a gamepad.
pub(super) fn on_gamepad(
    mut event: On<FocusedInput<GamepadButtonChangedEvent>>,
    scopes: Query<&FocusScope>,
    stops: Stops,
    mut focus: ResMut<InputFocus>,
    mut visible: ResMut<InputFocusVisible>,
    mut commands: Commands,
) {
    let scope = event.focused_entity;
    if !scopes.contains(scope) || event.input.state != ButtonState::Pressed {
        return;
    }
    event.propagate(false);
    let step = match event.input.button {
        GamepadButton::DPadUp => Step::Up,
        GamepadButton::DPadDown => Step::Down,
        GamepadButton::DPadLeft => Step::Left,
        GamepadButton::DPadRight => Step::Right,
        GamepadButton::LeftTrigger => Step::PageUp,
        GamepadButton::RightTrigger => Step::PageDown,
        GamepadButton::East => return commands.trigger(GoBack { entity: scope }),
        GamepadButton::South => {
            let focused = focus.get().filter(|focused| stops.buttons.contains(*focused));
            return focused.into_iter().for_each(|entity| commands.trigger(Activate { entity }));
        }
        _ => return,
    };
    take_step(scope, step, &stops, &mut focus, &mut visible, &mut commands);
}

/// Moves the focus with a gamepad's left stick.
pub(super) fn follow_sticks(
    mut moves: MessageReader<GamepadAxisChangedEvent>,
    mut held: Local<HashSet<(Entity, GamepadAxis)>>,
    scopes: Query<(Entity, &FocusScope)>,
    stops: Stops,
    mut focus: ResMut<InputFocus>,
    mut visible: ResMut<InputFocusVisible>,
    mut commands: Commands,
) {
    let top = topmost(&scopes);
    for change in moves.read() {
        let stick = (change.entity, change.axis);
        if change.value.abs() < STICK_OFF {
            held.remove(&stick);
        }
        let step = match (change.axis, change.value > 0.0) {
            (GamepadAxis::LeftStickY, true) => Step::Up,
            (GamepadAxis::LeftStickY, false) => Step::Down,
            (GamepadAxis::LeftStickX, true) => Step::Right,
            (GamepadAxis::LeftStickX, false) => Step::Left,
            _ => continue,
        };
        let Some(scope) = top else { continue };
        if change.value.abs() > STICK_ON && held.insert(stick) {
            take_step(scope, step, &stops, &mut focus, &mut visible, &mut commands);
        }
    }
}

/// Scrolls a list with the mouse wheel.
pub(super) fn on_wheel(
    mut scroll: OnScroll,
    lists: Query<(), With<WheelList>>,
    scopes: Query<(), With<FocusScope>>,
    parents: Query<&ChildOf>,
    mut commands: Commands,
) {
    if !lists.contains(scroll.entity) {
        return;
    }
    scroll.propagate(false);
    let lines = match scroll.unit {
        MouseScrollUnit::Line => scroll.y,
        MouseScrollUnit::Pixel => scroll.y / 40.0,
    };
    // At least one row for each notch.
    #[expect(clippy::cast_possible_truncation, reason = "a few rows")]
    let rows = -(lines.signum() * lines.abs().max(1.0)).clamp(-10.0, 10.0) as i32;
    let root = parents.iter_ancestors(scroll.entity).find(|entity| scopes.contains(*entity));
    if let Some(entity) = root.filter(|_| lines != 0.0) {
        commands.trigger(ScrollRows { entity, rows, with_focus: false });
    }
}

/// A click shows that the pointer is used, and the focus need not be seen.
pub(super) fn on_press(press: OnPress, mut visible: ResMut<InputFocusVisible>) {
    if visible.0 && press.entity == press.original_event_target() {
        visible.0 = false;
    }
}

/// Keeps the focus within the topmost dialog when something beside it is clicked. The focus goes back to where it was.
pub(super) fn keep_focus(
    mut scopes: Query<(Entity, &mut FocusScope)>,
    parents: Query<&ChildOf>,
    stops: Stops,
    mut focus: ResMut<InputFocus>,
) {
    let Some(scope) = topmost(&scopes.as_readonly()) else { return };
    let Ok((_, mut known)) = scopes.get_mut(scope) else { return };
    let focused = focus.get();
    let is_within = focused.is_some_and(|focused| {
        focused == scope || parents.iter_ancestors(focused).any(|entity| entity == scope)
    });
    if is_within {
        known.last = focused;
        return;
    }
    let stops = stops.of(scope);
    let back = known.last.filter(|last| stops.contains(last)).or(stops.first().copied());
    focus.set(back.unwrap_or(scope), FocusCause::Navigated);
}

fn topmost(scopes: &Query<(Entity, &FocusScope)>) -> Option<Entity> {
    let modal = scopes.iter().filter(|(_, scope)| scope.is_modal);
    modal.max_by_key(|(_, scope)| scope.layer).map(|(entity, _)| entity)
}
