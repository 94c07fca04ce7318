//! A replica that falls behind, and one that goes back in time.

// Feature: A checkpoint that waits too long is reported, and so is a store that lost data.
// Page: guide/outliving-a-machine.md#what-the-game-hears

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy_session::replica::{Created, Key, Listing, ReplicaLagging, StoreFault};

use super::*;

#[test]
fn a_checkpoint_that_waits_too_long_is_reported_once_each_time() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let to = replica(&store, "one").may_lag(Duration::from_secs(2));
    let mut app = machine_with(plugin(&disk).replica(to), listen::<ReplicaLagging>);
    app.world_mut().spawn(Health(7));
    let session = founded(&mut app, "Arena");
    let lagging = |app: &App| -> Vec<u64> {
        let all = received::<ReplicaLagging>(app).into_iter();
        all.map(|it| it.checkpoint.counter).collect()
    };
    assert_eq!(lagging(&app), [0; 0]);

    store.go_away();
    set_health(&mut app, 8);
    let first = newest(&app).0;
    assert_eq!(lagging(&app), [0; 0], "it may wait for two seconds");
    for health in 9..15 {
        set_health(&mut app, health);
    }
    assert_eq!(lagging(&app), [first]);
    assert_eq!(received::<ReplicaLagging>(&app)[0].session, session);

    store.come_back();
    seconds(&mut app, 2.0);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated);
    store.go_away();
    set_health(&mut app, 20);
    seconds(&mut app, 4.0);
    assert_eq!(lagging(&app), [first, newest(&app).0]);
}

/// A store that can be restored from a backup while it is used.
#[derive(Clone, Debug)]
struct Restorable(Arc<Mutex<MemoryReplica>>);

impl Restorable {
    fn store(&self) -> MutexGuard<'_, MemoryReplica> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplicaStore for Restorable {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.store().create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.store().read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.store().list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.store().delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.store().sessions()
    }
}

#[test]
fn a_store_that_lost_entries_ends_the_session_without_local_loss() {
    let (disk, memory) = (MemoryDisk::default(), MemoryReplica::default());
    let store = Restorable(Arc::new(Mutex::new(memory.clone())));
    let to = || Replica::new(store.clone()).machine("one").lease(Duration::from_secs_f32(LEASE));
    let (mut app, session) = played(&disk, to(), 7);
    let backup = memory.snapshot();
    set_health(&mut app, 8);
    assert_eq!(newest(&app).0, newest(&app).1);
    *store.store() = backup;
    seconds(&mut app, LEASE);
    let fenced = received::<SessionFenced>(&app).remove(0);
    assert_eq!((fenced.session, fenced.reason), (session, FenceReason::WentBack));
    assert!(played_by(&app).is_none());

    let mut app = machine(&killed(app, &disk), to());
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().continue_session(session));
    seconds(&mut app, LEASE + 1.0);
    assert_eq!(health(&mut app), 8);
    set_health(&mut app, 9);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated, "the replica has it again");
}

#[test]
fn a_start_on_a_full_disk_is_played_and_replicated_later() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let (mut app, session) = played(&disk, replica(&store, "one"), 7);
    set_health(&mut app, 8);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    seconds(&mut app, 1.0);
    drop(app);
    let mut app = machine(&disk, replica(&store, "one"));
    frames(&mut app, 3);
    // What a machine notes of a session that it claims.
    let mut paths = disk.paths().into_iter();
    let mark = paths.find(|path| path.extension().is_some_and(|it| it == "mark")).unwrap();
    disk.refuse_writes(&mark, ErrorKind::StorageFull);
    request(&mut app, |commands| commands.session().continue_session(session));
    seconds(&mut app, 1.0);
    assert_eq!(played_by(&app), Some(session));
    assert_eq!(health(&mut app), 8);
    seconds(&mut app, LEASE);
    assert_eq!(received::<ReplicaLost>(&app).len(), 1);
    assert!(received::<ReplicaBack>(&app).is_empty());
    disk.heal();
    seconds(&mut app, LEASE);
    assert_eq!(received::<ReplicaBack>(&app).len(), 1);
    set_health(&mut app, 9);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated);
}
