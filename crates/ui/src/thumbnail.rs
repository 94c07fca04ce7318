//! Small pictures of the screen, laid beside checkpoints.

mod picture;
mod shots;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bevy::math::UVec2;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::renderer::RenderAdapterInfo;
use bevy::render::view::screenshot::CapturedScreenshots;
use bevy_session::{CheckpointId, GameContext, SessionId, SessionLast, SessionSystems};

use picture::MOST_BYTES;
use shots::Shots;

/// Takes a small picture of the screen with checkpoints, and attaches it to them as `thumbnail`, where
/// load menus look for it. Needs the feature `thumbnail`.
///
/// A picture is taken with every checkpoint that the game or its player asked for, with the first one
/// of a run, with those that a change of state or a pause brings, and with automatic ones once in a
/// while. It shows the frame of the checkpoint, menus included. At an exit there is no next frame to
/// take it from, so the last checkpoint of a session has no picture.
///
/// The renderer hands the screen over when it is done with the frame. Scaling and encoding run on
/// Bevy's `AsyncComputeTaskPool`; the main thread asks for a picture and hands it on, and
/// [`ThumbnailTaken`] says how long that took. Without Bevy's feature `multi_threaded` that pool is the
/// main thread. In an app without a renderer or a
/// window nothing happens.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_ui::ThumbnailPlugin;
///
/// # let mut app = App::new();
/// # app.add_plugins(MinimalPlugins);
/// app.add_plugins((
///     SessionPlugin::new("Studio", "Hop").in_memory(),
///     ThumbnailPlugin { size: UVec2::new(256, 144), ..default() },
/// ));
/// ```
#[derive(Clone, Debug)]
pub struct ThumbnailPlugin {
    /// Pixels that a picture has at most. It keeps the proportions of the screen, and is smaller where
    /// it would not fit into [`MOST_BYTES`](Self::MOST_BYTES) otherwise. Defaults to 320 × 180.
    pub size: UVec2,
    /// Time between two pictures of automatic checkpoints; `None` for no such pictures. Defaults to
    /// one minute.
    pub autosave_interval: Option<Duration>,
}

impl Default for ThumbnailPlugin {
    fn default() -> Self {
        Self { size: UVec2::new(320, 180), autosave_interval: Some(Duration::from_secs(60)) }
    }
}

/// A picture was taken and is on its way to its checkpoint.
/// [`AttachmentSaved`](bevy_session::attachments::AttachmentSaved) follows when it is durable.
#[derive(Event, Message, Clone, Debug)]
#[non_exhaustive]
pub struct ThumbnailTaken {
    /// The session.
    pub session: SessionId,
    /// The checkpoint that it belongs to.
    pub checkpoint: CheckpointId,
    /// Pixels of the picture.
    pub size: UVec2,
    /// Bytes of the PNG, fewer than [`ThumbnailPlugin::MOST_BYTES`].
    pub bytes: usize,
    /// Time that the main thread spent on it, from first to last.
    pub main_thread_time: Duration,
}

impl Plugin for ThumbnailPlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<ThumbnailTaken>();
    }

    fn finish(&self, app: &mut App) {
        let renders = app.get_sub_app(RenderApp).is_some();
        if !renders || !app.world().contains_resource::<CapturedScreenshots>() {
            return;
        }
        app.add_systems(
            SessionLast,
            name_adapter
                .run_if(resource_exists_and_changed::<GameContext>)
                .before(SessionSystems::Run),
        );
        self.take_pictures(app);
    }
}

/// Sets the graphics adapter that the game renders with, unless the game has named one itself.
fn name_adapter(adapter: Option<Res<RenderAdapterInfo>>, mut context: ResMut<GameContext>) {
    if let Some(adapter) = adapter.filter(|_| context.graphics.is_empty()) {
        context.graphics.clone_from(&adapter.name);
    }
}

impl ThumbnailPlugin {
    /// The upper bound on a picture's bytes, for any screen.
    pub const MOST_BYTES: usize = MOST_BYTES;

    fn take_pictures(&self, app: &mut App) {
        app.insert_resource(Shots::new(self.clone()))
            .add_observer(shots::take_with_checkpoint)
            .add_observer(shots::develop)
            .add_observer(shots::checkpoint_is_safe)
            .add_systems(
                SessionLast,
                shots::hand_over.run_if(shots::are_waiting).before(SessionSystems::Run),
            );
    }
}
