//! Files in two places, of which one can't be written.

use std::io::ErrorKind;

use super::*;
use crate::disk::{Layout, LocalStore, MemoryDisk, Operation, RealDisk};

const REFUSALS: [ErrorKind; 4] = [
    ErrorKind::PermissionDenied,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::StorageFull,
    ErrorKind::NotFound,
];

fn wanted(name: &str) -> PathBuf {
    Path::new("wanted").join(name)
}

fn second(name: &str) -> PathBuf {
    Path::new("second").join(name)
}

/// The disk of a process that starts now.
fn start(disk: &MemoryDisk) -> FallbackDisk {
    FallbackDisk::new(Arc::new(disk.clone()), [("wanted".into(), "second".into())])
}

fn refuse(disk: &MemoryDisk, error: ErrorKind) {
    disk.refuse_writes(Path::new("wanted"), error);
}

fn write(disk: &dyn Disk, path: &Path, content: &[u8]) {
    let mut file = disk.create_new(path).unwrap();
    file.append(content).unwrap();
    file.sync().unwrap();
}

fn names(disk: &dyn Disk, directory: &Path) -> Vec<String> {
    disk.list(directory).unwrap().into_iter().map(|entry| entry.name).collect()
}

#[test]
fn writes_go_to_the_wanted_place_if_it_is_writable() {
    let disk = MemoryDisk::default();
    let places = start(&disk);
    assert!(places.moved().is_empty());
    write(&places, &wanted("a"), b"1");
    assert_eq!(disk.paths(), [wanted("a")], "and of the try nothing is left");
    write(&places, Path::new("elsewhere"), b"2");
    assert!(disk.content(Path::new("elsewhere")).is_some());
}

#[test]
fn writes_go_to_the_second_place_if_the_wanted_one_refuses() {
    for error in REFUSALS {
        let disk = MemoryDisk::default();
        refuse(&disk, error);
        let places = start(&disk);
        let [moved] = places.moved() else { panic!("{error} should be noticed") };
        assert_eq!((&*moved.wanted, &*moved.used), (Path::new("wanted"), Path::new("second")));
        assert_eq!(moved.error.io_kind(), Some(error));
        assert_eq!(places.written(&wanted("a")), second("a"));

        places.create_dir(&wanted("inner")).unwrap();
        let file = wanted("inner/a");
        let mut open = places.create_new(&file).unwrap();
        open.append(b"1").unwrap();
        places.replace(&wanted("small"), b"2").unwrap();
        places.sync_dir(Path::new("")).unwrap();
        places.sync_dir(&wanted("inner")).unwrap();
        assert!(open.is_at(&file).unwrap());
        assert_eq!(disk.paths(), [second("inner/a"), second("small")], "{error}");
        assert_eq!(places.read(&file, 9).unwrap(), b"1");
    }
}

#[test]
fn a_refusal_at_any_step_of_the_trial_write_is_noticed() {
    for operation in [Operation::Create, Operation::Append, Operation::Sync, Operation::Remove] {
        let disk = MemoryDisk::default();
        disk.fail_next(operation, ErrorKind::Other);
        assert_eq!(start(&disk).moved().len(), 1, "{operation:?}");
    }
}

