//! An owner and those after it, over a store in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::{
    Body, CatchUp, Change, ClaimError, Claimant, Clearing, Created, Direct, Entry, Epoch, FileName,
    Key, Log, Mark, MemoryReplica, Owner, Position, Receiver, ReplicaStore, Source, Standing,
    Trouble, Watch, Watcher, block_on, compare, difference, fetch,
};
use crate::disk::Layout;
use crate::format::SegmentHeader;
use crate::format::sample::{self, SegmentBytes, at, commit, values};
use crate::model::ids::{CheckpointId, RunId, SessionId};

/// Files in memory.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Shelf(BTreeMap<FileName, Vec<u8>>);

impl Source for Shelf {
    fn files(&self) -> io::Result<BTreeMap<FileName, u64>> {
        Ok(self.0.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect())
    }

    fn read(&self, name: &FileName, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        Ok(self.0[name][offset as usize..(offset + len) as usize].to_vec())
    }
}

impl Receiver for Shelf {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.0.insert(name.clone(), Vec::new());
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.last_entry().unwrap().get_mut().extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Place {
    store: MemoryReplica,
    reach: Direct,
    session: SessionId,
}

impl Place {
    fn new() -> Self {
        let store = MemoryReplica::default();
        let reach = Direct(Arc::new(store.clone()));
        Self { store, reach, session: SessionId::random() }
    }

    fn log(&self) -> Log {
        let mut log = Log::new(self.session);
        block_on(log.refresh(&self.reach)).unwrap();
        log
    }

    fn own(&self) -> Owner<Direct> {
        let mut log = Log::new(self.session);
        let mut claimant = Claimant::new(self.session, &self.reach);
        let claim = block_on(claimant.claim(&self.reach, &mut log)).unwrap();
        Owner::new(self.reach.clone(), claim, log, 1).unwrap()
    }

    fn fetched(&self) -> Shelf {
        let mut shelf = Shelf::default();
        block_on(fetch(&self.reach, &self.log(), &mut shelf)).unwrap();
        shelf
    }

