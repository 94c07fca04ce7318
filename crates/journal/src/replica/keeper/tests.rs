//! A keeper that a test drives.

// Feature: What a replica has of an erased player is removed once no other machine owns it, whatever interrupts that.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Keeper, KeeperOptions, Patience, Readiness, ReplicaOrder, ReplicaReport};
use crate::disk::{Disk, Erasure, ErasureFiles, Layout, LocalStore, MemoryDisk, Operation};
use crate::format::TypeRows;
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, RunId, SessionId};

use crate::read::recovery::{KnownTypes, VersionFit};
use crate::replica::recorder::{Recorders, RecordingDisk};
use crate::replica::shipper_tests::catalogue::card;
use crate::replica::{
    Body, CatalogueLine, Direct, Entry, Epoch, Key, Log, MemoryReplica, Over, Position,
    ReplicaStore, block_on,
};

struct NoTypes;

impl KnownTypes for NoTypes {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}

struct Kept {
    memory: MemoryDisk,
    disk: RecordingDisk,
    local: Arc<LocalStore>,
    store: MemoryReplica,
    keeper: Keeper,
    session: SessionId,
    now: Duration,
}

impl Kept {
    fn new() -> Self {
        let (data, state) = (PathBuf::from("data"), PathBuf::from("state"));
        let layout = Layout { data, state, profile: "default".to_owned() };
        let (memory, session) = (MemoryDisk::default(), SessionId::random());
        memory.put(&layout.session(session).join("1-000000.journal"), b"one");
        memory.put(&layout.state.join("some"), b"");
        let recorders = Recorders::default();
        let disk = RecordingDisk::new(Arc::new(memory.clone()), recorders.clone());
        let local = Arc::new(LocalStore::new(Arc::new(memory.clone()), layout));
        let store = MemoryReplica::default();
        let options = KeeperOptions {
            store: Arc::new(store.clone()),
            machine: "here".to_owned(),
            lease: Duration::from_secs(3),
            interval: Duration::ZERO,
            may_lag: Duration::from_secs(10),
            lock_patience: Duration::from_millis(500),
            erases: true,
        };
        let (types, game) = (Arc::new(NoTypes), "game".to_owned());
        let keeper = Keeper::new(options, Arc::clone(&local), recorders, types, game);
        Self { memory, disk, local, store, keeper, session, now: Duration::ZERO }
    }

    fn moment(&self) -> Moment {
        Moment { elapsed: self.now, wall: Timestamp::UNIX_EPOCH }
    }

    fn execute(&mut self, order: ReplicaOrder) -> Vec<ReplicaReport> {
        self.keeper.execute(order, self.moment());
        self.keeper.reports().collect()
    }

    fn turn(&mut self) -> Vec<ReplicaReport> {
        for _ in 0..100 {
            self.keeper.turn(self.moment());
        }
        self.now += Duration::from_millis(600);
        self.keeper.reports().collect()
    }

    /// The keeper of the next process, some time later.
    fn in_another_process(self) -> Self {
        let recorders = Recorders::default();
        let disk = RecordingDisk::new(Arc::new(self.memory.clone()), recorders.clone());
        let layout = self.local.store.layout().clone();
        let local = Arc::new(LocalStore::new(Arc::new(self.memory.clone()), layout));
        let options = self.keeper.options.clone();
        let (types, game) = (Arc::new(NoTypes), "game".to_owned());
        let keeper = Keeper::new(options, Arc::clone(&local), recorders, types, game);
        Self { disk, local, keeper, ..self }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.local.store.layout().session(self.session).join(name)
    }

    fn replicated(&self) -> Vec<(String, u64)> {
        let mut log = Log::new(self.session);
        block_on(log.refresh(&Direct(Arc::new(self.store.clone())))).unwrap();
        let files = log.replay().unwrap();
        files.all().iter().map(|(name, file)| (name.to_string(), file.bytes)).collect()
    }
}

