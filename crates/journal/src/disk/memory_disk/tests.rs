//! A disk that fails, and copies of it.

use super::*;

#[test]
fn a_failing_append_leaves_half_of_its_bytes() {
    let disk = MemoryDisk::default();
    let mut file = disk.create_new(Path::new("a")).unwrap();
    disk.fail_next(Operation::Append, io::ErrorKind::StorageFull);
    let error = file.append(b"12345678").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    file.append(b"9").unwrap();
    assert_eq!(disk.read(Path::new("a"), 100).unwrap(), b"12349");
}

#[test]
fn a_disk_fails_until_it_is_healed() {
    let disk = MemoryDisk::default();
    disk.fail_always(Operation::Create, io::ErrorKind::PermissionDenied);
    assert!(disk.create_new(Path::new("a")).is_err());
    assert!(disk.create_new(Path::new("a")).is_err());
    disk.heal();
    assert!(disk.create_new(Path::new("a")).is_ok());
}

#[test]
fn a_snapshot_shares_nothing_and_holds_no_lock() {
    let disk = MemoryDisk::default();
    let mut file = disk.create_new(Path::new("a")).unwrap();
    file.append(b"old").unwrap();
    let _lock = disk.try_lock(Path::new("lock")).unwrap().unwrap();

    let copy = disk.snapshot();
    file.append(b" new").unwrap();
    disk.corrupt(Path::new("a"), 0, 0xff);
    assert_eq!(copy.read(Path::new("a"), 100).unwrap(), b"old");
    let lock = copy.try_lock(Path::new("lock")).unwrap();
    assert!(lock.is_some());
    assert_eq!(copy.paths(), [PathBuf::from("a"), PathBuf::from("lock")]);
}

#[test]
fn a_memory_disk_that_refuses_writes_still_reads() {
    let disk = MemoryDisk::default();
    let (place, beside) = (Path::new("data"), Path::new("data-2"));
    let file = place.join("a");
    disk.create_dir(place).unwrap();
    let mut open = disk.create_new(&file).unwrap();
    disk.refuse_writes(place, io::ErrorKind::ReadOnlyFilesystem);
    let refused = [
        open.append(b"1"),
        disk.create_dir(&place.join("b")),
        disk.create_new(&place.join("b")).map(drop),
        disk.replace(&file, b"1"),
        disk.put_in_place(&file, &place.join("b")),
        disk.try_lock(&place.join("b")).map(drop),
        disk.remove(&file),
    ];
    for result in refused {
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::ReadOnlyFilesystem);
    }
    assert_eq!(disk.read(&file, 1).unwrap(), b"");
    disk.create_dir(beside).unwrap();
    disk.heal();
    disk.remove(&file).unwrap();
}
