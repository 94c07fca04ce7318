//! Files of the folder that no device of the player has put there as they are.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::erasing::erase_in_cloud;
use super::known::note_forgotten;
use super::opening::{header_of, look_at, verify};
use super::putting::{Put, Putting};
use super::{device as device_number, take_in};
use crate::disk::simulated_disk::{SimulatedDisk, left_after_each_step};
use crate::disk::{Disk, Erasure, Layout, LocalStore, MemoryDisk, Operation};
use crate::format::sample::{SegmentBytes, at, commit, header, session, values};
use crate::format::{Begun, FileKind, Record, SegmentHeader, TypeRows, Validity};
use crate::model::ids::{CheckpointId, SessionId, limits};
use crate::model::session::{Leaving, Remaining, SessionStatus};
use crate::read::recovery::{KnownTypes, VersionFit};
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::{CloudError, CloudNews};

const FORGED: &str = "/cloud/default/forged.session";

struct Types(VersionFit);

impl KnownTypes for Types {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        self.0
    }
}

fn layout() -> Layout {
    Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() }
}

/// A device with a session, whose run 1 went to checkpoint 3.
fn device() -> MemoryDisk {
    let disk = MemoryDisk::default();
    disk.put(&layout().segment(&header(1, 0)), &closed(&header(1, 0), 3));
    disk
}

/// A whole segment with one checkpoint.
fn closed(header: &SegmentHeader, counter: u64) -> Vec<u8> {
    let mut segment = SegmentBytes::new(header);
    segment.group(vec![values("game::Health", &[(2, b"ten")])], &commit(counter, None));
    segment.record(&Record::End {
        status: SessionStatus::Closed,
        reason: None,
        leaving: Leaving::default(),
        time: Timestamp::UNIX_EPOCH,
        play_time: Duration::from_secs(counter),
    });
    segment.bytes
}

/// The header of a copy that another device made of its own play, which went on from here.
fn copied(run: u64) -> SegmentHeader {
    let begun = Begun { copied: true, ..Begun::unplayed(None) };
    SegmentHeader { ancestors: vec![at(7, 4), at(1, 3)], begun: Some(begun), ..header(run, 0) }
}

fn start(disk: &MemoryDisk, fit: VersionFit) -> Vec<CloudNews> {
    let local = LocalStore::new(Arc::new(disk.clone()), layout());
    take_in(&local, "", &CloudFolder::new("/cloud"), &Types(fit))
}

/// The reason that the one file of the folder isn't taken; nothing else changes.
fn refused(disk: &MemoryDisk, fit: VersionFit) -> CloudError {
    let in_session = |disk: &MemoryDisk| -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let paths = disk.paths().into_iter().filter(|path| path.starts_with("data"));
        paths.map(|path| (path.clone(), disk.content(&path))).collect()
    };
    let before = in_session(disk);
    let news = start(disk, fit);
    assert_eq!(in_session(disk), before);
    match &news[..] {
        [CloudNews::NotTaken { error, .. }] => error.clone(),
        other => panic!("it should be refused: {other:?}"),
    }
}

#[test]
fn a_session_played_on_another_device_is_taken_and_supersedes_the_local_line() {
    let disk = device();
    disk.put(FORGED.as_ref(), &closed(&copied(9), 5));
    let news = start(&disk, VersionFit::Exact);
    assert!(matches!(news[..], [CloudNews::Taken { session: taken }] if taken == session()));
    let store = LocalStore::new(Arc::new(disk.clone()), layout()).store;
    let stored = store.open_session(session()).unwrap();
    let heads: Vec<_> = stored.index().heads().iter().map(|head| head.id).collect();
    assert_eq!(heads, [at(9, 5)]);
    assert!(start(&disk, VersionFit::Exact).is_empty(), "it is known now");
}

#[test]
fn a_cloud_file_forging_a_local_run_is_refused() {
    let disk = device();
    disk.put(FORGED.as_ref(), &closed(&copied(1), 8));
    let error = refused(&disk, VersionFit::Exact);
    assert!(matches!(error, CloudError::NotOurs), "{error:?}");
}

#[test]
fn cloud_files_that_are_not_session_copies_are_refused() {
    let slot = crate::format::sample::slot(crate::model::ids::SlotId::random(), "Best");
    for header in [
        header(9, 0),
        SegmentHeader { begun: None, ..copied(9) },
        SegmentHeader { ancestors: Vec::new(), ..copied(9) },
        SegmentHeader { segment: 1, ..copied(9) },
        SegmentHeader { kind: FileKind::Archive, ..copied(9) },
        SegmentHeader { kind: FileKind::Slot(Box::new(slot)), ..copied(9) },
    ] {
        let disk = device();
        disk.put(FORGED.as_ref(), &closed(&header, 5));
        let error = refused(&disk, VersionFit::Exact);
        assert!(matches!(error, CloudError::NotOurs), "{error:?} for {header:?}");
    }
}

