//! The contract of every [`ReplicaStore`], as checks.
//!
//! Each of these panics where a store doesn't.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Created, Epoch, Key, Listing, Position, ReplicaStore};
use crate::model::ids::SessionId;

/// All checks, by name. The store may hold other sessions.
pub const CHECKS: [(&str, fn(&dyn ReplicaStore)); 3] = [
    ("an object is created once and never changes", an_object_is_created_once_and_never_changes),
    ("a listing has what a session has", a_listing_has_what_a_session_has),
    ("of those who create at once one is the first", of_those_who_create_at_once_one_is_the_first),
];

fn entry(session: SessionId, epoch: u64, position: u64) -> Key {
    Key::Entry { session, epoch: Epoch(epoch), position: Position(position) }
}

fn an_object_is_created_once_and_never_changes(store: &dyn ReplicaStore) {
    let session = SessionId::random();
    let claim = Key::Claim { session, epoch: Epoch(1) };
    for key in [claim, entry(session, 1, 1)] {
        assert_eq!(store.read(key).unwrap(), None);
        assert_eq!(store.create(key, b"first").unwrap(), Created::New);
        assert_eq!(store.create(key, b"second").unwrap(), Created::Existed);
        assert_eq!(store.read(key).unwrap().unwrap(), b"first");
    }
}

fn a_listing_has_what_a_session_has(store: &dyn ReplicaStore) {
    let (session, other) = (SessionId::random(), SessionId::random());
    assert_eq!(store.list(session).unwrap(), Listing::default());
    store.create(entry(session, u64::MAX, 7), b"").unwrap();
    store.create(entry(session, 2, 1), b"").unwrap();
    store.create(Key::Claim { session, epoch: Epoch(2) }, b"").unwrap();
    store.create(entry(other, 9, 9), b"").unwrap();
    let listing = store.list(session).unwrap();
    assert_eq!(listing.claims, [Epoch(2)].into());
    assert_eq!(listing.entries.get(&Epoch(2)), Some(&[Position(1)].into()));
    assert_eq!(listing.highest(), Epoch(u64::MAX));
    let sessions = store.sessions().unwrap();
    assert!(sessions.is_sorted() && sessions.contains(&session) && sessions.contains(&other));

    store.delete(entry(session, 2, 1)).unwrap();
    store.delete(entry(session, 2, 1)).unwrap();
    assert_eq!(store.read(entry(session, 2, 1)).unwrap(), None);
    assert!(!store.list(session).unwrap().entries.contains_key(&Epoch(2)));
    assert_eq!(store.create(entry(session, 2, 1), b"late").unwrap(), Created::New);
}

/// And no reader finds a part.
fn of_those_who_create_at_once_one_is_the_first(store: &dyn ReplicaStore) {
    let session = SessionId::random();
    for position in 1..20 {
        let (key, firsts) = (entry(session, 1, position), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for byte in 0..4_u8 {
                let firsts = &firsts;
                scope.spawn(move || {
                    let bytes = vec![byte; 10_000];
                    let created = store.create(key, &bytes).unwrap();
                    firsts.fetch_add(usize::from(created == Created::New), Ordering::Relaxed);
                    let found = store.read(key).unwrap().unwrap();
                    let first = found.first().copied();
                    assert!(found.len() == 10_000 && found.iter().all(|it| Some(*it) == first));
                    assert_eq!(created == Created::New, first == Some(byte));
                });
            }
        });
        assert_eq!(firsts.into_inner(), 1);
    }
}