#[test]
fn files_written_before_the_lock_is_taken_are_replicated() {
    let mut kept = Kept::new();
    let lock = kept.local.store.lock_session(kept.session).unwrap().unwrap();
    kept.execute(ReplicaOrder::Ready(kept.session));
    kept.keeper.turn(kept.moment());
    kept.memory.put(&kept.path("1-000000.journal"), b"one and more");
    kept.memory.put(&kept.path("1-000001.journal"), b"last");
    drop(lock);
    kept.now += Duration::from_millis(100);
    let reports = kept.turn();
    let is_ready =
        |report: &ReplicaReport| matches!(report, ReplicaReport::Ready(_, Readiness::Claimed));
    assert!(reports.iter().any(is_ready), "{reports:?}");
    let there = [("1-000000.journal".to_owned(), 12), ("1-000001.journal".to_owned(), 4)];
    assert_eq!(kept.replicated(), there);
}

#[test]
fn leaving_does_not_wait_for_a_lost_store_and_the_rest_is_sent_later() {
    let mut kept = Kept::new();
    let session = kept.session;
    kept.execute(ReplicaOrder::Begin(session));
    kept.turn();
    let mut file = kept.disk.create_new(&kept.path("1-000001.journal")).unwrap();
    file.append(b"last").unwrap();
    file.sync().unwrap();
    kept.disk.sync_dir(kept.path("x").parent().unwrap()).unwrap();
    kept.store.go_away();
    let reports = kept.turn();
    assert!(reports.iter().any(|it| matches!(it, ReplicaReport::Lost(_))), "{reports:?}");
    let reports = kept.execute(ReplicaOrder::LetGo(session));
    assert!(
        matches!(reports[..], [ReplicaReport::LetGo(it, false)] if it == session),
        "{reports:?}"
    );

    kept.store.come_back();
    let reports: Vec<_> = (0..5).flat_map(|_| kept.turn()).collect();
    assert!(!reports.iter().any(|it| matches!(it, ReplicaReport::LetGo(..))), "{reports:?}");
    assert_eq!(kept.replicated().len(), 2);
    assert!(!kept.local.claimed.has(session));
}

#[test]
fn a_session_readied_again_is_not_owned_until_it_is_claimed() {
    let mut kept = Kept::new();
    kept.execute(ReplicaOrder::Begin(kept.session));
    kept.turn();
    assert!(kept.local.claimed.has(kept.session));
    kept.execute(ReplicaOrder::Ready(kept.session));
    assert!(!kept.local.claimed.has(kept.session));
    kept.turn();
    assert!(kept.local.claimed.has(kept.session));
}

#[test]
fn a_disk_fault_while_readying_by_name_reports_it_as_not_claimed() {
    let patience = Duration::from_secs(8);
    for (store, expected) in
        [(None, Readiness::Unclaimed), (Some(patience), Readiness::Unreachable)]
    {
        let mut kept = Kept::new();
        kept.memory.fail_next(Operation::List, ErrorKind::Other);
        let patience = Patience { owner: patience, store };
        let reports = kept.execute(ReplicaOrder::ReadyByName(kept.session, patience));
        let is_expected = |report: &ReplicaReport| matches!(report, ReplicaReport::Ready(_, readiness) if *readiness == expected);
        assert!(reports.iter().any(is_expected), "{reports:?}");
    }
}

#[test]
fn a_session_readied_on_a_full_disk_is_replicated_once_there_is_room() {
    let mut kept = Kept::new();
    kept.memory.fail_next(Operation::Replace, ErrorKind::StorageFull);
    kept.execute(ReplicaOrder::Ready(kept.session));
    let reports = kept.turn();
    let [.., ReplicaReport::Ready(_, Readiness::Unclaimed), ReplicaReport::Failed(..)] =
        &reports[..]
    else {
        panic!("{reports:?}")
    };
    kept.write("1-000001.journal");
    let reports: Vec<_> = (0..20).flat_map(|_| kept.turn()).collect();
    let is_claimed = |report: &ReplicaReport| matches!(report, ReplicaReport::Claimed(..));
    assert!(reports.iter().any(is_claimed), "{reports:?}");
    let there = [("1-000000.journal".to_owned(), 3), ("1-000001.journal".to_owned(), 4)];
    assert_eq!(kept.replicated(), there);
}