#[test]
fn cloud_files_of_a_newer_build_wait_for_an_update() {
    let disk = device();
    disk.put(FORGED.as_ref(), &closed(&copied(9), 5));
    let error = refused(&disk, VersionFit::Newer);
    assert!(matches!(error, CloudError::NewerBuild), "{error:?}");
    assert!(matches!(start(&disk, VersionFit::Exact)[..], [CloudNews::Taken { .. }]));

    let disk = device();
    let newer = SegmentHeader { optional_features: 1 << 40, ..copied(9) };
    disk.put(FORGED.as_ref(), &closed(&newer, 5));
    let error = refused(&disk, VersionFit::Exact);
    assert!(matches!(error, CloudError::NewerBuild), "{error:?}");
}

#[test]
fn a_counter_beyond_the_limit_is_refused() {
    let disk = device();
    disk.put(FORGED.as_ref(), &closed(&copied(9), limits::COUNTERS));
    let error = refused(&disk, VersionFit::Exact);
    assert!(matches!(error, CloudError::NotOurs), "{error:?}");
}

/// The header of a copy that this device or another one made of a moment, with the line that led there.
fn copy_of(run: u64, original: CheckpointId, supersedes: &[CheckpointId]) -> SegmentHeader {
    let begun = Begun { copied: true, shared: true, ..Begun::unplayed(None) };
    let before = (original.run.0 != 1).then(|| at(1, 3));
    SegmentHeader {
        ancestors: std::iter::once(original).chain(before).collect(),
        supersedes: supersedes.to_vec(),
        begun: Some(begun),
        ..header(run, 0)
    }
}

fn local(disk: &Arc<dyn Disk>) -> LocalStore {
    LocalStore::new(Arc::clone(disk), layout())
}

fn heads(local: &LocalStore) -> Vec<CheckpointId> {
    let stored = local.store.open_session(session()).unwrap();
    stored.index().heads().iter().map(|head| head.id).collect()
}

fn folder() -> CloudFolder {
    CloudFolder::new("/cloud")
}

#[test]
fn a_copy_superseded_by_a_rewind_is_kept_as_a_branch() {
    let disk = device();
    let copy = copy_of(8, at(7, 4), &[]);
    disk.put(&layout().segment(&copy), &closed(&copy, 4));
    disk.put(FORGED.as_ref(), &closed(&copy_of(9, at(6, 5), &[at(7, 4)]), 6));
    let news = start(&disk, VersionFit::Exact);
    assert!(matches!(news[..], [CloudNews::Taken { .. }]), "no fork: {news:?}");
    let disk: Arc<dyn Disk> = Arc::new(disk);
    assert_eq!(heads(&local(&disk)), [at(9, 6)]);
    let stored = local(&disk).store.open_session(session()).unwrap();
    assert!(stored.index().plan(at(8, 4)).is_some(), "what may be damaged there is whole here");
}

#[test]
fn a_copy_that_was_played_on_here_stays_when_a_newer_one_comes() {
    let disk = device();
    let copy = copy_of(8, at(7, 4), &[]);
    disk.put(&layout().segment(&copy), &closed(&copy, 5));
    let played = SegmentHeader { ancestors: vec![at(8, 5), at(7, 4)], ..header(2, 0) };
    disk.put(&layout().segment(&played), &closed(&played, 6));
    disk.put(FORGED.as_ref(), &closed(&copy_of(9, at(7, 6), &[]), 7));
    let news = start(&disk, VersionFit::Exact);
    assert!(matches!(news[..], [CloudNews::Taken { .. }, CloudNews::Forked(_)]), "{news:?}");
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let stored = local(&disk).store.open_session(session()).unwrap();
    assert!(stored.index().plan(at(8, 5)).is_some(), "the line that was played leads over it");
}

#[test]
fn a_copy_beside_its_own_line_is_no_fork() {
    let disk = device();
    let copy = copy_of(8, at(1, 2), &[]);
    disk.put(&layout().segment(&copy), &closed(&copy, 4));
    let disk: Arc<dyn Disk> = Arc::new(disk);
    assert_eq!(heads(&local(&disk)), [at(1, 3)]);
    // Two copies of one moment are one line.
    let disk = MemoryDisk::default();
    for run in [8, 9] {
        let copy = copy_of(run, at(7, 4), &[]);
        disk.put(&layout().segment(&copy), &closed(&copy, 5));
    }
    let disk: Arc<dyn Disk> = Arc::new(disk);
    assert_eq!(heads(&local(&disk)), [at(9, 5)]);
}

