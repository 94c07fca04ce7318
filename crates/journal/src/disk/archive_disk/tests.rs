//! Sessions in the data and in places of archives.

use std::io::ErrorKind;

use super::*;
use crate::disk::{MemoryDisk, Operation};

const SESSIONS_IN_DATA: &str = "data/profiles/default/sessions";
const OPERATIONS: [Operation; 9] = [
    Operation::Create,
    Operation::Append,
    Operation::Sync,
    Operation::Open,
    Operation::Read,
    Operation::List,
    Operation::CreateDirectory,
    Operation::Remove,
    Operation::Replace,
];

fn layout(root: &str) -> Layout {
    let root = Path::new(root);
    let (data, state) = (root.join("data"), root.join("state"));
    Layout { data, state, profile: "default".to_owned() }
}

fn wanted(directory: &str) -> WantedPlace {
    let apart_from = vec!["data".into(), "state".into()];
    WantedPlace { directory: directory.into(), name: "Hop".to_owned(), apart_from }
}

/// The disk of a game that starts now.
fn start(disk: &MemoryDisk, directory: &str) -> Arc<ArchiveDisk> {
    start_in(disk, "", directory)
}

fn start_in(disk: &MemoryDisk, root: &str, directory: &str) -> Arc<ArchiveDisk> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    ArchiveDisk::of_game(&disk, &layout(root), Some(wanted(directory))).unwrap()
}

fn session() -> PathBuf {
    Path::new(SESSIONS_IN_DATA).join("one")
}

/// A disk with a session of two files, one of them of several slices, and a place `large`.
fn disk() -> MemoryDisk {
    let disk = MemoryDisk::default();
    disk.put(Path::new("large/note"), b"mounted");
    disk.put(&session().join("a.journal"), &[7; 200]);
    disk.put(&session().join("session.ron"), b"card");
    disk
}

/// The files that are found of the session, with their bytes.
fn found(disk: &dyn Disk) -> Vec<(String, Vec<u8>)> {
    let listed = disk.list(&session()).unwrap_or_default().into_iter();
    let names = listed.map(|entry| entry.name).filter(|name| marks::is_of_session(name));
    names.map(|name| (name.clone(), disk.read(&session().join(name), 999).unwrap())).collect()
}

fn expected() -> Vec<(String, Vec<u8>)> {
    vec![("a.journal".to_owned(), vec![7; 200]), ("session.ron".to_owned(), b"card".to_vec())]
}

fn names(disk: &dyn Disk, directory: &str) -> Vec<String> {
    disk.list(Path::new(directory)).unwrap().into_iter().map(|entry| entry.name).collect()
}

fn archive(archives: &ArchiveDisk) {
    let mut relocation = archives.to_archive(&session()).unwrap().expect("it is in the data");
    while relocation.step().unwrap() {}
}

fn is_below(disk: &MemoryDisk, root: &str) -> bool {
    disk.paths().iter().any(|path| path.starts_with(root) && path.ends_with("a.journal"))
}

#[test]
fn a_session_is_moved_there_and_back() {
    let disk = disk();
    let archives = start(&disk, "large");
    archive(&archives);
    assert!(!is_below(&disk, "data") && is_below(&disk, "large"));
    assert!(archives.is_away(&session()) && archives.to_archive(&session()).unwrap().is_none());
    assert_eq!(names(&*archives, SESSIONS_IN_DATA), ["one"]);
    assert_eq!(found(&*archives), expected());
    assert_eq!(found(&*start(&disk, "large")), expected(), "by another process");
    assert!(archives.bring_home(&session()).unwrap() && !archives.bring_home(&session()).unwrap());
    assert!(is_below(&disk, "data") && !is_below(&disk, "large"));
    assert_eq!(found(&*archives), expected());
    let marks = disk.paths().into_iter().filter(|path| path.ends_with("session.elsewhere"));
    assert_eq!(marks.count(), 0);
}

