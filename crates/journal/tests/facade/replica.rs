//! A session that is played on one machine, and resumed on another from a replica.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bevy_session_journal::internal::disk::{Disk, Layout, LocalStore};
use bevy_session_journal::replica::{
    Direct, FileName, Log, MemoryReplica, Over, Receiver, Recorder, Recorders, RecordingDisk,
    ReplicaNews, ReplicaStore, SessionFiles, Shipper, ShipperOptions, block_on, fetch,
};
use bevy_session_journal::{Journal, MemoryDisk, NewSession, RestoreFrom, Run, Scope, SessionId};

use crate::notes::{Machine, Notes, checkpoint, saved, texts};

const LEASE: Duration = Duration::from_secs(3);

/// A machine that sends its sessions to a replica.
struct Shipping {
    machine: Machine,
    recorders: Recorders,
    recorder: Option<Recorder>,
    now: Duration,
}

impl Shipping {
    fn on(machine: Machine) -> Self {
        Self { machine, recorders: Recorders::default(), recorder: None, now: Duration::ZERO }
    }

    fn open(&self) -> Journal<Notes> {
        let disk: Arc<dyn Disk> = Arc::new(self.machine.disk.clone());
        let recording = RecordingDisk::new(disk, self.recorders.clone());
        self.machine.options().on_disk(Arc::new(recording)).open(Notes::current()).unwrap()
    }

    fn shipper(&mut self, store: &MemoryReplica, session: SessionId) -> Shipper {
        let store: Arc<dyn ReplicaStore> = Arc::new(store.clone());
        let disk: Arc<dyn Disk> = Arc::new(self.machine.disk.clone());
        let root = Path::new("notes");
        let layout = Layout {
            data: root.join("data"),
            state: root.join("state"),
            profile: "default".to_owned(),
        };
        let recorder = Recorder::new(&*disk, SessionFiles::of(&layout, session)).unwrap();
        self.recorders.add(recorder.clone());
        self.recorder = Some(recorder.clone());
        let options = ShipperOptions {
            local: Arc::new(LocalStore::new(disk, layout)),
            recorder,
            machine: "notebook".to_owned(),
            lease: LEASE,
            interval: Duration::ZERO,
            mark: Path::new("notes").join("state").join(format!("{session}.replica")),
            joins_forks: false,
        };
        Shipper::new(store, options)
    }

    /// The number of times that something became durable.
    fn count(&self) -> u64 {
        self.recorder.as_ref().unwrap().count()
    }

    /// Lets the shipper work until it has nothing to do.
    fn ship(&mut self, shipper: &mut Shipper) -> Vec<ReplicaNews> {
        let mut news = Vec::new();
        for _ in 0..10_000 {
            let rest = shipper.step(self.now, &mut news);
            if rest > Duration::ZERO {
                break;
            }
        }
        self.now += Duration::from_millis(100);
        news
    }
}

fn directory(session: SessionId) -> PathBuf {
    ["notes", "data", "profiles", "default", "sessions", &session.to_string()].iter().collect()
}

fn replicated(news: &[ReplicaNews]) -> Option<u64> {
    let counts = news.iter().filter_map(|news| match news {
        ReplicaNews::Replicated(count) => Some(*count),
        _ => None,
    });
    counts.max()
}

/// A new machine's disk.
#[derive(Default)]
struct Fetched(BTreeMap<FileName, Vec<u8>>, Option<FileName>);

