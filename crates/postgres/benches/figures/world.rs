//! Sessions to send: values that don't compress.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy_session_journal::internal::disk::{Disk, Layout, LocalStore, RealDisk};
use bevy_session_journal::internal::format::TypeRows;
use bevy_session_journal::internal::read::recovery::{KnownTypes, VersionFit};
use bevy_session_journal::replica::{Keeper, KeeperOptions, Pace, Recorders, ReplicaStore};
use bevy_session_journal::{
    CheckpointId, CheckpointKind, Codec, Event, Journal, JournalOptions, RowReader, RowWriter, Run,
    SaveId, SavedType,
};

const BLOB: SavedType = SavedType::new("bench::Blob");

/// One value.
pub struct Blob;

impl Codec for Blob {
    type Capture = Vec<u64>;
    type Image = ();

    fn types(&self) -> &[SavedType] {
        &[BLOB]
    }

    fn encode(&self, value: Vec<u64>, rows: &mut RowWriter) {
        rows.put(BLOB, SaveId::WORLD, &value);
    }

    fn decode(&self, _: &mut RowReader<'_>) {}
}

/// Numbers by the generator of Steele and others, "Fast splittable pseudorandom number generators" (2014).
pub fn random_numbers(count: usize, seed: u64) -> Vec<u64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..count).map(|_| next()).collect()
}

/// The sessions of a directory, written through this disk.
pub fn journal(directory: &Path, disk: Arc<dyn Disk>) -> std::io::Result<Journal<Blob>> {
    JournalOptions::new(directory).watch_panics(false).on_disk(disk).open(Blob)
}

/// Takes a checkpoint of so many bytes, about, and waits until it is durable. Returns the moment at which it was.
pub fn checkpoint(run: &mut Run<'_, Blob>, bytes: usize, seed: u64) -> (CheckpointId, Instant) {
    let id = run.checkpoint(CheckpointKind::Manual, |_| random_numbers(bytes / 9, seed));
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match run.wait(deadline) {
            Some(Event::Saved(saved)) if saved.id == id => return (id, Instant::now()),
            Some(Event::Saved(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A keeper of the sessions in a directory.
pub fn keeper(
    directory: &Path,
    store: Arc<dyn ReplicaStore>,
    pace: Pace,
    recorders: Recorders,
) -> Keeper {
    let layout = Layout::by_directory(directory.join("data"), directory.join("state"), "default");
    let local = LocalStore::new(Arc::new(RealDisk), layout);
    let options = KeeperOptions {
        store,
        machine: "bench".to_owned(),
        lease: pace.lease,
        interval: pace.interval,
        may_lag: Duration::MAX,
        lock_patience: Duration::ZERO,
        erases: false,
    };
    Keeper::new(options, Arc::new(local), recorders, Arc::new(NoTypes), String::new())
}

struct NoTypes;

impl KnownTypes for NoTypes {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}
