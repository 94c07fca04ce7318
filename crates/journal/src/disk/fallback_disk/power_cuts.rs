//! The files in two places that are left after a power cut.

use super::*;
use crate::deep::Random;
use crate::disk::simulated_disk::{
    CrashStates, FileSystem, Image, Node, Replay, SimulatedDisk, Trace,
};
use crate::disk::{CreatedSegment, DirectoryStore, Layout};
use crate::format::sample::{commit, header, session, values};

const PLACE: &str = "wanted/slot";

/// The disk of a process that starts now.
fn start(disk: &SimulatedDisk) -> FallbackDisk {
    FallbackDisk::new(Arc::new(disk.clone()), [("wanted".into(), "second".into())])
}

/// The content of a file as the next process finds it.
fn found(image: &Image, path: &str) -> Option<Vec<u8>> {
    start(&SimulatedDisk::from_image(image)).read(Path::new(path), 99).ok()
}

/// Every state in which a power cut may leave the disk, from the trace's start to its end.
fn states(trace: &Trace, mut visit: impl FnMut(Image)) {
    let mut replay = Replay::new(trace, FileSystem::Posix);
    let states = CrashStates { exhaustive: 8, appends: 8, drawn: 0, cuts: 1, matters: |_| true };
    let mut random = Random::new(1);
    while replay.advance() {
        states.of_posix(&replay, &mut random, &mut |_, image| visit(image));
    }
}

/// The image that surely survives all that was done.
fn surely(trace: &Trace) -> Image {
    let mut replay = Replay::new(trace, FileSystem::Posix);
    replay.advance_to(usize::MAX);
    replay.strict()
}

fn write(disk: &dyn Disk, path: &str, content: &[u8]) {
    let mut file = disk.create_new(Path::new(path)).unwrap();
    file.append(content).unwrap();
    file.sync().unwrap();
}

/// A disk that holds these files durably.
fn disk(files: &[(&str, &[u8])]) -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    for directory in ["wanted", "second"] {
        disk.create_dir(Path::new(directory)).unwrap();
    }
    files.iter().for_each(|(path, content)| write(&disk, path, content));
    SimulatedDisk::from_image(&disk.image())
}

#[test]
fn a_segment_in_the_second_place_is_durable_once_its_directories_are_synced() {
    let mut image = disk(&[("blocked", b"")]).image();
    image.take(Path::new("second"));
    assert!(image.nodes().any(|(_, node)| matches!(node, Node::File(_))));
    let disk = SimulatedDisk::from_image(&image);
    // No directory can be made below a file.
    let root = PathBuf::from("blocked/data");
    let places =
        FallbackDisk::new(Arc::new(disk.clone()), [(root.clone(), "deep/second/data".into())]);
    assert_eq!(places.moved().len(), 1);
    let layout = Layout { data: root, state: "state".into(), profile: "default".to_owned() };
    let store = DirectoryStore::new(Arc::new(places), layout);
    let mut segment = store.create_segment(&header(1, 0)).unwrap();
    let CreatedSegment { file, encoder, unsynced_directories, .. } = &mut segment;
    let block = values("a", &[(2, b"1")]);
    encoder.encode_group([block], &commit(1, None), &mut |bytes| file.append(bytes)).unwrap();
    file.sync().unwrap();
    store.sync_directories(unsynced_directories).unwrap();
    let name = Layout::segment_name(header(1, 0).run, 0);
    let path = format!("deep/second/data/profiles/default/sessions/{}/{name}", session());
    assert!(surely(&disk.trace()).holds(Path::new(&path)), "{path}");
}

#[test]
fn a_directory_created_on_the_way_is_durable_with_its_content() {
    let disk = disk(&[]);
    for directory in ["second/session", "second/session/inner"] {
        disk.create_dir(Path::new(directory)).unwrap();
    }
    let places = start(&disk);
    write(&places, "wanted/session/inner/a", b"1");
    places.sync_dir(Path::new("wanted/session/inner")).unwrap();
    assert!(surely(&disk.trace()).holds(Path::new("wanted/session/inner/a")));
}

#[test]
fn replacing_a_hidden_file_is_atomic_across_a_power_cut() {
    let replaced: [fn(&FallbackDisk); 2] = [
        |places| places.replace(Path::new(PLACE), b"new").unwrap(),
        |places| {
            write(places, "wanted/slot.new", b"new");
            places.put_in_place(Path::new("wanted/slot.new"), Path::new(PLACE)).unwrap();
            places.sync_dir(Path::new("wanted")).unwrap();
        },
    ];
    for replace in replaced {
        let disk = disk(&[(PLACE, b"older"), ("second/slot", b"old")]);
        replace(&start(&disk));
        let mut seen = BTreeSet::new();
        states(&disk.trace(), |image| {
            seen.insert(found(&image, PLACE).unwrap());
        });
        assert_eq!(seen, [b"new".to_vec(), b"old".to_vec()].into());
        assert_eq!(found(&surely(&disk.trace()), PLACE).unwrap(), b"new");
    }
}

#[test]
fn a_removal_is_durable_once_the_directory_is_synced() {
    let disk = disk(&[(PLACE, b"older"), ("second/slot", b"old")]);
    let places = start(&disk);
    places.remove(Path::new(PLACE)).unwrap();
    places.sync_dir(Path::new("wanted")).unwrap();
    assert_eq!(found(&surely(&disk.trace()), PLACE), None);
    states(&disk.trace(), |image| {
        assert_ne!(
            found(&image, PLACE).as_deref(),
            Some(&b"older"[..]),
            "nothing older comes back"
        );
    });
}

#[test]
fn a_power_cut_keeps_a_removed_segment_or_its_archive() {
    // A process made an archive in the second place, and stopped before that was durable.
    let disk = disk(&[("second/segment", b"1")]);
    write(&disk, "second/archive", b"1");
    let places = start(&disk);
    places.remove(Path::new("wanted/segment")).unwrap();
    states(&disk.trace(), |image| {
        let is_there = ["wanted/archive", "wanted/segment"].map(|path| found(&image, path));
        assert!(is_there.iter().any(Option::is_some), "one of the two should be there");
    });
}