#[test]
fn letting_go_of_an_unsent_session_reports_why_first() {
    let mut kept = Kept::new();
    kept.execute(ReplicaOrder::Ready(kept.session));
    kept.turn();
    kept.write("1-000001.journal");
    kept.memory.remove_all(&kept.path("1-000001.journal"));
    let mut reports = kept.execute(ReplicaOrder::LetGo(kept.session));
    (0..50).for_each(|_| reports.extend(kept.turn()));
    reports.retain(|report| !matches!(report, ReplicaReport::Found(..)));
    let [.., ReplicaReport::Over(_, _, Over::Unread(_)), ReplicaReport::LetGo(_, false)] =
        &reports[..]
    else {
        panic!("{reports:?}")
    };
}

impl Kept {
    /// A file of the session becomes durable here.
    fn write(&self, name: &str) {
        let mut file = self.disk.create_new(&self.path(name)).unwrap();
        file.append(b"more").unwrap();
        file.sync().unwrap();
        self.disk.sync_dir(self.path("x").parent().unwrap()).unwrap();
    }
}

#[test]
fn withheld_checkpoints_are_not_sent_nor_lagging_until_allowed() {
    let mut kept = Kept::new();
    let session = kept.session;
    kept.execute(ReplicaOrder::Begin(session));
    kept.turn();
    assert_eq!(kept.replicated().len(), 1);
    kept.execute(ReplicaOrder::Withhold(session, true));
    kept.write("1-000001.journal");
    let checkpoint = CheckpointId { run: RunId(1), counter: 1 };
    kept.execute(ReplicaOrder::Saved(session, checkpoint));
    // Far longer than a checkpoint may lag, and than a lease.
    let reports: Vec<_> = (0..40).flat_map(|_| kept.turn()).collect();
    assert!(reports.is_empty(), "{reports:?}");
    assert_eq!(kept.replicated().len(), 1);
    assert!(kept.local.claimed.has(session), "it stays this machine's");

    kept.execute(ReplicaOrder::Withhold(session, false));
    let reports: Vec<_> = (0..3).flat_map(|_| kept.turn()).collect();
    let is_there =
        |it: &ReplicaReport| matches!(it, ReplicaReport::Replicated(_, it) if *it == checkpoint);
    assert!(reports.iter().any(is_there), "{reports:?}");
    assert!(!reports.iter().any(|it| matches!(it, ReplicaReport::Lagging(..))), "{reports:?}");
    assert_eq!(kept.replicated().len(), 2);
}

#[test]
fn a_session_left_while_withheld_is_released_without_its_new_files() {
    let mut kept = Kept::new();
    let session = kept.session;
    kept.execute(ReplicaOrder::Begin(session));
    kept.turn();
    kept.execute(ReplicaOrder::Withhold(session, true));
    kept.write("1-000001.journal");
    kept.execute(ReplicaOrder::LetGo(session));
    let reports: Vec<_> = (0..3).flat_map(|_| kept.turn()).collect();
    let is_left =
        |it: &ReplicaReport| matches!(it, ReplicaReport::LetGo(it, false) if *it == session);
    assert!(reports.iter().any(is_left), "{reports:?}");
    assert!(!reports.iter().any(|it| matches!(it, ReplicaReport::Replicated(..))), "{reports:?}");
    assert_eq!(kept.replicated().len(), 1);

    // Played again with consent, all of it is sent.
    kept.execute(ReplicaOrder::Withhold(session, false));
    kept.execute(ReplicaOrder::Begin(session));
    kept.turn();
    kept.turn();
    assert_eq!(kept.replicated().len(), 2);
}

#[test]
fn a_session_begun_while_withheld_is_not_in_the_replica() {
    let mut kept = Kept::new();
    let session = kept.session;
    kept.execute(ReplicaOrder::Withhold(session, true));
    kept.execute(ReplicaOrder::Begin(session));
    let reports: Vec<_> = (0..5).flat_map(|_| kept.turn()).collect();
    assert!(!reports.iter().any(|it| matches!(it, ReplicaReport::Claimed(..))), "{reports:?}");
    assert_eq!(kept.replicated(), []);
    kept.execute(ReplicaOrder::Withhold(session, false));
    let reports: Vec<_> = (0..2).flat_map(|_| kept.turn()).collect();
    assert!(reports.iter().any(|it| matches!(it, ReplicaReport::Claimed(..))), "{reports:?}");
    assert_eq!(kept.replicated().len(), 1);
}