impl Receiver for Fetched {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.1 = Some(name.clone());
        self.0.insert(name.clone(), Vec::new());
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let name = self.1.clone().unwrap();
        self.0.get_mut(&name).unwrap().extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A machine that has fetched a session from the replica, and has nothing else.
fn fetched(store: &MemoryReplica, session: SessionId, like: &Machine) -> Machine {
    let reach = Direct(Arc::new(store.clone()));
    let mut log = Log::new(session);
    block_on(log.refresh(&reach)).unwrap();
    let mut fetched = Fetched::default();
    block_on(fetch(&reach, &log, &mut fetched)).unwrap();
    let disk = MemoryDisk::default();
    for (name, bytes) in fetched.0 {
        disk.put(&directory(session).join(name.name()), &bytes);
    }
    Machine { disk, clock: like.clock.clone() }
}

fn save(run: &mut Run<'_, Notes>, of: &[&str]) {
    checkpoint(run, Scope::Changes, of);
    saved(run);
}

#[test]
fn replicated_checkpoints_are_restored_on_another_machine() {
    let store = MemoryReplica::default();
    let mut here = Shipping::on(Machine::new());
    let mut journal = here.open();
    let mut run = journal.start(NewSession::named("Notes"));
    let session = run.session();
    checkpoint(&mut run, Scope::Everything, &["one"]);
    saved(&mut run);
    let mut shipper = here.shipper(&store, session);
    let news = here.ship(&mut shipper);
    assert!(matches!(news[0], ReplicaNews::Claimed(_)), "{news:?}");
    assert_eq!(replicated(&news), Some(here.count()));

    let all = ["one", "two", "three", "four", "five"];
    for count in 2..=all.len() {
        save(&mut run, &all[..count]);
        let news = here.ship(&mut shipper);
        assert_eq!(replicated(&news), Some(here.count()), "{news:?}");
        // The machine is gone from here on.
        let other = fetched(&store, session, &here.machine);
        let mut journal = other.open();
        let restored = journal.restore(session, RestoreFrom::Latest).unwrap();
        let (image, _) = restored.go_on();
        assert_eq!(image.texts, texts(&all[..count]));
    }
    assert!(here.ship(&mut shipper).is_empty(), "there is nothing more to say");
}

#[test]
fn a_replica_that_was_unreachable_is_reported_as_back_and_caught_up() {
    let store = MemoryReplica::default();
    let mut here = Shipping::on(Machine::new());
    let mut journal = here.open();
    let mut run = journal.start(NewSession::named("Notes"));
    let session = run.session();
    checkpoint(&mut run, Scope::Everything, &["one"]);
    saved(&mut run);
    let mut shipper = here.shipper(&store, session);
    here.ship(&mut shipper);

    store.go_away();
    save(&mut run, &["one", "two"]);
    let news = here.ship(&mut shipper);
    assert!(matches!(news[..], [ReplicaNews::Lost(_)]), "{news:?}");
    save(&mut run, &["one", "two", "three"]);
    assert!(here.ship(&mut shipper).is_empty(), "it was said once");
    store.come_back();
    let news = here.ship(&mut shipper);
    assert!(news.iter().any(|news| matches!(news, ReplicaNews::Back)), "{news:?}");
    assert_eq!(replicated(&news), Some(here.count()));
    let mut journal = fetched(&store, session, &here.machine).open();
    let (image, _) = journal.restore(session, RestoreFrom::Latest).unwrap().go_on();
    assert_eq!(image.texts, texts(&["one", "two", "three"]));
}

#[test]
fn an_owner_that_lost_its_session_is_fenced_and_its_later_runs_are_a_fork() {
    let store = MemoryReplica::default();
    let mut here = Shipping::on(Machine::new());
    let mut journal = here.open();
    let mut run = journal.start(NewSession::named("Notes"));
    let session = run.session();
    checkpoint(&mut run, Scope::Everything, &["one"]);
    saved(&mut run);
    let mut shipper = here.shipper(&store, session);
    here.ship(&mut shipper);

    // The other machine sees no sign for a lease.
    let mut there = Shipping::on(fetched(&store, session, &here.machine));
    let mut other_journal = there.open();
    let mut other = there.shipper(&store, session);
    assert!(there.ship(&mut other).is_empty(), "it is owned");
    there.now += LEASE;
    let news = there.ship(&mut other);
    assert!(matches!(news[0], ReplicaNews::Claimed(_)), "{news:?}");
    let (_, mut other_run) = other_journal.restore(session, RestoreFrom::Latest).unwrap().go_on();
    checkpoint(&mut other_run, Scope::Everything, &["other"]);
    saved(&mut other_run);
    assert_eq!(replicated(&there.ship(&mut other)), Some(there.count()));

    save(&mut run, &["one", "two"]);
    let news = here.ship(&mut shipper);
    assert!(matches!(news[..], [ReplicaNews::Over(Over::Fenced)]), "{news:?}");
    assert!(shipper.is_over());

    // It starts again, with checkpoints that no other machine has.
    other.drain();
    assert!(matches!(there.ship(&mut other).last(), Some(ReplicaNews::Over(Over::Released))));
    let mut again = here.shipper(&store, session);
    let news = here.ship(&mut again);
    assert!(matches!(news[..], [ReplicaNews::Over(Over::Forked)]), "{news:?}");
}
