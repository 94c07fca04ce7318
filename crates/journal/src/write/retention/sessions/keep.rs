//! The sessions that one rule keeps.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

/// The sessions to keep of those that were left in one way: every one that any part of it keeps.
///
/// One that keeps nothing at all, such as `Keep::newest_of(0)`, was hardly meant so: it lets nothing go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Keep {
    pub(super) within: Option<Duration>,
    newest: usize,
    daily: usize,
    weekly: usize,
}

impl Keep {
    /// Those that were left no longer ago than this.
    #[must_use]
    pub fn within(within: Duration) -> Self {
        Self { within: Some(within), ..Self::default() }
    }

    /// Keeps the newest ones, this number of them, by the time at which they were left.
    #[must_use]
    pub fn newest_of(newest: usize) -> Self {
        Self { newest, ..Self::default() }
    }

    /// Also keeps the newest ones, this number of them.
    #[must_use]
    pub fn or_newest(self, newest: usize) -> Self {
        Self { newest, ..self }
    }

    /// Also keeps the newest of a day, for this number of last days on which one was left. Days are those of UTC.
    #[must_use]
    pub fn or_daily(self, daily: usize) -> Self {
        Self { daily, ..self }
    }

    /// Also keeps the newest of a week, for this number of last weeks in which one was left. Weeks begin on Monday.
    #[must_use]
    pub fn or_weekly(self, weekly: usize) -> Self {
        Self { weekly, ..self }
    }

    pub(super) fn keeps_nothing(self) -> bool {
        self == Self { within: self.within.filter(|within| within.is_zero()), ..Self::default() }
    }

    /// Of sessions, the newest first, the places of those that are kept because of how many there are.
    pub(super) fn by_number(self, left: &[Timestamp]) -> HashSet<usize> {
        let mut kept: HashSet<usize> = (0..left.len().min(self.newest)).collect();
        kept.extend(one_of_each(left, self.daily, day));
        kept.extend(one_of_each(left, self.weekly, week));
        kept
    }
}

/// The newest of each stretch of time, for `count` stretches.
fn one_of_each(left: &[Timestamp], count: usize, stretch: fn(Timestamp) -> i64) -> Vec<usize> {
    let mut last = None;
    let places = left.iter().enumerate().filter(|(_, left)| {
        let stretch = stretch(**left);
        last.replace(stretch) != Some(stretch)
    });
    places.map(|(place, _)| place).take(count).collect()
}

fn day(moment: Timestamp) -> i64 {
    moment.as_second().div_euclid(24 * 60 * 60)
}

fn week(moment: Timestamp) -> i64 {
    // The first day of 1970 was a Thursday.
    (day(moment) + 3).div_euclid(7)
}
