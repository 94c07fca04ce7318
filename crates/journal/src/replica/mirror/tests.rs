//! Sessions of a replica in memory, and their mirror.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use crate::model::clock::{Clock, Moment};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::replica::{
    Change, Claim, Claimant, Created, Direct, FileName, Key, Listing, Log, MemoryReplica, Mirror,
    MirrorKeeper, MirrorNews, MirrorOptions, MirrorOrder, MirrorOver, MirrorReport, Owner,
    Position, Receiver, ReplicaStore, Side, StoreFault, Unmirrored, block_on, fetch,
};

const LEASE: Duration = Duration::from_secs(300);
const INTERVAL: Duration = Duration::from_secs(60);

type Objects = BTreeMap<Key, Vec<u8>>;

/// A store that counts what is read of it, and at which something happens when it is listed.
#[derive(Clone, Default)]
struct Store {
    memory: MemoryReplica,
    bytes_read: Arc<AtomicU64>,
    at_list: Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Store")
    }
}

impl ReplicaStore for Store {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.memory.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        let read = self.memory.read(key)?;
        let len = read.as_ref().map_or(0, Vec::len);
        self.bytes_read.fetch_add(len as u64, Ordering::Relaxed);
        Ok(read)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        let listing = self.memory.list(session);
        let happens = self.at_list.lock().unwrap().take();
        happens.into_iter().for_each(|happens| happens());
        listing
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.memory.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.memory.sessions()
    }
}

impl Store {
    fn on(memory: MemoryReplica) -> Self {
        Self { memory, ..Self::default() }
    }

    fn reach(&self) -> Direct {
        Direct(Arc::new(self.memory.clone()))
    }

    fn log(&self, session: SessionId) -> Log {
        let mut log = Log::new(session);
        block_on(log.refresh(&self.reach())).unwrap();
        log
    }

    fn own(&self, session: SessionId) -> Owner<Direct> {
        let mut log = Log::new(session);
        let claim: Claim =
            block_on(Claimant::new(session, &self.reach()).claim(&self.reach(), &mut log)).unwrap();
        Owner::new(self.reach(), claim, log, 1).unwrap()
    }

    fn files(&self, session: SessionId) -> BTreeMap<String, Vec<u8>> {
        let mut fetched = Fetched::default();
        block_on(fetch(&self.reach(), &self.log(session), &mut fetched)).unwrap();
        fetched.0
    }

    /// All objects of a session.
    fn objects(&self, session: SessionId) -> Objects {
        let listing = self.memory.list(session).unwrap();
        let claims = listing.claims.iter().map(|epoch| Key::Claim { session, epoch: *epoch });
        let entries = listing.entries.iter().flat_map(|(epoch, positions)| {
            positions.iter().map(|position| Key::Entry {
                session,
                epoch: *epoch,
                position: *position,
            })
        });
        claims.chain(entries).map(|key| (key, self.memory.read(key).unwrap().unwrap())).collect()
    }
}

#[derive(Default)]
struct Fetched(BTreeMap<String, Vec<u8>>, String);

impl Receiver for Fetched {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.1 = name.to_string();
        self.0.insert(self.1.clone(), Vec::new());
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut(&self.1).unwrap().extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn name(name: &str) -> FileName {
    FileName::try_from(name.to_owned()).unwrap()
}

/// Appends to a file, and creates it if need be.
fn append(owner: &mut Owner<Direct>, file: &str, bytes: &[u8]) {
    let file = name(file);
    let there = owner.files().get(&file).map(|file| file.bytes);
    let create = there.is_none().then(|| Change::Create { name: file.clone() });
    let (offset, len, hash) = (there.unwrap_or(0), bytes.len() as u64, xxh3_64(bytes));
    let append = Change::Append { name: file, offset, len, hash };
    owner.send_changes(create.into_iter().chain([append]).collect(), bytes).unwrap();
    block_on(owner.settle_all()).unwrap();
}

fn remove(owner: &mut Owner<Direct>, file: &str) {
    owner.send_changes(vec![Change::Remove { name: name(file) }], &[]).unwrap();
    block_on(owner.settle_all()).unwrap();
}

/// Sessions that are mirrored.
struct World {
    replica: Store,
    mirror: Store,
    session: SessionId,
    now: Duration,
}

impl World {
    fn new() -> Self {
        let (replica, mirror) = (Store::default(), Store::default());
        Self { replica, mirror, session: SessionId::random(), now: Duration::ZERO }
    }

