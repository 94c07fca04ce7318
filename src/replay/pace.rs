//! The pace at which recorded frames are shown.

use std::time::Duration;

/// The most real time that is made up for at once. A machine that can't keep up plays slower, and doesn't hang.
const MOST_LATE: Duration = Duration::from_millis(100);

/// Recorded time that is due to be shown.
#[derive(Default, Debug)]
pub(super) struct Pace {
    due: Duration,
}

impl Pace {
    /// Real time passes, at a speed.
    pub(super) fn pass(&mut self, real: Duration, speed: f32) {
        self.due += real.min(MOST_LATE).mul_f64(f64::from(speed));
    }

    /// Shows a frame of this length, if it is due.
    pub(super) fn take(&mut self, frame: Duration) -> bool {
        let left = self.due.checked_sub(frame);
        self.due = left.unwrap_or(self.due);
        left.is_some()
    }

    /// The real time until a frame of this length is due.
    pub(super) fn until(&self, frame: Duration, speed: f32) -> Duration {
        frame.saturating_sub(self.due).div_f64(f64::from(speed))
    }

    /// Begins once more, after a pause or a jump.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    /// The frames that are shown in so many frames of a window, each of them this long.
    fn shown(speed: f32, window_frame: Duration, window_frames: u32) -> u32 {
        let mut pace = Pace::default();
        let mut shown = 0;
        for _ in 0..window_frames {
            pace.pass(window_frame, speed);
            while pace.take(FRAME) {
                shown += 1;
            }
        }
        shown
    }

    #[test]
    fn as_many_frames_are_shown_as_real_time_and_speed_ask_for() {
        assert_eq!(shown(1.0, Duration::from_millis(10), 100), 50);
        assert_eq!(shown(0.5, Duration::from_millis(10), 100), 25);
        assert_eq!(shown(4.0, Duration::from_millis(10), 100), 200);
    }

    #[test]
    fn a_long_recorded_frame_takes_its_recorded_time() {
        let (mut pace, long) = (Pace::default(), Duration::from_secs(1));
        let mut frames = 0;
        while !pace.take(long) {
            pace.pass(Duration::from_millis(50), 1.0);
            frames += 1;
        }
        assert_eq!(frames, 20);
    }

    #[test]
    fn after_a_hang_at_most_a_tenth_of_a_second_is_made_up_for() {
        assert_eq!(shown(1.0, Duration::from_secs(10), 1), 5);
    }

    #[test]
    fn the_wait_shrinks_as_time_passes() {
        let mut pace = Pace::default();
        pace.pass(Duration::from_millis(5), 1.0);
        assert_eq!(pace.until(FRAME, 1.0), Duration::from_millis(15));
        assert_eq!(pace.until(FRAME, 0.5), Duration::from_millis(30));
        assert!(!pace.take(FRAME));
        pace.reset();
        assert_eq!(pace.until(FRAME, 1.0), FRAME);
    }
}
