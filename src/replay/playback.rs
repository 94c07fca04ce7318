//! Plays a tape, a frame or a keyframe at a time.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bevy::app::App;
use bevy::ecs::world::{Mut, World};

use super::played::{Build, Played};
use super::segment::Segment;
use super::watched::WatchedReplay;
use super::{Divergence, KeyframeReached, Replay, ReplayError};
use crate::CurrentSession;
use crate::restore::RestoreLoss;
use crate::saved::panic_message;

/// The manner of playing a tape.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReplayManner {
    /// From checkpoint to checkpoint: each is restored, and nothing is played in between. Values
    /// are migrated as in any restore, so it works across updates of the game.
    Keyframes,
    /// Frame by frame, each with its recorded duration, with the recorded inputs in place of the
    /// game's own. At each checkpoint the world is compared with the recorded one, and replaced by
    /// it. It needs the build that recorded it, and a game in which the same inputs make the same
    /// world.
    Exact,
}

/// The result of a step of a playback.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReplayStep {
    /// A frame was played.
    Frame,
    /// The world is at a checkpoint: as it was played, if frames were played. The next step
    /// replaces it by the recorded one.
    Keyframe(Box<KeyframeReached>),
    /// The game panicked in the frame that was played. Its world is as the panic left it, and can
    /// be examined; nothing more can be played.
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// The end of the tape. If the process was killed, up to a second of frames before its death is
    /// missing.
    End,
}

/// A tape that is being played, in an app of the game.
pub struct Playback {
    replay: Replay,
    build: Build,
    manner: ReplayManner,
    played: Played,
    /// A second app, in which only a checkpoint is restored.
    alone: Option<Played>,
    /// The keyframe at which the world last was.
    at: usize,
    segment: Segment,
    /// The number of frames of the segment that were played.
    position: usize,
    /// True if the world was played to the keyframe and differs from the recorded one.
    has_diverged: bool,
    out_of_step: Option<OutOfStep>,
    /// The message of the panic after which nothing can be played any more.
    over: Option<String>,
}

/// A frame at which the fixed schedule had run more or less often than in the recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OutOfStep {
    /// The frame's number on the tape.
    pub frame: u64,
    /// The runs before it in the recording.
    pub recorded: u64,
    /// The runs before it in the replay.
    pub played: u64,
}

