//! The state of a replay in a game's own window, for its bar, and the requests to it.

use std::time::Duration;

use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::ScheduleLabel;
use bevy_session_journal::{EventSource, LifecycleEvent};

use super::{KeyframeReached, Replay, ReplayError};

/// The slowest and the fastest speed.
const SPEEDS: std::ops::RangeInclusive<f32> = 0.05..=64.0;
/// The most divergences that are kept.
const MOST_KEPT: usize = 64;

/// The replay that is watched in this app's window; see [`Replay::watch`].
///
/// A UI shows it and makes requests, which are handled before the next frame. `bevy_session_ui` has a bar for it, in its
/// panel for developers.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::replay::WatchedReplay;
/// fn pause_by_key(keys: Res<ButtonInput<u32>>, mut replay: ResMut<WatchedReplay>) {
///     if keys.just_pressed(0) {
///         let is_paused = replay.is_paused();
///         replay.pause(!is_paused);
///     }
/// }
/// # let _ = IntoSystem::into_system(pause_by_key);
/// ```
#[derive(Resource, Debug)]
pub struct WatchedReplay {
    pub(super) asked: Option<Asked>,
    pub(super) is_paused: bool,
    pub(super) speed: Option<f32>,
    pub(super) position: Duration,
    pub(super) stage: WatchStage,
    begin: Duration,
    end: Duration,
    marks: Vec<ReplayMark>,
    diverged: Vec<KeyframeReached>,
}

/// A request that isn't handled yet. A newer one takes its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    Step,
    Seek(Duration),
}

/// The stage of a replay in a window.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum WatchStage {
    /// The first checkpoint isn't restored yet.
    #[default]
    Opening,
    /// It can be played on from here.
    Playing,
    /// The end of the tape. One can go back.
    AtEnd,
    /// The game panicked, as it did for the player. Its world is as the panic left it, and nothing can be played any
    /// more.
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// A checkpoint can't be restored.
    Failed {
        /// The reason.
        error: ReplayError,
    },
}

/// A moment of a recorded run.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReplayMark {
    /// Play time at that moment.
    pub at: Duration,
    /// The kind of the moment.
    pub kind: ReplayMarkKind,
    /// Its name: the label of a checkpoint, the name of a chapter, the type of an event.
    pub label: String,
}

/// The kind of a [`ReplayMark`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ReplayMarkKind {
    /// A checkpoint, from which the replay can begin.
    Keyframe,
    /// A message or an event that the game recorded.
    Event,
    /// The begin of a chapter.
    Chapter,
    /// The recording breaks off, without a last checkpoint: as it does when a game crashes.
    Crash,
}

/// Runs instead of the game's own schedules while a watched replay is paused, between `PreUpdate` and `PostUpdate`.
///
/// Of the others, only `First`, `PreUpdate`, `PostUpdate` and `Last` run then, without any time passing, so that a bar can
/// be used. Systems of a bar that work in `Update` belong here as well.
#[derive(ScheduleLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReplayPaused;

impl WatchedReplay {
    pub(super) fn of(replay: &Replay) -> Self {
        let marks = marks(replay);
        let at = |mark: Option<&ReplayMark>| mark.map(|mark| mark.at).unwrap_or_default();
        let begin = replay.keyframes().first().map(|first| first.play_time).unwrap_or_default();
        let end = at(marks.last()).max(replay.last_moment());
        Self {
            asked: None,
            is_paused: false,
            speed: Some(1.0),
            position: begin,
            stage: WatchStage::Opening,
            begin,
            end,
            marks,
            diverged: Vec::new(),
        }
    }

    /// Goes to a moment: to the newest checkpoint before it, and from there frame by frame if the replay is exact. The
    /// window waits for it.
    pub fn seek(&mut self, play_time: Duration) {
        self.asked = Some(Asked::Seek(play_time.clamp(self.begin, self.end.max(self.begin))));
    }

    /// Plays one frame, or goes to the next checkpoint if none can be played, and pauses.
    pub fn step(&mut self) {
        self.is_paused = true;
        self.asked = Some(Asked::Step);
    }

    /// Pauses or goes on.
    pub fn pause(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
    }

    /// Returns true if it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Sets the speed: 1.0, the default, is that of the recording. From 0.05 to 64; a machine that can't keep up is slower.
    pub fn set_speed(&mut self, speed: f32) {
        let speed = if speed.is_finite() { speed } else { 1.0 };
        self.speed = Some(speed.clamp(*SPEEDS.start(), *SPEEDS.end()));
    }

    /// Plays one recorded frame in each frame of the window, however much time that takes.
    pub fn play_without_clock(&mut self) {
        self.speed = None;
    }

    /// The speed; `None` without a clock.
    #[must_use]
    pub fn speed(&self) -> Option<f32> {
        self.speed
    }

    /// Play time at the moment that is shown.
    #[must_use]
    pub fn position(&self) -> Duration {
        self.position
    }

    /// Play time at the first checkpoint.
    #[must_use]
    pub fn begin(&self) -> Duration {
        self.begin
    }

    /// Play time at the end of the recording.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.end
    }

    /// The stage.
    #[must_use]
    pub fn stage(&self) -> &WatchStage {
        &self.stage
    }

    /// Checkpoints, chapters, events and the crash, the oldest first.
    #[must_use]
    pub fn marks(&self) -> &[ReplayMark] {
        &self.marks
    }

    /// The checkpoints at which the replay differed from the recording, in the order in which they were reached, at most the
    /// first 64.
    #[must_use]
    pub fn diverged(&self) -> &[KeyframeReached] {
        &self.diverged
    }

    /// The checkpoint before this moment or after it.
    #[must_use]
    pub fn keyframe_beside(&self, is_after: bool) -> Option<Duration> {
        let mut keyframes =
            self.marks.iter().filter(|mark| mark.kind == ReplayMarkKind::Keyframe).map(|it| it.at);
        match is_after {
            true => keyframes.find(|at| *at > self.position),
            // Checkpoints have their play time in milliseconds, and the session in nanoseconds.
            false => keyframes.rfind(|at| *at + Duration::from_millis(1) <= self.position),
        }
    }

    pub(super) fn note(&mut self, reached: KeyframeReached) {
        if reached.divergence.is_some() && self.diverged.len() < MOST_KEPT {
            self.diverged.push(reached);
        }
    }
}

fn marks(replay: &Replay) -> Vec<ReplayMark> {
    let keyframes = replay.keyframes().iter().map(|keyframe| ReplayMark {
        at: keyframe.play_time,
        kind: ReplayMarkKind::Keyframe,
        label: keyframe.label.clone().unwrap_or_else(|| format!("{:?}", keyframe.kind)),
    });
    let events = replay.events().filter_map(|event| {
        let (kind, label) = match event.event_type.source {
            EventSource::Message | EventSource::Event => {
                (ReplayMarkKind::Event, event.event_type.path.to_string())
            }
            EventSource::Lifecycle => {
                let happened = event.decode::<LifecycleEvent>().ok()?;
                let is_chapter = happened.subtype == "chapter_begun";
                (is_chapter.then_some(ReplayMarkKind::Chapter)?, happened.details?)
            }
            _ => return None,
        };
        Some(ReplayMark { at: event.moment.play_time, kind, label })
    });
    let crash = replay.breaks_off().then(|| ReplayMark {
        at: replay.last_moment(),
        kind: ReplayMarkKind::Crash,
        label: String::new(),
    });
    let mut marks: Vec<ReplayMark> = keyframes.chain(events).chain(crash).collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}
