//! Counts frames and their durations, for games that record inputs.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::ecs::resource::Resource;
use bevy::ecs::system::Res;
use bevy::time::{Real, Time};
use bevy_session_journal::internal::model::session::TapedFrames;

use super::FixedTicks;

/// The number of frames that are written at once, unless they are a second's before.
const FRAMES: usize = 60;
const SECOND: u64 = 1_000_000_000;
/// The most frames that wait while an earlier moment is read. Beyond, the oldest are missing on the
/// tape.
const MOST_WAITING: usize = 1 << 16;

/// The frames since they were last taken. Shared with the recorder, which can read it even if a
/// panic unwinds the world.
#[derive(Resource, Clone, Default)]
pub(crate) struct FrameLog(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    /// Frames of the process so far.
    passed: u64,
    frames: TapedFrames,
    /// The nanoseconds of those.
    time: u64,
}

impl FrameLog {
    fn with<T>(&self, work: impl FnOnce(&mut Waiting) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the frames, if they are enough to be written, or `all`.
    pub(super) fn take(&self, all: bool) -> Option<TapedFrames> {
        self.with(|waiting| {
            let frames = waiting.frames.deltas.len();
            let is_enough = frames >= FRAMES || waiting.time >= SECOND || all;
            (is_enough && frames > 0).then(|| waiting.take())
        })
    }

    /// Skips the frames so far.
    pub(super) fn skip(&self) {
        self.with(|waiting| drop(waiting.take()));
    }

    /// Frames of the process so far.
    pub(super) fn passed(&self) -> u64 {
        self.with(|waiting| waiting.passed)
    }
}

impl Waiting {
    fn take(&mut self) -> TapedFrames {
        self.time = 0;
        std::mem::take(&mut self.frames)
    }
}

/// A system of `First`, once the clocks know the frame.
pub(crate) fn note_frame(
    log: Res<FrameLog>,
    time: Option<Res<Time<Real>>>,
    ticks: Res<FixedTicks>,
) {
    let delta = time.map_or(0, |time| u64::try_from(time.delta().as_nanos()).unwrap_or(u64::MAX));
    log.with(|Waiting { passed, frames, time: waited }| {
        *passed += 1;
        if frames.deltas.is_empty() || frames.deltas.len() >= MOST_WAITING {
            *frames = TapedFrames { first: *passed, ticks: ticks.0, deltas: Vec::new() };
            *waited = 0;
        }
        *waited = waited.saturating_add(delta);
        frames.deltas.push(delta);
    });
}
