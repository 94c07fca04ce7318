//! What every [`ReplicaStore`] does alike, checked on the one in memory and on the one in a directory.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Created, DirectoryReplica, Epoch, Key, MemoryReplica, Position, ReplicaStore};
use crate::model::ids::SessionId;

fn on_each_store(check: fn(Arc<dyn ReplicaStore>)) {
    check(Arc::new(MemoryReplica::default()));
    let directory = tempfile::tempdir().unwrap();
    check(Arc::new(
        DirectoryReplica::open(&directory.path().join("deep").join("replica")).unwrap(),
    ));
}

fn entry(session: SessionId, epoch: u64, position: u64) -> Key {
    Key::Entry { session, epoch: Epoch(epoch), position: Position(position) }
}

#[test]
fn an_object_is_created_once_and_never_changes() {
    on_each_store(|store| {
        let session = SessionId::random();
        let claim = Key::Claim { session, epoch: Epoch(1) };
        for key in [claim, entry(session, 1, 1)] {
            assert_eq!(store.read(key).unwrap(), None);
            assert_eq!(store.create(key, b"first").unwrap(), Created::New);
            assert_eq!(store.create(key, b"second").unwrap(), Created::Existed);
            assert_eq!(store.read(key).unwrap().unwrap(), b"first");
        }
    });
}

#[test]
fn a_listing_has_what_a_session_has() {
    on_each_store(|store| {
        let (session, other) = (SessionId::random(), SessionId::random());
        assert_eq!(store.list(session).unwrap(), super::Listing::default());
        store.create(entry(session, u64::MAX, 7), b"").unwrap();
        store.create(entry(session, 2, 1), b"").unwrap();
        store.create(Key::Claim { session, epoch: Epoch(2) }, b"").unwrap();
        store.create(entry(other, 9, 9), b"").unwrap();
        let listing = store.list(session).unwrap();
        assert_eq!(listing.claims, [Epoch(2)].into());
        assert_eq!(listing.entries[&Epoch(2)], [Position(1)].into());
        assert_eq!(listing.highest(), Epoch(u64::MAX));
        let mut sessions = [session, other];
        sessions.sort();
        assert_eq!(store.sessions().unwrap(), sessions);

        store.delete(entry(session, 2, 1)).unwrap();
        store.delete(entry(session, 2, 1)).unwrap();
        assert_eq!(store.read(entry(session, 2, 1)).unwrap(), None);
        assert!(!store.list(session).unwrap().entries.contains_key(&Epoch(2)));
        assert_eq!(store.create(entry(session, 2, 1), b"late").unwrap(), Created::New);
    });
}

#[test]
fn of_those_who_create_at_once_one_is_the_first_and_nobody_finds_a_part() {
    on_each_store(|store| {
        let session = SessionId::random();
        for position in 1..20 {
            let (key, firsts) = (entry(session, 1, position), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for byte in 0..4_u8 {
                    let (store, firsts) = (&store, &firsts);
                    scope.spawn(move || {
                        let bytes = vec![byte; 10_000];
                        let created = store.create(key, &bytes).unwrap();
                        firsts.fetch_add(usize::from(created == Created::New), Ordering::Relaxed);
                        let found = store.read(key).unwrap().unwrap();
                        assert!(found.len() == 10_000 && found.iter().all(|it| *it == found[0]));
                        assert_eq!(created == Created::New, found[0] == byte);
                    });
                }
            });
            assert_eq!(firsts.into_inner(), 1);
        }
    });
}

#[test]
fn what_a_dead_process_was_writing_blocks_no_position_and_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    let store = DirectoryReplica::open(directory.path()).unwrap();
    store.create(entry(session, 1, 1), b"whole").unwrap();

    // What a process leaves that is killed before the link: its directory, a part of a file, and the lock's file.
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
fn a_directory_that_is_away_gives_no_answer() {
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
fn names_that_are_no_keys_are_passed_over() {
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