#[test]
fn an_unreadable_note_of_a_deletion_refuses_the_file() {
    let memory = device();
    memory.put(FORGED.as_ref(), &closed(&copied(9), 5));
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    device_number(&local).unwrap();
    note_forgotten(&local, &local.store.open_session(session()).unwrap());
    memory.remove_all(&layout().session(session()));
    let note = layout().state.join(format!("cloud-forgotten-{}", session()));
    memory.truncate(&note, 1);
    let error = refused(&memory, VersionFit::Exact);
    assert!(matches!(error, CloudError::Session(_)), "{error:?}");
}

#[test]
fn a_session_deleted_twice_does_not_come_back() {
    let memory = device();
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    device_number(&local).unwrap();
    let delete = || {
        note_forgotten(&local, &local.store.open_session(session()).unwrap());
        memory.remove_all(&layout().session(session()));
    };
    delete();
    // Another device has played on from before.
    let other = SegmentHeader { ancestors: vec![at(7, 4)], ..copy_of(9, at(7, 4), &[]) };
    memory.put(FORGED.as_ref(), &closed(&other, 5));
    assert!(matches!(start(&memory, VersionFit::Exact)[..], [CloudNews::Taken { .. }]));
    delete();
    memory.put(FORGED.as_ref(), &closed(&copy_of(8, at(1, 3), &[]), 4));
    assert!(start(&memory, VersionFit::Exact).is_empty(), "it was known when it was deleted first");
}

#[test]
fn a_damaged_note_of_a_deletion_does_not_refuse_files_of_a_session_that_is_here() {
    let memory = device();
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    device_number(&local).unwrap();
    note_forgotten(&local, &local.store.open_session(session()).unwrap());
    let note = layout().state.join(format!("cloud-forgotten-{}", session()));
    memory.truncate(&note, 1);
    memory.put(FORGED.as_ref(), &closed(&copied(9), 5));
    assert!(matches!(start(&memory, VersionFit::Exact)[..], [CloudNews::Taken { .. }]));
    // The next deletion notes all that is here.
    note_forgotten(&local, &local.store.open_session(session()).unwrap());
    memory.remove_all(&layout().session(session()));
    assert!(start(&memory, VersionFit::Exact).is_empty());
}

#[test]
fn a_damaged_device_number_is_replaced() {
    let memory = device();
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    let number = device_number(&local).unwrap();
    assert_eq!(device_number(&local).unwrap(), number);
    memory.put(&layout().state.join("cloud-device"), b"no number");
    let drawn = device_number(&local).unwrap();
    assert_ne!(drawn, number);
    assert_eq!(device_number(&local).unwrap(), drawn);
}

#[test]
fn what_this_device_was_writing_when_it_died_is_removed_from_the_folder_at_a_start() {
    let memory = device();
    memory.put(FORGED.as_ref(), &closed(&copied(9), 5));
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let own = device_number(&local(&disk)).unwrap();
    let other = SessionId::random();
    let unfinished = |device: u64| {
        let name = format!("{other}-{device:016x}.session.0000000000000001.new");
        Path::new("/cloud/default").join(name)
    };
    memory.put(&unfinished(own), b"half");
    memory.put(&unfinished(!own), b"half");
    start(&memory, VersionFit::Exact);
    assert_eq!(memory.content(&unfinished(own)), None);
    assert!(memory.content(&unfinished(!own)).is_some(), "another device may be writing it");
}

#[test]
fn a_locked_file_keeps_an_erasure_waiting_and_a_damaged_one_does_not() {
    let memory = device();
    memory.put(FORGED.as_ref(), &closed(&copied(9), 5));
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    let erasure = Erasure::of("Ann", Timestamp::UNIX_EPOCH);
    memory.fail_next(Operation::Open, ErrorKind::PermissionDenied);
    let erased = erase_in_cloud(&local, &folder(), &erasure);
    assert!(matches!(erased.remaining[..], [Remaining::CloudRefused { .. }]));
    memory.truncate(FORGED.as_ref(), 20);
    let erased = erase_in_cloud(&local, &folder(), &erasure);
    assert!(matches!(erased.remaining[..], [Remaining::Unreadable { .. }]));
}

