//! Bevy 0.19.

use bevy::ecs::observer::On;
use bevy::picking::events::{Pointer, Press, Scroll};

pub(crate) type OnPress<'w, 't> = On<'w, 't, Pointer<Press>>;
pub(crate) type OnScroll<'w, 't> = On<'w, 't, Pointer<Scroll>>;

/// What makes a widget of a text that can be edited: the text alone.
pub(crate) fn text_input() {}
