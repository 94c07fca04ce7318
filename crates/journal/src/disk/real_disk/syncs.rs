//! Syncs: the strongest that a file system has.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// True if a file or directory was synced by less than the sync that reaches through the cache of a drive.
static HAS_USED_WEAKER: AtomicBool = AtomicBool::new(false);

/// Makes a file durable, or the entries of a directory: as [`File::sync_all`] does, and with less than that where the file
/// system refuses it, as those of macOS may.
pub fn sync_all(file: &File) -> io::Result<()> {
    file.sync_all().or_else(|error| weaker_sync(file, error))
}

/// The same for what was appended to a file.
pub(super) fn sync_data(file: &File) -> io::Result<()> {
    file.sync_data().or_else(|error| weaker_sync(file, error))
}

/// Returns true if each sync of this process was the strongest that the system has.
pub(super) fn were_all_full() -> bool {
    !HAS_USED_WEAKER.load(Ordering::Relaxed)
}

/// `F_FULLFSYNC`, which the standard library uses here, isn't known to every file system, such as those of network
/// drives. They have `fsync` instead: the drive has it all, and may still lose it in a power cut.
#[cfg(target_vendor = "apple")]
fn weaker_sync(file: &File, refused: io::Error) -> io::Result<()> {
    fsync_if_unknown(file, refused, &HAS_USED_WEAKER)
}

/// Elsewhere there is one kind of sync.
#[cfg(not(target_vendor = "apple"))]
fn weaker_sync(_: &File, refused: io::Error) -> io::Result<()> {
    Err(refused)
}

/// An error of the drive isn't asked about again: a second sync may succeed although the first one has dropped what it
/// could not write.
#[cfg(any(target_vendor = "apple", all(unix, test)))]
fn fsync_if_unknown(file: &File, refused: io::Error, has_used: &AtomicBool) -> io::Result<()> {
    if !is_unknown_operation(&refused) {
        return Err(refused);
    }
    rustix::io::retry_on_intr(|| rustix::fs::fsync(file))?;
    if !has_used.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            error = %refused,
            "the file system has no full sync, so saved files may not survive a power cut"
        );
    }
    Ok(())
}

#[cfg(any(target_vendor = "apple", all(unix, test)))]
fn is_unknown_operation(error: &io::Error) -> bool {
    use rustix::io::Errno;

    let unknown = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::INVAL, Errno::NOTTY];
    error.raw_os_error().is_some_and(|code| unknown.iter().any(|it| it.raw_os_error() == code))
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    // Feature: On macOS, syncs are `F_FULLFSYNC`, or `fsync` where that is refused; type-checked, never run on a Mac.
    // Page: guide/platforms.md#macos
    #[test]
    fn an_unsupported_sync_falls_back_to_fsync_and_a_failed_one_does_not() {
        let file = tempfile::tempfile().unwrap();
        let has_used = AtomicBool::new(false);
        let sync = |error: Errno| fsync_if_unknown(&file, error.into(), &has_used);

        for error in [Errno::IO, Errno::NOSPC, Errno::DQUOT, Errno::BADF] {
            assert_eq!(sync(error).unwrap_err().raw_os_error(), Some(error.raw_os_error()));
        }
        let of_no_system = io::Error::from(io::ErrorKind::Unsupported);
        assert!(fsync_if_unknown(&file, of_no_system, &has_used).is_err());
        assert!(!has_used.load(Ordering::Relaxed));

        for error in [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::INVAL, Errno::NOTTY] {
            sync(error).unwrap();
            assert!(has_used.swap(false, Ordering::Relaxed), "{error}");
        }
    }
}
