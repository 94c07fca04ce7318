//! The amount of work that is done at once. The worlds of tests are small, and there anything is to happen between two
//! slices.

use std::time::Duration;

use crate::disk::{DirectoryStore, SessionOpening, StoreError, StoredSession};
use crate::model::ids::limits::{FRAME_BYTES, SEGMENT_BYTES};

/// Bytes that a slice of work reads or copies, about, before the checkpoints get their turn.
pub(super) const SLICE_BYTES: usize = if cfg!(test) { 40 } else { FRAME_BYTES };

/// Sessions whose directories are listed in one slice.
pub(super) const LISTED_AT_ONCE: usize = if cfg!(test) { 1 } else { 16 };

/// Files of a session that are opened in one slice. Of each, only the headers of its frames are read.
const OPENED_AT_ONCE: usize = if cfg!(test) { 1 } else { 8 };

/// Bytes of a long group after which it is synced halfway. A sync on ext4 also commits the other
/// files' backlog, so one large sync at the end would hold up the checkpoints of other programs.
pub(super) const SYNC_EVERY: u64 = if cfg!(test) { 500 } else { 4 << 20 };

/// Bytes of a file, beyond which readers don't look.
pub(super) const MOST_BYTES: u64 = if cfg!(test) { 2 << 20 } else { SEGMENT_BYTES };

/// The time of a slice of work whose cost doesn't follow from bytes: reading the histories of many small sessions.
pub(super) const SLICE_TIME: Duration =
    if cfg!(test) { Duration::ZERO } else { Duration::from_millis(1) };

/// Opens as many files of a session as a slice may. The session once all of them are open.
///
/// # Errors
///
/// [`StoreError`] if the session can't be opened.
pub(super) fn open_slice(
    opening: &mut SessionOpening,
    store: &DirectoryStore,
) -> Result<Option<StoredSession>, StoreError> {
    for _ in 0..OPENED_AT_ONCE {
        if let Some(stored) = opening.step(&**store.disk())? {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}
