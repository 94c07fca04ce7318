//! Locks of files: they are released when their process stops, in any way.

#[cfg(unix)]
pub(super) use unix::{try_lock, try_lock_shared};
#[cfg(not(unix))]
pub(super) use with_std::{try_lock, try_lock_shared};

/// The same locks as those of the standard library, which says `Unsupported` on Android before Rust 1.98. They are taken
/// in this way on every Unix, so that what phones run is tested on all of them.
#[cfg(unix)]
mod unix {
    use std::fs::{File, TryLockError};
    use std::io;

    use rustix::fs::FlockOperation;
    use rustix::io::Errno;

    /// Locks a file if no other handle has it locked.
    pub(in super::super) fn try_lock(file: &File) -> Result<(), TryLockError> {
        flock(file, FlockOperation::NonBlockingLockExclusive)
    }

    /// Locks a file shared, if no other handle has it exclusively.
    pub(in super::super) fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
        flock(file, FlockOperation::NonBlockingLockShared)
    }

    fn flock(file: &File, operation: FlockOperation) -> Result<(), TryLockError> {
        rustix::io::retry_on_intr(|| rustix::fs::flock(file, operation)).map_err(judged)
    }

    pub(super) fn judged(error: Errno) -> TryLockError {
        match error {
            Errno::WOULDBLOCK => TryLockError::WouldBlock,
            // By the first of these some devices' storage says that it has none, by the last a network drive.
            Errno::INVAL | Errno::NOSYS | Errno::NOLCK => {
                TryLockError::Error(io::ErrorKind::Unsupported.into())
            }
            error => TryLockError::Error(error.into()),
        }
    }
}

#[cfg(not(unix))]
mod with_std {
    use std::fs::{File, TryLockError};

    /// Locks a file if no other handle has it locked.
    pub(in super::super) fn try_lock(file: &File) -> Result<(), TryLockError> {
        file.try_lock()
    }

    /// Locks a file shared, if no other handle has it exclusively.
    pub(in super::super) fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
        file.try_lock_shared()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{File, TryLockError};
    use std::io;

    use rustix::io::Errno;

    use super::unix::judged;
    use super::{try_lock, try_lock_shared};

    fn is_taken(locked: Result<(), TryLockError>) -> bool {
        matches!(locked, Err(TryLockError::WouldBlock))
    }

    #[test]
    fn a_lock_belongs_to_the_open_file_and_can_be_probed_by_several() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let holder = File::create(&path).unwrap();
        let [one, other] = [(), ()].map(|()| File::open(&path).unwrap());

        try_lock(&holder).unwrap();
        assert!(is_taken(try_lock(&one)) && is_taken(try_lock_shared(&one)));
        assert!(is_taken(one.try_lock()), "a build with the locks of the standard library");
        drop(holder);

        try_lock_shared(&one).unwrap();
        try_lock_shared(&other).unwrap();
        assert!(is_taken(try_lock(&other)), "another asks");
        drop(one);
        try_lock(&other).unwrap();
    }

    #[test]
    fn missing_support_for_locks_is_distinguished_from_a_failure() {
        let kind = |error| match judged(error) {
            TryLockError::Error(error) => Some(error.kind()),
            TryLockError::WouldBlock => None,
        };
        for error in [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOLCK] {
            assert_eq!(kind(error), Some(io::ErrorKind::Unsupported), "{error}");
        }
        assert_eq!(kind(Errno::ACCESS), Some(io::ErrorKind::PermissionDenied));
        assert_eq!(kind(Errno::WOULDBLOCK), None);
    }
}
