//! The figures of replicas in Postgres: what an entry costs beside a raw insert, how fast a session is brought there and
//! read back, what an hour of a session writes and leaves, and how late many sessions are on one server.
//!
//! ```text
//! ci/postgres.sh run cargo bench -p bevy_session_postgres [-- append carry capacity sessions]
//! ```

#![expect(clippy::print_stdout, reason = "it prints figures")]

mod append;
mod capacity;
mod carry;
mod sessions;
mod world;

use std::env;
use std::error::Error;
use std::time::Duration;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

fn main() -> Done {
    let url =
        env::var("BEVY_SESSION_POSTGRES").map_err(|_| "see ci/postgres.sh: it names a server")?;
    let wanted: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let parts: [(&str, fn(&str) -> Done); 4] = [
        ("append", append::measure),
        ("carry", carry::measure),
        ("capacity", capacity::measure),
        ("sessions", sessions::measure),
    ];
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            measure(&url)?;
        }
    }
    Ok(())
}

/// The share of samples, from 0 to 1, that took no longer.
fn percentile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let place = (samples.len().saturating_sub(1) as f64 * share).round() as usize;
    samples.get(place).copied().unwrap_or_default()
}

/// The median of five runs, or of any odd number.
fn median(runs: &mut [Duration]) -> Duration {
    percentile(runs, 0.5)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
