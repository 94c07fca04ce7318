//! Events while a session is fetched that is this machine's already.

use std::sync::Arc;
use std::time::Duration;

use super::losses::{journal, slot, slot_of};
use super::{Here, LEASE, MemoryReplica};
use crate::disk::{Disk, MemoryDisk};
use crate::format::SegmentHeader;
use crate::format::sample::{self, header};
use crate::model::ids::SessionId;
use crate::replica::{Direct, Log, Over, ReplicaNews, Shipper, Watch, Watcher, block_on};

/// A session of some megabytes in the replica, which a machine that has none of it has just claimed.
fn being_fetched() -> (Here, Shipper) {
    let mut here = Here::on(MemoryDisk::default(), MemoryReplica::default(), sample::session());
    for number in 0..4 {
        here.write(&format!("1-00000{number}.journal"), &vec![number; 3 << 20]);
    }
    let (place, bytes) = slot(&here, "boss");
    here.disk.replace(&place, &bytes).unwrap();
    let mut shipper = here.shipper();
    shipper.drain();
    here.ship(&mut shipper);
    let there = on_another_machine(&here.store, here.session);
    let mut shipper = there.shipper();
    for _ in 0..8 {
        shipper.step(Duration::ZERO, &mut Vec::new());
    }
    assert!(shipper.is_owner() && !there.files().is_empty());
    (there, shipper)
}

fn on_another_machine(store: &MemoryReplica, session: SessionId) -> Here {
    Here::on(MemoryDisk::default(), store.clone(), session)
}

/// Returns true if a machine has what the replica has, slots left out.
fn has_all_of(here: &Here) -> bool {
    let mut there = here.fetched();
    there.retain(|name, _| !name.ends_with(".save"));
    here.files() == there
}

#[test]
fn a_fetch_longer_than_a_lease_keeps_the_ownership() {
    let (there, mut shipper) = being_fetched();
    let reach = Direct(Arc::new(there.store.clone()));
    let (mut log, mut watcher) = (Log::new(there.session), Watcher::default());
    let (mut now, mut news) = (Duration::ZERO, Vec::new());
    while news.is_empty() {
        shipper.step(now, &mut news);
        block_on(log.refresh(&reach)).unwrap();
        assert_eq!(watcher.look(&log, now, LEASE), Watch::Held);
        now += LEASE / 2;
    }
    assert!(now > 3 * LEASE, "it took {now:?}");
    assert!(matches!(news[..], [ReplicaNews::Claimed(_)]), "{news:?}");
    assert!(has_all_of(&there));
}

#[test]
fn a_fetch_resumes_after_the_store_was_unreachable() {
    let (there, mut shipper) = being_fetched();
    let unfinished = there.files();
    there.store.go_away();
    let mut news = Vec::new();
    shipper.step(Duration::ZERO, &mut news);
    assert!(matches!(news[..], [ReplicaNews::Lost(_)]), "{news:?}");
    let files = there.files();
    let has_stayed = |(name, bytes)| files.get(name) == Some(bytes);
    assert!(unfinished.iter().all(has_stayed), "what was fetched stays");
    there.store.come_back();
    while !matches!(news.last(), Some(ReplicaNews::Claimed(_))) {
        shipper.step(Duration::ZERO, &mut news);
    }
    assert!(has_all_of(&there));
}

#[test]
fn a_fetch_waits_for_an_owner_that_took_over_meanwhile() {
    let (there, mut shipper) = being_fetched();
    let mut other = on_another_machine(&there.store, there.session);
    let mut taking = other.shipper();
    other.ship(&mut taking);
    other.now += LEASE;
    other.ship(&mut taking);
    assert!(has_all_of(&other));
    let mut news = Vec::new();
    for _ in 0..20 {
        shipper.step(LEASE, &mut news);
    }
    assert!(news.is_empty() && shipper.waits_for_owner(), "{news:?}");
    assert!(there.files().is_empty(), "{:?}", there.files().keys());
}

#[test]
fn a_drained_fetch_releases_the_session_and_leaves_no_files() {
    let (there, mut shipper) = being_fetched();
    shipper.drain();
    let mut news = Vec::new();
    shipper.step(Duration::ZERO, &mut news);
    assert!(matches!(news[..], [ReplicaNews::Over(Over::Released)]), "{news:?}");
    assert!(there.files().is_empty(), "{:?}", there.files().keys());
    // The next one doesn't wait for a lease.
    let mut next = there.shipper();
    while !matches!(news.last(), Some(ReplicaNews::Claimed(_))) {
        next.step(Duration::ZERO, &mut news);
    }
    assert!(has_all_of(&there));
}

#[test]
fn a_slot_saved_during_a_fetch_is_kept_beside_the_fetched_one() {
    let (there, mut shipper) = being_fetched();
    let (place, _) = slot(&there, "boss");
    // Another process saves one of the same name, in another session.
    let lock = there.memory.try_lock(&there.layout.slots_lock()).unwrap().unwrap();
    let mut news = Vec::new();
    for _ in 0..50 {
        shipper.step(Duration::ZERO, &mut news);
    }
    assert!(news.is_empty(), "{news:?}");
    let saved = journal(&SegmentHeader { session: SessionId::random(), ..header(1, 0) });
    there.memory.put(&place, &saved);
    drop(lock);
    while !matches!(news.last(), Some(ReplicaNews::Claimed(_))) {
        shipper.step(Duration::ZERO, &mut news);
    }
    let beside = place.with_file_name("boss-2.save");
    assert!(there.memory.content(&place) == Some(saved));
    assert!(there.memory.content(&beside) == there.fetched().remove("boss.save"));
}

