//! Sessions on one server, each with a checkpoint of 12 KB each 5 seconds: how late it is in the replica.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bevy_session_journal::internal::disk::RealDisk;
use bevy_session_journal::internal::model::clock::Clock;
use bevy_session_journal::replica::{
    KeeperLink, Pace, Recorders, RecordingDisk, ReplicaOrder, ReplicaReport, ReplicaStore,
};
use bevy_session_journal::{CheckpointId, NewSession};

use crate::percentiles::{Done, milliseconds, percentile};
use crate::world::{checkpoint, journal, keeper};

const INTERVAL: Duration = Duration::from_secs(5);
const CHECKPOINTS: u64 = 12;
const BYTES: usize = 12 << 10;
/// The time between two looks for what has arrived.
const LOOK: Duration = Duration::from_millis(10);

/// A connection to the server.
type Opened = Result<Arc<dyn ReplicaStore>, Box<dyn std::error::Error + Send + Sync>>;

/// Plays so many sessions, each of which is sent at this pace.
pub fn measure(sessions: u32, pace: Pace, open: impl Fn() -> Opened + Sync) -> Done {
    let directory = tempfile::tempdir()?;
    let mut late: Vec<Duration> = Vec::new();
    let played: Vec<Result<Vec<Duration>, _>> = thread::scope(|scope| {
        let play = |number: u32| {
            let place = directory.path().join(number.to_string());
            let open = &open;
            scope.spawn(move || {
                // Servers don't begin at the same moment.
                thread::sleep(INTERVAL * number / sessions);
                let played = open().and_then(|store| play(&place, store, pace, u64::from(number)));
                played.map_err(|error| error.to_string())
            })
        };
        let threads: Vec<_> = (0..sessions).map(play).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|played| played.unwrap_or_else(|_| Err("a panic".to_owned()))).collect()
    });
    for played in played {
        late.extend(played?);
    }
    let [half, most] = [0.5, 0.99].map(|share| percentile(&mut late, share));
    println!(
        "{sessions} sessions on one server, a checkpoint each {INTERVAL:?}, sent each {:?}: durable there after it is here, in ms",
        pace.interval,
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
    store: Arc<dyn ReplicaStore>,
    pace: Pace,
    seed: u64,
) -> Result<Vec<Duration>, Box<dyn std::error::Error + Send + Sync>> {
    let recorders = Recorders::default();
    let disk = RecordingDisk::new(Arc::new(RealDisk), recorders.clone());
    let mut journal = journal(place, Arc::new(disk))?;
    let clock = Clock::system();
    let now = || clock.moment(Duration::ZERO);
    let mut link = KeeperLink::thread(keeper(place, store, pace, recorders), clock)?;
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
    // What waits for its turn is sent as well.
    let end = Instant::now() + pace.interval * 2;
    while !waiting.is_empty() && Instant::now() < end {
        if let Some(ReplicaReport::Replicated(_, id)) = link.report() {
            let arrived = waiting.extract_if(.., |it| it.0.counter <= id.counter);
            late.extend(arrived.map(|(_, saved)| saved.elapsed()));
        }
        thread::sleep(LOOK);
    }
    match waiting.len() {
        0 => Ok(late),
        count => Err(format!("{count} checkpoints never arrived").into()),
    }
}
