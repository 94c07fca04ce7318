//! Bevy 0.20.

use bevy::ecs::observer::On;
use bevy::picking::events::{PointerPress, PointerScroll};
use bevy::ui_widgets::TextInput;

pub(crate) type OnPress<'w, 't> = On<'w, 't, PointerPress>;
pub(crate) type OnScroll<'w, 't> = On<'w, 't, PointerScroll>;

/// The component that makes a widget of an editable text.
pub(crate) fn text_input() -> TextInput {
    TextInput
}