    fn options(&self) -> MirrorOptions {
        MirrorOptions {
            replica: Arc::new(self.replica.clone()),
            mirror: Arc::new(self.mirror.clone()),
            machine: "here".to_owned(),
            lease: LEASE,
            interval: INTERVAL,
        }
    }

    fn mirroring(&self) -> Mirror {
        Mirror::new(self.session, &Arc::new(self.options()))
    }

    /// Steps until nothing has to be done for a second, or it is over.
    fn run(&mut self, mirror: &mut Mirror) -> Vec<MirrorNews> {
        let mut news = Vec::new();
        for _ in 0..10_000 {
            if mirror.step(self.now, &mut news) >= Duration::from_secs(1) {
                return news;
            }
        }
        panic!("it never rests: {news:?}");
    }

    /// The same some time later.
    fn later(&mut self, mirror: &mut Mirror, time: Duration) -> Vec<MirrorNews> {
        self.now += time;
        self.run(mirror)
    }

    /// Mirrors all that there is, and lets go of it.
    fn mirror_all(&mut self) {
        let mut mirror = self.mirroring();
        self.run(&mut mirror);
        mirror.leave(true);
        self.run(&mut mirror);
    }

    /// The mirror has what the replica has lost: it is said after an interval, and the mirror has these objects still.
    fn assert_left_alone(&mut self, before: &Objects) {
        let mut mirror = self.mirroring();
        self.run(&mut mirror);
        assert!(is_ahead(&self.later(&mut mirror, INTERVAL)));
        assert_eq!(self.mirror.objects(self.session), *before);
    }

    fn is_same(&self) -> bool {
        self.mirror.files(self.session) == self.replica.files(self.session)
    }
}

fn is_whole(news: &[MirrorNews]) -> bool {
    news.iter().any(|news| matches!(news, MirrorNews::Whole(_)))
}

fn is_ahead(news: &[MirrorNews]) -> bool {
    news.iter().any(|it| matches!(it, MirrorNews::Refused(Unmirrored::MirrorIsAhead)))
}

#[test]
fn a_mirror_follows_what_the_owner_of_the_replica_does() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    append(&mut owner, "slots/boss.save", b"boss");
    let mut mirror = world.mirroring();
    assert!(is_whole(&world.run(&mut mirror)) && world.is_same());
    append(&mut owner, "1-1.journal", b"two");
    append(&mut owner, "1-2.journal", b"three");
    remove(&mut owner, "slots/boss.save");
    assert!(world.run(&mut mirror).is_empty(), "its time hasn't come");
    assert!(is_whole(&world.later(&mut mirror, INTERVAL)) && world.is_same());
    remove(&mut owner, "1-1.journal");
    append(&mut owner, "1-1.journal", b"another");
    mirror.leave(true);
    let news = world.run(&mut mirror);
    assert!(matches!(news[..], [.., MirrorNews::Over(MirrorOver::LetGo)]), "{news:?}");
    assert!(world.is_same());
    let log = world.mirror.log(world.session);
    assert!(log.seal(log.highest()).is_some_and(|(_, released)| released));
}

#[test]
fn an_interval_brings_all_that_there_is_and_a_look_without_news_writes_nothing() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    for _ in 0..7 {
        append(&mut owner, "1-1.journal", &vec![7; 700 << 10]);
    }
    let mut mirror = world.mirroring();
    assert!(is_whole(&world.run(&mut mirror)) && world.is_same());
    let before = world.mirror.objects(world.session);
    assert!(is_whole(&world.later(&mut mirror, INTERVAL)));
    assert_eq!(world.mirror.objects(world.session), before);
    // Nor does another process that finds it as it is.
    mirror.leave(true);
    world.run(&mut mirror);
    let before = world.mirror.objects(world.session);
    assert!(is_whole(&world.run(&mut world.mirroring())));
    assert_eq!(world.mirror.objects(world.session), before);
}

