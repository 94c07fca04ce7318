//! Locks. A disk that has none passes these checks.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{DiskUnderTest, kind};
use crate::disk::Lock;

/// Takes a lock.
fn lock(tested: &DiskUnderTest, path: &Path) -> Option<Box<dyn Lock>> {
    tested.disk().try_lock(path).unwrap()
}

/// Returns true if the disk has locks. One without any says so of both questions.
pub(super) fn has_locks(tested: &DiskUnderTest) -> bool {
    let path = tested.path("first.lock");
    let taken = kind(tested.disk().try_lock(&path));
    let is_without = taken == Some(ErrorKind::Unsupported);
    if is_without {
        assert_eq!(kind(tested.disk().is_locked(&path)), taken);
    }
    !is_without
}

pub(super) fn one_at_a_time_holds_a_lock(tested: &DiskUnderTest) {
    if !has_locks(tested) {
        return;
    }
    let (disk, path, other) = (tested.disk(), tested.path("lock"), tested.path("other.lock"));
    for _ in 0..2 {
        let held = lock(tested, &path).unwrap();
        assert!(held.is_held().unwrap() && disk.is_locked(&path).unwrap());
        assert!(lock(tested, &path).is_none(), "it is held");
        assert!(held.is_held().unwrap(), "who asked in vain took it from nobody");
        assert!(!disk.is_locked(&other).unwrap());
        assert!(lock(tested, &other).is_some(), "each name has a lock of its own");
        drop(held);
        assert!(!disk.is_locked(&path).unwrap(), "it is free again");
    }
    let lost = tested.path("none").join("lock");
    assert_eq!(kind(disk.try_lock(&lost)), Some(ErrorKind::NotFound));
}

pub(super) fn to_ask_creates_nothing(tested: &DiskUnderTest) {
    let asked = tested.disk().is_locked(&tested.path("lock"));
    assert!(matches!(kind(asked), None | Some(ErrorKind::Unsupported)));
    assert_eq!(tested.names(), [""; 0]);
}

pub(super) fn of_those_who_lock_at_once_one_does(tested: &DiskUnderTest) {
    if !has_locks(tested) {
        return;
    }
    let (disk, path, holders) = (tested.disk(), tested.path("lock"), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..100 {
                    // Any operation may fail, as on a system that removes a file a little later.
                    let Ok(Some(held)) = disk.try_lock(&path) else { continue };
                    assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
                    assert!(held.is_held().unwrap());
                    holders.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert!(lock(tested, &path).is_some(), "all have released it");
}

pub(super) fn a_lock_that_is_held_is_an_entry(tested: &DiskUnderTest) {
    if !has_locks(tested) {
        return;
    }
    let _held = lock(tested, &tested.path("lock")).unwrap();
    assert!(tested.entry("lock").is_some_and(|entry| entry.is_file), "it can be counted");
}

/// Wine keeps the name until the file is closed.
pub(super) fn a_lock_is_lost_if_its_directory_entry_is_removed(tested: &DiskUnderTest) {
    if !has_locks(tested) {
        return;
    }
    let (disk, path) = (tested.disk(), tested.path("lock"));
    let lost = lock(tested, &path).unwrap();
    disk.remove(&path).unwrap();
    assert!(!lost.is_held().unwrap(), "another one can be taken");
    let taken = lock(tested, &path).unwrap();
    assert!(taken.is_held().unwrap() && !lost.is_held().unwrap());
    drop(lost);
    assert!(taken.is_held().unwrap() && disk.is_locked(&path).unwrap(), "it was another's");
}
