//! Files that are written through the recorder, and what the replica has of them.

mod arrivals;
pub mod catalogue;
mod losses;
mod races;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{
    Direct, FileName, Log, MAX_PAYLOAD, MemoryReplica, Over, Receiver, Recorder, Recorders,
    RecordingDisk, ReplicaNews, ReplicaStore, SessionFiles, Shipper, ShipperOptions, block_on,
    fetch,
};
use crate::disk::{AppendFile, Disk, Layout, LocalStore, MemoryDisk, Operation};
use crate::model::ids::SessionId;

const LEASE: Duration = Duration::from_secs(3);

struct Here {
    memory: MemoryDisk,
    disk: RecordingDisk,
    recorder: Recorder,
    store: MemoryReplica,
    session: SessionId,
    layout: Layout,
    now: Duration,
}

/// Files that were fetched, in order.
#[derive(Default)]
pub struct Fetched(pub Vec<(FileName, Vec<u8>)>);

impl Receiver for Fetched {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.0.push((name.clone(), Vec::new()));
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.last_mut().unwrap().1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Here {
    fn new() -> Self {
        Self::on(MemoryDisk::default(), MemoryReplica::default(), SessionId::random())
    }

    /// A machine on which a process begins.
    fn on(memory: MemoryDisk, store: MemoryReplica, session: SessionId) -> Self {
        let layout = Layout {
            data: PathBuf::from("data"),
            state: PathBuf::from("state"),
            profile: "default".to_owned(),
        };
        for path in [layout.session(session), layout.slots(), layout.state.clone()] {
            path.ancestors().collect::<Vec<_>>().into_iter().rev().for_each(|path| {
                let _ = memory.create_dir(path);
            });
        }
        let recorders = Recorders::default();
        let recorder = Recorder::new(&memory, SessionFiles::of(&layout, session)).unwrap();
        recorders.add(recorder.clone());
        let disk = RecordingDisk::new(Arc::new(memory.clone()), recorders);
        Self { memory, disk, recorder, store, session, layout, now: Duration::ZERO }
    }

    fn shipper(&self) -> Shipper {
        self.shipper_to(Arc::new(self.store.clone()))
    }

    fn shipper_to(&self, store: Arc<dyn ReplicaStore>) -> Shipper {
        Shipper::new(store, self.options())
    }

    fn options(&self) -> ShipperOptions {
        ShipperOptions {
            local: Arc::new(LocalStore::new(Arc::new(self.memory.clone()), self.layout.clone())),
            recorder: self.recorder.clone(),
            machine: "here".to_owned(),
            lease: LEASE,
            interval: Duration::ZERO,
            mark: PathBuf::from("state/mark"),
            joins_forks: false,
        }
    }

    fn ship(&mut self, shipper: &mut Shipper) -> Vec<ReplicaNews> {
        let mut news = Vec::new();
        for _ in 0..10_000 {
            if shipper.step(self.now, &mut news) > Duration::ZERO {
                break;
            }
        }
        self.now += Duration::from_millis(600);
        news
    }

    fn path(&self, name: &str) -> PathBuf {
        self.layout.session(self.session).join(name)
    }

    fn create(&self, name: &str) -> Box<dyn AppendFile> {
        self.disk.create_new(&self.path(name)).unwrap()
    }

    fn sync_dir(&self) {
        self.disk.sync_dir(&self.layout.session(self.session)).unwrap();
    }

    /// A file that is durable with its name.
    fn write(&self, name: &str, bytes: &[u8]) -> Box<dyn AppendFile> {
        let mut file = self.create(name);
        file.append(bytes).unwrap();
        file.sync().unwrap();
        self.sync_dir();
        file
    }

    fn fetched(&self) -> BTreeMap<String, Vec<u8>> {
        let reach = Direct(Arc::new(self.store.clone()));
        let mut log = Log::new(self.session);
        block_on(log.refresh(&reach)).unwrap();
        let mut fetched = Fetched::default();
        block_on(fetch(&reach, &log, &mut fetched)).unwrap();
        fetched.0.into_iter().map(|(name, bytes)| (name.name().to_owned(), bytes)).collect()
    }

    /// The files of the session as they are on this machine's disk.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let directory = self.layout.session(self.session);
        let listed = self.memory.list(&directory).unwrap().into_iter();
        listed
            .map(|it| (it.name.clone(), self.memory.content(&self.path(&it.name)).unwrap()))
            .collect()
    }
}

