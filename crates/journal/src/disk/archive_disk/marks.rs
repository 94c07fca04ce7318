//! The mark in a session's directory that says that the session is at home elsewhere.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::is_missing;
use super::relocation::sync;
use crate::disk::error::Attempt;
use crate::disk::replacing::small_file_aside;
use crate::disk::sealed::{SealKind, seal_for, unseal};
use crate::disk::{Disk, Layout, StoreAction, StoreError};

const KIND: SealKind = SealKind { magic: *b"bvyelse\x1a", version: 1 };
/// Far more than the file ever has.
const MAX_BYTES: usize = 1 << 10;

#[derive(Serialize, Deserialize)]
struct Mark {
    /// The number of the place of archives that the session is moved to, or from.
    place: u64,
}

/// The content of a directory of a session, in short.
#[derive(Clone, Copy, Default, Debug)]
pub struct Holding {
    /// True if it holds a file of the session: neither a mark nor one that is being written.
    pub files: bool,
    /// True if it holds a mark.
    pub mark: bool,
}

/// Looks at what a directory of a session holds.
pub fn holding(disk: &dyn Disk, session: &Path) -> io::Result<Holding> {
    let listed = match disk.list(session) {
        Err(error) if is_missing(&error) => return Ok(Holding::default()),
        listed => listed?,
    };
    Ok(Holding {
        files: listed.iter().any(|entry| is_of_session(&entry.name)),
        mark: listed.iter().any(|entry| Layout::is_elsewhere_name(&entry.name)),
    })
}

/// Returns true if this is the name of a file of a session: neither of a mark nor of one that is being written.
pub fn is_of_session(name: &str) -> bool {
    !Layout::is_elsewhere_name(name) && Layout::place_of_unfinished(name).is_none()
}

/// Returns true if there is a mark in a session's directory, which is found without listing it.
pub fn is_marked(disk: &dyn Disk, session: &Path) -> io::Result<bool> {
    match disk.open(&Layout::elsewhere_in(session)) {
        Err(error) if is_missing(&error) => Ok(false),
        opened => opened.map(|_| true),
    }
}

/// The number of the place in the mark of a session's directory; `None` without a mark.
///
/// # Errors
///
/// Those of the disk, and [`io::ErrorKind::InvalidData`] if the mark is damaged.
pub fn read_mark(disk: &dyn Disk, session: &Path) -> io::Result<Option<u64>> {
    let bytes = match disk.read(&Layout::elsewhere_in(session), MAX_BYTES) {
        Err(error) if is_missing(&error) => return Ok(None),
        read => read?,
    };
    let mark = unseal::<Mark>(KIND, &bytes).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some(mark.place))
}

/// Marks a session's directory, durably. A mark that is there may not be durable yet.
pub fn set_mark(disk: &dyn Disk, session: &Path, place: u64) -> Result<(), StoreError> {
    let path = Layout::elsewhere_in(session);
    if !is_marked(disk, session).attempt(StoreAction::LookFor, &path)? {
        let bytes = seal_for(&path, KIND, &Mark { place })?;
        disk.replace(&path, &bytes).attempt(StoreAction::Replace, &path)?;
    }
    sync(disk, session).attempt(StoreAction::SyncDirectory, session)
}

/// Takes the mark away, durably.
pub fn clear_mark(disk: &dyn Disk, session: &Path) -> Result<(), StoreError> {
    let path = Layout::elsewhere_in(session);
    // One that waits aside would be read as soon as the other is gone.
    for path in [small_file_aside(&path), path] {
        match disk.remove(&path) {
            Err(error) if is_missing(&error) => {}
            removed => removed.attempt(StoreAction::RemoveFile, &path)?,
        }
    }
    sync(disk, session).attempt(StoreAction::SyncDirectory, session)
}
