//! The contract of every [`Disk`], checked on the disks of this package: the real one, those in memory, and wrappers.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::conformance::{CHECKS, DiskUnderTest, READS_ONE, REMOVED, REPLACED, WITHOUT_ENTRY};
use super::simulated_disk::{FileSystem, Image, Replay, SimulatedDisk};
use super::{Disk, FallbackDisk, MemoryDisk, RealDisk, TracedDisk};
use crate::replica::{Recorders, RecordingDisk};

/// A disk in memory. After a power cut it has everything, as after a kill.
fn in_memory(disk: &MemoryDisk, directory: &Path) -> DiskUnderTest {
    let after = disk.clone();
    DiskUnderTest::new(Arc::new(disk.clone()), directory)
        .seen_by_another_process(Arc::new(disk.clone()))
        .after_power_cut(move || Arc::new(after.snapshot()))
}

/// The remains of a simulated disk after a power cut that takes all that it may.
fn least(disk: &SimulatedDisk) -> Image {
    let trace = disk.trace();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    replay.advance_to(usize::MAX);
    replay.strict()
}

/// A simulated disk on which these directories are durable.
fn simulated(directories: &[&str]) -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    for directory in directories {
        disk.create_dir(Path::new(directory)).unwrap();
    }
    SimulatedDisk::from_image(&disk.image())
}

/// The simulated disk as `start` sees it, now and after a power cut.
fn on_simulated(
    disk: SimulatedDisk,
    directory: &str,
    start: fn(SimulatedDisk) -> Arc<dyn Disk>,
) -> DiskUnderTest {
    let tested = DiskUnderTest::new(start(disk.clone()), directory)
        .seen_by_another_process(start(disk.clone()));
    tested.after_power_cut(move || start(SimulatedDisk::from_image(&least(&disk))))
}

fn roots(below: &Path) -> [(PathBuf, PathBuf); 1] {
    [(below.join("wanted"), below.join("second"))]
}

fn in_two_places(disk: Arc<dyn Disk>) -> Arc<dyn Disk> {
    Arc::new(FallbackDisk::new(disk, roots(Path::new(""))))
}

/// Runs a check on each disk, in an empty directory.
fn on_each_disk(check: fn(&DiskUnderTest)) {
    check(&in_memory(&MemoryDisk::default(), Path::new("")));
    let rooted = MemoryDisk::default();
    rooted.create_dir(Path::new("/root")).unwrap();
    check(&in_memory(&rooted, Path::new("/root")));
    check(&on_simulated(simulated(&[]), "", |disk| Arc::new(disk)));
    let directory = tempfile::tempdir().unwrap();
    check(&DiskUnderTest::new(Arc::new(RealDisk), directory.path()));
    let directory = tempfile::tempdir().unwrap();
    let traced = TracedDisk::new(Arc::new(RealDisk), [("data", directory.path().to_owned())]);
    check(&DiskUnderTest::new(Arc::new(traced), directory.path()));
    let recording = RecordingDisk::new(Arc::new(MemoryDisk::default()), Recorders::default());
    check(&DiskUnderTest::new(Arc::new(recording), ""));
    on_two_places(check);
}

/// The same on a disk with two places, of which the first can be written or not.
fn on_two_places(check: fn(&DiskUnderTest)) {
    let refusing = MemoryDisk::default();
    refusing.refuse_writes(Path::new("wanted"), ErrorKind::ReadOnlyFilesystem);
    check(&DiskUnderTest::new(in_two_places(Arc::new(refusing)), "wanted"));
    check(&DiskUnderTest::new(in_two_places(Arc::new(MemoryDisk::default())), "wanted"));
    let both = simulated(&["wanted", "second"]);
    check(&on_simulated(both, "wanted", |disk| in_two_places(Arc::new(disk))));
    let directory = tempfile::tempdir().unwrap();
    let real = || Arc::new(FallbackDisk::new(Arc::new(RealDisk), roots(directory.path())));
    let tested = DiskUnderTest::new(real(), directory.path().join("wanted"));
    check(&tested.seen_by_another_process(real()));
}

/// Checks that have a test of their own, by which `ci/windows.sh` can pass over them.
const APART: [&str; 4] = [READS_ONE, REPLACED, REMOVED, WITHOUT_ENTRY];

fn on_each_disk_by_name(sentence: &str) {
    let (_, check) = CHECKS.iter().find(|(name, _)| *name == sentence).unwrap();
    on_each_disk(*check);
}

#[test]
fn each_disk_keeps_the_contract() {
    let together = CHECKS.iter().filter(|(name, _)| !APART.contains(name));
    assert!(together.clone().count() > 20);
    together.for_each(|(_, check)| on_each_disk(*check));
}

#[test]
fn a_reader_during_a_replacement_reads_the_old_or_the_new_file() {
    on_each_disk_by_name(READS_ONE);
}

/// Windows has this since version 10, 1607, on NTFS. Wine doesn't.
#[test]
fn an_open_file_is_readable_after_it_is_replaced() {
    on_each_disk_by_name(REPLACED);
}

/// Windows has this since version 10, 1809, on NTFS. Wine doesn't.
#[test]
fn an_open_file_is_readable_after_it_is_removed() {
    on_each_disk_by_name(REMOVED);
}

/// Windows keeps such a name no longer than Unix does. Wine keeps it until the file is closed.
#[test]
fn a_lock_is_lost_if_its_directory_entry_is_removed() {
    on_each_disk_by_name(WITHOUT_ENTRY);
}

#[test]
fn the_checks_of_a_disk_find_one_that_syncs_nothing() {
    let disk = simulated(&[]);
    let lying = disk.clone();
    let tested = DiskUnderTest::new(Arc::new(disk), "").after_power_cut(move || {
        let trace = lying.trace();
        let mut replay = Replay::new(&trace, FileSystem::Lying);
        replay.advance_to(usize::MAX);
        Arc::new(SimulatedDisk::from_image(&replay.strict()))
    });
    let (_, check) = CHECKS.iter().find(|(name, _)| *name == "what was synced survives").unwrap();
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&tested)));
    assert!(checked.is_err());
}
