//! Bevy's UI without anything that draws, for benches and tests.

use bevy::a11y::AccessibilityPlugin;
use bevy::asset::AssetPlugin;
use bevy::image::TextureAtlasPlugin;
use bevy::input::InputPlugin;
use bevy::input_focus::{InputDispatchPlugin, InputFocusPlugin};
use bevy::picking::DefaultPickingPlugins;
use bevy::prelude::*;
use bevy::text::TextPlugin;
use bevy::ui::UiPlugin;
use bevy::ui_widgets::UiWidgetsPlugins;
use bevy::window::WindowPlugin;

const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets");

/// Adds layout, text, picking, focus and widgets.
pub fn add_headless_ui(app: &mut App) {
    app.add_plugins((
        TransformPlugin,
        InputPlugin,
        InputFocusPlugin,
        InputDispatchPlugin,
        WindowPlugin::default(),
        AccessibilityPlugin,
        // Strings in other languages lie beside the plugin's own package.
        AssetPlugin { file_path: ASSETS.to_owned(), ..AssetPlugin::default() },
        ImagePlugin::default(),
        TextureAtlasPlugin,
        TextPlugin,
        UiPlugin,
        UiWidgetsPlugins,
        DefaultPickingPlugins,
    ));
}
