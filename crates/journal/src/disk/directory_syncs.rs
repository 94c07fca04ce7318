//! What it means that a directory can't be synced.

use std::io;

/// Whether a directory can't be synced because of what it is: the player may not open it, or its file
/// system has no such thing. No process of the game made such a directory, so its entry is durable.
pub(super) fn refuses_syncs(error: &io::Error) -> bool {
    has_no_syncs(error) || error.kind() == io::ErrorKind::PermissionDenied
}

/// Whether the file system has no way to sync a directory.
pub(super) fn has_no_syncs(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}
