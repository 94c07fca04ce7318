//! Mirrors of two processes that die anywhere, of a replica whose owners go on, compact, are restored from older states and
//! remove the session at any moment. All of it comes from a seed: 300 schedules in each `cargo test`, and
//! `BEVY_SESSION_TORTURE=100` times as many.

// Feature: A second store mirrors the replica, and keeps what the replica has lost.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use crate::deep::Random;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::replica::{
    Body, Change, Claimant, Created, Direct, Entry, Epoch, FileName, Key, Listing, Log,
    MemoryReplica, Mirror, MirrorNews, MirrorOptions, MirrorOver, Owner, Position, Receiver,
    ReplicaStore, Side, StoreFault, Unmirrored, block_on, clear_removed, fetch,
};

const LEASE: Duration = Duration::from_secs(300);
const NAMES: [&str; 7] = [
    "1-1.journal",
    "1-2.journal",
    "2-1.journal",
    "1.events",
    "a.attachment",
    "slots/one.save",
    "session.ron",
];

type Content = BTreeMap<FileName, Vec<u8>>;

/// A store that can be put back to an older state, for all that have it.
#[derive(Clone, Debug, Default)]
struct Swap(Arc<Mutex<MemoryReplica>>);

impl Swap {
    fn now(&self) -> MemoryReplica {
        self.0.lock().unwrap().clone()
    }
}

impl ReplicaStore for Swap {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.now().create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.now().read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.now().list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.now().delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.now().sessions()
    }
}

#[derive(Default)]
struct Fetched(Content, Option<FileName>);

impl Receiver for Fetched {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.0.insert(name.clone(), Vec::new());
        self.1 = Some(name.clone());
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut(self.1.as_ref().unwrap()).unwrap().extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read_log(store: &Swap, session: SessionId) -> Log {
    let mut log = Log::new(session);
    block_on(log.refresh(&Direct(Arc::new(store.clone())))).unwrap();
    log
}

fn content(store: &Swap, session: SessionId) -> Content {
    let mut fetched = Fetched::default();
    let log = read_log(store, session);
    block_on(fetch(&Direct(Arc::new(store.clone())), &log, &mut fetched)).unwrap();
    fetched.0
}

/// Returns true if a journal that isn't in the replica is known to have been pruned: one that goes on from it is there.
fn is_pruned(name: &FileName, there: &Content) -> bool {
    let follows = |it: &FileName| it.name() == NAMES[1];
    name.name() == NAMES[0] && !there.contains_key(name) && there.keys().any(follows)
}

/// The place that was named last.
fn newest_named(store: &Swap, session: SessionId) -> Option<Body> {
    let listing = store.list(session).unwrap();
    let places = listing.entries.into_iter().rev();
    let keys = places.flat_map(|(epoch, positions)| {
        positions.into_iter().rev().map(move |position| Key::Entry { session, epoch, position })
    });
    keys.filter_map(|key| Some(Entry::decode(key, &store.read(key).unwrap()?).unwrap().0.body))
        .find(|body| matches!(body, Body::Mirrors { .. }))
}

/// A state of the replica, and the one that it came from.
struct Node {
    before: Option<usize>,
    content: Content,
    /// The newest entry that counts.
    end: Option<(Epoch, Position, u128)>,
}

/// The replica, its owners, and all states that it ever had.
struct Replica {
    session: SessionId,
    store: Swap,
    random: Random,
    owner: Option<Owner<Direct>>,
    nodes: Vec<Node>,
    at: usize,
    backups: Vec<(MemoryReplica, usize)>,
    /// What each process has seen when it listed the replica last.
    listed: [usize; 2],
    is_removed: bool,
    is_quiet: bool,
    restores: usize,
}

impl Replica {
    fn new(seed: u64) -> Self {
        Self {
            session: SessionId::random(),
            store: Swap::default(),
            random: Random::new(seed),
            owner: None,
            nodes: vec![Node { before: None, content: Content::new(), end: None }],
            at: 0,
            backups: Vec::new(),
            listed: [0; 2],
            is_removed: false,
            is_quiet: false,
            restores: 0,
        }
    }

