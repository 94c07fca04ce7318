//! The meaning of errors when a directory is synced.

use std::io;

/// Returns true if a directory can't be synced because of its nature: the player may not open it, or its file system
/// can't sync directories. No process of the game made such a directory, so its entry is durable.
pub(super) fn refuses_syncs(error: &io::Error) -> bool {
    has_no_syncs(error) || error.kind() == io::ErrorKind::PermissionDenied
}

/// Returns true if the file system has no way to sync a directory.
pub(super) fn has_no_syncs(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}