#[test]
fn a_store_is_reported_as_back_even_for_a_withheld_session() {
    let mut kept = Kept::new();
    kept.store.go_away();
    kept.execute(ReplicaOrder::Begin(kept.session));
    let reports = kept.turn();
    assert!(reports.iter().any(|it| matches!(it, ReplicaReport::Lost(..))), "{reports:?}");
    kept.execute(ReplicaOrder::Withhold(kept.session, true));
    let reports: Vec<_> = (0..3).flat_map(|_| kept.turn()).collect();
    assert!(reports.is_empty(), "{reports:?}");
    kept.store.come_back();
    let reports: Vec<_> = (0..9).flat_map(|_| kept.turn()).collect();
    assert!(reports.iter().any(|it| matches!(it, ReplicaReport::Back)), "{reports:?}");
    assert_eq!(kept.replicated(), []);
}

/// Its player withdraws while it is played, or in the menu.
#[test]
fn a_withdrawn_session_is_forgotten_at_once_even_if_it_was_left() {
    for is_left in [false, true] {
        let mut kept = Kept::new();
        let session = kept.session;
        kept.local.store.write_session_card(&card(session)).unwrap();
        kept.execute(ReplicaOrder::Begin(session));
        kept.turn();
        if is_left {
            kept.execute(ReplicaOrder::LetGo(session));
            kept.turn();
        }
        assert_eq!(kept.store.catalogue().len(), 1);
        // A fault of it ends nothing, and is no news.
        kept.store.lock_catalogue(true);
        kept.execute(ReplicaOrder::Withhold(session, true));
        kept.execute(ReplicaOrder::Forget(session));
        let reports = kept.turn();
        assert!(!reports.iter().any(|it| matches!(it, ReplicaReport::Lost(..))), "{reports:?}");
        assert_eq!(kept.store.catalogue().len(), 1);
        kept.store.lock_catalogue(false);
        kept.turn();
        assert_eq!(kept.store.catalogue().len(), 0, "{is_left}");
    }
}

#[test]
fn a_session_whose_player_agrees_again_or_that_was_never_replicated_is_not_forgotten() {
    let mut kept = Kept::new();
    let session = kept.session;
    kept.local.store.write_session_card(&card(session)).unwrap();
    kept.execute(ReplicaOrder::Begin(session));
    kept.turn();
    kept.store.lock_catalogue(true);
    kept.execute(ReplicaOrder::Withhold(session, true));
    kept.execute(ReplicaOrder::Forget(session));
    kept.turn();
    kept.store.lock_catalogue(false);
    kept.execute(ReplicaOrder::Withhold(session, false));
    kept.turn();
    assert_eq!(kept.store.catalogue().len(), 1);
    // A precaution forgets nothing.
    kept.execute(ReplicaOrder::Withhold(session, true));
    kept.turn();
    assert_eq!(kept.store.catalogue().len(), 1);

    let other = SessionId::random();
    kept.store.describe(&CatalogueLine::of(card(other), Epoch(1), None));
    kept.execute(ReplicaOrder::Forget(other));
    kept.turn();
    let is_other = |line: &CatalogueLine| line.session == other;
    assert!(kept.store.catalogue().iter().any(is_other), "it is another machine's");
}

/// A keeper whose session is in the replica, released, and was removed from the disk by an erasure.
fn with_an_erasure() -> Kept {
    let mut kept = Kept::new();
    let session = kept.session;
    // Of what can't be read nobody can say whose it is.
    kept.memory.remove(&kept.path("1-000000.journal")).unwrap();
    kept.memory.put(&kept.path("session-1-picture.attachment"), b"a picture");
    kept.local.store.write_session_card(&card(session)).unwrap();
    kept.execute(ReplicaOrder::Begin(session));
    kept.turn();
    kept.execute(ReplicaOrder::LetGo(session));
    kept.turn();
    assert_eq!(kept.store.catalogue().len(), 1);
    kept.memory.remove(&kept.path("session.ron")).unwrap();
    let mut erasure = Erasure::of("Ann", Timestamp::UNIX_EPOCH);
    erasure.sessions = vec![session];
    ErasureFiles::of(&kept.local.store).write(&erasure).unwrap();
    kept.local.store.remove_session(session).unwrap();
    kept
}

