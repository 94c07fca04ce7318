//! The last minutes, as a few histograms that take turns.

use std::time::Duration;

use super::histogram::{Histogram, percentile};

/// The last minutes, by the app's real time ([`Time<Real>`](bevy::time::Real)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Window {
    /// The last one to two minutes: the minute that goes on, and the one before.
    OneMinute,
    /// The last five to six minutes.
    FiveMinutes,
    /// The last 15 to 20 minutes.
    FifteenMinutes,
}

/// Figures of one operation in a [`Window`].
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct WindowFigures {
    /// The length of the window so far: less than its name says soon after the start.
    pub covers: Duration,
    /// The number of times that it succeeded.
    pub count: u64,
    /// The number of times that it failed; `count` excludes these.
    pub errors: u64,
    /// The median, to a sixteenth; `None` if it was never done.
    pub p50: Option<Duration>,
    /// The 95th percentile, to a sixteenth.
    pub p95: Option<Duration>,
    /// The 99th percentile, to a sixteenth.
    pub p99: Option<Duration>,
    /// The longest duration; `None` if it was never done.
    pub maximum: Option<Duration>,
    /// The average duration; `None` if it was never done.
    pub mean: Option<Duration>,
}

impl WindowFigures {
    /// The number of times that it succeeded per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        let seconds = self.covers.as_secs_f64();
        if seconds > 0.0 { to_float(self.count) / seconds } else { 0.0 }
    }

    /// The share of all tries that failed, from 0 to 1; `None` if there was none.
    #[must_use]
    pub fn error_share(&self) -> Option<f64> {
        share(self.errors, self.count + self.errors)
    }
}

/// The share of some among all; `None` if there are none.
pub(super) fn share(some: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| to_float(some) / to_float(all))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(super) fn to_float(count: u64) -> f64 {
    count as f64
}

/// Histograms that take turns, each for as long as one slot takes.
#[derive(Clone, Debug)]
pub(super) struct Ring<const SLOTS: usize> {
    slots: [Histogram; SLOTS],
    /// The number of the newest slot, counted from when the app started.
    newest: u64,
    slot: Duration,
}

impl<const SLOTS: usize> Ring<SLOTS> {
    pub fn of(slot: Duration) -> Self {
        Self { slots: std::array::from_fn(|_| Histogram::default()), newest: 0, slot }
    }

    fn number(&self, now: Duration) -> u64 {
        now.as_secs().checked_div(self.slot.as_secs()).unwrap_or_default()
    }

    fn slot(&mut self, number: u64) -> Option<&mut Histogram> {
        self.slots.get_mut(usize::try_from(number % SLOTS as u64).ok()?)
    }

    /// Empties the slots whose turn it is by now.
    pub fn turn(&mut self, now: Duration) {
        let number = self.number(now);
        let passed = number.saturating_sub(self.newest).min(SLOTS as u64);
        for turned in 0..passed {
            if let Some(slot) = self.slot(number - turned) {
                *slot = Histogram::default();
            }
        }
        self.newest = self.newest.max(number);
    }

    pub fn count(&mut self, took: Option<Duration>) {
        let newest = self.newest;
        if let Some(slot) = self.slot(newest) {
            slot.count(took);
        }
    }

    /// The figures of the newest slots, `SLOTS` at most.
    pub fn figures(&self, slots: usize, now: Duration) -> WindowFigures {
        let newest = usize::try_from(self.newest % SLOTS as u64).unwrap_or_default();
        let place = move |age: usize| (newest + SLOTS - age % SLOTS) % SLOTS;
        let histograms = || (0..slots.min(SLOTS)).filter_map(|age| self.slots.get(place(age)));
        let (mut count, mut errors, mut total, mut longest) =
            (0, 0, Duration::ZERO, Duration::ZERO);
        let mut buckets = [0_u32; super::histogram::BUCKETS];
        for histogram in histograms() {
            count += u64::from(histogram.done);
            errors += u64::from(histogram.errors);
            total = total.saturating_add(histogram.total);
            longest = longest.max(histogram.longest);
            buckets.iter_mut().zip(histogram.buckets()).for_each(|(sum, bucket)| *sum += bucket);
        }
        let whole = self.slot.saturating_mul(u32::try_from(slots.saturating_sub(1)).unwrap_or(0));
        let begun = Duration::from_secs(self.newest.saturating_mul(self.slot.as_secs()));
        let share = |share| percentile(buckets.iter().copied(), share, longest);
        WindowFigures {
            covers: now.min(now.saturating_sub(begun).saturating_add(whole)),
            count,
            errors,
            p50: share(0.5),
            p95: share(0.95),
            p99: share(0.99),
            maximum: (count > 0).then_some(longest),
            mean: u32::try_from(count).ok().and_then(|count| total.checked_div(count)),
        }
    }
}