#[test]
fn only_what_is_new_is_read_and_nothing_of_the_mirrors_files() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", &vec![1; 900_000]);
    append(&mut owner, "1-1.journal", &[1; 500]);
    let mut mirror = world.mirroring();
    world.run(&mut mirror);
    let read = |store: &Store| store.bytes_read.swap(0, Ordering::Relaxed);
    assert!(read(&world.replica) > 900_000);
    append(&mut owner, "1-1.journal", &[2; 500]);
    assert!(is_whole(&world.later(&mut mirror, INTERVAL)) && world.is_same());
    assert!(read(&world.replica) < 5_000, "the rest");
    mirror.leave(true);
    world.run(&mut mirror);
    read(&world.mirror);
    append(&mut owner, "1-1.journal", &[3; 500]);
    let mut next = world.mirroring();
    assert!(is_whole(&world.run(&mut next)) && world.is_same());
    // The log of the mirror has what it got in entries, each of which is read once. None of them is read for its bytes.
    let log = world.mirror.log(world.session).bytes();
    assert!(read(&world.mirror) < 2 * log, "{log}");
}

#[test]
fn a_replica_that_went_back_leaves_its_mirror_untouched() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    append(&mut owner, "1-2.journal", b"pruned later");
    let mut mirror = world.mirroring();
    world.run(&mut mirror);
    let yesterday = world.replica.memory.snapshot();
    append(&mut owner, "1-1.journal", b"two");
    remove(&mut owner, "1-2.journal");
    assert!(is_whole(&world.later(&mut mirror, INTERVAL)) && world.is_same());
    mirror.leave(true);
    world.run(&mut mirror);
    let before = world.mirror.objects(world.session);
    // It is played on from yesterday's state, by another machine and the one of before.
    world.replica = Store::on(yesterday);
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "2-1.journal", b"other");
    let mut mirror = world.mirroring();
    assert!(!is_ahead(&world.run(&mut mirror)), "its machine may still bring it up to date");
    assert!(is_ahead(&world.later(&mut mirror, INTERVAL)));
    assert!(!is_ahead(&world.later(&mut mirror, Duration::from_secs(600))), "it is said once");
    assert_eq!(world.mirror.objects(world.session), before);
    // Once the replica has all that was lost, it goes on.
    append(&mut owner, "1-1.journal", b"two");
    let news = world.later(&mut mirror, Duration::from_secs(600));
    assert!(is_whole(&news) && world.is_same(), "{news:?}");
    remove(&mut owner, "1-1.journal");
    assert!(is_whole(&world.later(&mut mirror, INTERVAL)) && world.is_same());
}

#[test]
fn a_replica_that_goes_back_in_play_leaves_its_mirror_untouched() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    let yesterday = world.replica.objects(world.session);
    let mut mirror = world.mirroring();
    append(&mut owner, "1-1.journal", b"two");
    world.run(&mut mirror);
    let files = world.mirror.files(world.session);
    // The same entries come again with others in their places, which a log that was read before doesn't notice.
    for key in
        world.replica.objects(world.session).keys().filter(|key| !yesterday.contains_key(key))
    {
        world.replica.memory.delete(*key).unwrap();
    }
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"six");
    mirror.leave(true);
    let news = world.later(&mut mirror, INTERVAL);
    assert!(is_ahead(&news) && mirror.is_refused(), "{news:?}");
    assert_eq!(world.mirror.files(world.session), files);
    assert!(!world.mirror.objects(world.session).is_empty());
}

#[test]
fn a_compacted_replica_is_known_again_by_its_seals() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    append(&mut owner, "slots/boss.save", b"boss");
    let mut mirror = world.mirroring();
    world.run(&mut mirror);
    remove(&mut owner, "slots/boss.save");
    for is_kept in [true, false] {
        block_on(owner.begin_compaction()).unwrap();
        while block_on(owner.compact()).unwrap() {}
        append(&mut owner, "1-1.journal", b"two");
        if !is_kept {
            // By another process, which has only the mirror's log.
            remove(&mut owner, "1-1.journal");
            mirror.leave(true);
            world.run(&mut mirror);
            append(&mut owner, "1-3.journal", b"two");
            mirror = world.mirroring();
        }
        let news = world.later(&mut mirror, INTERVAL);
        assert!(is_whole(&news) && world.is_same(), "{news:?}");
    }
}

