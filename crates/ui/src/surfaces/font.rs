//! The font that the ready-made UI comes with.

use bevy::asset::uuid_handle;
use bevy::prelude::*;
use tracing::warn;

/// Bevy's own knows ASCII only.
const BYTES: &[u8] = include_bytes!("font/Roboto-Regular-subset.ttf");

pub(super) const FONT: Handle<Font> = uuid_handle!("7d0b7a3e-6a53-4f0e-9a55-6d6f1d9a8c41");

/// Makes the font known, if the game draws text at all.
pub(super) fn add(app: &mut App) {
    if let Some(mut fonts) = app.world_mut().get_resource_mut::<Assets<Font>>()
        && let Err(error) = fonts.insert(&FONT, Font::from_bytes(BYTES.to_vec()))
    {
        warn!(%error, "the UI's built-in font can't be loaded, so its texts may be missing");
    }
}