/// The originals of the whole files in the folder.
fn originals(local: &LocalStore) -> HashSet<CheckpointId> {
    let directory = folder().of_profile(&layout().profile);
    let entries = local.outside.list(&directory).unwrap_or_default();
    let paths = entries.iter().map(|entry| directory.join(&entry.name));
    let whole = paths.filter(|path| path.extension().is_some_and(|it| it == "session"));
    let whole = whole.filter_map(|path| {
        let header = header_of(&*local.outside, &path).ok()?;
        let types = Types(VersionFit::Exact);
        let found = look_at(&*local.outside, (path.clone(), header), "", &types).ok()?;
        verify(&*local.outside, &path, &found.header, found.head).ok()?;
        found.header.ancestors.first().copied()
    });
    whole.collect()
}

/// Puts a copy of the session into the folder.
fn put(local: &LocalStore, header: &SegmentHeader) -> Result<u64, CloudError> {
    finish(begin_to_put(local, header)?, local)
}

fn begin_to_put(local: &LocalStore, header: &SegmentHeader) -> Result<Box<Putting>, CloudError> {
    let name = format!("{}.journal.0000000000000000.new", header.run);
    let written = layout().session(session()).join(name);
    local.store.disk().replace(&written, &closed(header, 9)).unwrap();
    let mut stored = local.store.open_session(session()).unwrap();
    Putting::begin(local, &folder(), &mut stored, (&written, header))
}

fn finish(mut putting: Box<Putting>, local: &LocalStore) -> Result<u64, CloudError> {
    loop {
        match putting.step(local)? {
            Put::Going(rest) => putting = rest,
            Put::Done(bytes) => return Ok(bytes),
        }
    }
}

#[test]
fn a_put_that_another_process_overtakes_leaves_the_newer_file() {
    let disk: Arc<dyn Disk> = Arc::new(device());
    let local = local(&disk);
    put(&local, &copy_of(8, at(1, 1), &[])).unwrap();
    let slow = begin_to_put(&local, &copy_of(9, at(1, 2), &[])).unwrap();
    // Nobody removes what is still being written: the other process sees that one lives.
    let directory = folder().of_profile(&layout().profile);
    let usual =
        directory.join(format!("{}-{:016x}.session", session(), device_number(&local).unwrap()));
    local.outside.replace(&usual, &closed(&copy_of(10, at(1, 3), &[]), 9)).unwrap();
    assert!(matches!(finish(slow, &local), Err(CloudError::InUse)));
    assert_eq!(originals(&local), HashSet::from([at(1, 3)]));
    assert_eq!(local.outside.list(&directory).unwrap().len(), 1, "nothing is left of the other");
}

#[test]
fn a_newer_file_replaces_the_one_it_continues() {
    let disk: Arc<dyn Disk> = Arc::new(device());
    let local = local(&disk);
    put(&local, &copy_of(8, at(1, 2), &[])).unwrap();
    put(&local, &copy_of(9, at(1, 3), &[])).unwrap();
    assert_eq!(originals(&local), HashSet::from([at(1, 3)]));
    // The player has gone back; what was left can be read here.
    let gone_back =
        SegmentHeader { ancestors: vec![at(2, 4), at(1, 2)], ..copy_of(10, at(2, 4), &[at(1, 3)]) };
    put(&local, &gone_back).unwrap();
    assert_eq!(originals(&local), HashSet::from([at(2, 4)]));
}

#[test]
fn a_file_with_play_lost_here_is_not_replaced() {
    // The data directory was put back to an older state.
    let memory = device();
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    put(&local, &copy_of(8, at(1, 30), &[])).unwrap();
    put(&local, &copy_of(9, at(2, 5), &[])).unwrap();
    assert_eq!(originals(&local), HashSet::from([at(1, 30), at(2, 5)]));
    put(&local, &copy_of(10, at(3, 6), &[at(2, 5)])).unwrap();
    assert_eq!(originals(&local), HashSet::from([at(1, 30), at(3, 6)]), "only one more");
}

#[test]
fn a_file_with_play_damaged_here_is_not_replaced() {
    let memory = device();
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    put(&local, &copy_of(8, at(1, 3), &[])).unwrap();
    let path = layout().segment(&header(1, 0));
    let content = memory.content(&path).unwrap();
    let data = content.windows(3).rposition(|bytes| bytes == b"ten").unwrap();
    memory.corrupt(&path, data, 1);
    let mut stored = local.store.open_session(session()).unwrap();
    let plan = stored.index().plan(at(1, 3)).unwrap();
    assert!(!matches!(stored.verify(&plan), Ok(Validity::Verified)));
    let from_before =
        SegmentHeader { ancestors: vec![at(2, 4), at(1, 2)], ..copy_of(9, at(2, 4), &[at(1, 3)]) };
    put(&local, &from_before).unwrap();
    assert_eq!(originals(&local), HashSet::from([at(1, 3), at(2, 4)]));
}

