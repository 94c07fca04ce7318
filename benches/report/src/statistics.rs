//! Medians and percentiles.

use std::time::{Duration, Instant};

/// The result of some work, and its time.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed())
}

/// The time for which this thread has had a processor.
#[must_use]
pub fn on_the_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The middle one; zero if there is none.
#[must_use]
pub fn median(times: &[Duration]) -> Duration {
    percentile(times, 50.0)
}

/// The one that this share of all, in percent, doesn't exceed; zero if there is none.
#[must_use]
pub fn percentile(times: &[Duration], percent: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Between which times eight of ten lie.
#[must_use]
pub fn spread(times: &[Duration]) -> String {
    let [low, high] = [10.0, 90.0].map(|percent| milliseconds(percentile(times, percent)));
    format!("{} to {high}", low.trim_end_matches(" ms"))
}

/// The middle one of numbers; zero if there is none.
#[must_use]
pub fn median_of(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// The ratio of the one to the other.
#[must_use]
pub fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// The ratio of the one to the other, as people say it: `1/114`, or `2.5 ×`.
#[must_use]
pub fn beside(one: Duration, other: Duration) -> String {
    let times = ratio(one, other);
    match times {
        0.0..0.1 => format!("1/{:.0}", 1.0 / times),
        0.1..1.0 => format!("1/{:.1}", 1.0 / times),
        1.0..10.0 => format!("{times:.1} ×"),
        _ => format!("{times:.0} ×"),
    }
}

/// Milliseconds, with as many digits as say something.
#[must_use]
pub fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    match milliseconds {
        0.0..0.1 => format!("{milliseconds:.4} ms"),
        0.1..10.0 => format!("{milliseconds:.3} ms"),
        10.0..100.0 => format!("{milliseconds:.1} ms"),
        _ => format!("{milliseconds:.0} ms"),
    }
}

/// Bytes, in the unit that is easiest to read.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let count = bytes as f64;
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{:.1} KB", count / 1e3),
        _ => format!("{:.2} MB", count / 1e6),
    }
}