fn count(news: &[ReplicaNews]) -> Option<u64> {
    let counts = news.iter().filter_map(|news| match news {
        ReplicaNews::Replicated(count) => Some(*count),
        _ => None,
    });
    counts.max()
}

/// A look between the two steps of a replacement sees a name that is noted nowhere, and gone for good.
#[test]
fn a_small_file_in_replacement_at_the_first_look_is_not_lost() {
    let (memory, session) = (MemoryDisk::default(), SessionId::random());
    let attachment = Here::new().layout.session_attachment(session, "map", 1);
    let attachment = attachment.file_name().unwrap().to_str().unwrap();
    for small in ["session.ron", "session.manifest", attachment] {
        let store = MemoryReplica::default();
        let place = Here::on(memory.clone(), store.clone(), session).path(small);
        let new_content = Layout::unfinished(&place);
        // On file systems that don't rename over a file.
        let old_content = place.with_file_name(format!("{small}.old"));
        memory.put(&new_content, b"new");
        memory.put(&old_content, b"old");
        let mut here = Here::on(memory.clone(), store, session);
        memory.remove_all(&new_content);
        memory.remove_all(&old_content);
        here.disk.replace(&place, b"new").unwrap();
        here.write(&format!("{small}.journal"), b"played");
        let mut shipper = here.shipper();
        let news: Vec<ReplicaNews> = (0..40).flat_map(|_| here.ship(&mut shipper)).collect();
        assert!(!news.iter().any(|it| matches!(it, ReplicaNews::Over(_))), "{news:?}");
        assert_eq!(here.fetched(), here.files());
    }
}

#[test]
fn changes_to_files_are_applied_in_the_replica() {
    let mut here = Here::new();
    let mut journal = here.write("a.journal", b"before the claim");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    assert_eq!(here.fetched(), here.files());

    journal.append(b", and after").unwrap();
    journal.sync().unwrap();
    here.disk.replace(&here.path("x.attachment"), b"picture").unwrap();
    let archive = here.write("00.archive.0123456789abcdef.new", b"archive");
    drop(archive);
    here.disk
        .put_in_place(&here.path("00.archive.0123456789abcdef.new"), &here.path("00.archive"))
        .unwrap();
    here.sync_dir();
    let news = here.ship(&mut shipper);
    assert_eq!(count(&news), Some(here.recorder.count()), "{news:?}");
    assert_eq!(here.fetched(), here.files());

    here.disk.replace(&here.path("x.attachment"), b"another picture").unwrap();
    here.write("b.journal", b"next");
    here.disk.remove(&here.path("a.journal")).unwrap();
    here.sync_dir();
    here.ship(&mut shipper);
    assert_eq!(here.fetched(), here.files());
    assert_eq!(here.fetched().len(), 3);
}

#[test]
fn nothing_is_sent_before_it_is_durable_locally() {
    let mut here = Here::new();
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    let mut file = here.create("a.journal");
    file.append(b"header").unwrap();
    file.sync().unwrap();
    let before = here.store.list(here.session).unwrap();
    here.ship(&mut shipper);
    assert_eq!(here.store.list(here.session).unwrap(), before, "its name isn't durable");
    here.sync_dir();
    file.append(b"more").unwrap();
    here.ship(&mut shipper);
    assert_eq!(here.fetched()["a.journal"], b"header");
    here.memory.fail_next(Operation::Sync, ErrorKind::Other);
    file.sync().unwrap_err();
    here.ship(&mut shipper);
    assert_eq!(here.fetched()["a.journal"], b"header", "a sync that failed says nothing");
}

#[test]
fn changes_beyond_the_queue_are_found_by_comparing_files() {
    let mut here = Here::new();
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    let mut large = here.write("a.journal", b"small");
    here.ship(&mut shipper);
    large.append(&vec![7; MAX_PAYLOAD * 2 + 5]).unwrap();
    large.sync().unwrap();
    for _ in 0..5_000 {
        large.append(b"x").unwrap();
        large.sync().unwrap();
    }
    let news = here.ship(&mut shipper);
    assert_eq!(count(&news), Some(here.recorder.count()));
    assert_eq!(here.fetched(), here.files());
}