#[test]
fn a_mirror_is_compacted_and_still_says_where_it_is() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    let mut mirror = world.mirroring();
    append(&mut owner, "1-1.journal", b"one");
    for number in 0..9 {
        append(&mut owner, "slots/boss.save", &vec![number; 900_000]);
        world.later(&mut mirror, INTERVAL);
        remove(&mut owner, "slots/boss.save");
    }
    world.later(&mut mirror, INTERVAL);
    assert!(world.is_same());
    let log = world.mirror.log(world.session);
    assert!(log.highest().0 > 1 && log.bytes() < 4 << 20, "{log:?}");
    append(&mut owner, "1-1.journal", b"two");
    assert!(is_whole(&world.later(&mut mirror, INTERVAL)) && world.is_same());
    mirror.leave(true);
    world.run(&mut mirror);
    // What the mirror alone has by now is gone in the replica.
    remove(&mut owner, "1-1.journal");
    append(&mut owner, "1-2.journal", b"three");
    assert!(is_whole(&world.run(&mut world.mirroring())) && world.is_same());
}

#[test]
fn a_mirror_that_was_used_as_a_replica_is_touched_only_if_nothing_is_lost_by_it() {
    for is_in_replica in [false, true] {
        let mut world = World::new();
        let mut owner = world.replica.own(world.session);
        append(&mut owner, "1-1.journal", b"one");
        world.mirror_all();
        let mut other = world.mirror.own(world.session);
        append(&mut other, "1-1.journal", b"two");
        block_on(other.release()).unwrap();
        append(&mut owner, "1-1.journal", if is_in_replica { b"two" } else { b"six" });
        let before = world.mirror.objects(world.session);
        let mut next = world.mirroring();
        let mut news = world.run(&mut next);
        news.extend(world.later(&mut next, INTERVAL));
        assert_eq!(is_whole(&news), is_in_replica, "{news:?}");
        assert_eq!(is_ahead(&news), !is_in_replica);
        assert!(is_in_replica || world.mirror.objects(world.session) == before);
        // From then on it is the replica's again.
        if is_in_replica {
            remove(&mut owner, "1-1.journal");
            world.now += LEASE * 2;
            let mut next = world.mirroring();
            world.run(&mut next);
            assert!(is_whole(&world.later(&mut next, LEASE)) && world.is_same());
        }
    }
}

#[test]
fn what_is_removed_in_the_replica_is_removed_in_the_mirror() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    let mut mirror = world.mirroring();
    world.run(&mut mirror);
    while block_on(owner.remove()).unwrap() {}
    let news = world.later(&mut mirror, INTERVAL);
    assert!(matches!(news[..], [.., MirrorNews::Over(MirrorOver::Removed)]), "{news:?}");
    let log = world.mirror.log(world.session);
    assert!(log.tombstone().is_some() && !log.has_leftovers());
    // A replica from before doesn't bring it back.
    world.replica = Store::default();
    append(&mut world.replica.own(world.session), "1-1.journal", b"one");
    let news = world.run(&mut world.mirroring());
    assert!(matches!(news[..], [MirrorNews::Over(MirrorOver::RemovedThere)]), "{news:?}");
    assert_eq!(world.mirror.files(world.session), BTreeMap::new());
}

#[test]
fn another_machines_mirror_is_waited_for_and_one_that_lost_it_goes_on() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    let [mut one, mut two] = [world.mirroring(), world.mirroring()];
    world.run(&mut one);
    append(&mut owner, "1-1.journal", b"two");
    world.run(&mut two);
    assert!(two.waits_for_owner() && two.is_stuck());
    // The one is silent for a lease, and finds the other when it wakes up.
    for _ in 0..11 {
        world.later(&mut two, LEASE / 10);
    }
    assert!(world.is_same() && !two.is_stuck());
    append(&mut owner, "1-1.journal", b"three");
    world.run(&mut one);
    world.later(&mut one, INTERVAL);
    assert!(one.waits_for_owner());
    two.leave(true);
    world.run(&mut two);
    append(&mut owner, "1-1.journal", b"four");
    assert!(is_whole(&world.later(&mut one, LEASE / 10)) && world.is_same());
}