#[test]
fn what_is_written_and_removed_by_its_path_is_written_where_the_session_is() {
    let disk = disk();
    let archives = start(&disk, "large");
    archive(&archives);
    let (new, card) =
        (session().join("b.archive.0123456789abcdef.new"), session().join("session.ron"));
    let mut file = archives.create_new(&new).unwrap();
    file.append(b"more").unwrap();
    assert!(file.is_at(&new).unwrap());
    archives.put_in_place(&new, &session().join("b.archive")).unwrap();
    assert!(file.is_at(&session().join("b.archive")).unwrap());
    archives.sync_dir(&session()).unwrap();
    archives.replace(&card, b"new card").unwrap();
    assert!(!is_below(&disk, "data") && !disk.paths().iter().any(|path| path == &card));
    assert_eq!(archives.read(&card, 99).unwrap(), b"new card");
    assert_eq!(archives.create_dir(&session()).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(archives.remove_dir(&session()).unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
    for name in ["a.journal", "b.archive", "session.ron"] {
        archives.remove(&session().join(name)).unwrap();
    }
    archives.remove_dir(&session()).unwrap();
    archives.sync_dir(Path::new(SESSIONS_IN_DATA)).unwrap();
    assert_eq!(names(&*archives, SESSIONS_IN_DATA), [] as [String; 0]);
    archives.create_dir(&session()).unwrap();
    assert_eq!(names(&disk, SESSIONS_IN_DATA), ["one"], "a new one of its id is in the data");
}

#[test]
fn each_game_has_a_directory_of_its_own_which_is_made_once() {
    let disk = disk();
    let own = start(&disk, "large").current().unwrap().unwrap();
    assert_eq!(start(&disk, "large").current().unwrap(), Some(own.clone()));
    assert_ne!(start_in(&disk, "other", "large").current().unwrap(), Some(own.clone()));
    disk.remove_all(&own);
    let archives = start(&disk, "large");
    let missing = ArchivePlaceError::NotThere { path: own.clone() };
    assert_eq!(archives.current(), Err(missing.clone()));
    assert_eq!((archives.missing(), archives.refuse_if_missing()), (vec![own], Err(missing)));
}

#[test]
fn a_place_that_comes_later_is_used_then() {
    let disk = MemoryDisk::default();
    let archives = start(&disk, "large");
    let missing = ArchivePlaceError::NotThere { path: "large".into() };
    assert_eq!(archives.current(), Err(missing));
    disk.put(Path::new("large/note"), b"mounted");
    assert!(archives.current().unwrap().is_some());
    let within = start(&disk, "data/profiles").current();
    assert!(matches!(within, Err(ArchivePlaceError::Within { .. })), "{within:?}");
}

#[test]
fn a_record_that_cannot_be_read_is_left_as_it_is() {
    let disk = disk();
    archive(&start(&disk, "large"));
    let path = layout("").archive_places();
    disk.corrupt(&path, 30, 1);
    let before = disk.content(&path);
    let archives = start(&disk, "large");
    let refused = archives.current();
    assert!(matches!(refused, Err(ArchivePlaceError::Refused(_))), "{refused:?}");
    assert_eq!(disk.content(&path), before);
}

#[test]
fn nothing_of_a_session_is_begun_in_the_data_while_its_place_is_gone() {
    let disk = disk();
    let archives = start(&disk, "large");
    archive(&archives);
    assert_eq!(found(&*archives), expected());
    let mounted = disk.snapshot();
    disk.remove_all(Path::new("large"));
    assert_eq!(archives.create_dir(&session()).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(archives.replace(&session().join("session.ron"), b"new").is_err());
    // Other sessions are begun as ever.
    archives.create_dir(&session().with_file_name("two")).unwrap();
    disk.take_from(&mounted, Path::new("large"));
    assert_eq!(found(&*archives), expected());
}

#[test]
fn a_tool_finds_places_where_they_are_mounted() {
    let disk = disk();
    archive(&start(&disk, "large"));
    let elsewhere = MemoryDisk::default();
    elsewhere.take_from(&disk, Path::new("data"));
    elsewhere.take_from(&disk, Path::new("state"));
    for path in disk.paths().into_iter().filter(|path| path.starts_with("large")) {
        let inside = path.strip_prefix("large").unwrap();
        elsewhere.put(&Path::new("usb").join(inside), &disk.content(&path).unwrap());
    }
    let elsewhere: Arc<dyn Disk> = Arc::new(elsewhere);
    let there = ArchiveDisk::found(&elsewhere, &layout(""), None).unwrap();
    assert_eq!((found(&*there), there.missing().len()), (Vec::new(), 1));
    let there = ArchiveDisk::found(&elsewhere, &layout(""), Some(Path::new("usb"))).unwrap();
    assert_eq!((found(&*there), there.missing().len()), (expected(), 0));
}

/// An operation that fails from some moment on, as that of a disk that is gone, loses nothing, and the next move comes to
/// its end.
#[test]
fn a_move_that_fails_leaves_the_session_whole() {
    for to_archive in [true, false] {
        for operation in OPERATIONS {
            for successes in 0..60 {
                let disk = disk();
                let archives = start(&disk, "large");
                if !to_archive {
                    archive(&archives);
                }
                disk.fail_after(operation, successes, ErrorKind::Other);
                let moved = match to_archive {
                    true => archives.to_archive(&session()).map(|begun| {
                        begun.is_some_and(|mut begun| {
                            while begun.step().is_ok_and(|has_more| has_more) {}
                            true
                        })
                    }),
                    false => Ok(archives.bring_home(&session()).is_ok()),
                };
                drop(moved);
                disk.heal();
                let what = format!("{operation:?} {successes} {to_archive}");
                let later = start(&disk, "large");
                assert_eq!(found(&*later), expected(), "{what}");
                assert_eq!(names(&*later, SESSIONS_IN_DATA), ["one"], "{what}");
                if let Some(mut clearing) = later.to_clear(&session()) {
                    while clearing.step().unwrap() {}
                }
                match to_archive {
                    true => {
                        if let Some(mut again) = later.to_archive(&session()).unwrap() {
                            while again.step().unwrap() {}
                        }
                    }
                    false => {
                        later.bring_home(&session()).unwrap();
                    }
                }
                assert_eq!(found(&*later), expected(), "{what}");
                assert_eq!(is_below(&disk, "large"), to_archive, "{what}");
                assert_eq!(is_below(&disk, "data"), !to_archive, "{what}");
            }
        }
    }
}

#[test]
fn a_copy_that_reads_back_as_something_else_is_no_copy() {
    let disk = disk();
    let archives = start(&disk, "large");
    let mut relocation = archives.to_archive(&session()).unwrap().unwrap();
    let unfinished = loop {
        assert!(relocation.step().unwrap());
        let mut paths = disk.paths().into_iter();
        let whole = paths.find(|path| {
            let is_copy =
                path.starts_with("large") && path.to_string_lossy().contains("a.journal.");
            is_copy && disk.content(path).is_some_and(|bytes| bytes.len() == 200)
        });
        if let Some(unfinished) = whole {
            break unfinished;
        }
    };
    disk.corrupt(&unfinished, 100, 1);
    let error = loop {
        match relocation.step() {
            Ok(has_more) => assert!(has_more),
            Err(error) => break error,
        }
    };
    assert_eq!(error.io_kind(), Some(ErrorKind::InvalidData));
    assert_eq!(found(&*start(&disk, "large")), expected());
    assert!(is_below(&disk, "data"));
}
