//! Two processes that use the same files.

use std::io::ErrorKind;

use super::locks::has_locks;
use super::{DiskUnderTest, kind};

pub(super) fn another_sees_what_is_written(tested: &DiskUnderTest) {
    let (disk, other) = (tested.disk(), tested.other());
    let (log, small) = (tested.path("log"), tested.path("small"));
    let mut file = disk.create_new(&log).unwrap();
    file.append(b"one").unwrap();
    assert_eq!(other.read(&log, 10).unwrap(), b"one", "though it isn't synced");
    let reader = other.open(&log).unwrap();
    file.append(b" two").unwrap();
    assert_eq!(reader.len().unwrap(), 7);

    disk.replace_unsynced(&small, b"1").unwrap();
    assert_eq!(other.read(&small, 10).unwrap(), b"1");
    other.replace(&small, b"2").unwrap();
    assert_eq!(disk.read(&small, 10).unwrap(), b"2");
    assert_eq!(other.list(&tested.directory).unwrap().len(), 2);
    assert_eq!(kind(other.create_new(&log)), Some(ErrorKind::AlreadyExists));
    disk.remove(&small).unwrap();
    assert_eq!(kind(other.read(&small, 10)), Some(ErrorKind::NotFound));
}

pub(super) fn another_sees_a_lock(tested: &DiskUnderTest) {
    if !has_locks(tested) {
        return;
    }
    let (disk, other, path) = (tested.disk(), tested.other(), tested.path("lock"));
    let held = disk.try_lock(&path).unwrap().unwrap();
    assert!(other.is_locked(&path).unwrap());
    assert!(other.try_lock(&path).unwrap().is_none());
    assert!(held.is_held().unwrap());
    drop(held);
    let theirs = other.try_lock(&path).unwrap();
    assert!(theirs.is_some() && disk.is_locked(&path).unwrap());
    assert!(disk.try_lock(&path).unwrap().is_none());
}
