//! A lower bound of the current time, for everything that goes because it is old.

use std::time::Duration;

use jiff::Timestamp;

/// A lower bound of the current time.
///
/// A clock may be a hundred years off, and nothing may go because of that. So nothing is older than the data of an
/// earlier process proves: the clock must have shown that time during a whole run before. Moments after the begin of
/// this process count for nothing, by any clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProvenTime {
    /// The time at which this process began. Without that nothing is known, and nothing is old.
    began: Option<Timestamp>,
    /// The newest moment before that at which something was written.
    newest: Option<Timestamp>,
}

impl ProvenTime {
    /// The bound of a process that began at this moment. Nothing is old yet.
    ///
    /// ```
    /// use bevy_session_journal::ProvenTime;
    /// use jiff::{Timestamp, ToSpan};
    /// use std::time::Duration;
    ///
    /// let clock: Timestamp = "2126-01-01T00:00:00Z".parse()?;
    /// let mut time = ProvenTime::of_process(clock);
    /// let last_played: Timestamp = "2026-01-20T00:00:00Z".parse()?;
    /// time.witness(last_played);
    ///
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// let since: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    /// assert!(time.has_passed(since, 19 * day, clock));
    /// assert!(!time.has_passed(since, 30 * day, clock), "the clock alone doesn't say so");
    /// # Ok::<(), jiff::Error>(())
    /// ```
    #[must_use]
    pub fn of_process(began: Timestamp) -> Self {
        Self { began: Some(began), newest: None }
    }

    /// Takes note of a moment at which something was written.
    pub fn witness(&mut self, moment: Timestamp) {
        if self.began.is_some_and(|began| moment < began) {
            self.newest = self.newest.max(Some(moment));
        }
    }

    /// The newest moment of earlier processes, or `clock`, the time by the clock, if that is earlier. `None` if nothing
    /// is known.
    #[must_use]
    pub fn now(&self, clock: Timestamp) -> Option<Timestamp> {
        self.newest.map(|newest| newest.min(clock))
    }

    /// Returns true if this much time has surely passed since a moment. Since one that is still to come, none has.
    #[must_use]
    pub fn has_passed(&self, since: Timestamp, time: Duration, clock: Timestamp) -> bool {
        let Some(now) = self.now(clock) else { return false };
        Duration::try_from(now.duration_since(since)).is_ok_and(|passed| passed >= time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + day * 24 * 60 * 60).unwrap()
    }

    const CENTURY: i64 = 36_500;

    #[test]
    fn a_moment_is_old_only_by_the_clock_and_by_earlier_records() {
        let mut time = ProvenTime::of_process(day(40));
        time.witness(day(39));
        assert!(time.has_passed(day(0), 30 * DAY, day(40)));
        assert!(!time.has_passed(day(10), 30 * DAY, day(40)), "the day of the last run counts");
        assert!(time.has_passed(day(9), 30 * DAY, day(40)));
    }

    #[test]
    fn a_clock_that_jumps_ahead_makes_nothing_old() {
        let mut time = ProvenTime::of_process(day(CENTURY));
        time.witness(day(2));
        // A file of this very process proves nothing, and neither does one of the far future.
        time.witness(day(CENTURY));
        time.witness(day(2 * CENTURY));
        assert!(!time.has_passed(day(0), 30 * DAY, day(CENTURY)));
    }

    #[test]
    fn a_clock_that_jumps_while_the_process_lives_makes_nothing_old() {
        let mut time = ProvenTime::of_process(day(3));
        time.witness(day(2));
        assert!(!time.has_passed(day(0), 30 * DAY, day(CENTURY)));
    }

    #[test]
    fn a_clock_that_went_back_makes_nothing_old() {
        let mut time = ProvenTime::of_process(day(-CENTURY));
        time.witness(day(100));
        assert!(!time.has_passed(day(0), 30 * DAY, day(-CENTURY)));
        // Nor does one that goes back afterwards.
        let mut time = ProvenTime::of_process(day(101));
        time.witness(day(100));
        assert!(!time.has_passed(day(0), 30 * DAY, day(1)));
    }

    #[test]
    fn a_moment_in_the_future_is_never_old() {
        let mut time = ProvenTime::of_process(day(CENTURY));
        time.witness(day(100));
        assert!(!time.has_passed(day(101), Duration::ZERO, day(CENTURY)));
        assert!(!time.has_passed(Timestamp::MAX, 30 * DAY, day(CENTURY)));
        assert!(time.has_passed(Timestamp::MIN, 30 * DAY, day(CENTURY)));
    }

    #[test]
    fn without_earlier_records_nothing_is_old() {
        assert!(!ProvenTime::of_process(day(50)).has_passed(day(0), Duration::ZERO, day(50)));
        let mut unknown = ProvenTime::default();
        unknown.witness(day(40));
        assert!(!unknown.has_passed(day(0), Duration::ZERO, day(50)));
    }
}
