//! The figures of replicas in Postgres: what an entry costs beside a raw insert, how fast a session is brought there and
//! read back, what an hour of a session writes and leaves, and how late many sessions are on one server.
//!
//! ```text
//! ci/postgres.sh run cargo bench -p bevy_session_postgres [-- append carry capacity sessions]
//! ```

#![expect(clippy::print_stdout, reason = "it prints figures")]

mod append;
mod bytes;
mod capacity;
mod carry;
mod percentiles;
mod sessions;
mod world;

use std::env;
use std::sync::Arc;

use bevy_session_journal::replica::ReplicaStore as _;
use bevy_session_postgres::PostgresReplica;

use percentiles::Done;

fn main() -> Done {
    let url =
        env::var("BEVY_SESSION_POSTGRES").map_err(|_| "see ci/postgres.sh: it names a server")?;
    let wanted: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let parts: [(&str, fn(&str) -> Done); 4] = [
        ("append", append::measure),
        ("carry", carry::measure),
        ("capacity", capacity::measure),
        ("sessions", sessions_of),
    ];
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            measure(&url)?;
        }
    }
    Ok(())
}

/// 200 sessions on one server, each with a connection of its own.
fn sessions_of(url: &str) -> Done {
    let pace = PostgresReplica::new(url)?.pace();
    sessions::measure(200, pace, || Ok(Arc::new(PostgresReplica::new(url)?)))
}
