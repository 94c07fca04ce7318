//! An hour of a session on a server: what is written, and what stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bevy_session_journal::internal::disk::RealDisk;
use bevy_session_journal::internal::model::clock::{Moment, timestamp};
use bevy_session_journal::replica::{
    Created, Key, Listing, Recorders, RecordingDisk, ReplicaOrder, ReplicaReport, ReplicaStore,
    StoreFault,
};
use bevy_session_journal::{NewSession, SessionId};
use bevy_session_postgres::PostgresReplica;

use crate::percentiles::Done;
use crate::world::{checkpoint, journal, keeper};

const HOUR: Duration = Duration::from_secs(3600);
const INTERVAL: Duration = Duration::from_secs(5);
const BYTES: usize = 12 << 10;
/// The steps of the clock: a lease is renewed in time.
const STEP: Duration = Duration::from_millis(500);

pub fn measure(url: &str) -> Done {
    let directory = tempfile::tempdir()?;
    let recorders = Recorders::default();
    let disk = RecordingDisk::new(Arc::new(RealDisk), recorders.clone());
    let mut journal = journal(directory.path(), Arc::new(disk))?;
    let store = Arc::new(Counting { store: PostgresReplica::new(url)?, counts: Counts::default() });
    let mut keeper = keeper(directory.path(), Arc::clone(&store) as _, store.pace(), recorders);
    let mut run = journal.start(NewSession::named("Arena"));
    let session = run.session();
    let mut elapsed = Duration::ZERO;
    let wall = timestamp();
    let now = |elapsed| Moment { elapsed, wall };
    keeper.execute(ReplicaOrder::Begin(session), now(elapsed));
    let (mut next, mut number) = (Duration::ZERO, 0);
    while elapsed < HOUR {
        if elapsed >= next {
            let (id, _) = checkpoint(&mut run, BYTES, number);
            keeper.execute(ReplicaOrder::Saved(session, id), now(elapsed));
            (next, number) = (next + INTERVAL, number + 1);
        }
        // All that is due at this moment is done.
        while keeper.turn(now(elapsed)) == Duration::ZERO {}
        for report in keeper.reports() {
            if let ReplicaReport::Over(..) | ReplicaReport::Lost(_) = report {
                return Err(format!("{report:?}").into());
            }
        }
        elapsed += STEP;
    }
    report(&store, session)
}

fn report(store: &Counting, session: SessionId) -> Done {
    let counts = &store.counts;
    let listing = store.list(session)?;
    let (mut rows, mut bytes) = (listing.claims.len(), 0);
    for (epoch, positions) in &listing.entries {
        for position in positions {
            let key = Key::Entry { session, epoch: *epoch, position: *position };
            bytes += store.store.read(key)?.map_or(0, |bytes| bytes.len());
            rows += 1;
        }
    }
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "an hour of a session with a checkpoint of 12 KB each {INTERVAL:?} and a lease of 10 s"
    );
    println!(
        "written: {} rows of {:.1} MB together, {} of them deleted again",
        of(&counts.created),
        of(&counts.bytes) as f64 / 1e6,
        of(&counts.deleted),
    );
    println!(
        "left: {rows} rows of {:.1} MB, {} of them claims; {} compactions",
        bytes as f64 / 1e6,
        listing.claims.len(),
        listing.claims.len().saturating_sub(1),
    );
    println!("read: {} rows, {} listings\n", of(&counts.read), of(&counts.listed));
    Ok(())
}

#[derive(Default, Debug)]
struct Counts {
    created: AtomicU64,
    bytes: AtomicU64,
    deleted: AtomicU64,
    read: AtomicU64,
    listed: AtomicU64,
}

/// A store of which the requests are counted.
#[derive(Debug)]
struct Counting {
    store: PostgresReplica,
    counts: Counts,
}

impl ReplicaStore for Counting {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.counts.created.fetch_add(1, Ordering::Relaxed);
        self.counts.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.store.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.counts.read.fetch_add(1, Ordering::Relaxed);
        self.store.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.counts.listed.fetch_add(1, Ordering::Relaxed);
        self.store.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.counts.deleted.fetch_add(1, Ordering::Relaxed);
        self.store.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.store.sessions()
    }
}
