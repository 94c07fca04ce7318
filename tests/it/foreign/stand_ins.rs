//! Stand-ins for what Bevy's examples take from a window and its renderer.

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;

/// Bevy's `DefaultPlugins`, as far as they need no window. A test presses the keys.
pub fn default_plugins(app: &mut App) {
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), StatesPlugin))
        .init_resource::<ButtonInput<KeyCode>>()
        .init_resource::<AssetServer>();
}

#[derive(Component, Default)]
pub struct Sprite;

#[derive(Component)]
pub struct Camera2d;

#[derive(Component)]
pub struct Camera3d;

#[derive(Component)]
pub struct PointLight;

#[derive(Component)]
pub struct Text(pub String);

impl Text {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// A handle, which has no meaning in the next process: the path that it was loaded from.
#[derive(Clone)]
pub struct Handle(pub &'static str);

#[derive(Component)]
pub struct WorldAssetRoot(pub Handle);

#[derive(Resource, Default)]
pub struct AssetServer;

impl AssetServer {
    #[expect(clippy::unused_self, reason = "as Bevy's own")]
    pub fn load(&self, path: &'static str) -> Handle {
        Handle(path)
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum PointerButton {
    Primary,
    Secondary,
}

#[derive(EntityEvent)]
pub struct PointerClick {
    pub entity: Entity,
    pub button: PointerButton,
}