#[test]
fn a_replica_that_cant_be_read_is_tried_again() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    let (key, bytes) = world.replica.objects(world.session).pop_last().unwrap();
    world.replica.memory.delete(key).unwrap();
    world.replica.memory.create(key, b"damaged").unwrap();
    let mut mirror = world.mirroring();
    let mut news = world.run(&mut mirror);
    news.extend(world.later(&mut mirror, INTERVAL));
    assert!(matches!(news[..], [MirrorNews::Refused(Unmirrored::Unreadable(..))]), "{news:?}");
    assert!(world.mirror.objects(world.session).is_empty());
    world.replica.memory.delete(key).unwrap();
    world.replica.memory.create(key, &bytes).unwrap();
    assert!(is_whole(&world.later(&mut mirror, Duration::from_secs(600))) && world.is_same());
}

#[test]
fn entries_that_are_lost_in_an_older_epoch_leave_the_mirror_untouched() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    append(&mut owner, "slots/boss.save", b"boss");
    append(&mut owner, "1-1.journal", b"two");
    let lost =
        Key::Entry { session: world.session, epoch: owner.claim().epoch, position: Position(2) };
    block_on(owner.release()).unwrap();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "2-1.journal", b"three");
    let mut mirror = world.mirroring();
    mirror.leave(true);
    world.run(&mut mirror);
    let before = world.mirror.objects(world.session);
    // Who owns the session next ends the epoch at the gap: the slot is gone in the replica, and all behind it.
    world.replica.memory.delete(lost).unwrap();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "2-1.journal", b"four");
    assert!(!world.replica.files(world.session).contains_key("slots/boss.save"));
    world.assert_left_alone(&before);
}

#[test]
fn a_journal_that_is_lost_in_an_older_epoch_is_not_taken_for_a_pruned_one() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    let epoch = owner.claim().epoch;
    block_on(owner.release()).unwrap();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-2.journal", b"two");
    world.mirror_all();
    let before = world.mirror.objects(world.session);
    let lost = Key::Entry { session: world.session, epoch, position: Position::FIRST };
    world.replica.memory.delete(lost).unwrap();
    append(&mut world.replica.own(world.session), "1-2.journal", b"three");
    assert!(!world.replica.files(world.session).contains_key("1-1.journal"));
    world.assert_left_alone(&before);
}

#[test]
fn a_gap_long_after_another_one_is_waited_for_anew() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    block_on(owner.release()).unwrap();
    let seal =
        Key::Entry { session: world.session, epoch: owner.claim().epoch, position: Position(2) };
    let bytes = world.replica.memory.read(seal).unwrap().unwrap();
    let mut owner = world.replica.own(world.session);
    for _ in 0..4 {
        append(&mut owner, "2-1.journal", &vec![7; 900 << 10]);
    }
    world.replica.memory.delete(seal).unwrap();
    let mut mirror = world.mirroring();
    world.run(&mut mirror);
    world.replica.memory.create(seal, &bytes).unwrap();
    // It is being sent for longer than a lease, and then a part of it is missing for a moment.
    let mut news = Vec::new();
    world.now += Duration::from_secs(1);
    for _ in 0..6 {
        mirror.step(world.now, &mut news);
    }
    assert!(news.is_empty() && !world.mirror.objects(world.session).is_empty());
    let key =
        Key::Entry { session: world.session, epoch: owner.claim().epoch, position: Position(4) };
    let bytes = world.replica.memory.read(key).unwrap().unwrap();
    world.replica.memory.delete(key).unwrap();
    world.now += LEASE * 2;
    for _ in 0..4 {
        mirror.step(world.now, &mut news);
    }
    assert!(news.is_empty(), "{news:?}");
    world.replica.memory.create(key, &bytes).unwrap();
    world.now += LEASE;
    assert!(is_whole(&world.run(&mut mirror)) && world.is_same());
}

#[test]
fn what_was_pruned_meanwhile_may_go_also_if_the_replica_is_a_new_one() {
    for has_slot in [true, false] {
        let mut world = World::new();
        let mut owner = world.replica.own(world.session);
        append(&mut owner, "1-1.journal", b"one");
        append(&mut owner, "1-2.journal", b"two");
        append(&mut owner, "slots/boss.save", b"boss");
        world.mirror_all();
        world.replica = Store::default();
        let mut owner = world.replica.own(world.session);
        append(&mut owner, "1-2.journal", b"two");
        if has_slot {
            append(&mut owner, "slots/boss.save", b"boss");
        }
        let mut mirror = world.mirroring();
        let mut news = world.run(&mut mirror);
        news.extend(world.later(&mut mirror, INTERVAL));
        assert_eq!((is_whole(&news), is_ahead(&news)), (has_slot, !has_slot), "{news:?}");
        assert_eq!(world.is_same(), has_slot);
    }
}