#[test]
fn if_both_places_refuse_the_error_is_that_of_the_wanted_one() {
    let disk = MemoryDisk::default();
    refuse(&disk, ErrorKind::PermissionDenied);
    disk.refuse_writes(Path::new("second"), ErrorKind::StorageFull);
    let places = start(&disk);
    assert!(places.moved().is_empty());
    let refused = places.create_new(&wanted("a")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
}

#[test]
fn both_places_are_searched_and_the_second_is_newer() {
    let disk = MemoryDisk::default();
    disk.put(&wanted("inner/old"), b"old");
    disk.put(&wanted("inner/both"), b"older");
    refuse(&disk, ErrorKind::ReadOnlyFilesystem);
    let places = start(&disk);
    places.replace(&wanted("inner/both"), b"newer").unwrap();
    write(&places, &wanted("inner/new"), b"new");

    disk.heal();
    for places in [places, start(&disk)] {
        assert_eq!(names(&places, &wanted("inner")), ["both", "new", "old"]);
        for name in ["old", "new"] {
            let path = wanted("inner").join(name);
            assert_eq!(places.read(&path, 9).unwrap(), name.as_bytes());
            assert_eq!(places.open(&path).unwrap().len().unwrap(), 3);
        }
        assert_eq!(places.read(&wanted("inner/both"), 9).unwrap(), b"newer");
    }
}

#[test]
fn a_file_that_exists_in_either_place_cannot_be_created_again() {
    let disk = MemoryDisk::default();
    disk.put(&second("a"), b"1");
    assert_eq!(start(&disk).create_new(&wanted("a")).unwrap_err().kind(), ErrorKind::AlreadyExists);
    disk.put(&wanted("b"), b"1");
    refuse(&disk, ErrorKind::StorageFull);
    assert_eq!(start(&disk).create_new(&wanted("b")).unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[test]
fn a_file_written_to_the_wanted_place_is_not_hidden_by_an_older_one() {
    let replaced: [fn(&FallbackDisk); 3] = [
        |places| places.replace(&wanted("a"), b"new").unwrap(),
        |places| places.replace_unsynced(&wanted("a"), b"new").unwrap(),
        |places| {
            write(places, &wanted("a.new"), b"new");
            places.put_in_place(&wanted("a.new"), &wanted("a")).unwrap();
        },
    ];
    for replace in replaced {
        let disk = MemoryDisk::default();
        disk.put(&second("a"), b"older");
        disk.put(&second("a.old"), b"oldest");
        replace(&start(&disk));
        assert_eq!(disk.paths(), [wanted("a")]);
        assert_eq!(start(&disk).read(&wanted("a"), 9).unwrap(), b"new");
    }
}

#[test]
fn a_replacement_fails_if_the_older_file_cannot_be_removed() {
    let disk = MemoryDisk::default();
    disk.put(&second("a"), b"old");
    disk.refuse_writes(Path::new("second"), ErrorKind::PermissionDenied);
    let places = start(&disk);
    let refused = places.replace(&wanted("a"), b"new").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    assert_eq!(places.read(&wanted("a"), 9).unwrap(), b"old");
}

#[test]
fn a_removal_removes_the_file_from_both_places() {
    let disk = MemoryDisk::default();
    for place in [wanted("inner/a"), second("inner/a"), second("inner/b")] {
        disk.put(&place, b"1");
    }
    let places = start(&disk);
    places.remove(&wanted("inner/a")).unwrap();
    let refused = places.remove_dir(&wanted("inner")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::DirectoryNotEmpty);
    places.remove(&wanted("inner/b")).unwrap();
    places.remove_dir(&wanted("inner")).unwrap();
    assert!(disk.paths().is_empty() && names(&places, Path::new("wanted")).is_empty());
    assert_eq!(places.remove(&wanted("inner/b")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_file_that_one_place_cannot_remove_stays_in_both() {
    let disk = MemoryDisk::default();
    disk.put(&wanted("a"), b"older");
    disk.put(&second("a"), b"newer");
    refuse(&disk, ErrorKind::ReadOnlyFilesystem);
    let places = start(&disk);
    assert_eq!(places.remove(&wanted("a")).unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
    assert_eq!(places.read(&wanted("a"), 9).unwrap(), b"newer", "not what was there before it");
}

#[test]
fn a_lock_holds_for_both_places() {
    let disk = MemoryDisk::default();
    let in_wanted = start(&disk);
    refuse(&disk, ErrorKind::StorageFull);
    let in_second = start(&disk);
    disk.heal();
    let lock = wanted("lock");
    for (one, other) in [(&in_wanted, &in_second), (&in_second, &in_wanted)] {
        let held = one.try_lock(&lock).unwrap();
        assert!(held.as_ref().is_some_and(|held| held.is_held().unwrap()));
        assert!(other.is_locked(&lock).unwrap());
        assert!(other.try_lock(&lock).unwrap().is_none());
        drop(held);
        assert!(!other.is_locked(&lock).unwrap());
        assert!(other.try_lock(&lock).unwrap().is_some());
    }
}

#[test]
fn one_directory_by_two_names_is_one_place() {
    let directory = tempfile::tempdir().unwrap();
    let wanted = directory.path().join("data");
    let same = directory.path().join("inner/../data");
    std::fs::create_dir(directory.path().join("inner")).unwrap();
    let places = FallbackDisk::new(Arc::new(RealDisk), [(wanted.clone(), same)]);
    places.replace(&wanted.join("a"), b"1").unwrap();
    places.replace(&wanted.join("a"), b"2").unwrap();
    assert_eq!(places.read(&wanted.join("a"), 9).unwrap(), b"2");
}

#[test]
fn a_place_that_is_a_file_is_not_searched() {
    let directory = tempfile::tempdir().unwrap();
    let (wanted, second) = (directory.path().join("data"), directory.path().join("second"));
    std::fs::write(&wanted, "a file").unwrap();
    let places =
        FallbackDisk::new(Arc::new(RealDisk), [(wanted.join("inner"), second.join("inner"))]);
    assert_eq!(places.moved().len(), 1);
    let path = wanted.join("inner/profiles/a");
    assert_eq!(places.read(&path, 9).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(places.try_lock(&wanted.join("inner/lock")).unwrap().is_some());
    places.create_dir(path.parent().unwrap()).unwrap();
    write(&places, &path, b"1");
    places.sync_dir(directory.path()).unwrap();
    places.sync_dir(&wanted).unwrap();
    places.sync_dir(path.parent().unwrap()).unwrap();
    assert_eq!(std::fs::read(second.join("inner/profiles/a")).unwrap(), b"1");
}

fn local(disk: &MemoryDisk) -> LocalStore {
    let layout =
        Layout { data: "wanted".into(), state: "wanted".into(), profile: "default".to_owned() };
    LocalStore::new(Arc::new(start(disk)), layout)
}

#[test]
fn the_runs_of_both_places_are_this_machines() {
    let disk = MemoryDisk::default();
    let ours = local(&disk).host.id;
    // The place can't even be read, as on a drive that isn't plugged in.
    let unplugged = MemoryDisk::default();
    refuse(&unplugged, ErrorKind::NotFound);
    let meanwhile = local(&unplugged).host.id;
    assert_ne!(ours, meanwhile);

    disk.take_from(&unplugged, Path::new("second"));
    let both = local(&disk);
    assert_eq!(both.host.id, ours, "most runs are from there");
    assert!(!both.is_elsewhere(ours) && !both.is_elsewhere(meanwhile) && both.is_elsewhere(1));
}

#[test]
fn wrapping_disks_report_the_weak_syncs_of_the_inner_one() {
    use crate::disk::{ReadOnlyDisk, TracedDisk};

    let disk = MemoryDisk::default();
    let around: [Arc<dyn Disk>; 3] = [
        Arc::new(start(&disk)),
        Arc::new(TracedDisk::new(Arc::new(disk.clone()), [])),
        Arc::new(ReadOnlyDisk::new(Arc::new(disk.clone()))),
    ];
    assert!(around.iter().all(|around| around.covers_power_cuts()));
    disk.sync_weakly();
    assert!(!around.iter().any(|around| around.covers_power_cuts()));
}
