//! How late 50 sessions are in a bucket that get something every ten seconds.
//!
//! ```text
//! ci/objects.sh run cargo bench -p bevy_session_objects
//! ```

#![expect(clippy::print_stdout, reason = "it prints figures")]

#[path = "../../postgres/benches/figures/percentiles.rs"]
mod percentiles;
#[path = "../../postgres/benches/figures/sessions.rs"]
mod sessions;
#[path = "../../postgres/benches/figures/world.rs"]
mod world;

use std::env;
use std::sync::Arc;
use std::time::Duration;

use bevy_session_journal::replica::{Pace, ReplicaStore};
use bevy_session_objects::ObjectReplica;

use percentiles::Done;

fn main() -> Done {
    let server = env::var("BEVY_SESSION_S3").map_err(|_| "see ci/objects.sh: it names a server")?;
    // The bucket that the script has made.
    let url = format!("s3://sessions/bench?endpoint={server}");
    let store: Arc<dyn ReplicaStore> = Arc::new(ObjectReplica::s3(&url)?);
    let pace = Pace { interval: Duration::from_secs(10), ..store.pace() };
    sessions::measure(50, pace, || Ok(Arc::clone(&store)))
}
