//! The contract of every [`ReplicaStore`], checked on the one in memory and on the one in a directory.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::conformance::CHECKS;
use super::{
    CatalogueLine, Created, Direct, DirectoryReplica, Epoch, Key, Listing, Log, MemoryReplica,
    Pace, Position, ReplicaStore, StoreFault, block_on,
};
use crate::model::ids::SessionId;

fn entry(session: SessionId, epoch: u64, position: u64) -> Key {
    Key::Entry { session, epoch: Epoch(epoch), position: Position(position) }
}

// Feature: Stores are in memory, a directory or Postgres, and one kit checks each.
// Page: FORMAT.md#the-store-of-a-replica
#[test]
fn every_store_passes_the_store_checks() {
    let directory = tempfile::tempdir().unwrap();
    let deep = directory.path().join("deep").join("replica");
    let stores: [Box<dyn ReplicaStore>; 3] = [
        Box::new(MemoryReplica::default()),
        Box::new(DirectoryReplica::open(&deep).unwrap()),
        Box::new(Arc::new(MemoryReplica::default())),
    ];
    for (store, (_, check)) in
        stores.iter().flat_map(|store| CHECKS.into_iter().map(move |check| (store, check)))
    {
        check(&**store);
    }
}

/// A store with a catalogue and a pace of its own.
#[derive(Debug)]
struct Slow(MemoryReplica);

const SLOW: Pace = Pace { lease: Duration::from_secs(90), interval: Duration::from_secs(30) };

impl ReplicaStore for Slow {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.0.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.0.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.0.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.0.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.0.sessions()
    }

    fn describe(&self, line: &CatalogueLine) {
        self.0.describe(line);
    }

    fn forget(&self, session: SessionId, epoch: Epoch) -> Result<(), StoreFault> {
        self.0.forget(session, epoch)
    }

    fn pace(&self) -> Pace {
        SLOW
    }
}

/// All of these have defaults, which would stand in for the store's own unnoticed.
#[test]
fn a_shared_store_forwards_its_catalogue_and_pace() {
    let (inner, session) = (MemoryReplica::default(), SessionId::random());
    let kept = Arc::new(Slow(inner.clone()));
    let store: &dyn ReplicaStore = &kept;
    assert_eq!(store.pace(), SLOW);
    let card = super::shipper_tests::catalogue::card(session);
    store.describe(&CatalogueLine::of(card, Epoch(1), None));
    assert_eq!(inner.catalogue().len(), 1);
    store.forget(session, Epoch(1)).unwrap();
    assert_eq!(inner.catalogue().len(), 0);
}

#[test]
fn unfinished_entries_of_a_dead_process_are_removed_and_block_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    let store = DirectoryReplica::open(directory.path()).unwrap();
    store.create(entry(session, 1, 1), b"whole").unwrap();

    // The leftovers of a process that is killed before the link: its directory, a part of a file, and the lock's file.
    let unfinished = directory.path().join("unfinished");
    let abandoned = unfinished.join("00000000000000aa");
    fs::create_dir(&abandoned).unwrap();
    fs::write(abandoned.join("00000000000000bb"), b"ha").unwrap();
    fs::write(abandoned.with_extension("lock"), b"").unwrap();

    assert_eq!(store.create(entry(session, 1, 2), b"whole").unwrap(), Created::New);
    let other = DirectoryReplica::open(directory.path()).unwrap();
    assert!(!abandoned.exists(), "nobody writes there any more");
    assert_eq!(store.create(entry(session, 1, 3), b"whole").unwrap(), Created::New);
    assert_eq!(other.create(entry(session, 1, 3), b"other").unwrap(), Created::Existed);
    drop((store, other));
    assert_eq!(fs::read_dir(unfinished).unwrap().count(), 0);
}

#[test]
fn a_missing_store_directory_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let (root, away) = (directory.path().join("replica"), directory.path().join("away"));
    let session = SessionId::random();
    let store = DirectoryReplica::open(&root).unwrap();
    store.create(entry(session, 1, 1), b"whole").unwrap();
    fs::rename(&root, &away).unwrap();
    // An empty directory, as of a drive that isn't mounted, is no answer either.
    for is_empty in [false, true] {
        if is_empty {
            fs::create_dir(&root).unwrap();
        }
        store.list(session).unwrap_err();
        store.sessions().unwrap_err();
        store.read(entry(session, 1, 1)).unwrap_err();
        store.delete(entry(session, 1, 1)).unwrap_err();
        store.create(entry(session, 1, 2), b"whole").unwrap_err();
    }
    fs::remove_dir_all(&root).unwrap();
    fs::rename(&away, &root).unwrap();
    assert_eq!(store.read(entry(session, 1, 1)).unwrap().unwrap(), b"whole");
    assert_eq!(store.create(entry(session, 1, 2), b"whole").unwrap(), Created::New);
}

#[test]
fn files_that_are_not_keys_are_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    let store = DirectoryReplica::open(directory.path()).unwrap();
    store.create(entry(session, 1, 1), b"").unwrap();
    let inside = directory.path().join(session.to_string());
    for name in ["1-1.entry", "0000000000000001-000000000000000A.entry", "x.claim", "notes.txt"] {
        fs::write(inside.join(name), b"").unwrap();
    }
    fs::create_dir(directory.path().join("not-a-session")).unwrap();
    assert_eq!(store.list(session).unwrap().entries[&Epoch(1)].len(), 1);
    assert_eq!(store.sessions().unwrap(), [session]);
}

/// A store whose listings are of a moment before the newest entry of the session was deleted.
#[derive(Debug, Default)]
struct Stale {
    inner: MemoryReplica,
    reads: AtomicUsize,
}

impl ReplicaStore for Stale {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.inner.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        let mut listing = self.inner.list(session)?;
        listing.add(entry(session, 1, 9));
        Ok(listing)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.inner.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.inner.sessions()
    }
}

#[test]
fn what_was_read_is_not_read_again_where_something_else_is_missing() {
    let (store, session) = (Arc::new(Stale::default()), SessionId::random());
    for position in 1..9 {
        store.create(entry(session, 1, position), b"x").unwrap();
    }
    let (mut log, reach) = (Log::new(session), Direct(Arc::clone(&store) as Arc<dyn ReplicaStore>));
    block_on(log.refresh(&reach)).unwrap_err();
    let missing = store.reads.load(Ordering::Relaxed) - 8;
    block_on(log.refresh(&reach)).unwrap_err();
    assert_eq!(store.reads.load(Ordering::Relaxed), 8 + 2 * missing, "only what is missing");
    assert!(log.is_empty());
    store.create(entry(session, 1, 9), b"x").unwrap();
    block_on(log.refresh(&reach)).unwrap();
    assert_eq!((log.len(), store.reads.load(Ordering::Relaxed)), (9, 9 + 2 * missing));
}
