//! Files that a machine has lost, or that are damaged there, are never removed from the replica.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Here, count};
use crate::disk::{Disk, Layout, MemoryDisk};
use crate::format::sample::{self, SegmentBytes, at, commit, header};
use crate::format::{FileKind, SegmentHeader};
use crate::model::ids::{RunId, SessionId, SlotId};
use crate::replica::{
    Created, Key, Listing, MemoryReplica, Over, ReplicaNews, ReplicaStore, StoreFault,
};

impl Here {
    /// The same machine once its process was started again.
    pub(super) fn again(self) -> Self {
        Self { now: self.now, ..Self::on(self.memory, self.store, self.session) }
    }

    /// Sends everything and releases the session.
    fn release(&mut self) {
        let mut shipper = self.shipper();
        shipper.drain();
        let news = self.ship(&mut shipper);
        assert!(matches!(news.last(), Some(ReplicaNews::Over(Over::Released))), "{news:?}");
    }

    /// Claims, and brings both sides together.
    fn settle(&mut self) -> Vec<ReplicaNews> {
        let mut shipper = self.shipper();
        let news = self.ship(&mut shipper);
        assert!(matches!(news.first(), Some(ReplicaNews::Claimed(_))), "{news:?}");
        assert_eq!(self.fetched(), self.files());
        news
    }

    /// Another machine, that has everything by now.
    fn elsewhere(&self) -> Self {
        let mut there = Self::on(MemoryDisk::default(), self.store.clone(), self.session);
        there.settle();
        let mut there = there.again();
        there.release();
        there.again()
    }

    fn lose(&self, name: &str) {
        self.memory.remove_all(&self.path(name));
    }

    fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }
}

pub(super) fn journal(header: &SegmentHeader) -> Vec<u8> {
    SegmentBytes::new(header).bytes
}

fn name(run: u64, segment: u32) -> String {
    format!("{}-{segment:06}.journal", RunId(run))
}

#[test]
fn a_machine_that_has_lost_its_files_gets_them_back() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    here.write("1-000001.journal", b"two");
    here.disk.replace(&here.path("x.attachment"), b"picture").unwrap();
    here.release();
    let had = here.files();
    here.memory.remove_all(&here.layout.session(here.session));
    let mut here = here.again();
    here.settle();
    assert_eq!(here.files(), had);
}

#[test]
fn files_missing_from_a_restored_backup_are_fetched() {
    for newest in ["1-000001.journal", "2-000000.journal"] {
        let mut here = Here::new();
        here.write("1-000000.journal", b"one");
        here.release();
        let backup = here.memory.snapshot();
        let mut here = here.again();
        here.write(newest, b"newest");
        here.release();
        here.lose(newest);
        here.memory.take_from(&backup, &here.layout.session(here.session));
        let mut here = here.again();
        here.settle();
        assert_eq!(here.names(), ["1-000000.journal", newest]);
    }
}

#[test]
fn a_restored_backup_loses_files_removed_since() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    here.release();
    let backup = here.memory.snapshot();
    let mut here = here.again();
    here.write("1-000001.journal", b"two");
    here.disk.remove(&here.path("1-000000.journal")).unwrap();
    here.sync_dir();
    here.release();
    here.lose("1-000001.journal");
    here.memory.take_from(&backup, &here.layout.session(here.session));
    let mut here = here.again();
    here.settle();
    assert_eq!(here.names(), ["1-000001.journal"]);
}

#[test]
fn a_run_from_a_restored_backup_is_a_fork() {
    let mut here = Here::new();
    here.write(&name(1, 0), &journal(&header(1, 0)));
    here.release();
    let backup = here.memory.snapshot();
    let mut here = here.again();
    here.write(&name(2, 0), &journal(&header(2, 0)));
    here.release();
    here.lose(&name(2, 0));
    here.memory.take_from(&backup, &here.layout.session(here.session));
    let mut here = here.again();
    let next = SegmentHeader { ancestors: vec![at(1, 7)], ..header(3, 0) };
    here.write(&name(3, 0), &journal(&next));
    let mut shipper = here.shipper();
    let news = here.ship(&mut shipper);
    assert!(matches!(news[..], [ReplicaNews::Over(Over::Forked)]), "{news:?}");
    assert!(here.fetched().contains_key(&name(2, 0)));
}

