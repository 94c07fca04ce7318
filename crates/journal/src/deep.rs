//! Helpers of the deep tests: seeded random numbers, their duration, and the place to print figures.

pub mod offers;
mod random;

pub use random::Random;

/// Rounds of the deep mode; `None` in an ordinary test run.
#[must_use]
pub fn rounds() -> Option<u64> {
    std::env::var("BEVY_SESSION_TORTURE").ok()?.parse().ok()
}

/// Prints a figure, past the test harness that swallows what tests print.
pub fn tell(figures: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "torture: {figures}");
}
