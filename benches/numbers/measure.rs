//! Takes and prints figures.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Rounds of each measurement.
pub const ROUNDS: usize = 21;

pub fn row(what: &str, figure: impl std::fmt::Display) {
    println!("| {what} | {figure} |");
}

/// Time that this thread has worked so far: on a machine that others use as well, what passes on the
/// clock says little. Where the system doesn't know it, it is the clock's all the same.
fn busy() -> Duration {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = text.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| ORIGIN.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

/// Processor time that this thread has used, to the nanosecond. Where the system doesn't know it, it is
/// the clock's.
#[cfg(unix)]
pub fn on_the_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(not(unix))]
pub fn on_the_processor() -> Duration {
    busy()
}

/// The time of some work, by the clock and of this thread's processor.
pub fn timed(work: impl FnOnce()) -> [Duration; 2] {
    let (begun, worked) = (Instant::now(), busy());
    work();
    [begun.elapsed(), busy().saturating_sub(worked)]
}

pub fn temporary(name: &str) -> PathBuf {
    let directory =
        std::env::temp_dir().join(format!("bevy_session-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    directory
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

pub fn microseconds(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
