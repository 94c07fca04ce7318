//! Files and directories by their names: made, listed, replaced and removed.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{DiskUnderTest, kind};

pub(super) fn directories_are_made_once(tested: &DiskUnderTest) {
    let (disk, inner) = (tested.disk(), tested.path("inner"));
    let deep = inner.join("deep");
    assert_eq!(kind(disk.create_dir(&deep)), Some(ErrorKind::NotFound));
    disk.create_dir(&inner).unwrap();
    assert_eq!(kind(disk.create_dir(&inner)), Some(ErrorKind::AlreadyExists));
    disk.create_dir(&deep).unwrap();
    disk.sync_dir(&inner).unwrap();
    disk.sync_dir(&tested.directory).unwrap();
}

pub(super) fn a_listing_has_what_is_there(tested: &DiskUnderTest) {
    let disk = tested.disk();
    assert_eq!(tested.names(), [""; 0]);
    assert_eq!(kind(disk.list(&tested.path("none"))), Some(ErrorKind::NotFound));
    let mut open = disk.create_new(&tested.path("c")).unwrap();
    open.append(b"hello").unwrap();
    disk.create_dir(&tested.path("b")).unwrap();
    tested.write(&tested.path("b").join("inside"), b"deep");
    tested.write(&tested.path("a"), b"");
    assert_eq!(tested.names(), ["a", "b", "c"]);

    open.append(b" world").unwrap();
    let file = tested.entry("c").unwrap();
    assert_eq!((file.is_file, file.is_dir), (true, false));
    assert_eq!(file.len, 11, "the length of a file, though its writer has it open");
    let directory = tested.entry("b").unwrap();
    assert_eq!((directory.is_file, directory.is_dir, directory.len), (false, true, 0));
}

/// Some file systems refuse such names, which is as good.
#[cfg(unix)]
pub(super) fn names_that_are_not_unicode_are_left_out(tested: &DiskUnderTest) {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let foreign = tested.directory.join(OsStr::from_bytes(b"not-\xff-unicode"));
    let _created = tested.disk().create_new(&foreign);
    tested.write(&tested.path("ours"), b"");
    assert_eq!(tested.names(), ["ours"]);
}

pub(super) fn a_stamp_tells_of_another_file(tested: &DiskUnderTest) {
    let (disk, path) = (tested.disk(), tested.path("file"));
    let stamp = || tested.entry("file").map(|entry| (entry.stamp, entry.len)).unwrap();
    disk.replace(&path, b"one").unwrap();
    let first = stamp();
    assert_eq!(stamp(), first, "looking changes nothing");
    disk.replace(&path, b"two").unwrap();
    let second = stamp();
    assert_ne!(second, first, "another file of the same length is another one");
    disk.replace_unsynced(&path, b"six").unwrap();
    assert_ne!(stamp(), second, "without a sync as well");

    let mut file = disk.create_new(&tested.path("log")).unwrap();
    let stamp = || tested.entry("log").map(|entry| (entry.stamp, entry.len)).unwrap();
    let before = stamp();
    file.append(b"1").unwrap();
    assert_ne!(stamp(), before, "it was written to");
}

pub(super) fn what_is_removed_is_gone(tested: &DiskUnderTest) {
    let (disk, inner) = (tested.disk(), tested.path("inner"));
    let file = inner.join("file");
    disk.create_dir(&inner).unwrap();
    assert_eq!(kind(disk.remove(&file)), Some(ErrorKind::NotFound));
    tested.write(&file, b"hello world");
    assert_eq!(kind(disk.remove_dir(&inner)), Some(ErrorKind::DirectoryNotEmpty));
    disk.remove(&file).unwrap();
    assert_eq!(disk.list(&inner).unwrap(), []);
    assert_eq!(kind(disk.open(&file)), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.remove(&file)), Some(ErrorKind::NotFound));
    disk.remove_dir(&inner).unwrap();
    assert_eq!(tested.names(), [""; 0]);
    assert_eq!(kind(disk.remove_dir(&inner)), Some(ErrorKind::NotFound));
}

pub(super) fn a_file_is_created_once(tested: &DiskUnderTest) {
    let (disk, path) = (tested.disk(), tested.path("file"));
    let lost = tested.path("none").join("file");
    assert_eq!(kind(disk.create_new(&lost)), Some(ErrorKind::NotFound));
    tested.write(&path, b"first");
    assert_eq!(kind(disk.create_new(&path)), Some(ErrorKind::AlreadyExists));
    assert_eq!(disk.read(&path, 10).unwrap(), b"first", "the first one stays as it is");
    disk.remove(&path).unwrap();
    tested.write(&path, b"another");
    assert_eq!(disk.read(&path, 10).unwrap(), b"another");
}

pub(super) fn of_those_who_create_at_once_one_does(tested: &DiskUnderTest) {
    let disk = tested.disk();
    for round in 0..20 {
        let (path, created) = (tested.path(&round.to_string()), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| match disk.create_new(&path) {
                    Ok(_) => {
                        created.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}"),
                });
            }
        });
        assert_eq!(created.into_inner(), 1, "number of those who created a file");
    }
}

pub(super) fn small_files_are_replaced(tested: &DiskUnderTest) {
    let (disk, path) = (tested.disk(), tested.path("small"));
    disk.replace(&path, b"first").unwrap();
    disk.replace_unsynced(&path, b"second").unwrap();
    assert_eq!(disk.read(&path, 10).unwrap(), b"second");
    disk.replace(&path, b"3").unwrap();
    assert_eq!(disk.read(&path, 10).unwrap(), b"3");

    let lost = tested.path("none").join("small");
    assert_eq!(kind(disk.replace(&lost, b"")), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.replace_unsynced(&lost, b"")), Some(ErrorKind::NotFound));
    let inner = tested.path("inner");
    disk.create_dir(&inner).unwrap();
    assert!(disk.replace(&inner, b"").is_err(), "a directory isn't replaced");
    assert_eq!(tested.names(), ["inner", "small"], "nothing temporary should remain");
}

pub(super) fn a_file_takes_the_place_of_another(tested: &DiskUnderTest) {
    let (disk, place, written) = (tested.disk(), tested.path("slot"), tested.path("slot.new"));
    assert_eq!(kind(disk.put_in_place(&written, &place)), Some(ErrorKind::NotFound));
    for content in [&b"first"[..], b"second"] {
        tested.write(&written, content);
        disk.put_in_place(&written, &place).unwrap();
        assert_eq!(disk.read(&place, 10).unwrap(), content);
        assert_eq!(tested.names(), ["slot"]);
    }
}

pub(super) fn a_writer_knows_its_file_from_a_copy(tested: &DiskUnderTest) {
    let (disk, path, aside) = (tested.disk(), tested.path("file"), tested.path("aside"));
    let mut file = disk.create_new(&path).unwrap();
    file.append(b"content").unwrap();
    file.sync().unwrap();
    assert!(file.is_at(&path).unwrap());

    disk.put_in_place(&path, &aside).unwrap();
    assert!(!file.is_at(&path).unwrap(), "it was moved away");
    assert!(file.is_at(&aside).unwrap(), "and is elsewhere");
    tested.write(&path, b"content");
    assert!(!file.is_at(&path).unwrap(), "a cloud may put a copy in its place");
}

pub(super) fn the_room_is_that_of_a_file_system(tested: &DiskUnderTest) {
    let (disk, inner) = (tested.disk(), tested.path("inner"));
    disk.create_dir(&inner).unwrap();
    match disk.room(&tested.directory) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
        Ok(room) => assert_eq!(disk.room(&inner).unwrap().file_system, room.file_system),
    }
}