#[test]
fn a_slot_saved_in_the_place_of_a_removed_one_is_kept() {
    let (there, mut shipper) = being_fetched();
    let (mut there, mut news) = (there, Vec::new());
    while !matches!(news.last(), Some(ReplicaNews::Claimed(_))) {
        shipper.step(Duration::ZERO, &mut news);
    }
    drop(shipper);
    // Another machine deletes the slot of the session.
    let mut other = on_another_machine(&there.store, there.session);
    other.now = LEASE;
    let mut taking = other.shipper();
    (0..20).for_each(|_| drop(other.ship(&mut taking)));
    let (place, _) = slot(&other, "boss");
    other.disk.remove(&place).unwrap();
    other.disk.sync_dir(&other.layout.slots()).unwrap();
    other.write("1-000009.journal", &vec![9; 3 << 20]);
    taking.drain();
    (0..5).for_each(|_| drop(other.ship(&mut taking)));

    // This one fetches that, while another session saves a slot of that name.
    there = there.again();
    let mut shipper = there.shipper();
    let mut news = Vec::new();
    while !shipper.is_owner() {
        shipper.step(Duration::ZERO, &mut news);
    }
    let saved = journal(&SegmentHeader { session: SessionId::random(), ..header(1, 0) });
    there.memory.put(&place, &saved);
    while !matches!(news.last(), Some(ReplicaNews::Claimed(_))) {
        shipper.step(Duration::ZERO, &mut news);
    }
    assert!(has_all_of(&there));
    assert!(there.memory.content(&place) == Some(saved));
}

#[test]
fn an_unreachable_store_does_not_end_a_session_played_locally() {
    let (there, mut shipper) = being_fetched();
    there.store.go_away();
    let mut news = Vec::new();
    shipper.step(Duration::ZERO, &mut news);
    // Its player doesn't wait.
    shipper.play();
    for _ in 0..5 {
        shipper.step(Duration::ZERO, &mut news);
    }
    assert!(matches!(news[..], [ReplicaNews::Lost(_)]), "{news:?}");
    there.store.come_back();
    shipper.step(Duration::ZERO, &mut news);
    assert!(matches!(news[..], [_, ReplicaNews::Over(Over::Forked)]), "{news:?}");
}

/// The session with a slot `boss` on a machine where another session's has that name, so that it is `boss-2` there.
fn on_a_machine_with_a_boss_of_another(here: &mut Here) -> Here {
    let mut there = on_another_machine(&here.store, here.session);
    let (place, other) = slot_of(SessionId::random(), &there, "boss");
    there.memory.put(&place, &other);
    release(here);
    release(&mut there);
    assert!(there.memory.content(&place.with_file_name("boss-2.save")).is_some());
    there.again()
}

/// Brings both sides together, and leaves the session to the next machine.
fn release(here: &mut Here) {
    let mut shipper = here.shipper();
    let news = here.ship(&mut shipper);
    assert!(matches!(news.first(), Some(ReplicaNews::Claimed(_))), "{news:?}");
    shipper.drain();
    here.ship(&mut shipper);
}

/// The boss is saved again on the machine that saved it first, under the name that it has there.
fn boss_is_saved_beside_its_copy(deletes: bool) {
    let mut here = Here::on(MemoryDisk::default(), MemoryReplica::default(), sample::session());
    here.write("1-000000.journal", b"one");
    let (place, first) = slot(&here, "boss");
    here.disk.replace(&place, &first).unwrap();
    let mut there = on_a_machine_with_a_boss_of_another(&mut here);

    let mut here = here.again();
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    let (_, second) = slot(&here, "boss");
    if deletes {
        here.disk.remove(&place.with_file_name("boss-2.save")).unwrap();
    }
    here.disk.replace(&place, &second).unwrap();
    here.ship(&mut shipper);
    shipper.drain();
    here.ship(&mut shipper);

    release(&mut there);
    let there: Vec<Vec<u8>> = there
        .fetched()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".save"))
        .map(|it| it.1)
        .collect();
    assert!(there.contains(&second) && there.contains(&first) != deletes, "{}", there.len());
}

#[test]
fn a_fetched_slot_whose_name_is_taken_is_placed_beside_it() {
    boss_is_saved_beside_its_copy(false);
}

#[test]
fn a_slot_saved_over_a_departing_one_is_kept() {
    boss_is_saved_beside_its_copy(true);
}

#[test]
fn a_slot_that_a_dead_process_placed_under_another_name_is_not_duplicated() {
    let mut here = Here::on(MemoryDisk::default(), MemoryReplica::default(), sample::session());
    here.write("1-000000.journal", b"one");
    let (place, boss) = slot(&here, "boss");
    here.disk.replace(&place, &boss).unwrap();
    release(&mut here);
    // Its name was another session's, and the process died before the journals were there.
    let there = on_another_machine(&here.store, here.session);
    let (place, other) = slot_of(SessionId::random(), &there, "boss");
    there.memory.put(&place, &other);
    there.memory.put(&place.with_file_name("boss-2.save"), &boss);
    let mut there = there.again();
    release(&mut there);
    let saves = |number: u32| place.with_file_name(format!("boss-{number}.save"));
    assert!(there.memory.content(&saves(2)) == Some(boss));
    assert!(there.memory.content(&saves(3)).is_none());
}