    fn reach(&self) -> Direct {
        Direct(Arc::new(self.store.clone()))
    }

    /// Something that happens to a replica. It goes back in time between two steps, not while it is listed.
    fn act(&mut self, may_go_back: bool) {
        if self.is_removed {
            return;
        }
        match self.random.below(40) {
            0..2 => self.take_over(),
            2..5 => self.compact(),
            5 => self.backups.push((self.store.now().snapshot(), self.at)),
            6 if may_go_back => self.restore(),
            7 if self.nodes.len() > 120 && self.random.one_in(8) => self.remove(),
            _ => self.change(),
        }
        self.note();
    }

    fn note(&mut self) {
        let content = content(&self.store, self.session);
        let log = read_log(&self.store, self.session);
        let end = log.end().map(|(epoch, position, entry)| (epoch, position, entry.nonce));
        if end != self.nodes[self.at].end {
            self.nodes.push(Node { before: Some(self.at), content, end });
            self.at = self.nodes.len() - 1;
        }
    }

    fn take_over(&mut self) {
        if let Some(mut owner) = self.owner.take().filter(|_| self.random.one_in(2)) {
            let _ = block_on(owner.release());
        }
        let (reach, mut log) = (self.reach(), Log::new(self.session));
        let claim = block_on(Claimant::new(self.session, &reach).claim(&reach, &mut log)).unwrap();
        self.owner = Some(Owner::new(reach, claim, log, 1).unwrap());
    }

    fn compact(&mut self) {
        let Some(owner) = &mut self.owner else { return };
        if !owner.is_compacting() && block_on(owner.begin_compaction()).is_err() {
            self.owner = None;
            return;
        }
        for _ in 0..self.random.below(12) {
            match block_on(owner.compact()) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => return self.owner = None,
            }
        }
    }

    fn restore(&mut self) {
        let Some((backup, at)) = self.random.pick(&self.backups) else { return };
        let (backup, at) = (backup.snapshot(), *at);
        *self.store.0.lock().unwrap() = backup;
        (self.at, self.restores) = (at, self.restores + 1);
        // An owner that hasn't noticed it yet sends one more. It stands behind a gap, or where the store has lost nothing.
        let has_sent = |owner: &Owner<Direct>| owner.acknowledged_to() > Position::default();
        if self.owner.as_ref().is_some_and(has_sent) && self.random.one_in(2) {
            self.change();
        }
        self.owner = None;
    }

    fn remove(&mut self) {
        self.take_over();
        let owner = self.owner.as_mut().unwrap();
        while block_on(owner.remove()).unwrap() {}
        block_on(clear_removed(&self.reach(), &read_log(&self.store, self.session))).unwrap();
        (self.owner, self.is_removed) = (None, true);
    }

    fn change(&mut self) {
        if self.owner.is_none() {
            self.take_over();
        }
        let owner = self.owner.as_mut().unwrap();
        if !owner.can_send() {
            return;
        }
        let name = *self.random.pick(&NAMES).unwrap();
        let name = FileName::try_from(name.to_owned()).unwrap();
        let len = self.random.below(4);
        let bytes: Vec<u8> = (0..len).map(|_| self.random.below(3) as u8).collect();
        let append = |name: &FileName, offset| {
            let (len, hash) = (bytes.len() as u64, xxh3_64(&bytes));
            Change::Append { name: name.clone(), offset, len, hash }
        };
        let (create, staged) = (
            |name: &FileName| Change::Create { name: name.clone() },
            name.with(".00000000000000ab.new"),
        );
        let changes = match owner.files().get(&name).map(|file| file.bytes) {
            None => vec![create(&name), append(&name, 0)],
            Some(_) if self.random.one_in(5) => vec![Change::Remove { name }],
            Some(_) if self.random.one_in(4) => {
                vec![create(&staged), append(&staged, 0), Change::Place { from: staged, to: name }]
            }
            Some(bytes) => vec![append(&name, bytes)],
        };
        let is_removal = matches!(changes[..], [Change::Remove { .. }]);
        let payload = if is_removal { &[][..] } else { &bytes[..] };
        let sent = owner.send_changes(changes, payload).map(drop);
        if sent.and_then(|()| block_on(owner.settle_all())).is_err() {
            self.owner = None;
        }
    }

