//! The files in two directories that are left when a power cut ends a move at each of its steps.

use super::*;
use crate::deep::Random;
use crate::disk::simulated_disk::{CrashStates, FileSystem, Image, Replay, SimulatedDisk, Trace};

const SESSIONS_IN_DATA: &str = "data/profiles/default/sessions";
/// Files of a session: one of them is copied in several slices.
const FILES: [(&str, &[u8]); 2] = [("a.archive", &[7; 150]), ("b.attachment", b"picture")];

fn layout() -> Layout {
    Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() }
}

fn session() -> PathBuf {
    Path::new(SESSIONS_IN_DATA).join("one")
}

/// The disk of a process that starts now.
fn start(disk: &SimulatedDisk) -> Arc<ArchiveDisk> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let wanted = WantedPlace {
        directory: "large".into(),
        name: "Hop".to_owned(),
        apart_from: vec!["data".into(), "state".into()],
    };
    ArchiveDisk::of_game(&disk, &layout(), Some(wanted)).unwrap()
}

/// A disk that holds all that is on this one durably.
fn durable(disk: &SimulatedDisk) -> SimulatedDisk {
    SimulatedDisk::from_image(&disk.image())
}

/// A disk with a session in the data, and a place of archives.
fn in_data() -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    for directory in ["large", "data", "data/profiles", "data/profiles/default", SESSIONS_IN_DATA] {
        disk.create_dir(Path::new(directory)).unwrap();
    }
    disk.create_dir(&session()).unwrap();
    for (name, content) in FILES {
        let mut file = disk.create_new(&session().join(name)).unwrap();
        file.append(content).unwrap();
        file.sync().unwrap();
    }
    assert!(start(&disk).current().unwrap().is_some());
    durable(&disk)
}

fn archive(disk: &SimulatedDisk) {
    let mut relocation = start(disk).to_archive(&session()).unwrap().expect("it is in the data");
    while relocation.step().unwrap() {}
}

/// Every state in which a power cut may leave the disk, from the trace's start to its end.
fn states(trace: &Trace, mut visit: impl FnMut(Image)) {
    let mut replay = Replay::new(trace, FileSystem::Posix);
    let states = CrashStates { exhaustive: 6, appends: 4, drawn: 24, cuts: 1, matters: |_| true };
    let (mut random, mut seen) = (Random::new(1), BTreeSet::new());
    while replay.advance() {
        states.of_posix(&replay, &mut random, &mut |_, image| {
            if seen.insert(image.digest()) {
                visit(image);
            }
        });
    }
}

/// Asserts that the session is found, once and whole.
fn assert_whole(archives: &ArchiveDisk) {
    let listed = archives.list(Path::new(SESSIONS_IN_DATA)).unwrap();
    let names: Vec<&str> = listed.iter().map(|entry| &*entry.name).collect();
    assert_eq!(names, ["one"]);
    let mut listed = archives.list(&session()).unwrap();
    listed.retain(|entry| marks::is_of_session(&entry.name));
    let names: Vec<&str> = listed.iter().map(|entry| &*entry.name).collect();
    assert_eq!(names, FILES.map(|(name, _)| name));
    for (name, content) in FILES {
        assert_eq!(archives.read(&session().join(name), 999).unwrap(), content, "{name}");
    }
}

/// Asserts that the next process finds the session, and moves it to where it belongs.
fn assert_moved_later(image: &Image, to_archive: bool) {
    let disk = SimulatedDisk::from_image(image);
    let archives = start(&disk);
    assert_whole(&archives);
    if let Some(mut clearing) = archives.to_clear(&session()) {
        while clearing.step().unwrap() {}
        assert_whole(&archives);
    }
    match to_archive {
        true => {
            if let Some(mut again) = archives.to_archive(&session()).unwrap() {
                while again.step().unwrap() {}
            }
        }
        false => {
            archives.bring_home(&session()).unwrap();
        }
    }
    assert_whole(&archives);
    assert_eq!(archives.is_away(&session()), to_archive);
    let left = disk.image();
    let is_left_in = |root: &str| {
        let mut files = left.files().filter(|(place, _)| place.path().starts_with(root));
        files.any(|(place, _)| place.path().parent().is_some_and(|parent| parent.ends_with("one")))
    };
    assert_eq!((is_left_in("data"), is_left_in("large")), (!to_archive, to_archive));
}

#[test]
fn a_session_that_is_archived_is_whole_after_each_power_cut() {
    let disk = in_data();
    archive(&disk);
    let mut count = 0;
    states(&disk.trace(), |image| {
        assert_moved_later(&image, true);
        count += 1;
    });
    assert!(count > 30, "{count} states are few");
}

#[test]
fn a_session_that_is_taken_back_is_whole_after_each_power_cut() {
    let disk = in_data();
    archive(&disk);
    let disk = durable(&disk);
    assert!(start(&disk).bring_home(&session()).unwrap());
    let mut count = 0;
    states(&disk.trace(), |image| {
        assert_moved_later(&image, false);
        count += 1;
    });
    assert!(count > 30, "{count} states are few");
}

#[test]
fn a_move_that_came_to_its_end_is_durable() {
    let disk = in_data();
    archive(&disk);
    let surely = |disk: &SimulatedDisk| {
        let trace = disk.trace();
        let mut replay = Replay::new(&trace, FileSystem::Posix);
        replay.advance_to(usize::MAX);
        SimulatedDisk::from_image(&replay.strict())
    };
    let archived = surely(&disk);
    assert_whole(&start(&archived));
    assert!(start(&archived).is_away(&session()));
    assert!(start(&archived).to_clear(&session()).is_none());
    assert!(start(&archived).bring_home(&session()).unwrap());
    let home = surely(&archived);
    assert_whole(&start(&home));
    assert!(!start(&home).is_away(&session()) && start(&home).to_clear(&session()).is_none());
}

#[test]
fn a_new_place_is_durable_before_anything_is_archived() {
    let disk = SimulatedDisk::default();
    for directory in ["large", "data"] {
        disk.create_dir(Path::new(directory)).unwrap();
    }
    let disk = durable(&disk);
    let own = start(&disk).current().unwrap().unwrap();
    let trace = disk.trace();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    replay.advance_to(usize::MAX);
    let later = SimulatedDisk::from_image(&replay.strict());
    assert_eq!(start(&later).current().unwrap(), Some(own));
}