    fn put(&self, epoch: u64, position: u64, body: Body, payload: &[u8]) {
        let place = (self.session, Epoch(epoch), Position(position));
        let key = Key::Entry { session: place.0, epoch: place.1, position: place.2 };
        let bytes = Entry { nonce: 7, body }.encode(place, payload);
        assert_eq!(self.store.create(key, &bytes).unwrap(), Created::New);
    }
}

fn name(name: &str) -> FileName {
    FileName::in_session(name).unwrap()
}

fn append(to: &str, offset: u64, bytes: &[u8]) -> Change {
    Change::Append { name: name(to), offset, len: bytes.len() as u64, hash: xxh3_64(bytes) }
}

fn create(owner: &mut Owner<Direct>, file: &str, bytes: &[u8]) {
    let changes = vec![Change::Create { name: name(file) }, append(file, 0, bytes)];
    owner.send_changes(changes, bytes).unwrap();
    block_on(owner.settle_all()).unwrap();
}

#[test]
fn the_next_owner_has_all_acknowledged_and_fences_the_previous_one() {
    let place = Place::new();
    let mut first = place.own();
    create(&mut first, "a.journal", b"hello");
    let mut second = place.own();
    assert_eq!(second.claim().epoch, Epoch(2));
    assert_eq!(place.fetched().0[&name("a.journal")], b"hello");

    first.send_changes(vec![append("a.journal", 5, b"!")], b"!").unwrap();
    assert!(matches!(block_on(first.settle_all()), Err(Trouble::Fenced)));
    second.send_changes(vec![append("a.journal", 5, b" world")], b" world").unwrap();
    block_on(second.settle_all()).unwrap();
    assert_eq!(place.fetched().0[&name("a.journal")], b"hello world");
}

#[test]
fn changes_that_contradict_the_files_are_refused_and_not_sent() {
    let place = Place::new();
    let mut owner = place.own();
    create(&mut owner, "a.journal", b"hello");
    let twice = vec![Change::Create { name: name("a.journal") }];
    assert!(matches!(owner.send_changes(twice, b""), Err(Trouble::Unreadable(_))));
    let gap = vec![append("a.journal", 6, b"!")];
    assert!(matches!(owner.send_changes(gap, b"!"), Err(Trouble::Unreadable(_))));
    let unknown = vec![Change::Create { name: name("b.journal") }, append("c.journal", 0, b"!")];
    assert!(matches!(owner.send_changes(unknown, b"!"), Err(Trouble::Unreadable(_))));
    assert!(owner.is_settled());
    create(&mut owner, "b.journal", b"of what was refused nothing was done");
}

#[test]
fn an_unreachable_store_acknowledges_nothing_and_loses_nothing() {
    let place = Place::new();
    let mut owner = place.own();
    place.store.go_away();
    let changes = vec![Change::Create { name: name("a.journal") }];
    owner.send_changes(changes, b"").unwrap();
    for _ in 0..3 {
        assert!(matches!(block_on(owner.settle()), Err(Trouble::Store(_))));
    }
    place.store.come_back();
    assert_eq!(block_on(owner.settle()).unwrap(), Some(Position(1)));
    assert_eq!(block_on(owner.settle()).unwrap(), None);
}

#[test]
fn a_compaction_keeps_the_files_and_deletes_old_entries() {
    let place = Place::new();
    let mut owner = place.own();
    create(&mut owner, "old.journal", b"of no use");
    create(&mut owner, "a.journal", b"hello");
    for _ in 0..20 {
        owner.renew("");
    }
    owner.send_changes(vec![Change::Remove { name: name("old.journal") }], b"").unwrap();
    block_on(owner.begin_compaction()).unwrap();
    let mut is_said = false;
    while block_on(owner.compact()).unwrap() {
        // Changes meanwhile are in the copies, or behind them.
        if owner.can_send() && !is_said {
            owner.send_changes(vec![append("a.journal", 5, b" world")], b" world").unwrap();
            is_said = true;
        }
    }
    block_on(owner.settle_all()).unwrap();
    assert_eq!(place.fetched().0, [(name("a.journal"), b"hello world".to_vec())].into());
    let listing = place.store.list(place.session).unwrap();
    assert_eq!(listing.entries[&Epoch(1)].len(), 1, "the seal stays");
    assert_eq!(listing.claims.len(), 2, "claims stay");

    let next = place.own();
    assert_eq!(next.claim().epoch, Epoch(3));
    assert_eq!(next.files().bytes(), 11);
}

#[test]
fn nothing_is_sent_after_the_own_seal() {
    let place = Place::new();
    let mut owner = place.own();
    create(&mut owner, "a.journal", b"hello");
    place.store.go_away();
    assert!(matches!(block_on(owner.release()), Err(Trouble::Store(_))));
    let late = owner.send_changes(vec![append("a.journal", 5, b"!")], b"!");
    assert!(matches!(late, Err(Trouble::Ended)));
    assert!(matches!(block_on(owner.begin_compaction()), Err(Trouble::Ended)));
    place.store.come_back();
    block_on(owner.release()).unwrap();
    assert_eq!(place.log().seal(Epoch(1)), Some((Position(2), true)));
    let mut watcher = Watcher::default();
    assert_eq!(watcher.look(&place.log(), Duration::ZERO, Duration::MAX), Watch::Free);
}

#[test]
fn a_removed_session_leaves_only_a_seal_and_a_tombstone() {
    let place = Place::new();
    let mut owner = place.own();
    create(&mut owner, "a.journal", b"hello");
    while block_on(owner.remove()).unwrap() {}
    let mut clearing = Clearing::new(owner.log().clone());
    while block_on(clearing.step(&place.reach)).unwrap() {}
    let mut log = Log::new(place.session);
    let mut claimant = Claimant::new(place.session, &place.reach);
    let claimed = block_on(claimant.claim(&place.reach, &mut log));
    assert!(matches!(claimed, Err(ClaimError::Removed)));
    assert_eq!(place.fetched(), Shelf::default());
    let listing = place.store.list(place.session).unwrap();
    assert_eq!(
        listing.entries.values().map(|it| it.len()).sum::<usize>(),
        2,
        "a seal, and a tombstone"
    );

    // A message that was on its way for long.
    let late = Body::Changes(vec![Change::Create { name: name("a.journal") }]);
    place.put(1, 1, late, b"");
    block_on(super::clear_removed(&place.reach, &place.log())).unwrap();
    assert_eq!(place.store.list(place.session).unwrap(), listing);
}

/// The catalogue has the player's name. If it can't be written, the entries go, and the removal isn't done before the name is gone.
#[test]
fn a_removal_is_incomplete_until_the_catalogue_is_cleared() {
    let place = Place::new();
    let mut owner = place.own();
    create(&mut owner, "a.journal", b"hello");
    while block_on(owner.remove()).unwrap() {}
    let mut clearing = Clearing::new(owner.log().clone());
    place.store.lock_catalogue(true);
    while block_on(clearing.step(&place.reach)).is_ok_and(|more| more) {}
    assert!(!place.log().has_leftovers());
    block_on(clearing.step(&place.reach)).unwrap_err();
    place.store.lock_catalogue(false);
    while block_on(clearing.step(&place.reach)).unwrap() {}
    assert!(place.store.catalogue().is_empty());
}

#[test]
fn entries_after_a_gap_or_a_seal_are_void() {
    let place = Place::new();
    drop(place.own());
    let created = |file: &str| Body::Changes(vec![Change::Create { name: name(file) }]);
    place.put(1, 1, created("a.journal"), b"");
    place.put(1, 3, created("c.journal"), b"");
    assert_eq!(place.log().replay().unwrap().all().len(), 1);

    let second = place.own();
    assert_eq!(place.log().seal(Epoch(1)), Some((Position(2), false)));
    assert_eq!(second.files().all().len(), 1);
}

#[test]
fn an_undecodable_entry_makes_the_log_unreadable() {
    let place = Place::new();
    let mut owner = place.own();
    create(&mut owner, "a.journal", b"hello");
    let (session, epoch) = (place.session, Epoch(1));
    let moved =
        place.store.read(Key::Entry { session, epoch, position: Position(1) }).unwrap().unwrap();
    place.store.create(Key::Entry { session, epoch, position: Position(2) }, &moved).unwrap();
    let error = place.log().replay().unwrap_err();
    assert_eq!(error.to_string(), "entry 1.2 can't be read");
}

#[test]
fn a_store_that_went_back_is_noticed_at_the_next_renewal() {
    let place = Place::new();
    let mut owner = place.own();
    create(&mut owner, "a.journal", b"hello");
    let backup = place.store.snapshot();
    create(&mut owner, "b.journal", b"hello");
    block_on(owner.look_back()).unwrap();
    let session = place.session;
    place.store.delete(Key::Entry { session, epoch: Epoch(1), position: Position(2) }).unwrap();
    assert_eq!(backup.list(session).unwrap(), place.store.list(session).unwrap());
    owner.renew("");
    block_on(owner.settle_all()).unwrap();
    assert!(matches!(block_on(owner.look_back()), Err(Trouble::WentBack)));
}

#[test]
fn a_watcher_waits_a_lease_after_the_last_sign() {
    let place = Place::new();
    let mut watcher = Watcher::default();
    let lease = Duration::from_secs(3);
    let mut look = |seconds| watcher.look(&place.log(), Duration::from_secs(seconds), lease);
    assert_eq!(look(0), Watch::Free);
    let mut owner = place.own();
    assert_eq!(look(10), Watch::Held, "it was seen for the first time");
    assert_eq!(look(12), Watch::Held);
    owner.renew("");
    block_on(owner.settle_all()).unwrap();
    assert_eq!(look(13), Watch::Held);
    assert_eq!(look(15), Watch::Held);
    assert_eq!(look(16), Watch::Lapsed);
}

#[test]
fn catching_up_sends_the_difference_and_files_of_many_entries_are_whole() {
    let place = Place::new();
    let mut here = Shelf::default();
    here.0.insert(name("a.journal"), vec![1; 3 << 20]);
    here.0.insert(name("b.archive"), vec![2; 10]);
    here.0.insert(name("empty.events"), Vec::new());
    here.0.insert(FileName::of_slot("boss.save").unwrap(), vec![3; 100]);
    let catch_up = |owner: &mut Owner<Direct>, here: &Shelf| {
        let differences =
            block_on(difference(&place.reach, owner.log(), here, owner.files())).unwrap();
        let lengths = here.files().unwrap();
        let mut catch_up = CatchUp::new(
            &|_| SessionId::random().uuid().as_u128() as u64,
            &differences,
            &lengths,
            owner.files(),
        );
        let mut sent = 0;
        while let Some((changes, payload)) = catch_up.next(here).unwrap() {
            sent += payload.len();
            owner.send_changes(changes, &payload).unwrap();
            block_on(owner.settle_all()).unwrap();
        }
        sent
    };
    let mut owner = place.own();
    assert_eq!(catch_up(&mut owner, &here), (3 << 20) + 110);
    assert_eq!(place.fetched(), here);
    assert_eq!(catch_up(&mut owner, &here), 0);

    here.0.get_mut(&name("a.journal")).unwrap().extend([4; 50]);
    here.0.remove(&name("b.archive"));
    here.0.insert(FileName::of_slot("boss.save").unwrap(), vec![5; 100]);
    assert_eq!(catch_up(&mut owner, &here), 150);
    assert_eq!(place.fetched(), here);
}

/// A segment of a run that set out from these checkpoints, with checkpoints of these numbers.
fn journal(run: u64, ancestors: &[CheckpointId], counters: &[u64]) -> (FileName, Vec<u8>) {
    let header = SegmentHeader { ancestors: ancestors.to_vec(), ..sample::header(run, 0) };
    let mut bytes = SegmentBytes::new(&header);
    for counter in counters {
        bytes.group(vec![values("game::Health", &[(2, b"x")])], &commit(*counter, None));
    }
    (name(&Layout::segment_name(RunId(run), 0)), bytes.bytes)
}

fn shelf<const FILES: usize>(files: [(FileName, Vec<u8>); FILES]) -> Shelf {
    Shelf(files.into())
}

/// A new place that has these files, and the claim of its owner.
fn having(files: &Shelf) -> (Place, Mark) {
    let place = Place::new();
    let mut owner = place.own();
    for (file, bytes) in &files.0 {
        let (len, hash) = (bytes.len() as u64, xxh3_64(bytes));
        let append = Change::Append { name: file.clone(), offset: 0, len, hash };
        owner.send_changes(vec![Change::Create { name: file.clone() }, append], bytes).unwrap();
    }
    block_on(owner.settle_all()).unwrap();
    let mark = Mark::new(owner.claim(), owner.files());
    (place, mark)
}

#[test]
fn a_lost_journal_that_a_statement_names_stays_in_the_replica() {
    let newest = [journal(1, &[], &[1, 2]), journal(2, &[at(1, 2)], &[3])];
    let (place, mark) = having(&shelf(newest.clone()));
    let standing = |here: &Shelf| {
        let (log, files) = (place.log(), place.log().replay().unwrap());
        let claimed = log.highest().next();
        block_on(compare(&place.reach, &log, here, &files, Some(&mark), claimed)).unwrap()
    };
    let [first, second] = newest;
    // A new name, that was given while nobody played.
    let header = SegmentHeader { supersedes: vec![at(2, 3)], ..sample::header(9, 0) };
    let statement = (name(&Layout::segment_name(RunId(9), 0)), SegmentBytes::new(&header).bytes);
    let renamed = shelf([first.clone(), second, statement.clone()]);
    assert_eq!(standing(&renamed), Standing::ReplicaIsBehind);
    // The disk has lost the newest journal alone.
    assert_eq!(standing(&shelf([first, statement])), Standing::Forked);
    // It was pruned once a run had gone on from it.
    let third = journal(3, &[at(2, 3), at(1, 2)], &[4]);
    assert_eq!(standing(&shelf([third])), Standing::ReplicaIsBehind);
}

#[test]
fn a_mark_of_another_store_does_not_make_a_slot_that_differs_news() {
    let (old, place) = (Place::new(), Place::new());
    let name = FileName::of_slot("boss.save").unwrap();
    let send = |owner: &mut Owner<Direct>, bytes: &[u8]| {
        let (name, len, hash) = (name.clone(), bytes.len() as u64, xxh3_64(bytes));
        let changes = vec![
            Change::Create { name: name.clone() },
            Change::Append { name, offset: 0, len, hash },
        ];
        owner.send_changes(changes, bytes).unwrap();
        block_on(owner.settle_all()).unwrap();
    };
    // This machine's last claim in a store that is gone, where it had the slot as it has it still.
    let mut before = old.own();
    send(&mut before, b"old");
    let mark = Mark::new(before.claim(), before.files());
    // Another machine has saved the slot since, and this store has that.
    let mut owner = place.own();
    send(&mut owner, b"newer");
    let here = Shelf(BTreeMap::from([(name.clone(), b"old".to_vec())]));
    let (log, files) = (place.log(), place.log().replay().unwrap());
    let claimed = log.highest().next();
    let standing = compare(&place.reach, &log, &here, &files, Some(&mark), claimed);
    assert_eq!(block_on(standing).unwrap(), Standing::MachineIsBehind);
}

#[test]
fn what_another_store_has_had_is_sent_to_a_new_one() {
    let (old, new) = (Place::new(), Place::new());
    let name = FileName::in_session("1-1.journal").unwrap();
    let mut before = old.own();
    let (len, hash) = (3, xxh3_64(b"one"));
    let changes = vec![
        Change::Create { name: name.clone() },
        Change::Append { name: name.clone(), offset: 0, len, hash },
    ];
    before.send_changes(changes, b"one").unwrap();
    block_on(before.settle_all()).unwrap();
    let mark = Mark::new(before.claim(), before.files());
    // The other store is gone, or was restored from a state before this claim.
    let here = Shelf(BTreeMap::from([(name, b"one".to_vec())]));
    let (log, files) = (new.log(), new.log().replay().unwrap());
    let claimed = log.highest().next();
    let standing = compare(&new.reach, &log, &here, &files, Some(&mark), claimed);
    assert_eq!(block_on(standing).unwrap(), Standing::ReplicaIsBehind);
}