    /// Returns true if a state came of another, or is it.
    fn comes_of(&self, mut state: usize, earlier: usize) -> bool {
        while state > earlier {
            let Some(before) = self.nodes[state].before else { break };
            state = before;
        }
        state == earlier
    }
}

/// A store as a process has it: whatever is asked may fail, before or after it was done, and before it the replica goes on.
#[derive(Clone)]
struct View {
    replica: Arc<Mutex<Replica>>,
    store: Swap,
    /// The process that looks at the replica.
    looks: Option<usize>,
    faults: Arc<Mutex<Random>>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("View")
    }
}

impl View {
    fn ask<T>(
        &self,
        is_list: bool,
        answer: impl FnOnce(&Swap) -> Result<T, StoreFault>,
    ) -> Result<T, StoreFault> {
        let mut replica = self.replica.lock().unwrap();
        let mut random = self.faults.lock().unwrap();
        let is_quiet = replica.is_quiet;
        if self.looks.is_some() && !is_quiet && random.one_in(4) {
            replica.act(false);
        }
        if !is_quiet && random.one_in(40) {
            return Err(StoreFault::new("it", "it wasn't done"));
        }
        let answered = answer(&self.store);
        if let Some(process) = self.looks.filter(|_| is_list) {
            replica.listed[process] = replica.at;
        }
        if !is_quiet && random.one_in(40) {
            return Err(StoreFault::new("it", "it was done"));
        }
        answered
    }
}

impl ReplicaStore for View {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        assert_eq!(self.looks, None, "the replica is only read");
        self.ask(false, |store| store.create(key, bytes))
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.ask(false, |store| store.read(key))
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.ask(true, |store| store.list(session))
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        assert_eq!(self.looks, None, "the replica is only read");
        self.ask(false, |store| store.delete(key))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.ask(false, ReplicaStore::sessions)
    }
}

/// The number of times that each of these was reached.
#[derive(Default, Debug)]
struct Reached {
    wholes: usize,
    refusals: usize,
    restores: usize,
    removals: usize,
    taken_over: usize,
    let_go: usize,
}

struct World {
    replica: Arc<Mutex<Replica>>,
    session: SessionId,
    mirror: Swap,
    options: [Arc<MirrorOptions>; 2],
    processes: [Mirror; 2],
    now: Duration,
    /// The mirror's files, the state of the replica that they come from, and the newest that it may have something of.
    files: Content,
    tip: usize,
    intent: usize,
    named: Option<Body>,
    last: Option<usize>,
    reached: Reached,
}

impl World {
    fn new(seed: u64) -> Self {
        let replica = Arc::new(Mutex::new(Replica::new(seed)));
        let (session, store) = {
            let replica = replica.lock().unwrap();
            (replica.session, replica.store.clone())
        };
        let (mirror, faults) = (Swap::default(), Arc::new(Mutex::new(Random::new(!seed))));
        let view = |store: &Swap, looks| View {
            replica: Arc::clone(&replica),
            store: store.clone(),
            looks,
            faults: Arc::clone(&faults),
        };
        let options = [0, 1].map(|process| {
            Arc::new(MirrorOptions {
                replica: Arc::new(view(&store, Some(process))),
                mirror: Arc::new(view(&mirror, None)),
                machine: format!("process {process}"),
                lease: LEASE,
                interval: Duration::from_secs(60),
            })
        });
        let processes = [0, 1].map(|process: usize| Mirror::new(session, &options[process]));
        let (files, reached) = (Content::new(), Reached::default());
        let (now, tip, intent, named, last) = (Duration::ZERO, 0, 0, None, None);
        Self {
            replica,
            session,
            mirror,
            options,
            processes,
            now,
            files,
            tip,
            intent,
            named,
            last,
            reached,
        }
    }

