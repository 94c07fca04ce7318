//! The common behaviour of every [`Disk`], checked on the real one and on those in memory.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::simulated_disk::SimulatedDisk;
use super::{Disk, FallbackDisk, MemoryDisk, RealDisk};

/// Does the same on each disk, below a directory that is empty.
fn on_each_disk(check: fn(&dyn Disk, &Path)) {
    check(&SimulatedDisk::default(), Path::new(""));
    check(&MemoryDisk::default(), Path::new(""));
    let rooted = MemoryDisk::default();
    rooted.create_dir(Path::new("/root")).unwrap();
    check(&rooted, Path::new("/root"));
    let directory = tempfile::tempdir().unwrap();
    check(&RealDisk, directory.path());
    on_two_places(check);
}

/// The same on a disk with two places, of which the first can be written or not.
fn on_two_places(check: fn(&dyn Disk, &Path)) {
    let roots = |directory: &Path| [(directory.join("wanted"), directory.join("second"))];
    let memory = MemoryDisk::default();
    check(&FallbackDisk::new(Arc::new(memory.clone()), roots(Path::new(""))), Path::new("wanted"));
    let refusing = MemoryDisk::default();
    refusing.refuse_writes(Path::new("wanted"), ErrorKind::ReadOnlyFilesystem);
    check(&FallbackDisk::new(Arc::new(refusing), roots(Path::new(""))), Path::new("wanted"));
    let directory = tempfile::tempdir().unwrap();
    let real = FallbackDisk::new(Arc::new(RealDisk), roots(directory.path()));
    check(&real, &directory.path().join("wanted"));
}

fn error<T>(result: io::Result<T>) -> ErrorKind {
    result.err().map_or(ErrorKind::Other, |error| error.kind())
}

fn write(disk: &dyn Disk, path: &Path, content: &[u8]) {
    let mut file = disk.create_new(path).unwrap();
    file.append(content).unwrap();
    file.sync().unwrap();
}

#[test]
fn directories_are_made_in_directories() {
    on_each_disk(|disk, root| {
        let inner = root.join("inner");
        assert_eq!(error(disk.create_dir(&inner.join("deep"))), ErrorKind::NotFound);
        disk.create_dir(&inner).unwrap();
        assert_eq!(error(disk.create_dir(&inner)), ErrorKind::AlreadyExists);
        disk.sync_dir(root).unwrap();
        assert!(disk.exists(&inner).unwrap());
        assert_eq!(error(disk.list(&root.join("none"))), ErrorKind::NotFound);

        let listed = disk.list(root).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((&*listed[0].name, listed[0].is_dir, listed[0].len), ("inner", true, 0));
    });
}

#[test]
fn a_file_grows_while_it_is_read() {
    on_each_disk(|disk, root| {
        let path = root.join("file");
        assert_eq!(error(disk.create_new(&root.join("none").join("file"))), ErrorKind::NotFound);
        assert_eq!(error(disk.open(&path)), ErrorKind::NotFound);

        let mut file = disk.create_new(&path).unwrap();
        assert_eq!(error(disk.create_new(&path)), ErrorKind::AlreadyExists);
        file.append(b"hello").unwrap();
        let reader = disk.open(&path).unwrap();
        file.append(b" world").unwrap();
        file.sync().unwrap();

        assert_eq!(reader.len().unwrap(), 11, "a reader should see what is appended later");
        let mut bytes = [0; 5];
        reader.read_exact_at(6, &mut bytes).unwrap();
        assert_eq!(&bytes, b"world");
        assert_eq!(error(reader.read_exact_at(7, &mut bytes)), ErrorKind::UnexpectedEof);
        assert_eq!(disk.read(&path, 11).unwrap(), b"hello world");
        assert_eq!(error(disk.read(&path, 10)), ErrorKind::FileTooLarge);
        assert_eq!(disk.list(root).unwrap()[0].len, 11, "though its writer has it open");
    });
}

#[test]
fn a_writer_knows_its_file_from_a_copy() {
    on_each_disk(|disk, root| {
        let (path, aside) = (root.join("file"), root.join("aside"));
        let mut file = disk.create_new(&path).unwrap();
        file.append(b"content").unwrap();
        file.sync().unwrap();
        assert!(file.is_at(&path).unwrap());

        disk.put_in_place(&path, &aside).unwrap();
        assert!(!file.is_at(&path).unwrap(), "it was moved away");
        write(disk, &path, b"content");
        assert!(!file.is_at(&path).unwrap(), "a cloud may put a copy in its place");
    });
}

