//! Events while both sides are compared.

use std::io::ErrorKind;

use super::{Here, count, followed_by};
use crate::disk::{Disk, MemoryDisk, Operation};
use crate::replica::{Over, ReplicaNews, Shipper};

#[test]
fn a_file_that_goes_during_a_comparison_makes_both_sides_be_compared_once_more() {
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
fn files_that_somebody_else_removed_end_it_after_some_tries() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    let mut shipper = here.shipper();
    here.memory.remove_all(&here.path("1-000000.journal"));
    let mut news = Vec::new();
    for _ in 0..50 {
        news.extend(here.ship(&mut shipper));
    }
    assert!(matches!(news.last(), Some(ReplicaNews::Over(_))), "{news:?}");
}

/// A disk that is full, or has no free handle, while a session is claimed, compared and drained.
#[test]
fn what_fails_here_for_a_moment_ends_no_replica() {
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
fn who_plays_stays_the_owner_however_long_a_file_cannot_be_read() {
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
        let news = here.ship(&mut shipper);
        assert!(!news.iter().any(|it| matches!(it, ReplicaNews::Over(_))), "{news:?}");
        assert!(there.ship(&mut other).is_empty(), "another machine claims it");
    }
    // It isn't played any more, and nothing waits for the file.
    shipper.drain();
    let news: Vec<_> = (0..50).flat_map(|_| here.ship(&mut shipper)).collect();
    assert!(matches!(news.last(), Some(ReplicaNews::Over(Over::Unread(_)))), "{news:?}");
}

/// Two replacements wait, and an entry has room for one.
#[test]
fn a_file_that_was_replaced_twice_is_never_a_part_of_both() {
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
fn a_comparison_that_a_fault_has_ended_is_still_due() {
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
fn who_claimed_and_could_not_begin_gives_way_to_who_has_claimed_since() {
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
fn who_claimed_and_could_not_begin_claims_again_if_nobody_else_has() {
    let (mut here, mut shipper) = claimed_without_beginning();
    let news = here.ship(&mut shipper);
    assert!(matches!(news[0], ReplicaNews::Claimed(epoch) if epoch.0 == 3), "{news:?}");
    assert!(shipper.is_owner());
}