#[test]
fn an_unreadable_file_is_not_replaced() {
    let memory = device();
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    put(&local, &copy_of(8, at(1, 3), &[])).unwrap();
    let name = format!("{}-{:016x}.session", session(), device_number(&local).unwrap());
    let path = Path::new("/cloud/default").join(name);
    memory.truncate(&path, 20);
    put(&local, &copy_of(9, at(2, 4), &[])).unwrap();
    assert_eq!(memory.content(&path).unwrap().len(), 20, "the cloud may be copying it still");
    assert_eq!(originals(&local), HashSet::from([at(2, 4)]));
}

fn simulated() -> (SimulatedDisk, LocalStore) {
    let simulated = SimulatedDisk::default();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let local = local(&disk);
    for directory in [layout().session(session()), "/cloud/default".into(), layout().state] {
        let above: Vec<_> = local.store.create_directory(&directory).unwrap().into_iter().collect();
        local.store.sync_directories(&above).unwrap();
    }
    disk.replace(&layout().segment(&header(1, 0)), &closed(&header(1, 0), 3)).unwrap();
    device_number(&local).unwrap();
    (simulated, local)
}

#[test]
fn a_start_cut_off_at_any_step_leaves_no_fork() {
    let (simulated, local_store) = simulated();
    let older = copy_of(8, at(7, 4), &[]);
    let disk = local_store.store.disk();
    disk.replace(&layout().segment(&older), &closed(&older, 5)).unwrap();
    disk.replace(FORGED.as_ref(), &closed(&copy_of(9, at(7, 6), &[]), 7)).unwrap();
    let from = simulated.position();
    let news = take_in(&local_store, "", &folder(), &Types(VersionFit::Exact));
    assert!(matches!(news[..], [CloudNews::Taken { .. }]), "{news:?}");
    let mut seen = HashSet::new();
    left_after_each_step(&simulated.trace(), from, |position, image| {
        let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::from_image(image));
        let local = local(&disk);
        let before = heads(&local);
        assert!(before == [at(8, 5)] || before == [at(9, 7)], "{before:?} after {position}");
        seen.extend(before);
        let news = take_in(&local, "", &folder(), &Types(VersionFit::Exact));
        let is_fork = news.iter().any(|it| matches!(it, CloudNews::Forked(_)));
        assert!(!is_fork, "after {position}: {news:?}");
        assert_eq!(heads(&local), [at(9, 7)], "after {position}");
    });
    assert_eq!(seen.len(), 2);
}

#[test]
fn a_put_cut_off_at_any_step_leaves_a_whole_file() {
    let (simulated, local_store) = simulated();
    put(&local_store, &copy_of(8, at(1, 2), &[])).unwrap();
    let from = simulated.position();
    put(&local_store, &copy_of(9, at(1, 3), &[])).unwrap();
    let mut seen = HashSet::new();
    left_after_each_step(&simulated.trace(), from, |position, image| {
        let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::from_image(image));
        let local = local(&disk);
        let whole = originals(&local);
        assert_eq!(whole.len(), 1, "{whole:?} after {position}");
        seen.extend(whole);
        put(&local, &copy_of(10, at(1, 3), &[])).unwrap();
        let entries = disk.list(Path::new("/cloud/default")).unwrap();
        assert_eq!(entries.len(), 1, "what was left is removed: {entries:?} after {position}");
    });
    assert_eq!(seen, HashSet::from([at(1, 2), at(1, 3)]));
}

#[test]
fn an_unlistable_directory_does_not_refuse_a_put() {
    let memory = device();
    memory.put(Path::new("/cloud/lost+found/x"), b"x");
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let local = local(&disk);
    put(&local, &copy_of(8, at(1, 2), &[])).unwrap();
    // The directory of the profile, twice, the folder, that directory again, and this one are listed.
    memory.fail_after(Operation::List, 4, ErrorKind::PermissionDenied);
    let putting = begin_to_put(&local, &copy_of(9, at(1, 3), &[])).unwrap();
    memory.heal();
    finish(putting, &local).unwrap();
    assert_eq!(originals(&local), HashSet::from([at(1, 3)]));
}