/// The entries that the replica holds.
fn entries(kept: &Kept) -> usize {
    let listing = kept.store.list(kept.session).unwrap();
    listing.entries.values().map(|positions| positions.len()).sum()
}

fn is_erased(reports: &[ReplicaReport]) -> bool {
    reports.iter().any(|report| matches!(report, ReplicaReport::Erased(_)))
}

#[test]
fn an_interrupted_erasure_is_finished_by_the_next_process() {
    for steps in 0..40 {
        let mut kept = with_an_erasure();
        let mark = kept.local.store.layout().mark("here", kept.session);
        assert!(kept.memory.content(&mark).is_some());
        assert_eq!(
            crate::disk::Kept::of(&mark).map(|kept| kept.what),
            Some("mark of a replicated session")
        );
        kept.keeper.execute(ReplicaOrder::Erase, kept.moment());
        for step in 0..steps {
            // The store is away for each third step.
            match step % 3 {
                2 => kept.store.go_away(),
                _ => kept.store.come_back(),
            }
            kept.keeper.turn(kept.moment());
            kept.now += Duration::from_millis(600);
        }
        kept.store.come_back();
        let was_erased = is_erased(&kept.keeper.reports().collect::<Vec<_>>());

        let mut kept = kept.in_another_process();
        let reports: Vec<_> = (0..12).flat_map(|_| kept.turn()).collect();
        let mut log = Log::new(kept.session);
        block_on(log.refresh(&Direct(Arc::new(kept.store.clone())))).unwrap();
        assert!(log.tombstone().is_some() && !log.has_leftovers(), "after {steps} steps");
        assert!(was_erased || is_erased(&reports), "after {steps} steps");
        assert_eq!(kept.store.catalogue(), [], "after {steps} steps");
        assert_eq!(kept.memory.content(&mark), None, "after {steps} steps");
        assert!(
            !reports.iter().any(
                |report| matches!(report, ReplicaReport::Found(found, _) if !found.is_empty())
            ),
            "after {steps} steps: it should never be listed"
        );
    }
}

#[test]
fn late_entries_of_an_erased_session_are_removed_again() {
    let mut kept = with_an_erasure();
    let listing = kept.store.list(kept.session).unwrap();
    let (epoch, position) = (Epoch::FIRST, Position::FIRST);
    assert!(listing.entries[&epoch].contains(&position));
    let key = Key::Entry { session: kept.session, epoch, position };
    let late = kept.store.read(key).unwrap().unwrap();
    kept.execute(ReplicaOrder::Erase);
    let reports: Vec<_> = (0..4).flat_map(|_| kept.turn()).collect();
    assert!(is_erased(&reports));
    let left = entries(&kept);

    // A message that was on its way for long, and comes twice.
    for _ in 0..2 {
        kept.store.create(key, &late).unwrap();
        assert_eq!(entries(&kept), left + 1);
        // Of what was removed, not each look asks.
        (0..12).for_each(|_| drop(kept.turn()));
        assert_eq!(entries(&kept), left);
    }
}

#[test]
fn a_second_seal_of_an_epoch_is_not_removed_again_and_again() {
    let mut kept = with_an_erasure();
    let session = kept.session;
    let listing = kept.store.list(session).unwrap();
    let (epoch, position) = (Epoch::FIRST, listing.entries[&Epoch::FIRST].last().unwrap().next());
    let seal = Entry { nonce: 7, body: Body::Seal { released: false } };
    kept.execute(ReplicaOrder::Erase);
    let reports: Vec<_> = (0..4).flat_map(|_| kept.turn()).collect();
    assert!(is_erased(&reports));
    let left = entries(&kept);

    // A claimant that was suspended before it sealed.
    let second = Key::Entry { session, epoch, position };
    kept.store.create(second, &seal.encode((session, epoch, position), &[])).unwrap();
    let reports: Vec<_> = (0..24).flat_map(|_| kept.turn()).collect();
    assert!(!is_erased(&reports), "nobody needs to hear that again: {reports:?}");
    assert_eq!(entries(&kept), left + 1, "seals stay");
    let mut log = Log::new(session);
    block_on(log.refresh(&Direct(Arc::new(kept.store.clone())))).unwrap();
    assert!(log.has_leftovers(), "as far as the listing says");
}
