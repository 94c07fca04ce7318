//! The moment of the frame.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock::{Clock, Moment};

use super::suspension::Suspension;

/// The most that one frame counts as play. Longer than any frame of a game, and than loading a
/// level usually takes; far below the time that a computer sleeps, and below
/// [`probation`](super::SessionSettings::probation), which one frame must not end.
const LONGEST_FRAME: Duration = Duration::from_secs(10);

/// The time of the frame. It is read once, so that everything in a frame happens at one time.
pub(crate) struct FrameTime {
    clock: Clock,
    now: Moment,
    passed: Duration,
    waited: Duration,
    /// The app's clock in the previous frame: play time follows it, so that a replay takes as long.
    app_time: Option<Duration>,
    frame: u64,
    /// True if the game was in the background after the last frame.
    was_suspended: bool,
    /// True if the world of this frame came into being in it.
    begins_in_frame: bool,
}

impl FrameTime {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            now: clock.moment(Duration::ZERO),
            passed: Duration::ZERO,
            waited: Duration::ZERO,
            app_time: None,
            frame: 0,
            was_suspended: false,
            begins_in_frame: false,
        }
    }

    /// The frame's moment.
    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    /// Time of play since the previous frame: none while the game was suspended, and bounded, so
    /// that a computer that slept adds next to nothing.
    pub(in crate::lifecycle) fn passed(&self) -> Duration {
        self.passed
    }

    /// The same by the machine's clock, by which saves are due: an app whose own clock runs slowly
    /// dies no less suddenly.
    pub(in crate::lifecycle) fn waited(&self) -> Duration {
        self.waited
    }

    /// The number of the frame in this process, from 1.
    pub(in crate::lifecycle) fn frame(&self) -> u64 {
        self.frame
    }

    /// A frame begins.
    pub(in crate::lifecycle) fn tick(&mut self, world: &World) {
        self.frame += 1;
        let before = self.at_this_moment(world);
        let waited = self.now.elapsed.saturating_sub(before.elapsed);
        let app_time = world.get_resource::<Time<Real>>().map(Time::elapsed);
        let since = match (app_time, std::mem::replace(&mut self.app_time, app_time)) {
            (Some(now), Some(before)) => now.saturating_sub(before),
            _ => waited,
        };
        let was_suspended = std::mem::replace(&mut self.was_suspended, Suspension::is_on(world));
        let is_not_played = was_suspended | std::mem::take(&mut self.begins_in_frame);
        let counted = |time: Duration| match is_not_played {
            true => Duration::ZERO,
            false => time.min(LONGEST_FRAME),
        };
        (self.passed, self.waited) = (counted(since), counted(waited));
    }

    /// What passed until now was before the session that is played from here on.
    pub(in crate::lifecycle) fn begin_play(&mut self) {
        (self.passed, self.waited) = (Duration::ZERO, Duration::ZERO);
    }

    /// The same in the middle of a frame, of which that world sees nothing pass.
    pub(in crate::lifecycle) fn begin_play_in_frame(&mut self) {
        self.begins_in_frame = true;
    }

    /// Reads the clock between two frames. Returns the former time. Time is counted from frame to
    /// frame, so go [back](Self::back_to) to it.
    pub(in crate::lifecycle) fn at_this_moment(&mut self, world: &World) -> Moment {
        let now = self.read(world);
        std::mem::replace(&mut self.now, now)
    }

    /// Goes back to the frame's time.
    pub(in crate::lifecycle) fn back_to(&mut self, moment: Moment) {
        self.now = moment;
    }

    fn read(&self, world: &World) -> Moment {
        let app_time = world.get_resource::<Time<Real>>().map(Time::elapsed).unwrap_or_default();
        self.clock.moment(app_time)
    }
}
