//! What every [`Disk`] does alike, checked on the real one and on the one in memory.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::{Disk, MemoryDisk, RealDisk};

pub(super) fn check(disk: &dyn Disk, root: &Path) {
    directories(disk, root);
    append_only_files(disk, root);
    replaced_files(disk, root);
    files_put_in_place(disk, root);
    stamps(disk, root);
    locks(disk, root);
    removal(disk, root);
}

fn error<T>(result: io::Result<T>) -> ErrorKind {
    result.err().map_or(ErrorKind::Other, |error| error.kind())
}

fn directories(disk: &dyn Disk, root: &Path) {
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
}

fn append_only_files(disk: &dyn Disk, root: &Path) {
    let path = root.join("inner").join("file");
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
    assert_eq!(disk.list(&root.join("inner")).unwrap()[0].len, 11);
}

fn replaced_files(disk: &dyn Disk, root: &Path) {
    let path = root.join("small");
    assert_eq!(error(disk.read(&path, 10)), ErrorKind::NotFound);
    disk.replace(&path, b"first").unwrap();
    disk.replace_unsynced(&path, b"second").unwrap();
    assert_eq!(disk.read(&path, 10).unwrap(), b"second");
    assert_eq!(disk.list(root).unwrap().len(), 2, "nothing temporary should remain");
    assert_eq!(error(disk.replace(&root.join("none").join("x"), b"")), ErrorKind::NotFound);
}

fn files_put_in_place(disk: &dyn Disk, root: &Path) {
    let inner = root.join("places");
    disk.create_dir(&inner).unwrap();
    let (place, written) = (inner.join("slot"), inner.join("slot.new"));
    assert_eq!(error(disk.put_in_place(&written, &place)), ErrorKind::NotFound);
    for content in [&b"first"[..], b"second"] {
        let mut file = disk.create_new(&written).unwrap();
        file.append(content).unwrap();
        file.sync().unwrap();
        drop(file);
        let before = disk.open(&place);
        let _held = before.as_ref().map(|file| file.hold());
        disk.put_in_place(&written, &place).unwrap();
        assert_eq!(disk.read(&place, 10).unwrap(), content);
        let mut bytes = [0; 5];
        if let Ok(before) = before {
            before.read_exact_at(0, &mut bytes).unwrap();
            assert_eq!(&bytes, b"first", "who reads the old one reads on");
        }
    }
    assert_eq!(disk.list(&inner).unwrap().len(), 1);
    disk.remove(&place).unwrap();
    disk.remove_dir(&inner).unwrap();
}

fn stamps(disk: &dyn Disk, root: &Path) {
    let inner = root.join("stamps");
    disk.create_dir(&inner).unwrap();
    let path = inner.join("file");
    let stamp = || disk.list(&inner).unwrap()[0].stamp;
    disk.replace(&path, b"one").unwrap();
    let first = stamp();
    assert_eq!(stamp(), first, "looking changes nothing");
    disk.replace(&path, b"two").unwrap();
    assert_ne!(stamp(), first, "another file of the same length is another one");
    disk.remove(&path).unwrap();
    disk.remove_dir(&inner).unwrap();
}

fn locks(disk: &dyn Disk, root: &Path) {
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
}

fn removal(disk: &dyn Disk, root: &Path) {
    let inner = root.join("inner");
    let file = inner.join("file");
    let reader = disk.open(&file).unwrap();
    let _held = reader.hold();
    assert_eq!(error(disk.remove_dir(&inner)), ErrorKind::DirectoryNotEmpty);
    // Windows keeps a file's name for as long as somebody has the file open.
    if cfg!(windows) {
        drop(reader);
        disk.remove(&file).unwrap();
    } else {
        disk.remove(&file).unwrap();
        assert_eq!(reader.len().unwrap(), 11, "a file that is held should outlive its name");
    }
    assert!(!disk.exists(&file).unwrap());
    assert_eq!(error(disk.remove(&file)), ErrorKind::NotFound);
    disk.remove_dir(&inner).unwrap();
    assert_eq!(error(disk.remove_dir(&inner)), ErrorKind::NotFound);
}

#[test]
fn the_disk_in_memory_conforms() {
    check(&MemoryDisk::default(), Path::new(""));
    let rooted = MemoryDisk::default();
    rooted.create_dir(Path::new("/root")).unwrap();
    check(&rooted, Path::new("/root"));
}

#[test]
fn the_real_disk_conforms() {
    let directory = tempfile::tempdir().unwrap();
    check(&RealDisk, directory.path());
}
