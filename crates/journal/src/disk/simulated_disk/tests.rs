//! The simulated disk does what the others do, and loses what a real one may lose.

use super::*;
use crate::deep::Random;

fn written() -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    disk.create_dir(Path::new("d")).unwrap();
    disk.sync_dir(Path::new("")).unwrap();
    let mut file = disk.create_new(Path::new("d/f")).unwrap();
    file.append(b"one").unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("d")).unwrap();
    file.append(b"two").unwrap();
    disk
}

fn at_the_end(trace: &Trace, file_system: FileSystem) -> Replay<'_> {
    let mut replay = Replay::new(trace, file_system);
    replay.advance_to(usize::MAX);
    replay
}

fn bytes(image: &Image, path: &str) -> Option<Vec<u8>> {
    Some(image.file(Path::new(path))?.bytes().to_vec())
}

#[test]
fn only_what_was_synced_survives_a_power_cut() {
    let trace = written().trace();
    let replay = at_the_end(&trace, FileSystem::Posix);
    assert_eq!(bytes(&replay.strict(), "d/f").unwrap(), b"one");
    assert_eq!(bytes(&replay.kept(), "d/f").unwrap(), b"onetwo");
    let lying = at_the_end(&trace, FileSystem::Lying);
    assert!(!lying.strict().holds(Path::new("d")));
}

#[test]
fn a_file_without_a_synced_entry_is_lost_although_its_bytes_were_synced() {
    let disk = written();
    let mut file = disk.create_new(Path::new("d/g")).unwrap();
    file.append(b"x").unwrap();
    file.sync().unwrap();
    let trace = disk.trace();
    assert_eq!(bytes(&at_the_end(&trace, FileSystem::Posix).strict(), "d/g"), None);
    assert!(bytes(&at_the_end(&trace, FileSystem::Journaled).strict(), "d/g").is_some());
}

#[test]
fn a_sync_after_a_failed_sync_makes_nothing_durable() {
    let disk = written();
    let mut file = disk.create_new(Path::new("d/g")).unwrap();
    file.append(b"x").unwrap();
    let at = disk.operations().len();
    disk.fail(Fault { at, kind: FaultKind::InputOutput, for_ever: false });
    assert!(file.sync().is_err());
    assert!(disk.heal().is_some());
    file.sync().unwrap();
    disk.sync_dir(Path::new("d")).unwrap();
    let trace = disk.trace();
    assert_eq!(bytes(&at_the_end(&trace, FileSystem::Posix).strict(), "d/g").unwrap(), b"\0");
}

#[test]
fn a_replaced_file_is_old_or_new() {
    let disk = written();
    disk.replace(Path::new("d/small"), b"old").unwrap();
    disk.replace(Path::new("d/small"), b"new").unwrap();
    let trace = disk.trace();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    let states = CrashStates { exhaustive: 6, appends: 6, drawn: 4, cuts: 8, matters: |_| true };
    let mut seen = std::collections::BTreeSet::new();
    let mut random = Random::new(1);
    while replay.advance() {
        states.of_posix(&replay, &mut random, &mut |_, image| {
            seen.extend(bytes(&image, "d/small"));
        });
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[test]
fn an_image_begins_a_new_disk() {
    let disk = SimulatedDisk::from_image(&written().image());
    assert_eq!(disk.read(Path::new("d/f"), 10).unwrap(), b"onetwo");
    let mut file = disk.create_new(Path::new("d/g")).unwrap();
    file.append(b"x").unwrap();
    let trace = disk.trace();
    let replay = at_the_end(&trace, FileSystem::Posix);
    assert_eq!(bytes(&replay.strict(), "d/f").unwrap(), b"onetwo");
    assert_eq!(replay.strict().digest(), trace.start.digest());
    assert_eq!(replay.kept().digest(), disk.image().digest());
}

#[test]
fn a_lock_is_released_with_its_process() {
    let disk = written();
    let held = disk.try_lock(Path::new("lock")).unwrap().unwrap();
    disk.kill_process();
    let taken = disk.try_lock(Path::new("lock")).unwrap();
    drop(held);
    assert!(disk.is_locked(Path::new("lock")).unwrap(), "the dead hold nothing");
    drop(taken);
    assert!(!disk.is_locked(Path::new("lock")).unwrap());
}