#[test]
fn a_file_removed_before_it_was_sent_is_not_a_failure() {
    let mut here = Here::new();
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    here.write("a.journal", b"of the past");
    here.write("b.journal", b"present");
    here.disk.remove(&here.path("a.journal")).unwrap();
    here.sync_dir();
    let news = here.ship(&mut shipper);
    assert_eq!(count(&news), Some(here.recorder.count()), "{news:?}");
    assert_eq!(here.fetched(), here.files());
}

#[test]
fn a_drained_session_is_replicated_and_released() {
    let mut here = Here::new();
    here.write("a.journal", b"hello");
    let mut shipper = here.shipper();
    shipper.drain();
    let news = here.ship(&mut shipper);
    assert!(matches!(news.last(), Some(ReplicaNews::Over(Over::Released))), "{news:?}");
    assert_eq!(count(&news), Some(here.recorder.count()));
    // The next one doesn't wait for a lease.
    let mut next = here.shipper();
    assert!(matches!(here.ship(&mut next)[0], ReplicaNews::Claimed(_)));
}

/// Another machine that has nothing of the session yet, and claims it as soon as it may.
fn followed_by(here: &mut Here) -> (Here, Shipper) {
    let mut there = Here::on(MemoryDisk::default(), here.store.clone(), here.session);
    let mut shipper = there.shipper();
    there.ship(&mut shipper);
    there.now += LEASE;
    let news = there.ship(&mut shipper);
    assert!(matches!(news[0], ReplicaNews::Claimed(_)), "{news:?}");
    assert_eq!(there.files(), there.fetched(), "it has what the replica has");
    shipper.play();
    (there, shipper)
}

#[test]
fn a_machine_with_an_older_copy_is_brought_up_to_date() {
    let mut here = Here::new();
    here.write("a.journal", b"a");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    // A file that is replaced since the claim isn't in the mark of this machine, and was in the replica all the same.
    for text in [b"card 1", b"card 2"] {
        here.disk.replace(&here.path("x.attachment"), text).unwrap();
        here.ship(&mut shipper);
    }
    // The card is written at leisure, and never sent where nothing syncs its name.
    here.disk.replace_unsynced(&here.path("session.ron"), b"card").unwrap();
    here.ship(&mut shipper);
    drop(shipper);

    let (mut there, mut other) = followed_by(&mut here);
    there.disk.replace(&there.path("x.attachment"), b"card 3").unwrap();
    there.write("b.journal", b"b");
    there.disk.remove(&there.path("a.journal")).unwrap();
    there.sync_dir();
    other.drain();
    there.ship(&mut other);

    // The first machine comes back with its disk.
    let mut here = Here { now: here.now, ..Here::on(here.memory, here.store, here.session) };
    let mut again = here.shipper();
    let news = here.ship(&mut again);
    assert!(matches!(news[0], ReplicaNews::Claimed(_)), "{news:?}");
    assert_eq!(here.files(), there.files());
}

#[test]
fn a_machine_with_unsent_files_has_forked() {
    let mut here = Here::new();
    here.write("a.journal", b"a");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    here.disk.replace(&here.path("x.attachment"), b"never sent").unwrap();
    drop(shipper);
    let (mut there, mut other) = followed_by(&mut here);
    there.disk.replace(&there.path("x.attachment"), b"another").unwrap();
    other.drain();
    there.ship(&mut other);
    let mut here = Here { now: here.now, ..Here::on(here.memory, here.store, here.session) };
    let mut again = here.shipper();
    let news = here.ship(&mut again);
    assert!(matches!(news[..], [ReplicaNews::Over(Over::Forked)]), "{news:?}");
}

#[test]
fn a_restarted_process_sends_what_it_had_not_sent() {
    let mut here = Here::new();
    let mut file = here.write("a.journal", b"hello");
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    drop(shipper);
    file.append(b" world").unwrap();
    file.sync().unwrap();
    let mut here = Here { now: here.now, ..Here::on(here.memory, here.store, here.session) };
    let mut shipper = here.shipper();
    let news = here.ship(&mut shipper);
    assert!(matches!(news[0], ReplicaNews::Claimed(_)), "it was its own: {news:?}");
    assert_eq!(here.fetched(), here.files());
}