#[test]
fn a_mirror_that_cant_be_read_is_removed_all_the_same() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    world.mirror_all();
    let is_data = |bytes: &[u8]| bytes.windows(3).any(|it| it == b"one");
    let objects = world.mirror.objects(world.session);
    let (key, _) = objects.into_iter().find(|(_, bytes)| is_data(bytes)).unwrap();
    world.mirror.memory.delete(key).unwrap();
    world.mirror.memory.create(key, b"damaged").unwrap();
    let news = world.run(&mut world.mirroring());
    let is_unreadable = |it: &MirrorNews| {
        matches!(it, MirrorNews::Refused(Unmirrored::Unreadable(Side::Mirror, _)))
    };
    assert!(news.iter().any(is_unreadable), "{news:?}");
    while block_on(owner.remove()).unwrap() {}
    let news = world.run(&mut world.mirroring());
    assert!(matches!(news[..], [MirrorNews::Over(MirrorOver::Removed)]), "{news:?}");
    let log = world.mirror.log(world.session);
    assert!(log.tombstone().is_some() && !log.has_leftovers());
}

#[test]
fn a_gap_in_the_replicas_log_is_said_after_a_lease() {
    let world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    block_on(owner.release()).unwrap();
    let seal =
        Key::Entry { session: world.session, epoch: owner.claim().epoch, position: Position(2) };
    append(&mut world.replica.own(world.session), "2-1.journal", b"two");
    gap_is_said(world, seal);
}

#[test]
fn a_claim_that_is_missing_in_the_replica_is_a_gap() {
    let world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    let claim = Key::Claim { session: world.session, epoch: owner.claim().epoch };
    gap_is_said(world, claim);
}

/// An object of the replica is gone, and is back once that was said.
fn gap_is_said(mut world: World, key: Key) {
    let object = world.replica.memory.read(key).unwrap().unwrap();
    world.replica.memory.delete(key).unwrap();
    let mut mirror = world.mirroring();
    let mut news = world.run(&mut mirror);
    let begun = world.now;
    while news.is_empty() && world.now < LEASE * 2 {
        news = world.later(&mut mirror, Duration::from_secs(1));
    }
    assert!(matches!(news[..], [MirrorNews::Refused(Unmirrored::Gap)]), "{news:?}");
    assert!(world.now - begun > LEASE && world.mirror.objects(world.session).is_empty());
    world.replica.memory.create(key, &object).unwrap();
    assert!(is_whole(&world.later(&mut mirror, Duration::from_secs(600))) && world.is_same());
}

#[test]
fn a_step_compares_some_files_and_no_file_is_compared_twice() {
    const FILE: u64 = 1 << 20;
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    for number in 1..=12 {
        append(&mut owner, &format!("1-{number}.journal"), &vec![number; FILE as usize]);
    }
    world.mirror_all();
    let read = || world.replica.bytes_read.load(Ordering::Relaxed);
    let (mut next, mut news, before) = (world.mirroring(), Vec::new(), read());
    assert_eq!(next.step(world.now, &mut news), Duration::ZERO);
    assert!(read() - before < (12 + 9) * FILE, "the log and some files");
    while next.step(world.now, &mut news) == Duration::ZERO {}
    assert!(is_whole(&news) && read() - before < (12 + 12 + 3) * FILE, "the log and all files");
}

struct Kept {
    world: World,
    keeper: MirrorKeeper,
}

impl Kept {
    fn new() -> Self {
        let world = World::new();
        let keeper = MirrorKeeper::new(world.options());
        Self { world, keeper }
    }

    fn moment(&self) -> Moment {
        Moment { elapsed: self.world.now, ..Clock::system().moment(Duration::ZERO) }
    }

    fn execute(&mut self, order: MirrorOrder) {
        self.keeper.execute(&order, self.moment());
    }

    /// Turns for a while.
    fn turns(&mut self, time: Duration) -> Vec<MirrorReport> {
        let (end, mut reports) = (self.world.now + time, Vec::new());
        for _ in 0..10_000 {
            let rest = self.keeper.turn(self.moment());
            reports.extend(self.keeper.reports());
            if self.world.now + rest > end {
                self.world.now = end;
                return reports;
            }
            self.world.now += rest;
        }
        panic!("it never rests");
    }
}

