//! Bevy 0.19.

use bevy::ecs::observer::On;
use bevy::picking::events::{Pointer, Press, Scroll};

pub(crate) type OnPress<'w, 't> = On<'w, 't, Pointer<Press>>;
pub(crate) type OnScroll<'w, 't> = On<'w, 't, Pointer<Scroll>>;

/// The component that makes a widget of an editable text: none in this version.
pub(crate) fn text_input() {}
