//! Events while both sides are compared.

use std::io::ErrorKind;

use std::path::Path;

use super::{Here, LEASE, count, followed_by};
use crate::disk::{Disk, MemoryDisk, Operation};
use crate::replica::{Body, Entry, Key, Over, ReplicaNews, ReplicaStore, Shipper};

impl Here {
    /// The entries of the newest epoch in the replica that change files, and the bytes of all entries.
    fn changes_and_bytes(&self) -> (usize, usize) {
        let listing = self.store.list(self.session).unwrap();
        let (mut changes, mut bytes) = (0, 0);
        for (epoch, positions) in &listing.entries {
            for position in positions {
                let (session, epoch, position) = (self.session, *epoch, *position);
                let key = Key::Entry { session, epoch, position };
                let entry = self.store.read(key).unwrap().unwrap();
                bytes += entry.len();
                let (decoded, _) = Entry::decode(key, &entry).unwrap();
                let is_newest = epoch == listing.highest();
                changes += usize::from(is_newest && matches!(decoded.body, Body::Changes(_)));
            }
        }
        (changes, bytes)
    }
}

#[test]
fn a_file_that_vanishes_during_a_comparison_restarts_it() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    for error in [ErrorKind::NotFound, ErrorKind::UnexpectedEof] {
        let mut newest = here.write(&format!("{error:?}-000001.journal"), b"two");
        let mut shipper = here.shipper();
        here.memory.fail_next(Operation::Open, error);
        let mut news = Vec::new();
        for _ in 0..5 {
            news.extend(here.ship(&mut shipper));
        }
        assert!(shipper.is_owner(), "{news:?}");
        assert_eq!(here.fetched(), here.files());

        newest.append(&vec![7; 3 << 20]).unwrap();
        newest.sync().unwrap();
        here.memory.fail_next(Operation::Open, error);
        let mut news = Vec::new();
        for _ in 0..5 {
            news.extend(here.ship(&mut shipper));
        }
        assert!(shipper.is_owner(), "{news:?}");
        assert_eq!(count(&news), Some(here.recorder.count()), "{news:?}");
        assert_eq!(here.fetched(), here.files());
    }
}

#[test]
fn files_removed_by_others_are_a_failure_after_some_tries() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    let mut shipper = here.shipper();
    here.memory.remove_all(&here.path("1-000000.journal"));
    let mut news = Vec::new();
    for _ in 0..50 {
        news.extend(here.ship(&mut shipper));
    }
    assert!(matches!(news.last(), Some(ReplicaNews::Failed(_))), "{news:?}");
}

/// A disk that is full, or has no free handle, while a session is claimed, compared and drained.
#[test]
fn a_passing_local_fault_does_not_end_replication() {
    for error in [ErrorKind::StorageFull, ErrorKind::ResourceBusy, ErrorKind::NotFound] {
        let mut here = Here::new();
        let mut journal = here.write("1-000000.journal", b"one");
        let mut shipper = here.shipper();
        shipper.play();
        here.memory.fail_next(Operation::Replace, error);
        let mut news = Vec::new();
        for round in 0..8_usize {
            journal.append(&vec![7; 3 << 20]).unwrap();
            journal.sync().unwrap();
            here.memory.fail_next(Operation::Open, error);
            (0..4).for_each(|_| news.extend(here.ship(&mut shipper)));
            assert!(shipper.is_owner(), "{error:?}, round {round}: {news:?}");
        }
        assert_eq!(count(&news), Some(here.recorder.count()), "{news:?}");
        assert_eq!(here.fetched(), here.files());
        here.memory.fail_next(Operation::Replace, error);
        shipper.drain();
        let news: Vec<_> = (0..4).flat_map(|_| here.ship(&mut shipper)).collect();
        assert!(matches!(news.last(), Some(ReplicaNews::Over(Over::Released))), "{news:?}");
    }
}

#[test]
fn a_player_keeps_the_ownership_while_a_file_cannot_be_read() {
    let mut here = Here::new();
    let mut journal = here.write("1-000000.journal", b"one");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    shipper.play();
    journal.append(&vec![7; 3 << 20]).unwrap();
    journal.sync().unwrap();
    here.memory.remove_all(&here.path("1-000000.journal"));
    let mut there = Here::on(MemoryDisk::default(), here.store.clone(), here.session);
    let mut other = there.shipper();
    for _ in 0..100 {
        let mut news = Vec::new();
        let rest = shipper.step(here.now, &mut news);
        assert!(news.is_empty(), "{news:?}");
        assert!(rest <= LEASE / 3, "it isn't renewed in time: {rest:?}");
        here.now += rest;
        there.now = here.now;
        assert!(there.ship(&mut other).is_empty(), "another machine claims it");
    }
    // It isn't played any more, and nothing waits for the file.
    shipper.drain();
    let news: Vec<_> = (0..50).flat_map(|_| here.ship(&mut shipper)).collect();
    assert!(matches!(news.last(), Some(ReplicaNews::Over(Over::Unread(_)))), "{news:?}");
}