/// A journal with a checkpoint of this number.
fn journal_to(header: &SegmentHeader, counter: u64) -> Vec<u8> {
    let mut journal = SegmentBytes::new(header);
    journal.group(Vec::new(), &commit(counter, None));
    journal.bytes
}

#[test]
fn a_run_from_an_older_checkpoint_of_the_newest_run_is_a_fork() {
    for (from, is_fork) in [(7, true), (8, true), (9, false)] {
        let mut here = Here::new();
        here.write(&name(1, 0), &journal_to(&header(1, 0), 7));
        here.release();
        let backup = here.memory.snapshot();
        let mut here = here.again();
        here.write(&name(1, 1), &journal_to(&header(1, 1), 9));
        here.release();
        here.lose(&name(1, 1));
        here.memory.take_from(&backup, &here.layout.session(here.session));
        let mut here = here.again();
        let next = SegmentHeader { ancestors: vec![at(1, from)], ..header(2, 0) };
        here.write(&name(2, 0), &journal_to(&next, from + 1));
        let mut shipper = here.shipper();
        let news = here.ship(&mut shipper);
        let has_forked = matches!(news[..], [ReplicaNews::Over(Over::Forked)]);
        assert_eq!(has_forked, is_fork, "from {from}: {news:?}");
        // What was gone on from to its end was pruned here, as far as anybody can know.
        assert_eq!(here.fetched().contains_key(&name(1, 1)), is_fork);
    }
}

#[test]
fn files_pruned_on_this_machine_are_removed_from_the_replica() {
    let mut here = Here::new();
    here.write(&name(1, 0), &journal(&header(1, 0)));
    here.write(&name(1, 1), &journal(&header(1, 1)));
    here.disk.replace(&here.path("x.attachment"), b"picture").unwrap();
    here.release();
    let mut here = here.again();
    let next = SegmentHeader { ancestors: vec![at(1, 7)], ..header(2, 0) };
    here.write(&name(2, 0), &journal(&next));
    for gone in [&*name(1, 0), &name(1, 1), "x.attachment"] {
        here.disk.remove(&here.path(gone)).unwrap();
    }
    here.sync_dir();
    here.settle();
    assert_eq!(here.names(), [name(2, 0)]);
}

#[test]
fn a_damaged_journal_is_fetched_and_not_sent() {
    for bystander in [false, true] {
        let mut here = Here::new();
        here.write("1-000000.journal", b"closed");
        here.write("1-000001.journal", b"newest");
        here.write("1-000000.events", b"events");
        here.release();
        let had = here.fetched();
        if bystander {
            here.elsewhere().release();
        }
        here.memory.corrupt(&here.path("1-000000.journal"), 2, 1);
        here.memory.corrupt(&here.path("1-000000.events"), 2, 1);
        let mut here = here.again();
        here.settle();
        assert_eq!(here.files(), had);
    }
}

#[test]
fn a_journal_damaged_during_play_is_intact_in_the_replica() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"closed");
    let mut newest = here.write("1-000001.journal", b"newest");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    here.memory.corrupt(&here.path("1-000000.journal"), 2, 1);
    newest.append(&vec![7; 3 << 20]).unwrap();
    newest.sync().unwrap();
    let news = here.ship(&mut shipper);
    assert_eq!(count(&news), Some(here.recorder.count()), "{news:?}");
    assert_eq!(here.fetched()["1-000000.journal"], b"closed");
    assert_eq!(here.fetched()["1-000001.journal"].len(), 6 + (3 << 20));
}

