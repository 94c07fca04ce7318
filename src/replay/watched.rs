//! The state of a replay in a game's own window, for its bar, and the requests to it.

use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::ScheduleLabel;
use bevy_session_journal::{CheckpointKind, EventSource, LifecycleEvent};
use tracing::warn;

use super::{KeyframeReached, OutOfStep, Replay, ReplayError, ReplayManner};

/// The slowest and the fastest speed.
const SPEEDS: std::ops::RangeInclusive<f32> = 0.05..=64.0;
/// A checkpoint that was passed less than this long ago isn't the previous one while it is played on.
const GRACE: Duration = Duration::from_secs(1);
/// Checkpoints have their play time in milliseconds, and the session in nanoseconds.
const ROUNDING: Duration = Duration::from_millis(1);
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
///         match replay.is_paused() {
///             true => replay.resume(),
///             false => replay.pause(),
///         }
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
    pub(super) out_of_step: Option<OutOfStep>,
    pub(super) unreadable: Vec<(Arc<str>, String)>,
    manner: ReplayManner,
    missing: u64,
    has_inputs: bool,
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
    /// A checkpoint can't be read, restored or compared. One can go to another moment, unless [`is_over`](Self::is_over).
    Failed {
        /// The reason.
        error: ReplayError,
    },
}

impl WatchStage {
    /// Returns true if code of the game has panicked, so that nothing can be played any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Panicked { .. } => true,
            Self::Failed { error } => {
                matches!(error, ReplayError::PanickedInRestore { .. } | ReplayError::Over)
            }
            _ => false,
        }
    }
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
    /// The recording breaks off: the run has no last checkpoint, or it was taken up again from another one. So it is when a
    /// game crashes, and also in a session that is being played at this moment. The report of a moment that was no crash has no such mark.
    Crash,
}

/// Runs instead of the game's own schedules while a watched replay is paused, between `PreUpdate` and `PostUpdate`.
///
/// Of the others, only `First`, `PreUpdate`, `PostUpdate` and `Last` run then, without any time passing, so that a bar can
/// be used. Systems of a bar that work in `Update` belong here as well.
#[derive(ScheduleLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReplayPaused;

impl WatchedReplay {
    pub(super) fn of(replay: &Replay, manner: ReplayManner) -> Self {
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
            out_of_step: None,
            unreadable: Vec::new(),
            manner,
            missing: replay.missing(),
            has_inputs: replay.has_inputs(),
            begin,
            end,
            marks,
            diverged: Vec::new(),
        }
    }

    /// Goes to a moment: to the newest checkpoint before it, and from there frame by frame if the replay is exact. The
    /// window waits for it. A moment outside of the recording is its begin or its end.
    pub fn seek(&mut self, play_time: Duration) {
        self.asked = Some(Asked::Seek(play_time.clamp(self.begin, self.end.max(self.begin))));
    }

    /// Plays one frame, or goes to the next checkpoint if none can be played, and pauses.
    pub fn step(&mut self) {
        self.is_paused = true;
        self.asked = Some(Asked::Step);
    }

    /// Pauses.
    pub fn pause(&mut self) {
        self.is_paused = true;
    }

    /// Plays on after a pause.
    pub fn resume(&mut self) {
        self.is_paused = false;
    }

    /// Returns true if it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Sets the speed: 1.0, the default, is that of the recording. A speed below 0.05 is 0.05, one above 64 is 64, and an
    /// infinite one or NaN is 1.0. A machine that can't keep up is slower.
    ///
    /// Where recorded frames come more than 100 milliseconds apart, as at a slow speed, frames like those of a
    /// [pause](ReplayPaused) are drawn in between.
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

    /// Checkpoints, chapters, events and crashes, the oldest first. A report has one checkpoint, and neither chapters nor events.
    #[must_use]
    pub fn marks(&self) -> &[ReplayMark] {
        &self.marks
    }

    /// The checkpoints at which the replay differed from the recording, in the order in which they were first reached: the first
    /// 64, each once.
    #[must_use]
    pub fn diverged(&self) -> &[KeyframeReached] {
        &self.diverged
    }

    /// Play time at the next checkpoint; `None` after the last.
    #[must_use]
    pub fn next_keyframe(&self) -> Option<Duration> {
        self.keyframes().find(|at| *at > self.position)
    }

    /// Play time at the previous checkpoint; `None` at the first. While it is played on, one that was passed less than a
    /// second ago doesn't count, so that one can go back further.
    #[must_use]
    pub fn previous_keyframe(&self) -> Option<Duration> {
        let grace = if self.is_paused { ROUNDING } else { GRACE };
        let before = |grace: Duration| move |at: &Duration| *at + grace <= self.position;
        let first = || self.keyframes().next().filter(before(ROUNDING));
        self.keyframes().filter(before(grace)).last().or_else(first)
    }

    fn keyframes(&self) -> impl Iterator<Item = Duration> {
        let keyframes = self.marks.iter().filter(|mark| mark.kind == ReplayMarkKind::Keyframe);
        keyframes.map(|mark| mark.at)
    }

    /// The manner in which it is played.
    #[must_use]
    pub fn manner(&self) -> ReplayManner {
        self.manner
    }

    /// Returns true if inputs were recorded, as [`Replay::has_inputs`] does.
    #[must_use]
    pub fn has_inputs(&self) -> bool {
        self.has_inputs
    }

    /// The number of missing events, as of [`Replay::missing`].
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The types of inputs that this build can't read, each with the reason. Their effects are missing.
    #[must_use]
    pub fn unreadable_inputs(&self) -> &[(Arc<str>, String)] {
        &self.unreadable
    }

    /// The first frame from which the replay isn't exact any more; see [`Playback::out_of_step`](super::Playback::out_of_step).
    #[must_use]
    pub fn out_of_step(&self) -> Option<OutOfStep> {
        self.out_of_step
    }

    pub(super) fn note(&mut self, reached: KeyframeReached) {
        let is_known =
            |known: &KeyframeReached| known.keyframe.checkpoint == reached.keyframe.checkpoint;
        let has_room = self.diverged.len() < MOST_KEPT;
        if let Some(divergence) = &reached.divergence
            && has_room
            && !self.diverged.iter().any(is_known)
        {
            warn!(checkpoint = %reached.keyframe.checkpoint, "the replay differs from the recording: {divergence}");
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
    let taken_up = replay.keyframes().windows(2).filter_map(|pair| {
        let [before, opening] = pair else { return None };
        let was_left = matches!(before.kind, CheckpointKind::Exit | CheckpointKind::Rewind);
        (opening.kind == CheckpointKind::Opening && !was_left).then_some(opening.play_time)
    });
    let last = replay.breaks_off().then(|| replay.last_moment());
    let crashes = taken_up.chain(last);
    let crashes =
        crashes.map(|at| ReplayMark { at, kind: ReplayMarkKind::Crash, label: String::new() });
    let mut marks: Vec<ReplayMark> = keyframes.chain(events).chain(crashes).collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}
