//! The contract of every [`Disk`], as checks: for one that is written outside of this package.
//!
//! Each check panics where a disk breaks a sentence of the contract. A test hands a disk to all of them:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bevy_session_journal::disk::MemoryDisk;
//! use bevy_session_journal::disk::conformance::{DiskUnderTest, check_all};
//!
//! check_all(|| DiskUnderTest::new(Arc::new(MemoryDisk::default()), ""));
//! ```
//!
//! Some promises can't be seen through a disk, and are its author's: that files are their owner's only, that what fails
//! says so, and that a process which is killed leaves what it wrote, and no lock.

mod locks;
mod names;
mod power_cuts;
mod processes;
mod readers;

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DirEntry, Disk};

/// A disk to be checked, and an empty directory on it.
pub struct DiskUnderTest {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    other: Option<Arc<dyn Disk>>,
    power_cut: Option<Box<dyn Fn() -> Arc<dyn Disk>>>,
}

impl DiskUnderTest {
    /// The directory exists, durably, and is empty.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, directory: impl Into<PathBuf>) -> Self {
        Self { disk, directory: directory.into(), other: None, power_cut: None }
    }

    /// The same files as another process sees them, for a disk that keeps anything in its own memory. The disk itself by
    /// default.
    #[must_use]
    pub fn seen_by_another_process(mut self, other: Arc<dyn Disk>) -> Self {
        self.other = Some(other);
        self
    }

    /// Says what the disk would be after the machine had stopped at this moment: with nothing but what was durable,
    /// and with no lock held. Without it, the checks of durability are passed over.
    #[must_use]
    pub fn after_power_cut(mut self, cut: impl Fn() -> Arc<dyn Disk> + 'static) -> Self {
        self.power_cut = Some(Box::new(cut));
        self
    }

    fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    fn other(&self) -> &dyn Disk {
        self.other.as_deref().unwrap_or(&*self.disk)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The entry of the directory that has this name.
    fn entry(&self, name: &str) -> Option<DirEntry> {
        let entries = self.disk.list(&self.directory).unwrap();
        entries.into_iter().find(|entry| entry.name == name)
    }

    fn names(&self) -> Vec<String> {
        let entries = self.disk.list(&self.directory).unwrap();
        entries.into_iter().map(|entry| entry.name).collect()
    }

    /// Writes a file whole, and syncs it.
    fn write(&self, path: &Path, content: &[u8]) {
        let mut file = self.disk.create_new(path).unwrap();
        file.append(content).unwrap();
        file.sync().unwrap();
    }
}

impl fmt::Debug for DiskUnderTest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DiskUnderTest")
            .field("disk", &self.disk)
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

/// All checks, by the sentence that each is for. Each wants an empty directory.
pub const CHECKS: &[(&str, fn(&DiskUnderTest))] = &[
    ("directories are made in directories, once", names::directories_are_made_once),
    ("a listing has what is in a directory, by name", names::a_listing_has_what_is_there),
    #[cfg(unix)]
    ("names that aren't Unicode are left out", names::names_that_are_not_unicode_are_left_out),
    ("a stamp tells that a file is another one", names::a_stamp_tells_of_another_file),
    ("what is removed is gone", names::what_is_removed_is_gone),
    ("a file is created once", names::a_file_is_created_once),
    ("of those who create at once, one does", names::of_those_who_create_at_once_one_does),
    ("small files are replaced", names::small_files_are_replaced),
    ("a file takes the place of another", names::a_file_takes_the_place_of_another),
    ("a writer knows its file from a copy", names::a_writer_knows_its_file_from_a_copy),
    ("the room is that of a file system", names::the_room_is_that_of_a_file_system),
    ("a file grows while it is read", readers::a_file_grows_while_it_is_read),
    ("nothing is read past the end", readers::nothing_is_read_past_the_end),
    ("a small file is read whole", readers::a_small_file_is_read_whole),
    (READS_ONE, readers::a_reader_during_a_replacement_reads_the_old_or_the_new_file),
    (REPLACED, readers::an_open_file_is_readable_after_it_is_replaced),
    (REMOVED, readers::an_open_file_is_readable_after_it_is_removed),
    ("one at a time holds a lock", locks::one_at_a_time_holds_a_lock),
    ("to ask about a lock creates nothing", locks::to_ask_creates_nothing),
    ("of those who lock at once, one does", locks::of_those_who_lock_at_once_one_does),
    ("a lock that is held is an entry", locks::a_lock_that_is_held_is_an_entry),
    (WITHOUT_ENTRY, locks::a_lock_is_lost_if_its_directory_entry_is_removed),
    ("another process sees what is written", processes::another_sees_what_is_written),
    ("another process sees a lock", processes::another_sees_a_lock),
    ("what was synced survives", power_cuts::what_was_synced_survives),
    ("what was removed stays removed", power_cuts::what_was_removed_stays_removed),
    ("what was replaced is durable", power_cuts::what_was_replaced_is_durable),
    ("what took a place is durable", power_cuts::what_took_a_place_is_durable),
    ("a machine that stopped holds no lock", power_cuts::a_stopped_machine_holds_no_lock),
];

/// Checks by which the tests of this package name those that Wine can't pass.
pub(super) const READS_ONE: &str = "who reads while a file is replaced reads the one or the other";
pub(super) const REPLACED: &str = "who reads a file that is replaced reads on";
pub(super) const REMOVED: &str = "who reads a file that is removed reads on";
pub(super) const WITHOUT_ENTRY: &str = "without its entry, a lock is lost";

/// Runs all checks, each on a disk that `make` makes for it.
///
/// # Panics
///
/// If the disk breaks a sentence of the contract.
pub fn check_all(make: impl Fn() -> DiskUnderTest) {
    for (_, check) in CHECKS {
        check(&make());
    }
}

/// The kind of an error; `None` if it was a success.
fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}