#[test]
fn a_slot_whose_header_is_damaged_stays_in_the_replica() {
    let mut here = Here::on(MemoryDisk::default(), MemoryReplica::default(), sample::session());
    here.write("1-000000.journal", b"one");
    let (place, bytes) = slot(&here, "boss");
    here.disk.replace(&place, &bytes).unwrap();
    here.release();
    assert_eq!(here.fetched().get("boss.save"), Some(&bytes));
    here.memory.corrupt(&place, bytes.len() / 2, 0xff);
    let mut here = here.again();
    here.release();
    assert_eq!(here.fetched().get("boss.save"), Some(&bytes));

    // One that the player deletes goes.
    here.memory.remove_all(&place);
    let mut here = here.again();
    here.release();
    assert_eq!(here.fetched().get("boss.save"), None);
}

/// A slot of the session: its path, and its bytes.
pub(super) fn slot(here: &Here, name: &str) -> (PathBuf, Vec<u8>) {
    slot_of(sample::session(), here, name)
}

/// A slot of any session.
pub(super) fn slot_of(session: SessionId, here: &Here, name: &str) -> (PathBuf, Vec<u8>) {
    let place = here.layout.slots().join(format!("{name}.save"));
    let slot = sample::slot(SlotId::random(), name);
    (
        place,
        journal(&SegmentHeader { session, kind: FileKind::Slot(Box::new(slot)), ..header(1, 0) }),
    )
}

/// A store on a machine whose player saves slots all the time: each save removes what an earlier one has left unfinished.
#[derive(Debug)]
struct BesideSaves {
    store: MemoryReplica,
    memory: MemoryDisk,
    slots: PathBuf,
}

impl ReplicaStore for BesideSaves {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.store.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        for file in self.memory.list(&self.slots).unwrap() {
            if Layout::is_unfinished_slot(&file.name) {
                self.memory.remove(&self.slots.join(&file.name)).unwrap();
            }
        }
        self.store.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.store.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.store.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.store.sessions()
    }
}

#[test]
fn slots_saved_during_a_fetch_are_not_replaced() {
    let mut here = Here::on(MemoryDisk::default(), MemoryReplica::default(), sample::session());
    here.write("1-000000.journal", b"one");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    let slots = ["boss", "lord", "king"].map(|name| slot(&here, name));
    for (place, bytes) in &slots {
        here.disk.replace(place, bytes).unwrap();
        here.ship(&mut shipper);
    }
    shipper.drain();
    here.ship(&mut shipper);

    let mut there = Here::on(MemoryDisk::default(), here.store.clone(), here.session);
    let (store, memory) = (here.store.clone(), there.memory.clone());
    let store = BesideSaves { store, memory, slots: there.layout.slots() };
    let mut shipper = there.shipper_to(Arc::new(store));
    let news = there.ship(&mut shipper);
    assert!(matches!(news.first(), Some(ReplicaNews::Claimed(_))), "{news:?}");
    for (place, bytes) in &slots {
        assert_eq!(there.memory.content(place).as_ref(), Some(bytes));
    }
}

#[test]
fn files_that_were_only_removed_locally_are_not_a_fork() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    here.write("1-000001.journal", b"two");
    here.release();
    let mut there = here.elsewhere();
    there.write("2-000000.journal", b"news");
    there.release();
    here.disk.remove(&here.path("1-000000.journal")).unwrap();
    here.sync_dir();
    let mut here = here.again();
    here.settle();
    assert_eq!(here.files(), there.files());
}

#[test]
fn an_idle_copy_that_was_thinned_is_thinned_in_the_replica() {
    let mut here = Here::new();
    here.write("1-000000.journal", b"one");
    here.write("1-000001.journal", b"two");
    here.release();
    here.disk.remove(&here.path("1-000000.journal")).unwrap();
    here.sync_dir();
    let mut here = here.again();
    here.settle();
    assert_eq!(here.names(), ["1-000001.journal"]);
}
