//! A session of 100 MB that is brought to the replica, and read back.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy_session_journal::internal::disk::RealDisk;
use bevy_session_journal::internal::model::clock::Clock;
use bevy_session_journal::replica::{
    Direct, Epoch, FileName, Keeper, KeeperLink, Key, Log, MemoryReplica, Position, Readiness,
    Receiver, Recorders, ReplicaOrder, ReplicaReport, ReplicaStore, block_on, fetch,
};
use bevy_session_journal::{NewSession, SessionId};
use bevy_session_postgres::PostgresReplica;

use crate::bytes::random_bytes;
use crate::percentiles::Done;
use crate::world::{checkpoint, journal, keeper};

const CHECKPOINTS: u64 = 100;
const BYTES: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(300);

pub fn measure(url: &str) -> Done {
    let directory = tempfile::tempdir()?;
    let mut journal = journal(directory.path(), Arc::new(RealDisk))?;
    let mut run = journal.start(NewSession::named("Large"));
    let session = run.session();
    for seed in 0..CHECKPOINTS {
        checkpoint(&mut run, BYTES, seed);
    }
    run.close(|_| Vec::new())?;
    drop(journal);

    let store: Arc<dyn ReplicaStore> = Arc::new(PostgresReplica::new(url)?);
    let begun = Instant::now();
    send(
        keeper(directory.path(), Arc::clone(&store), store.pace(), Recorders::default()),
        session,
    )?;
    let brought = begun.elapsed();

    let limit = alone(&*store)?;
    let begun = Instant::now();
    let memory: Arc<dyn ReplicaStore> = Arc::new(MemoryReplica::default());
    send(
        keeper(directory.path(), Arc::clone(&memory), memory.pace(), Recorders::default()),
        session,
    )?;
    let without_server = begun.elapsed();

    let begun = Instant::now();
    let mut log = Log::new(session);
    block_on(log.refresh(&Direct(Arc::clone(&store))))?;
    let bytes = block_on(fetch(&Direct(store), &log, &mut Nowhere))?;
    let read = begun.elapsed();

    #[expect(clippy::cast_precision_loss, reason = "megabytes")]
    let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!("a session of {} MB, in MB/s", bytes / 1_000_000);
    println!("brought to the replica  {:5.0}", rate(brought));
    println!("entries of 1 MB alone   {:5.0}", limit);
    println!("to a store in memory    {:5.0}", rate(without_server));
    println!("read back               {:5.0}\n", rate(read));
    Ok(())
}

/// The megabytes per second of entries that are created one after the other: the server's part of it.
#[expect(clippy::cast_precision_loss, reason = "megabytes")]
fn alone(store: &dyn ReplicaStore) -> Result<f64, Box<dyn Error + Send + Sync>> {
    let (session, bytes) = (SessionId::random(), random_bytes(BYTES, 1));
    let begun = Instant::now();
    for position in 1..=CHECKPOINTS {
        let key = Key::Entry { session, epoch: Epoch(1), position: Position(position) };
        store.create(key, &bytes)?;
    }
    Ok((CHECKPOINTS * BYTES as u64) as f64 / 1e6 / begun.elapsed().as_secs_f64())
}

/// Claims a session, sends all of it, and lets go of it.
fn send(keeper: Keeper, session: SessionId) -> Done {
    let clock = Clock::system();
    let now = || clock.moment(Duration::ZERO);
    let mut link = KeeperLink::thread(keeper, clock)?;
    link.send(ReplicaOrder::Ready(session), now());
    let deadline = Instant::now() + PATIENCE;
    while let Some(report) = link.wait_for_report(deadline, now()) {
        match report {
            ReplicaReport::Ready(_, Readiness::Claimed) => {
                link.send(ReplicaOrder::LetGo(session), now());
            }
            ReplicaReport::LetGo(_, true) => return Ok(()),
            ReplicaReport::Found(..)
            | ReplicaReport::Claimed(..)
            | ReplicaReport::Replicated(..) => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
    Err("the session never arrived".into())
}

/// Takes files, and forgets them.
struct Nowhere;

impl Receiver for Nowhere {
    fn begin(&mut self, _: &FileName) -> io::Result<()> {
        Ok(())
    }

    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