#[test]
fn small_files_are_replaced() {
    on_each_disk(|disk, root| {
        let path = root.join("small");
        assert_eq!(error(disk.read(&path, 10)), ErrorKind::NotFound);
        disk.replace(&path, b"first").unwrap();
        disk.replace_unsynced(&path, b"second").unwrap();
        assert_eq!(disk.read(&path, 10).unwrap(), b"second");
        assert_eq!(disk.list(root).unwrap().len(), 1, "nothing temporary should remain");
        assert_eq!(error(disk.replace(&root.join("none").join("x"), b"")), ErrorKind::NotFound);
    });
}

#[test]
fn a_file_takes_the_place_of_another() {
    on_each_disk(|disk, root| {
        let (place, written) = (root.join("slot"), root.join("slot.new"));
        assert_eq!(error(disk.put_in_place(&written, &place)), ErrorKind::NotFound);
        for content in [&b"first"[..], b"second"] {
            write(disk, &written, content);
            disk.put_in_place(&written, &place).unwrap();
            assert_eq!(disk.read(&place, 10).unwrap(), content);
        }
        assert_eq!(disk.list(root).unwrap().len(), 1);
    });
}

/// Windows has this since version 10, 1607, on NTFS. Wine doesn't.
#[test]
fn who_reads_a_file_that_is_replaced_reads_on() {
    on_each_disk(|disk, root| {
        let (place, written) = (root.join("slot"), root.join("slot.new"));
        write(disk, &place, b"first");
        let before = disk.open(&place).unwrap();
        let _held = before.hold();
        write(disk, &written, b"second");
        disk.put_in_place(&written, &place).unwrap();
        assert_eq!(disk.read(&place, 10).unwrap(), b"second");
        let mut bytes = [0; 5];
        before.read_exact_at(0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"first");
    });
}

#[test]
fn a_stamp_tells_that_a_file_is_another_one() {
    on_each_disk(|disk, root| {
        let path = root.join("file");
        let stamp = || disk.list(root).unwrap()[0].stamp;
        disk.replace(&path, b"one").unwrap();
        let first = stamp();
        assert_eq!(stamp(), first, "looking changes nothing");
        disk.replace(&path, b"two").unwrap();
        assert_ne!(stamp(), first, "another file of the same length is another one");
    });
}

#[test]
fn one_at_a_time_holds_a_lock() {
    on_each_disk(|disk, root| {
        let path = root.join("lock");
        assert!(!disk.is_locked(&path).unwrap());
        assert!(!disk.exists(&path).unwrap(), "asking should create nothing");
        let held = disk.try_lock(&path).unwrap();
        assert!(held.is_some());
        assert!(disk.is_locked(&path).unwrap());
        assert!(disk.try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(!disk.is_locked(&path).unwrap());
        assert!(disk.try_lock(&path).unwrap().is_some());
    });
}

#[test]
fn what_is_removed_is_gone() {
    on_each_disk(|disk, root| {
        let inner = root.join("inner");
        let file = inner.join("file");
        disk.create_dir(&inner).unwrap();
        write(disk, &file, b"hello world");
        assert_eq!(error(disk.remove_dir(&inner)), ErrorKind::DirectoryNotEmpty);
        disk.remove(&file).unwrap();
        assert!(!disk.exists(&file).unwrap());
        assert_eq!(error(disk.remove(&file)), ErrorKind::NotFound);
        disk.remove_dir(&inner).unwrap();
        assert_eq!(error(disk.remove_dir(&inner)), ErrorKind::NotFound);
    });
}

/// Windows has this since version 10, 1809, on NTFS. Wine doesn't.
#[test]
fn who_reads_a_file_that_is_removed_reads_on() {
    on_each_disk(|disk, root| {
        let file = root.join("file");
        write(disk, &file, b"hello world");
        let reader = disk.open(&file).unwrap();
        let _held = reader.hold();
        disk.remove(&file).unwrap();
        assert!(!disk.exists(&file).unwrap());
        assert_eq!(reader.len().unwrap(), 11, "an open file should outlive its name");
    });
}