fn checkpoint(counter: u64) -> CheckpointId {
    CheckpointId { run: RunId(1), counter }
}

fn replicated(reports: &[MirrorReport]) -> Vec<u64> {
    let counters = reports.iter().filter_map(|it| match it {
        MirrorReport::Replicated(_, it) => Some(it.counter),
        _ => None,
    });
    counters.collect()
}

#[test]
fn a_checkpoint_is_named_that_the_replica_had_before_it_was_looked_at() {
    let mut kept = Kept::new();
    let session = kept.world.session;
    let mut owner = kept.world.replica.own(session);
    append(&mut owner, "1-1.journal", b"one");
    kept.execute(MirrorOrder::Begin(session));
    kept.execute(MirrorOrder::Replicated(session, checkpoint(1)));
    assert_eq!(replicated(&kept.turns(INTERVAL / 2)), [1]);
    append(&mut owner, "1-1.journal", b"two");
    kept.execute(MirrorOrder::Replicated(session, checkpoint(2)));
    assert_eq!(replicated(&kept.turns(INTERVAL)), [2]);
    assert!(replicated(&kept.turns(INTERVAL * 3)).is_empty());
    append(&mut owner, "1-1.journal", b"three");
    kept.execute(MirrorOrder::Replicated(session, checkpoint(3)));
    kept.execute(MirrorOrder::LetGo(session, false));
    let reports = kept.turns(Duration::from_secs(1));
    assert_eq!(replicated(&reports), [3]);
    assert!(matches!(reports[..], [.., MirrorReport::LetGo(_, true)]), "{reports:?}");
    assert!(kept.world.is_same());
}

#[test]
fn a_mirror_that_is_away_is_said_once_and_holds_nobody_up() {
    let mut kept = Kept::new();
    let session = kept.world.session;
    let mut owner = kept.world.replica.own(session);
    append(&mut owner, "1-1.journal", b"one");
    kept.world.mirror.memory.go_away();
    kept.execute(MirrorOrder::Begin(session));
    kept.execute(MirrorOrder::Replicated(session, checkpoint(1)));
    let reports = kept.turns(INTERVAL * 5);
    assert!(matches!(reports[..], [MirrorReport::Lost(_)]), "{reports:?}");
    kept.execute(MirrorOrder::LetGo(session, false));
    let reports = kept.turns(Duration::from_secs(1));
    assert!(matches!(reports[..], [MirrorReport::LetGo(_, false)]), "{reports:?}");
    kept.world.mirror.memory.come_back();
    let reports = kept.turns(INTERVAL);
    assert!(reports.iter().any(|it| matches!(it, MirrorReport::Back)), "{reports:?}");
    assert_eq!(replicated(&reports), [1]);
    assert!(kept.world.is_same());
}

#[test]
fn what_another_process_removed_in_the_replica_is_found_by_the_sweep() {
    let mut kept = Kept::new();
    let session = kept.world.session;
    let mut owner = kept.world.replica.own(session);
    append(&mut owner, "1-1.journal", b"one");
    for order in [MirrorOrder::Begin(session), MirrorOrder::LetGo(session, false)] {
        kept.execute(order);
        kept.turns(Duration::from_secs(1));
    }
    // One that the replica doesn't know stays.
    let absent = SessionId::random();
    append(&mut kept.world.mirror.own(absent), "1-1.journal", b"one");
    assert!(kept.turns(INTERVAL * 30).is_empty());
    while block_on(owner.remove()).unwrap() {}
    let reports = kept.turns(INTERVAL * 30);
    assert!(matches!(reports[..], [MirrorReport::Removed(it)] if it == session), "{reports:?}");
    assert!(kept.world.mirror.log(session).tombstone().is_some());
    assert_eq!(kept.world.mirror.files(absent).len(), 1);
    assert!(kept.turns(INTERVAL * 60).is_empty(), "it is said once");
}

