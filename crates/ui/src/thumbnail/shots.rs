//! Pictures that were asked for, and how far each one is.

use std::time::Duration;

use bevy::prelude::*;
use bevy::render::view::screenshot::{Capturing, Screenshot, ScreenshotCaptured};
use bevy::tasks::futures_lite::future;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on};
use bevy::window::PrimaryWindow;
use bevy_session::library::SessionFeature;
use bevy_session::presentation::THUMBNAIL;
use bevy_session::{
    CheckpointCaptured, CheckpointId, CheckpointKind, CheckpointSaved, CurrentSession,
    SessionCommandsExt, SessionId, SessionSwitches, internal,
};
use tracing::debug;

use super::picture::{Thumbnail, thumbnail_of};
use super::{ThumbnailPlugin, ThumbnailTaken};

/// Pictures that may be on their way at once. A disk that refuses keeps them waiting.
const MOST_SHOTS: usize = 4;

/// The pictures that are on their way.
#[derive(Resource)]
pub(super) struct Shots {
    settings: ThumbnailPlugin,
    /// When the last automatic checkpoint got one.
    last_automatic: Option<Duration>,
    waiting: Vec<Shot>,
}

/// One picture, and the checkpoint that it is for.
struct Shot {
    session: SessionId,
    checkpoint: CheckpointId,
    stage: Stage,
    is_safe: bool,
    main_thread_time: Duration,
}

enum Stage {
    /// The renderer has it.
    Exposed(Entity),
    /// It is being scaled and encoded.
    Developing(Task<Option<Thumbnail>>),
    /// It waits for its checkpoint to be safe: one that is never saved under its own number has
    /// nothing to attach to.
    Ready(Thumbnail),
    Spoiled,
}

impl Shots {
    pub(super) fn new(settings: ThumbnailPlugin) -> Self {
        Self { settings, last_automatic: None, waiting: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// True if a checkpoint of this kind gets a picture now.
    fn wants(&mut self, kind: CheckpointKind, now: Duration) -> bool {
        match (kind, self.settings.autosave_interval) {
            // By the time that the screen is read, a rewind shows another world.
            (CheckpointKind::Exit | CheckpointKind::Rewind, _) | (CheckpointKind::Auto, None) => {
                false
            }
            (CheckpointKind::Auto, Some(interval)) => {
                let due = self.last_automatic.is_none_or(|last| now >= last + interval);
                if due {
                    self.last_automatic = Some(now);
                }
                due
            }
            _ => true,
        }
    }
}

pub(super) fn are_waiting(shots: Res<Shots>) -> bool {
    !shots.waiting.is_empty()
}

/// Asks the renderer for the screen of this frame.
pub(super) fn take_with_checkpoint(
    captured: On<CheckpointCaptured>,
    time: Res<Time<Real>>,
    game_time: Option<Res<Time<Virtual>>>,
    window: Query<(), With<PrimaryWindow>>,
    asked_for: Query<(), (With<Screenshot>, Without<Capturing>)>,
    switches: Option<Res<SessionSwitches>>,
    mut shots: ResMut<Shots>,
    mut commands: Commands,
) {
    let begun = internal::instant();
    // The renderer hands a screen over once a frame, to the first request.
    let is_on = switches.is_none_or(|switches| switches.is_on(SessionFeature::Pictures));
    let is_possible = is_on && !window.is_empty() && asked_for.is_empty();
    // While the game's time stands still, a dialog lies over it: the picture before is a better one.
    let is_covered = captured.kind == CheckpointKind::Auto
        && game_time.is_some_and(|game_time| game_time.is_paused());
    if !is_possible || is_covered || !shots.wants(captured.kind, time.elapsed()) {
        return;
    }
    if shots.waiting.len() == MOST_SHOTS {
        shots.waiting.remove(0);
    }
    let screenshot = commands.spawn(Screenshot::primary_window()).id();
    shots.waiting.push(Shot {
        session: captured.session,
        checkpoint: captured.checkpoint,
        stage: Stage::Exposed(screenshot),
        is_safe: false,
        main_thread_time: begun.elapsed(),
    });
}

/// Scales and encodes the screen in a task of the pool.
pub(super) fn develop(mut screenshot: On<ScreenshotCaptured>, mut shots: ResMut<Shots>) {
    let begun = internal::instant();
    let largest = shots.settings.size;
    let is_ours = |shot: &&mut Shot| matches!(shot.stage, Stage::Exposed(entity) if entity == screenshot.entity);
    let Some(shot) = shots.waiting.iter_mut().find(is_ours) else { return };
    // Taken and not copied: a screen has megabytes.
    let screen = std::mem::take(&mut screenshot.image);
    let task = AsyncComputeTaskPool::get().spawn(async move { thumbnail_of(screen, largest) });
    shot.stage = Stage::Developing(task);
    shot.main_thread_time += begun.elapsed();
}

pub(super) fn checkpoint_is_safe(saved: On<CheckpointSaved>, mut shots: ResMut<Shots>) {
    let saved = saved.checkpoint;
    // An older one that isn't safe yet was merged into this one.
    shots.waiting.retain(|shot| {
        shot.is_safe || shot.checkpoint.run != saved.run || shot.checkpoint.counter >= saved.counter
    });
    shots
        .waiting
        .iter_mut()
        .filter(|shot| shot.checkpoint == saved)
        .for_each(|shot| shot.is_safe = true);
}

/// Attaches what is ready, and forgets what comes to nothing.
pub(super) fn hand_over(
    session: Option<Res<CurrentSession>>,
    screenshots: Query<(), With<Screenshot>>,
    mut shots: ResMut<Shots>,
    mut commands: Commands,
) {
    let session = session.map(|session| session.id());
    shots.waiting.retain_mut(|shot| {
        let begun = internal::instant();
        shot.go_on(&screenshots);
        if Some(shot.session) != session {
            return false;
        }
        match &mut shot.stage {
            Stage::Spoiled => false,
            Stage::Ready(thumbnail) if shot.is_safe => {
                let Thumbnail { png, size } = std::mem::take(thumbnail);
                let (session, checkpoint, bytes) = (shot.session, shot.checkpoint, png.len());
                commands.session().attachments().attach(checkpoint, THUMBNAIL, png);
                let main_thread_time = shot.main_thread_time + begun.elapsed();
                debug!(%checkpoint, bytes, ?main_thread_time, "thumbnail taken");
                let taken = ThumbnailTaken { session, checkpoint, size, bytes, main_thread_time };
                commands.write_message(taken.clone());
                commands.trigger(taken);
                false
            }
            _ => {
                shot.main_thread_time += begun.elapsed();
                true
            }
        }
    });
}

impl Shot {
    fn go_on(&mut self, screenshots: &Query<(), With<Screenshot>>) {
        match &mut self.stage {
            Stage::Exposed(screenshot) if !screenshots.contains(*screenshot) => {
                self.stage = Stage::Spoiled;
            }
            Stage::Developing(task) => {
                if let Some(thumbnail) = block_on(future::poll_once(task)) {
                    self.stage = thumbnail.map_or(Stage::Spoiled, Stage::Ready);
                }
            }
            _ => {}
        }
    }
}
