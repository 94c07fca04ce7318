//! Files after a stop of the machine. A disk that can't say what is left then passes these checks.

use std::io::ErrorKind;
use std::sync::Arc;

use super::locks::has_locks;
use super::{DiskUnderTest, kind};
use crate::disk::Disk;

/// The disk after the power was cut, if the test can say what that is.
fn cut(tested: &DiskUnderTest) -> Option<Arc<dyn Disk>> {
    tested.power_cut.as_ref().map(|cut| cut())
}

pub(super) fn what_was_synced_survives(tested: &DiskUnderTest) {
    let (disk, inner) = (tested.disk(), tested.path("inner"));
    let path = inner.join("file");
    disk.create_dir(&inner).unwrap();
    disk.sync_dir(&tested.directory).unwrap();
    let mut file = disk.create_new(&path).unwrap();
    file.append(b"one").unwrap();
    file.sync().unwrap();
    disk.sync_dir(&inner).unwrap();
    file.append(b" two").unwrap();
    file.sync().unwrap();
    file.append(b" three").unwrap();

    let Some(found) = cut(tested) else { return };
    assert!(found.list(&inner).unwrap().iter().any(|entry| entry.name == "file"));
    let bytes = found.read(&path, 99).unwrap();
    assert!(bytes.starts_with(b"one two"), "{:?}", String::from_utf8_lossy(&bytes));
}

pub(super) fn what_was_removed_stays_removed(tested: &DiskUnderTest) {
    let (disk, path) = (tested.disk(), tested.path("file"));
    tested.write(&path, b"one");
    disk.sync_dir(&tested.directory).unwrap();
    disk.remove(&path).unwrap();
    disk.sync_dir(&tested.directory).unwrap();

    let Some(found) = cut(tested) else { return };
    assert_eq!(kind(found.open(&path)), Some(ErrorKind::NotFound));
}

pub(super) fn what_was_replaced_is_durable(tested: &DiskUnderTest) {
    let (disk, path) = (tested.disk(), tested.path("small"));
    for content in [&b"first"[..], b"second"] {
        disk.replace(&path, content).unwrap();
        let Some(found) = cut(tested) else { return };
        assert_eq!(found.read(&path, 99).unwrap(), content, "without any further sync");
    }
}

pub(super) fn what_took_a_place_is_durable(tested: &DiskUnderTest) {
    let (disk, place, written) = (tested.disk(), tested.path("slot"), tested.path("slot.new"));
    for content in [&b"first"[..], b"second"] {
        tested.write(&written, content);
        disk.put_in_place(&written, &place).unwrap();
        disk.sync_dir(&tested.directory).unwrap();
        let Some(found) = cut(tested) else { return };
        assert_eq!(found.read(&place, 99).unwrap(), content);
        assert_eq!(kind(found.open(&written)), Some(ErrorKind::NotFound));
    }
}

pub(super) fn a_stopped_machine_holds_no_lock(tested: &DiskUnderTest) {
    if !has_locks(tested) {
        return;
    }
    let path = tested.path("lock");
    let held = tested.disk().try_lock(&path).unwrap();
    tested.disk().sync_dir(&tested.directory).unwrap();
    let Some(found) = cut(tested) else { return };
    assert!(!found.is_locked(&path).unwrap());
    assert!(found.try_lock(&path).unwrap().is_some());
    drop(held);
}