impl fmt::Debug for Playback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Playback")
            .field("replay", &self.replay)
            .field("manner", &self.manner)
            .field("at", &self.at)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Playback {
    /// Nothing is played until it is rewound.
    pub(super) fn new(replay: Replay, build: Build, played: Played, manner: ReplayManner) -> Self {
        Self {
            replay,
            build,
            manner,
            played,
            alone: None,
            at: 0,
            segment: Segment::default(),
            position: 0,
            has_diverged: false,
            out_of_step: None,
            over: None,
        }
    }

    /// Goes to the first checkpoint in a world that was lent and has run no frame yet.
    pub(super) fn begin_lent(&mut self) -> Result<(), ReplayError> {
        let begun = catch_unwind(AssertUnwindSafe(|| self.played.begin_lent()));
        if let Err(panic) = begun {
            self.over = Some(panic_message(&*panic));
            return Err(ReplayError::Over);
        }
        self.rewind()
    }

    /// Goes to the first checkpoint.
    pub(super) fn rewind(&mut self) -> Result<(), ReplayError> {
        self.go_to(0)
    }

    /// The recording that is played.
    #[must_use]
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// The app that plays.
    pub fn app_mut(&mut self) -> &mut App {
        self.played.app()
    }

    /// The world of the app that plays.
    pub fn world(&mut self) -> &mut World {
        self.played.app().world_mut()
    }

    /// Play time at this moment, pauses excluded.
    #[must_use]
    pub fn play_time(&mut self) -> Duration {
        let session = self.world().get_resource::<CurrentSession>();
        session.map(CurrentSession::play_time).unwrap_or_default()
    }

    /// The frame that was played last, numbered as in the recorded process; `None` at a checkpoint.
    #[must_use]
    pub fn frame(&self) -> Option<u64> {
        let last = self.position.checked_sub(1)?;
        self.segment.frames.get(last).map(|(number, _)| *number)
    }

    /// The first frame at which the fixed schedule had run more or less often than in the recording, as with another
    /// time step, or where the game sped up or paused [`Time<Virtual>`](bevy::time::Virtual) by something that isn't an
    /// input. From there on inputs come at another moment of the world, so what follows isn't exact.
    #[must_use]
    pub fn out_of_step(&self) -> Option<OutOfStep> {
        self.out_of_step
    }

    /// Returns true if an exact replay can't play what follows the checkpoint where the world last was, although the process
    /// went on from there; see [`KeyframeReached::after_gap`]. At the [`End`](ReplayStep::End) it says so of the last
    /// frames.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        self.manner == ReplayManner::Exact && self.segment.has_gap()
    }

    /// The values of the checkpoint that was restored last that this build can't use. Of the recording of another game,
    /// that is all of them.
    #[must_use]
    pub fn losses(&self) -> &[RestoreLoss] {
        self.played.losses()
    }

    /// The types of inputs that this build can't read, each with the reason. Their effects are
    /// missing.
    #[must_use]
    pub fn unreadable_inputs(&self) -> &[(Arc<str>, String)] {
        self.played.unreadable()
    }

    /// Plays the next frame, or goes to the next checkpoint if no frame can be played.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] if the next checkpoint can't be read, or the game doesn't restore it.
    pub fn step(&mut self) -> Result<ReplayStep, ReplayError> {
        if self.over.is_some() {
            return Err(ReplayError::Over);
        }
        if self.has_diverged {
            self.go_to(self.at)?;
        }
        let next = self.at + 1;
        if self.next_frame().is_some() {
            return Ok(self.play_frame());
        }
        if next >= self.replay.keyframes().len() {
            return Ok(ReplayStep::End);
        }
        let frames = self.position as u64;
        let after_gap = self.has_gap();
        let mut divergence = None;
        if frames > 0 {
            divergence = self.divergence(next)?;
            let played = self.played.ticks();
            self.go_on_from(next);
            if let Some((frame, _)) = self.segment.frames.first().copied() {
                self.compare_steps(frame, self.segment.ticks(), played);
            }
            self.has_diverged = divergence.is_some();
        } else {
            self.go_to(next)?;
        }
        let keyframe = self.keyframe(next)?;
        let reached = KeyframeReached { keyframe, frames, after_gap, divergence };
        Ok(ReplayStep::Keyframe(Box::new(reached)))
    }

    /// Goes to a moment: to the newest checkpoint before it and, if it is played exactly, from
    /// there frame by frame. If the game panics on the way, it stays there, and
    /// [`panicked`](Self::panicked) has the message.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn seek(&mut self, play_time: Duration) -> Result<(), ReplayError> {
        if self.over.is_some() {
            return Err(ReplayError::Over);
        }
        self.go_to(self.replay.keyframe_at(play_time))?;
        while self.next_frame().is_some() && self.play_time() < play_time {
            if let ReplayStep::Panicked { .. } = self.play_frame() {
                break;
            }
        }
        Ok(())
    }

    /// Steps until `is_there` returns true for a step, or the tape ends. Returns that step.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn run_until(
        &mut self,
        mut is_there: impl FnMut(&mut World, &ReplayStep) -> bool,
    ) -> Result<ReplayStep, ReplayError> {
        loop {
            let step = self.step()?;
            let is_end = matches!(step, ReplayStep::End | ReplayStep::Panicked { .. });
            if is_end || is_there(self.world(), &step) {
                return Ok(step);
            }
        }
    }

    /// The world of a second app of the game, in which only the current checkpoint was restored.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] if it can't be read, or the game doesn't restore it.
    pub fn checkpoint_alone(&mut self) -> Result<&mut World, ReplayError> {
        let keyframe = self.keyframe(self.at)?;
        let alone = self.alone.get_or_insert_with(|| Played::new(&self.build));
        alone.go_to(&self.replay, &keyframe)?;
        Ok(alone.app().world_mut())
    }

    /// The next recorded frame of the segment, if it is played frame by frame.
    fn next_frame(&self) -> Option<(u64, Duration)> {
        let is_played = self.manner == ReplayManner::Exact && self.segment.is_whole;
        self.segment.frames.get(self.position).copied().filter(|_| is_played)
    }

    /// The time that the next step takes, as it was recorded. A checkpoint that was played to is compared in no time.
    pub(super) fn next_delta(&self) -> Duration {
        if let Some((_, delta)) = self.next_frame() {
            return delta;
        }
        let keyframes = self.replay.keyframes();
        match (self.position, keyframes.get(self.at), keyframes.get(self.at + 1)) {
            (0, Some(here), Some(next)) => next.play_time.saturating_sub(here.play_time),
            _ => Duration::ZERO,
        }
    }

    /// Returns true if the world was played up to a checkpoint, with which the next step compares it.
    pub(super) fn is_before_comparison(&self) -> bool {
        let has_next = self.at + 1 < self.replay.keyframes().len();
        has_next && self.position > 0 && self.next_frame().is_none()
    }

    /// The state that the window shows. A game that removes it gets it back.
    pub(super) fn watched(&mut self) -> Mut<'_, WatchedReplay> {
        let Self { replay, manner, played, .. } = self;
        let world = played.app().world_mut();
        world.get_resource_or_insert_with(|| WatchedReplay::of(replay, *manner))
    }

    /// A frame of the window begins, whose app lends its world.
    pub(super) fn begin_frame_of_window(&mut self) {
        self.played.begin_frame_of_window();
    }

    /// Returns true if only one frame of the tape is left.
    pub(super) fn is_before_last_frame(&self) -> bool {
        let is_last_segment = self.at + 1 >= self.replay.keyframes().len();
        let is_last = self.position + 1 == self.segment.frames.len();
        is_last_segment && is_last && self.next_frame().is_some()
    }

    /// The message of the panic that ended the replay, if there was one.
    #[must_use]
    pub fn panicked(&self) -> Option<&str> {
        self.over.as_deref()
    }

    /// Runs a frame that isn't on the tape, of which the game's own rules know nothing.
    pub(super) fn idle(&mut self) {
        self.played.idle();
    }

    fn play_frame(&mut self) -> ReplayStep {
        let Some((number, delta)) = self.next_frame() else {
            return ReplayStep::End;
        };
        self.position += 1;
        self.look_at_step(number);
        self.played.expect_frame(number);
        let played = catch_unwind(AssertUnwindSafe(|| self.played.frame(delta)));
        if let Err(panic) = played {
            let message = panic_message(&*panic);
            self.over = Some(message.clone());
            return ReplayStep::Panicked { message };
        }
        let mut statuses = self.segment.statuses.iter();
        if let Some((_, status)) = statuses.rfind(|(frame, _)| *frame == number) {
            self.played.set_status(*status);
        }
        ReplayStep::Frame
    }

    /// Restores a keyframe.
    fn go_to(&mut self, at: usize) -> Result<(), ReplayError> {
        let keyframe = self.keyframe(at)?;
        // Loading screens and observers are the game's own code.
        let gone = catch_unwind(AssertUnwindSafe(|| {
            self.played.go_to(&self.replay, &keyframe)?;
            self.go_on_from(at);
            if self.next_frame().is_some() {
                self.played.hand_out(&self.segment);
            }
            Ok(())
        }));
        gone.unwrap_or_else(|panic| {
            let (checkpoint, message) = (keyframe.checkpoint, panic_message(&*panic));
            self.over = Some(message.clone());
            Err(ReplayError::PanickedInRestore { checkpoint, message })
        })
    }

    /// Notes where the fixed schedule has run more or less often than in the recording.
    fn look_at_step(&mut self, frame: u64) {
        let steps = &self.segment.steps;
        let known = steps.binary_search_by_key(&frame, |(first, _)| *first);
        let known = known.ok().and_then(|place| steps.get(place));
        if let Some((_, recorded)) = known.copied() {
            let played = self.played.ticks();
            self.compare_steps(frame, recorded, played);
        }
    }

    fn compare_steps(&mut self, frame: u64, recorded: u64, played: u64) {
        if self.out_of_step.is_none() && played != recorded {
            self.out_of_step = Some(OutOfStep { frame, recorded, played });
        }
    }

    /// The world is at a keyframe: queues the inputs that follow.
    fn go_on_from(&mut self, at: usize) {
        let keyframes = self.replay.keyframes();
        let (from, to) = (keyframes.get(at), keyframes.get(at + 1));
        (self.at, self.position, self.has_diverged) = (at, 0, false);
        if self.manner == ReplayManner::Exact {
            let segment = from.map(|from| Segment::between(self.replay.tape(), from, to));
            self.segment = segment.unwrap_or_default();
            self.played.lay_out(&self.segment);
            if let Some(status) = self.segment.status {
                self.played.set_status(status);
            }
        }
    }

    fn divergence(&mut self, keyframe: usize) -> Result<Option<Divergence>, ReplayError> {
        let keyframe = self.keyframe(keyframe)?;
        let differences = self.played.differences(&self.replay, &keyframe)?;
        let number = |frame: Option<&(u64, Duration)>| frame.map_or(0, |(number, _)| *number);
        let frames = &self.segment.frames;
        let frames = number(frames.first())..=number(frames.last());
        let ticks = self.segment.ticks()..=self.played.ticks();
        Ok((!differences.is_empty()).then_some(Divergence { frames, ticks, differences }))
    }

    fn keyframe(&self, at: usize) -> Result<super::Keyframe, ReplayError> {
        let keyframe = self.replay.keyframes().get(at).cloned();
        keyframe.ok_or_else(|| ReplayError::NoCheckpoint { path: self.replay.path().to_owned() })
    }
}