    fn replica(&self) -> MutexGuard<'_, Replica> {
        self.replica.lock().unwrap()
    }

    fn play(&mut self, random: &mut Random, steps: usize) {
        for _ in 0..steps {
            let process = random.below(2) as usize;
            match random.below(20) {
                0 if random.one_in(3) => {
                    self.processes[process] = Mirror::new(self.session, &self.options[process]);
                }
                1 if random.one_in(4) => self.processes[process].leave(random.one_in(2)),
                2..6 => self.act(),
                6 => self.now += Duration::from_secs(random.below(200)),
                _ => drop(self.step(process)),
            }
            if random.one_in(3) {
                let replica = self.replica();
                let checkpoint = CheckpointId { run: RunId(1), counter: replica.at as u64 };
                drop(replica);
                self.processes[process].replicated(checkpoint);
            }
        }
    }

    /// Who owns a session hears that the replica went back, and names no checkpoint of before.
    fn act(&mut self) {
        let before = self.replica().restores;
        self.replica().act(true);
        if self.replica().restores != before {
            self.processes.iter_mut().for_each(Mirror::forget_checkpoints);
        }
    }

    fn step(&mut self, process: usize) -> (Duration, Vec<MirrorNews>) {
        let (mut news, entries) = (Vec::new(), read_log(&self.mirror, self.session).len());
        let mut rest = self.processes[process].step(self.now, &mut news);
        let (log, files) =
            (read_log(&self.mirror, self.session), content(&self.mirror, self.session));
        let shared = Arc::clone(&self.replica);
        let replica = shared.lock().unwrap();
        let listed = replica.listed[process];
        let is_removed = replica.is_removed;
        if files != self.files {
            for (name, bytes) in self.files.iter().filter(|(name, _)| name.name() != "session.ron")
            {
                let is_kept = files.get(name).is_some_and(|now| now.starts_with(bytes));
                let may_go = is_removed
                    || replica.comes_of(listed, self.tip)
                    || is_pruned(name, &replica.nodes[listed].content);
                assert!(is_kept || may_go, "{name} is lost, which the replica has lost");
            }
        }
        let wholes: Vec<_> = news
            .iter()
            .filter_map(|it| match it {
                MirrorNews::Whole(checkpoint) => Some(*checkpoint),
                _ => None,
            })
            .collect();
        for checkpoint in &wholes {
            assert_eq!(files, replica.nodes[listed].content, "it isn't whole");
            let state = checkpoint.map_or(0, |it| it.counter as usize);
            assert!(replica.comes_of(listed, state), "a checkpoint that isn't there");
        }
        let goes_back = replica.restores > 0 && !replica.is_quiet;
        drop(replica);
        let named = if log.len() == entries {
            self.named.clone()
        } else {
            newest_named(&self.mirror, self.session)
        };
        let named_anew = named != self.named;
        if named_anew {
            (self.named, self.intent) = (named, listed);
        }
        // From the moment that a place is named on, what the mirror has is in the replica, or its owner has taken it away. A look
        // that finds both sides the same names none: also a replica that goes back from there to a moment behind the place
        // is its owner's doing.
        if named_anew || files != self.files {
            self.tip = listed;
            self.reached.taken_over += usize::from(self.last.is_some_and(|last| last != process));
            self.last = Some(process);
        }
        self.files = files;
        self.reached.wholes += wholes.len();
        if self.take_in(process, &news, goes_back) {
            rest = Duration::MAX;
        }
        (rest, news)
    }

    /// Counts what was said. Returns true if it was the end.
    fn take_in(&mut self, process: usize, news: &[MirrorNews], goes_back: bool) -> bool {
        let mut is_over = false;
        for news in news {
            match news {
                MirrorNews::Refused(Unmirrored::MirrorIsAhead) => self.reached.refusals += 1,
                // The replica went back in time while it was read, and again.
                MirrorNews::Refused(Unmirrored::Unreadable(Side::Replica, _) | Unmirrored::Gap)
                    if goes_back => {}
                MirrorNews::Refused(why) => panic!("{why:?}"),
                MirrorNews::Over(over) => {
                    self.reached.let_go += usize::from(*over == MirrorOver::LetGo);
                    self.processes[process] = Mirror::new(self.session, &self.options[process]);
                    is_over = true;
                }
                _ => {}
            }
        }
        is_over
    }

    /// Everything works from here on, and one process is left.
    fn end(&mut self) {
        self.replica().is_quiet = true;
        self.processes[0] = Mirror::new(self.session, &self.options[0]);
        self.now += LEASE * 3;
        let before = self.files.clone();
        let mut is_refused = false;
        for _ in 0..4_000 {
            let (rest, news) = self.step(0);
            let is_done =
                |it: &MirrorNews| matches!(it, MirrorNews::Whole(_) | MirrorNews::Over(_));
            is_refused = news.iter().any(|it| matches!(it, MirrorNews::Refused(_)));
            if is_refused || news.iter().any(is_done) {
                break;
            }
            self.now += rest;
        }
        let shared = Arc::clone(&self.replica);
        let replica = shared.lock().unwrap();
        let log = read_log(&self.mirror, self.session);
        let there = &replica.nodes[replica.at].content;
        if replica.is_removed {
            assert!(self.files.is_empty() && !log.has_leftovers());
            assert!(log.tombstone().is_some() || log.is_empty());
        } else if is_refused {
            assert_eq!(self.files, before);
            assert!(!replica.comes_of(replica.at, self.intent), "the replica has lost nothing");
            let has_more = |(name, bytes): (&FileName, &Vec<u8>)| {
                !there.get(name).is_some_and(|it| it.starts_with(bytes)) && !is_pruned(name, there)
            };
            assert!(before.iter().any(has_more), "{before:?} has nothing more than {there:?}");
        } else {
            assert_eq!(&self.files, there);
        }
        self.reached.removals += usize::from(replica.is_removed);
        self.reached.restores += replica.restores;
    }
}