#[test]
fn what_is_said_to_be_removed_is_removed_at_once_if_it_is() {
    let mut kept = Kept::new();
    let session = kept.world.session;
    let mut owner = kept.world.replica.own(session);
    append(&mut owner, "1-1.journal", b"one");
    for order in [MirrorOrder::Begin(session), MirrorOrder::LetGo(session, false)] {
        kept.execute(order);
        kept.turns(Duration::from_secs(1));
    }
    kept.execute(MirrorOrder::Remove(session));
    kept.turns(Duration::from_secs(1));
    assert!(kept.world.is_same());
    while block_on(owner.remove()).unwrap() {}
    kept.execute(MirrorOrder::Remove(session));
    let reports = kept.turns(Duration::from_secs(1));
    assert!(matches!(reports[..], [MirrorReport::Removed(_)]), "{reports:?}");
}

#[test]
fn a_checkpoint_that_comes_while_the_replica_is_listed_waits_for_the_next_look() {
    let mut world = World::new();
    let mut owner = world.replica.own(world.session);
    append(&mut owner, "1-1.journal", b"one");
    let mut mirror = world.mirroring();
    // The listing by which it is looked at as its owner.
    let mut news = Vec::new();
    mirror.step(world.now, &mut news);
    mirror.step(world.now, &mut news);
    mirror.replicated(checkpoint(1));
    let owner = Arc::new(Mutex::new(owner));
    let late = Arc::clone(&owner);
    // It becomes durable there behind what the listing has.
    let happens = Box::new(move || append(&mut late.lock().unwrap(), "1-1.journal", b"two"));
    *world.replica.at_list.lock().unwrap() = Some(happens);
    mirror.step(world.now, &mut news);
    mirror.replicated(checkpoint(2));
    let mut named = Vec::new();
    for _ in 0..2 {
        named.extend(world.run(&mut mirror).into_iter().filter_map(|it| match it {
            MirrorNews::Whole(checkpoint) => Some(checkpoint.map(|it| it.counter)),
            _ => None,
        }));
        world.now += INTERVAL;
    }
    assert_eq!(named, [Some(1), Some(2)]);
    assert!(world.is_same());
}

#[test]
fn a_session_that_is_taken_up_while_it_is_let_go_of_is_mirrored_again() {
    for is_away in [false, true] {
        let mut world = World::new();
        let mut owner = world.replica.own(world.session);
        append(&mut owner, "1-1.journal", b"one");
        let mut mirror = world.mirroring();
        world.run(&mut mirror);
        mirror.leave(true);
        let mut news = Vec::new();
        while !is_whole(&news) {
            mirror.step(world.now, &mut news);
        }
        if is_away {
            world.mirror.memory.go_away();
            mirror.step(world.now, &mut news);
            world.mirror.memory.come_back();
        }
        mirror.leave(false);
        append(&mut owner, "1-1.journal", b"two");
        for _ in 0..3 {
            world.later(&mut mirror, INTERVAL);
        }
        assert!(!mirror.is_over() && world.is_same());
    }
}

#[test]
fn a_store_that_is_its_own_mirror_is_left_alone() {
    let mut world = World::new();
    append(&mut world.replica.own(world.session), "1-1.journal", b"one");
    world.mirror = world.replica.clone();
    let before = world.replica.objects(world.session);
    let mut mirror = world.mirroring();
    let mut news = world.run(&mut mirror);
    mirror.leave(true);
    news.extend(world.later(&mut mirror, LEASE * 3));
    assert!(matches!(news[..], [MirrorNews::Refused(Unmirrored::SameStore)]), "{news:?}");
    assert_eq!(world.replica.objects(world.session), before);
}

#[test]
fn no_checkpoint_is_named_that_the_replica_has_lost() {
    let mut kept = Kept::new();
    let session = kept.world.session;
    let mut owner = kept.world.replica.own(session);
    append(&mut owner, "1-1.journal", b"one");
    let yesterday = kept.world.replica.objects(session);
    kept.execute(MirrorOrder::Begin(session));
    kept.turns(INTERVAL / 2);
    append(&mut owner, "1-1.journal", b"two");
    kept.execute(MirrorOrder::Replicated(session, checkpoint(2)));
    for key in
        kept.world.replica.objects(session).into_keys().filter(|key| !yesterday.contains_key(key))
    {
        kept.world.replica.memory.delete(key).unwrap();
    }
    kept.execute(MirrorOrder::LetGo(session, true));
    let reports = kept.turns(INTERVAL);
    assert!(replicated(&reports).is_empty(), "{reports:?}");
}
