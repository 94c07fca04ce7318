//! Files: the interface of a disk, on which journals, locks and process records are kept.
//!
//! [`Disk`] is the few operations that anything here does to files. [`RealDisk`] is what every program gets that asks
//! for nothing else, and [`MemoryDisk`] is for tests. A program with a store of its own implements [`Disk`], and hands
//! it to [`JournalOptions::on_disk`](crate::JournalOptions::on_disk) or, as a game, to `SessionPlugin::on_disk`. The
//! kit that checks such a disk is `disk::conformance`, behind the feature `testing`.
//!
//! ```
//! use std::path::Path;
//!
//! use bevy_session_journal::disk::{Disk, RealDisk};
//!
//! /// The text of a small file, on whatever disk it is.
//! fn note(disk: &dyn Disk, path: &Path) -> std::io::Result<String> {
//!     Ok(String::from_utf8_lossy(&disk.read(path, 1 << 10)?).into_owned())
//! }
//!
//! # let directory = tempfile::tempdir()?;
//! let path = directory.path().join("note");
//! RealDisk.replace(&path, b"remember")?;
//! assert_eq!(note(&RealDisk, &path)?, "remember");
//! # Ok::<(), std::io::Error>(())
//! ```

mod archive_files;
mod archive_place;
mod archives_disk;
mod attachment_file;
mod audit_file;
mod boot;
mod catalog_index;
mod checking;
mod consent_files;
mod directory;
mod directory_syncs;
mod erasure_files;
mod error;
mod event_files;
mod fallback_disk;
mod file_operations;
mod file_tree;
mod findings;
mod host;
mod inventory;
mod layout;
mod local_store;
mod log_files;
mod manifest;
mod memory_disk;
mod newer_format;
mod open_files;
mod platform;
pub(crate) mod process;
pub(crate) mod process_record;
mod read_only_disk;
mod real_disk;
mod repair;
mod replacing;
mod sealed;
mod session_attachments;
mod session_card;
mod session_opening;
mod slot_files;
mod slot_shelf;
mod stored_session;
pub(crate) mod survived_failure;
mod traced_disk;
mod trial;

#[cfg(any(test, feature = "testing"))]
#[expect(clippy::unwrap_used, reason = "tests")]
pub mod conformance;
#[cfg(test)]
mod disk_tests;
#[cfg(test)]
pub(crate) mod simulated_disk;

pub use crate::format::{Hold, ReadAt};
pub use file_operations::{AppendFile, DirEntry, Disk, Lock, Room};
pub use memory_disk::{MemoryDisk, Operation};
pub use real_disk::RealDisk;

// Made for the other packages of `bevy_session`, without a promise of stability.
#[doc(hidden)]
pub use crate::model::session::PanicInfo;
#[doc(hidden)]
pub use archives_disk::ArchivesDisk;
#[doc(hidden)]
pub use error::{StoreAction, StoreError, with_sources};
#[doc(hidden)]
pub use fallback_disk::{FallbackDisk, MovedRoot};
#[doc(hidden)]
pub use findings::session_of_file;
#[doc(hidden)]
pub use inventory::Kept;
#[doc(hidden)]
pub use layout::Layout;
#[doc(hidden)]
pub use local_store::{Archives, ClaimedSessions, LocalStore};
#[doc(hidden)]
pub use log_files::{LogFile, end_of_log, log_files};
#[doc(hidden)]
pub use manifest::FinishedFile;
#[doc(hidden)]
pub use platform::{DEVELOPMENT, directory_name, platform_roots, platform_state_of};
#[doc(hidden)]
pub use process_record::{EarlierDeath, StandingAlert};
#[doc(hidden)]
pub use process_record::{ProcessId, ProcessRecord, read_all, read_log};
#[doc(hidden)]
pub use read_only_disk::ReadOnlyDisk;
#[doc(hidden)]
pub use real_disk::sync_all;
#[doc(hidden)]
pub use repair::{Fate, RepairError, RepairedFile, RepairedKind, RepairedSession, SessionRepair};
#[doc(hidden)]
pub use slot_shelf::{SlotFile, UnreadSlot, session_of_slot, slots_in};
#[doc(hidden)]
pub use stored_session::{MergedBlocks, StoredSession};
#[doc(hidden)]
pub use survived_failure::SurvivedFailure;
#[doc(hidden)]
pub use traced_disk::TracedDisk;
#[doc(hidden)]
pub use trial::Trial;

pub(crate) use archive_place::{
    ArchivePlace, directory_of_marked, is_archived_name, is_away, is_marked, make_directory, own,
    unmark,
};
pub(crate) use audit_file::{AuditFile, MOST_ENTRIES as MOST_AUDIT_ENTRIES};
pub(crate) use boot::boot_id;
pub(crate) use catalog_index::{CatalogIndex, IndexBuild, IndexedSession};
pub use consent_files::ConsentFiles;
pub(crate) use directory::{CreatedSegment, DirectoryStore, SessionLock, sync_directory};
pub(crate) use erasure_files::{Erasure, ErasureFiles};
pub(crate) use error::{Attempt, unknown_if_gone};
pub(crate) use event_files::{EventFile, EventFiles};
pub(crate) use findings::problem_of_frames;
pub(crate) use host::{HostId, HostIdOrigin};
pub(crate) use layout::SlotName;
pub(crate) use layout::is_device_name;
pub(crate) use log_files::log_file_name;
pub(crate) use manifest::Manifest;
pub(crate) use newer_format::{OpenError, changeable};
pub(crate) use process_record::{
    FoundRecord, HeldRun, Liveness, ProcessRecordFile, RecordError, find as find_record,
    read_besides as read_records_besides, remove as remove_record,
};
pub(crate) use session_card::SessionCard;
pub(crate) use session_opening::SessionOpening;
pub(crate) use slot_files::SlotsLock;
pub(crate) use slot_shelf::SlotShelf;
