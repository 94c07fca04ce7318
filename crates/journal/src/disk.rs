//! Files: where journals, locks and process records are kept.
//!
//! [`Disk`] is the few operations that anything here does to files, so that a disk in memory can stand in for the real
//! one, fail on command, or be copied as a crash would leave it. `DirectoryStore` knows the place of each file and
//! reads a session's segments; their content is the business of [`crate::format`]. Nothing here knows of an ECS.

mod archive_files;
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
pub mod process;
mod process_record;
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
mod survived_failure;
mod traced_disk;
mod trial;

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod simulated_disk;

pub use crate::model::session::PanicInfo;
pub(crate) use error::unknown_if_gone;
pub use error::{StoreAction, StoreError, with_sources};
pub(crate) use event_files::{EventFile, EventFiles};
pub use memory_disk::{MemoryDisk, Operation};
pub use process_record::{EarlierDeath, StandingAlert};
pub use repair::{Fate, RepairError, RepairedFile, RepairedKind, RepairedSession, SessionRepair};
pub use survived_failure::SurvivedFailure;

pub(crate) use audit_file::{AuditFile, MOST_ENTRIES as MOST_AUDIT_ENTRIES};
pub(crate) use boot::boot_id;
pub(crate) use catalog_index::{CatalogIndex, IndexBuild, IndexedSession};
pub use consent_files::ConsentFiles;
pub(crate) use directory::{CreatedSegment, DirectoryStore, SessionLock};
pub(crate) use erasure_files::{Erasure, ErasureFiles};
pub use fallback_disk::{FallbackDisk, MovedRoot};
pub use file_operations::Disk;
pub(crate) use file_operations::{AppendFile, DirEntry, Lock, Room};
pub(crate) use findings::problem_of_frames;
pub use findings::session_of_file;
pub(crate) use host::{HostId, HostIdOrigin};
pub use inventory::Kept;
pub use layout::Layout;
pub(crate) use layout::SlotName;
pub(crate) use layout::is_device_name;
pub use local_store::{ClaimedSessions, LocalStore};
pub(crate) use log_files::log_file_name;
pub use log_files::{LogFile, end_of_log, log_files};
pub use manifest::FinishedFile;
pub(crate) use manifest::Manifest;
pub(crate) use newer_format::{OpenError, changeable};
pub use platform::{DEVELOPMENT, directory_name, platform_roots, platform_state_of};
pub(crate) use process_record::{
    FoundRecord, HeldRun, Liveness, ProcessRecordFile, RecordError, find as find_record,
    read_besides as read_records_besides, remove as remove_record,
};
pub use process_record::{ProcessId, ProcessRecord, read_all, read_log};
pub use read_only_disk::ReadOnlyDisk;
pub use real_disk::{RealDisk, sync_all};
pub(crate) use session_card::SessionCard;
pub(crate) use session_opening::SessionOpening;
pub(crate) use slot_files::SlotsLock;
pub(crate) use slot_shelf::SlotShelf;
pub use slot_shelf::{SlotFile, UnreadSlot, session_of_slot, slots_in};
pub use stored_session::{MergedBlocks, StoredSession};
pub use traced_disk::TracedDisk;
pub use trial::Trial;
