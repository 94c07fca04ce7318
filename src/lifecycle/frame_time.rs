//! The moment of the frame.

use std::time::Duration;

use bevy::prelude::*;

use crate::clock::{Clock, Moment};

/// The moment of the frame. It is read once, so that all that happens in a frame happens at one time.
pub(crate) struct FrameTime {
    clock: Clock,
    now: Moment,
    passed: Duration,
    frame: u64,
}

impl FrameTime {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, now: clock.moment(Duration::ZERO), passed: Duration::ZERO, frame: 0 }
    }

    /// The frame's moment.
    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    /// Time since the frame before.
    pub(super) fn passed(&self) -> Duration {
        self.passed
    }

    /// The number of the frame in this process, from 1.
    pub(super) fn frame(&self) -> u64 {
        self.frame
    }

    /// A frame begins.
    pub(super) fn tick(&mut self, world: &World) {
        self.frame += 1;
        let before = self.at_this_moment(world);
        self.passed = self.now.elapsed.saturating_sub(before.elapsed);
    }

    /// Reads the clock between two frames; the moment that was before. Time is counted from frame to
    /// frame, so that one comes [back](Self::back_to).
    pub(super) fn at_this_moment(&mut self, world: &World) -> Moment {
        let now = self.read(world);
        std::mem::replace(&mut self.now, now)
    }

    /// Back to the frame's moment.
    pub(super) fn back_to(&mut self, moment: Moment) {
        self.now = moment;
    }

    fn read(&self, world: &World) -> Moment {
        let app_time = world.get_resource::<Time<Real>>().map(Time::elapsed).unwrap_or_default();
        self.clock.moment(app_time)
    }
}