fn play(seed: u64) -> Reached {
    let (mut world, mut random) = (World::new(seed), Random::new(seed << 1));
    let steps = 60 + random.below(250) as usize;
    world.play(&mut random, steps);
    world.end();
    world.reached
}

#[test]
fn a_mirror_has_what_the_replica_had_and_loses_nothing_that_the_replica_loses() {
    let one = std::env::var("BEVY_SESSION_MIRROR_SEED").ok().map(|seed| seed.parse().unwrap());
    let rounds: u64 = std::env::var("BEVY_SESSION_TORTURE").map_or(1, |it| it.parse().unwrap());
    let seeds = one.map_or(0..300 * rounds, |seed: u64| seed..seed + 1);
    let mut all = Reached::default();
    for seed in seeds {
        let reached = std::panic::catch_unwind(|| play(seed));
        let reached = reached.unwrap_or_else(|_| panic!("BEVY_SESSION_MIRROR_SEED={seed}"));
        all.wholes += reached.wholes;
        all.refusals += reached.refusals;
        all.restores += reached.restores;
        all.removals += reached.removals;
        all.taken_over += reached.taken_over;
        all.let_go += reached.let_go;
    }
    if one.is_none() {
        let Reached { wholes, refusals, restores, removals, taken_over, let_go } = all;
        assert!(wholes > 1_000 && refusals > 60 && restores > 100, "{all:?}");
        assert!(removals > 60 && taken_over > 200 && let_go > 40, "{all:?}");
    }
}