/// Two replacements wait, and an entry has room for one.
#[test]
fn a_file_replaced_twice_is_never_mixed_in_the_replica() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    let states = [(1_u8, 600_000), (2, 600_000), (3, 700_000)].map(|(byte, len)| vec![byte; len]);
    here.disk.replace(&here.path("x.attachment"), &states[0]).unwrap();
    here.ship(&mut shipper);
    here.disk.replace(&here.path("x.attachment"), &states[1]).unwrap();
    here.disk.replace(&here.path("x.attachment"), &states[2]).unwrap();
    let mut news = Vec::new();
    for _ in 0..50 {
        shipper.step(here.now, &mut news);
        let there = here.fetched();
        assert!(states.contains(&there["x.attachment"]), "{}", there["x.attachment"].len());
    }
    assert_eq!(here.fetched(), here.files());
}

#[test]
fn a_comparison_ended_by_a_fault_is_repeated() {
    let mut here = Here::new();
    let mut journal = here.write("1-000000.journal", b"one");
    here.disk.replace(&here.path("x.attachment"), b"a picture").unwrap();
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    // A shorter beginning of what the replica has is compared with the one in the store.
    here.disk.replace(&here.path("x.attachment"), b"a pic").unwrap();
    journal.append(&vec![7; 3 << 20]).unwrap();
    journal.sync().unwrap();
    here.store.go_away();
    let mut news = Vec::new();
    shipper.step(here.now, &mut news);
    assert!(matches!(news[..], [ReplicaNews::Lost(_)]), "{news:?}");
    here.store.come_back();
    here.write("1-000000.events", b"small");
    let news = here.ship(&mut shipper);
    assert_eq!(count(&news), Some(here.recorder.count()), "{news:?}");
    assert_eq!(here.fetched(), here.files());
}

/// A machine that has claimed its session again, and couldn't compare the files with the replica's.
fn claimed_without_beginning() -> (Here, Shipper) {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    let mut shipper = here.shipper();
    let mut news = Vec::new();
    shipper.step(here.now, &mut news);
    here.memory.fail_next(Operation::Open, ErrorKind::NotFound);
    shipper.step(here.now, &mut news);
    assert!(news.is_empty() && !shipper.is_owner(), "{news:?}");
    (here, shipper)
}

#[test]
fn an_unstarted_claim_yields_to_a_later_claim() {
    let (mut here, mut shipper) = claimed_without_beginning();
    let (mut there, mut other) = followed_by(&mut here);
    here.ship(&mut shipper);
    assert!(shipper.waits_for_owner());
    there.write("2-000000.journal", b"two");
    let news = there.ship(&mut other);
    assert_eq!(count(&news), Some(there.recorder.count()), "{news:?}");
    assert_eq!(there.fetched(), there.files());
}

#[test]
fn an_unstarted_claim_is_repeated_if_nobody_else_claimed() {
    let (mut here, mut shipper) = claimed_without_beginning();
    let news = here.ship(&mut shipper);
    assert!(matches!(news[0], ReplicaNews::Claimed(epoch) if epoch.0 == 3), "{news:?}");
    assert!(shipper.is_owner());
}

#[test]
fn an_unreadable_file_does_not_resend_the_others() {
    let mut here = Here::new();
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    shipper.play();
    here.write("1-000000.journal", &vec![7; 3 << 20]);
    here.write("1-000001.journal", b"next");
    here.memory.remove_all(&here.path("1-000001.journal"));
    (0..200).for_each(|_| drop(here.ship(&mut shipper)));
    let (_, bytes) = here.changes_and_bytes();
    assert!(bytes < 4 << 20, "{bytes} bytes");
    here.memory.put(&here.path("1-000001.journal"), b"next");
    here.ship(&mut shipper);
    assert!(here.fetched() == here.files());
    let (_, bytes) = here.changes_and_bytes();
    assert!(bytes < 4 << 20, "{bytes} bytes");
}

#[test]
fn a_drain_ends_despite_an_unreadable_file() {
    let mut here = Here::new();
    here.write("1-000000.journal", &vec![7; 3 << 20]);
    here.write("1-000001.journal", b"next");
    here.memory.remove_all(&here.path("1-000001.journal"));
    let mut shipper = here.shipper();
    shipper.drain();
    let news: Vec<_> = (0..50).flat_map(|_| here.ship(&mut shipper)).collect();
    assert!(matches!(news.last(), Some(ReplicaNews::Over(Over::Unread(_)))), "{news:?}");
}

#[test]
fn no_entry_of_a_new_epoch_is_sent_before_its_mark_is_on_disk() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    here.memory.refuse_writes(Path::new("state"), ErrorKind::StorageFull);
    let replace = |here: &Here, byte: u8| {
        here.disk.replace(&here.path("x.attachment"), &vec![byte; 1 << 20]).unwrap();
    };
    let first = here.store.list(here.session).unwrap().highest();
    for byte in 0..100 {
        replace(&here, byte);
        here.ship(&mut shipper);
        if here.store.list(here.session).unwrap().highest() > first {
            break;
        }
    }
    assert!(here.store.list(here.session).unwrap().highest() > first, "it was never compacted");
    replace(&here, 200);
    (0..20).for_each(|_| drop(here.ship(&mut shipper)));
    assert_eq!(here.changes_and_bytes().0, 0);
    here.memory.heal();
    (0..20).for_each(|_| drop(here.ship(&mut shipper)));
    assert!(here.fetched() == here.files());
}
