//! 200 sessions on one server, each with a checkpoint of 12 KB each 5 seconds: how late it is in the replica.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bevy_session_journal::internal::disk::RealDisk;
use bevy_session_journal::internal::model::clock::Clock;
use bevy_session_journal::replica::{
    KeeperLink, Recorders, RecordingDisk, ReplicaOrder, ReplicaReport,
};
use bevy_session_journal::{CheckpointId, NewSession};
use bevy_session_postgres::PostgresReplica;

use crate::world::{checkpoint, journal, keeper};
use crate::{Done, milliseconds, percentile};

const SESSIONS: u32 = 200;
const INTERVAL: Duration = Duration::from_secs(5);
const CHECKPOINTS: u64 = 12;
const BYTES: usize = 12 << 10;
/// The time between two looks for what has arrived.
const LOOK: Duration = Duration::from_millis(10);

pub fn measure(url: &str) -> Done {
    let directory = tempfile::tempdir()?;
    let mut late: Vec<Duration> = Vec::new();
    let played: Vec<Result<Vec<Duration>, _>> = thread::scope(|scope| {
        let play = |number: u32| {
            let place = directory.path().join(number.to_string());
            scope.spawn(move || {
                // Servers don't begin at the same moment.
                thread::sleep(INTERVAL * number / SESSIONS);
                play(&place, url, u64::from(number)).map_err(|error| error.to_string())
            })
        };
        let threads: Vec<_> = (0..SESSIONS).map(play).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|played| played.unwrap_or_else(|_| Err("a panic".to_owned()))).collect()
    });
    for played in played {
        late.extend(played?);
    }
    let [half, most] = [0.5, 0.99].map(|share| percentile(&mut late, share));
    println!(
        "{SESSIONS} sessions on one server, a checkpoint each {INTERVAL:?}: durable there after it is here, in ms"
    );
    println!(
        "{} checkpoints: p50 {:.0}, p99 {:.0}\n",
        late.len(),
        milliseconds(half),
        milliseconds(most)
    );
    Ok(())
}

/// Plays one session, and returns how late its checkpoints were.
fn play(
    place: &Path,
    url: &str,
    seed: u64,
) -> Result<Vec<Duration>, Box<dyn std::error::Error + Send + Sync>> {
    let recorders = Recorders::default();
    let disk = RecordingDisk::new(Arc::new(RealDisk), recorders.clone());
    let mut journal = journal(place, Arc::new(disk))?;
    let store = Arc::new(PostgresReplica::new(url)?);
    let clock = Clock::system();
    let now = || clock.moment(Duration::ZERO);
    let mut link = KeeperLink::thread(keeper(place, store, recorders), clock)?;
    let mut run = journal.start(NewSession::named("Arena"));
    let session = run.session();
    link.send(ReplicaOrder::Begin(session), now());
    let mut waiting: Vec<(CheckpointId, Instant)> = Vec::new();
    let mut late = Vec::new();
    for number in 0..=CHECKPOINTS {
        let next = Instant::now() + INTERVAL;
        let (id, saved) = checkpoint(&mut run, BYTES, seed << 32 | number);
        link.send(ReplicaOrder::Saved(session, id), now());
        // The first one waits for the claim.
        if number > 0 {
            waiting.push((id, saved));
        }
        while Instant::now() < next {
            while let Some(report) = link.report() {
                match report {
                    ReplicaReport::Replicated(_, id) => {
                        let arrived = waiting.extract_if(.., |it| it.0.counter <= id.counter);
                        late.extend(arrived.map(|(_, saved)| saved.elapsed()));
                    }
                    ReplicaReport::Claimed(..) | ReplicaReport::Found(..) => {}
                    other => return Err(format!("{other:?}").into()),
                }
            }
            thread::sleep(LOOK);
        }
    }
    match waiting.len() {
        0 => Ok(late),
        count => Err(format!("{count} checkpoints never arrived").into()),
    }
}
