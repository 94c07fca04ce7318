//! Durations, counted in buckets of fixed number: log-linear, eight to each doubling.

use std::time::Duration;

/// Buckets of each doubling, as a power of two.
const SUB_BITS: u32 = 3;
const SUB_BUCKETS: u32 = 1 << SUB_BITS;
/// The last doubling begins with 2^24 µs, and ends with 33 s.
const LAST_DOUBLING: u32 = 24;
/// The number of buckets. The last one is for all longer durations.
pub(super) const BUCKETS: usize = (SUB_BUCKETS * (LAST_DOUBLING - SUB_BITS + 2)) as usize + 1;

/// The bucket of a duration, in microseconds.
pub(super) fn bucket_of(duration: Duration) -> usize {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    if micros < SUB_BUCKETS {
        return micros as usize;
    }
    let doubling = micros.ilog2();
    if doubling > LAST_DOUBLING {
        return BUCKETS - 1;
    }
    let within = (micros >> (doubling - SUB_BITS)) - SUB_BUCKETS;
    (SUB_BUCKETS * (doubling - SUB_BITS + 1) + within) as usize
}

/// The middle of a bucket, in microseconds. It is off by a sixteenth at most from any duration in the bucket.
fn middle_of(bucket: usize) -> u32 {
    let bucket = u32::try_from(bucket).unwrap_or(u32::MAX);
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let (doubling, within) = (bucket / SUB_BUCKETS - 1, bucket % SUB_BUCKETS);
    let width = 1_u32 << doubling;
    (SUB_BUCKETS + within) * width + width / 2
}

/// The number of times something was done and failed, and the durations.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    buckets: [u16; BUCKETS],
    pub done: u32,
    pub errors: u32,
    pub total: Duration,
    pub longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [0; BUCKETS],
            done: 0,
            errors: 0,
            total: Duration::ZERO,
            longest: Duration::ZERO,
        }
    }
}

impl Histogram {
    /// Counts one more; `None` if it failed.
    pub fn count(&mut self, took: Option<Duration>) {
        let Some(took) = took else {
            self.errors = self.errors.saturating_add(1);
            return;
        };
        self.done = self.done.saturating_add(1);
        self.total = self.total.saturating_add(took);
        self.longest = self.longest.max(took);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(took)) {
            *bucket = bucket.saturating_add(1);
        }
    }

    pub fn buckets(&self) -> impl Iterator<Item = u32> {
        self.buckets.iter().copied().map(u32::from)
    }
}

/// The duration below which this share of all is, by what each bucket holds; `None` if that is nothing.
pub(super) fn percentile(
    buckets: impl Iterator<Item = u32> + Clone,
    share: f64,
    longest: Duration,
) -> Option<Duration> {
    let all: u64 = buckets.clone().map(u64::from).sum();
    if all == 0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a share of a count is one that fits"
    )]
    let rank = ((all as f64 * share).ceil() as u64).clamp(1, all);
    let mut seen = 0;
    for (bucket, count) in buckets.enumerate() {
        seen += u64::from(count);
        if seen >= rank {
            let is_last = bucket == BUCKETS - 1;
            let middle = Duration::from_micros(u64::from(middle_of(bucket)));
            return Some(if is_last { longest } else { middle.min(longest) });
        }
    }
    Some(longest)
}
