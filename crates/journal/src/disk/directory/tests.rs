//! Sessions that are written, read, damaged and removed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::disk::{HostIdOrigin, MemoryDisk, Operation, SessionCard};
use crate::format::sample::{at, blocks, commit, header, session, values};
use crate::format::steps_of;
use crate::format::{
    Block, Commit, FileProblemKind, FrameKind, Predecessor, ReadError, Record, SegmentEncoder,
    SegmentHeader, Validity,
};
use crate::model::ids::{CheckpointId, SaveId, limits};
use crate::model::session::SessionStatus;

fn store(disk: &MemoryDisk) -> DirectoryStore {
    let layout =
        Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
    DirectoryStore::new(Arc::new(disk.clone()), layout)
}

fn append(segment: &mut CreatedSegment, group: Vec<Block>, commit: &Commit) {
    let CreatedSegment { file, encoder, .. } = segment;
    encoder.encode_group(group, commit, &mut |bytes| file.append(bytes)).unwrap();
}

/// A run with a snapshot and `deltas` deltas, each of which changes entity 2.
fn write_run(store: &DirectoryStore, run: u64, deltas: u64) -> PathBuf {
    let mut segment = store.create_segment(&header(run, 0)).unwrap();
    append(&mut segment, vec![values("a", &[(2, b"0"), (3, b"0")])], &commit(1, None));
    for counter in 2..2 + deltas {
        let value = counter.to_string();
        let group = vec![values("a", &[(2, value.as_bytes())])];
        append(&mut segment, group, &commit(counter, Some(counter - 1)));
    }
    segment.path
}

fn rows(stored: &StoredSession, checkpoint: CheckpointId) -> Vec<(SaveId, Vec<u8>)> {
    let plan = stored.index().plan(checkpoint).unwrap();
    let mut rows = Vec::new();
    for block in stored.blocks(&plan).unwrap() {
        let block = block.unwrap();
        let values = block.ids().iter().enumerate();
        rows.extend(values.map(|(row, id)| (*id, block.value(row).unwrap().to_vec())));
    }
    rows
}

#[test]
fn a_session_is_found_again_with_all_its_checkpoints() {
    let disk = MemoryDisk::default();
    assert!(store(&disk).sessions().unwrap().is_empty());
    write_run(&store(&disk), 1, 4);

    let store = store(&disk.snapshot());
    assert_eq!(store.sessions().unwrap(), [session()]);
    let stored = store.open_session(session()).unwrap();
    assert_eq!(stored.index().checkpoints().len(), 5);
    let expected = vec![(SaveId(2), b"5".to_vec()), (SaveId(3), b"0".to_vec())];
    assert_eq!(rows(&stored, at(1, 5)), expected);
}

#[test]
fn a_chain_longer_than_one_merge_is_folded() {
    let disk = MemoryDisk::default();
    write_run(&store(&disk), 1, 200);
    let stored = store(&disk).open_session(session()).unwrap();
    let expected = vec![(SaveId(2), b"201".to_vec()), (SaveId(3), b"0".to_vec())];
    assert_eq!(rows(&stored, at(1, 201)), expected);
}

#[test]
fn every_directory_on_the_way_has_to_be_synced() {
    let disk = MemoryDisk::default();
    let first = store(&disk).create_segment(&header(1, 0)).unwrap();
    let mut expected = store(&disk).layout().directories_to_sessions().to_vec();
    expected.push(store(&disk).layout().session(session()));
    expected.push(PathBuf::new());
    expected.sort();
    assert_eq!(first.unsynced_directories, expected);
    store(&disk).sync_directories(&first.unsynced_directories).unwrap();

    let after_a_failure = store(&disk).create_segment(&header(1, 1)).unwrap();
    assert_eq!(after_a_failure.unsynced_directories, expected);
    let predecessor = Some(Predecessor { length: 100, sequence: 1 });
    let rotated = SegmentHeader { predecessor, ..header(1, 2) };
    let rotated = store(&disk).create_segment(&rotated).unwrap();
    assert_eq!(rotated.unsynced_directories, [store(&disk).layout().session(session())]);
    let next_run = store(&disk).create_segment(&header(2, 0)).unwrap();
    assert_eq!(next_run.unsynced_directories, expected);
}

#[test]
fn a_parent_directory_without_permission_to_sync_is_not_a_failure() {
    let disk = MemoryDisk::default();
    let created = store(&disk).create_segment(&header(1, 0)).unwrap();
    let above = [PathBuf::new()];
    disk.fail_always(Operation::SyncDirectory, io::ErrorKind::PermissionDenied);
    assert!(store(&disk).sync_directories(&above).is_ok());
    assert!(store(&disk).sync_directories(&created.unsynced_directories).is_err());
    disk.fail_always(Operation::SyncDirectory, io::ErrorKind::Other);
    assert!(store(&disk).sync_directories(&above).is_err());
}

#[test]
fn a_plan_avoids_a_group_once_it_is_found_damaged() {
    let disk = MemoryDisk::default();
    let path = write_run(&store(&disk), 1, 3);
    let damaged = {
        let stored = store(&disk).open_session(session()).unwrap();
        stored.index().segments()[0].scan.groups[2].frames[0].offset as usize + 50
    };
    disk.corrupt(&path, damaged, 1);

    let mut stored = store(&disk).open_session(session()).unwrap();
    assert!(stored.problems().is_empty(), "a listing doesn't read data");
    let plan = stored.newest_verified(at(1, 4)).unwrap().unwrap();
    assert_eq!(plan.checkpoint, at(1, 2));
    assert!(stored.verified_plan(at(1, 4)).unwrap().is_none());
    assert_eq!(stored.index().validity(at(1, 4)), Some(Validity::Damaged));
    assert_eq!(stored.index().validity(at(1, 2)), Some(Validity::Verified));
}

#[test]
fn each_unreadable_file_is_a_problem_of_its_kind() {
    let disk = MemoryDisk::default();
    let good = write_run(&store(&disk), 1, 2);
    let directory = good.parent().unwrap().to_owned();
    let bytes = disk.read(&good, 1 << 20).unwrap();
    let mut damaged = bytes.clone();
    damaged[30] ^= 1;
    disk.replace(&directory.join("damaged.journal"), &damaged).unwrap();
    disk.replace(&directory.join("empty.journal"), b"").unwrap();
    disk.replace(&directory.join("copy (2).journal"), &bytes).unwrap();
    disk.replace(&directory.join("notes.txt"), b"hello").unwrap();
    let stranger = header(5, 0);
    let stranger = SegmentHeader { session: SessionId::random(), ..stranger };
    let (_, stranger) = SegmentEncoder::new(&stranger).unwrap();
    disk.replace(&directory.join("stranger.journal"), &stranger).unwrap();

    let stored = store(&disk).open_session(session()).unwrap();
    assert_eq!(stored.segments().len(), 2);
    let problems: Vec<_> = stored
        .problems()
        .iter()
        .map(|problem| (problem.path.file_name().unwrap().to_str().unwrap(), &problem.kind))
        .collect();
    assert_eq!(
        problems,
        [
            ("damaged.journal", &FileProblemKind::Damaged),
            ("empty.journal", &FileProblemKind::Torn),
            ("stranger.journal", &FileProblemKind::OfAnotherSession),
        ]
    );

    disk.fail_next(Operation::Open, io::ErrorKind::PermissionDenied);
    let stored = store(&disk).open_session(session()).unwrap();
    let unreadable = FileProblemKind::Unreadable { error: io::ErrorKind::PermissionDenied };
    assert!(stored.problems().iter().any(|problem| problem.kind == unreadable));
}

#[test]
fn a_torn_file_that_a_later_segment_remembers_is_damaged() {
    let disk = MemoryDisk::default();
    let path = write_run(&store(&disk), 1, 2);
    let length = disk.read(&path, 1 << 20).unwrap().len();
    let predecessor = Some(Predecessor { length: length as u64, sequence: 5 });
    let after = SegmentHeader { predecessor, base: Some(3), ..header(1, 1) };
    store(&disk).create_segment(&after).unwrap();

    let problem_after_cut = |length| {
        disk.truncate(&path, length);
        let stored = store(&disk).open_session(session()).unwrap();
        stored.problems().first().map(|problem| problem.kind.clone())
    };
    assert_eq!(problem_after_cut(length), None);
    let cut = problem_after_cut(length - 1);
    assert!(matches!(cut, Some(FileProblemKind::PartlyDamaged(_))), "{cut:?}");
    assert_eq!(problem_after_cut(10), Some(FileProblemKind::Damaged));
    assert_eq!(problem_after_cut(0), Some(FileProblemKind::Damaged));
}

#[test]
fn a_file_pruned_after_it_was_listed_is_not_a_problem() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    write_run(&store, 1, 2);
    write_run(&store, 2, 2);
    disk.fail_next(Operation::Open, io::ErrorKind::NotFound);
    let stored = store.open_session(session()).unwrap();
    assert_eq!(stored.problems(), []);
    assert_eq!(stored.segments().len(), 2, "what took its place was looked for");
    // Or it was closed to open others, and isn't there any more when it is read on.
    disk.fail_next(Operation::Read, io::ErrorKind::NotFound);
    let stored = store.open_session(session()).unwrap();
    assert_eq!((stored.problems(), stored.segments().len()), (&[][..], 2));
}

#[test]
fn a_session_has_one_writer() {
    let disk = MemoryDisk::default();
    let held = store(&disk).lock_session(session()).unwrap();
    assert!(held.is_some());
    assert!(store(&disk).lock_session(session()).unwrap().is_none());
    drop(held);
    assert!(store(&disk).lock_session(session()).unwrap().is_some());

    disk.fail_next(Operation::Lock, io::ErrorKind::Unsupported);
    let error = store(&disk).lock_session(session()).unwrap_err();
    assert_eq!(error.io_kind(), Some(io::ErrorKind::Unsupported));
}

#[test]
fn a_removed_session_leaves_nothing() {
    let disk = MemoryDisk::default();
    let path = write_run(&store(&disk), 1, 1);
    let mut forgetting = store(&disk).create_segment(&header(2, 0)).unwrap();
    let record = forgetting.encoder.encode_record(&Record::Forgotten).unwrap();
    forgetting.file.append(&record).unwrap();
    disk.create_dir(&path.with_file_name("attachments")).unwrap();
    disk.replace(&path.with_file_name("attachments").join("x"), b"x").unwrap();

    // Before the rest is durably gone, the record that says that it was meant stays.
    disk.fail_next(Operation::SyncDirectory, io::ErrorKind::Other);
    assert!(store(&disk).remove_session(session()).is_err());
    assert_eq!(disk.paths(), [forgetting.path]);
    store(&disk).remove_session(session()).unwrap();
    assert!(disk.paths().is_empty());
    assert!(store(&disk).sessions().unwrap().is_empty());
}

#[test]
fn an_interrupted_removal_can_be_finished() {
    let disk = MemoryDisk::default();
    // The run that is forgotten sorts after the segment that says so.
    let mut forgetting = store(&disk).create_segment(&header(1, 0)).unwrap();
    let record = forgetting.encoder.encode_record(&Record::Forgotten).unwrap();
    forgetting.file.append(&record).unwrap();
    write_run(&store(&disk), 2, 1);
    disk.fail_always(Operation::Remove, io::ErrorKind::PermissionDenied);
    assert!(store(&disk).remove_session(session()).is_err());
    disk.heal();
    assert!(store(&disk).open_session(session()).unwrap().index().is_forgotten());
    store(&disk).remove_session(session()).unwrap();
    assert!(disk.paths().is_empty());
}

#[test]
fn a_vanished_directory_is_noticed() {
    let disk = MemoryDisk::default();
    let CreatedSegment { file, path, .. } = store(&disk).create_segment(&header(1, 0)).unwrap();
    assert!(store(&disk).is_still_there(&*file, &path).unwrap());
    let copy = disk.content(&path).unwrap();
    store(&disk).remove_session(session()).unwrap();
    assert!(!store(&disk).is_still_there(&*file, &path).unwrap());
    disk.put(&path, &copy);
    assert!(!store(&disk).is_still_there(&*file, &path).unwrap(), "a copy isn't the file");
    assert!(store(&disk).create_segment(&header(1, 1)).is_ok(), "directories come back");
}

#[test]
fn a_host_keeps_its_id_until_it_is_damaged() {
    let disk = MemoryDisk::default();
    let drawn = store(&disk).host_id();
    assert_eq!(drawn.origin, HostIdOrigin::Drawn { is_stored: true });
    let known = store(&disk).host_id();
    assert_eq!((known.id, known.origin), (drawn.id, HostIdOrigin::Known));

    disk.corrupt(&store(&disk).layout().host_id(), 20, 4);
    let redrawn = store(&disk).host_id();
    assert_ne!(redrawn.id, drawn.id);

    let broken = MemoryDisk::default();
    broken.fail_always(Operation::Replace, io::ErrorKind::ReadOnlyFilesystem);
    let origin = store(&broken).host_id().origin;
    assert_eq!(origin, HostIdOrigin::Drawn { is_stored: false });
}

#[test]
fn a_session_is_opened_by_its_journal_and_not_by_its_card() {
    let disk = MemoryDisk::default();
    write_run(&store(&disk), 1, 1);
    let card = SessionCard {
        metadata: header(1, 0).metadata,
        status: SessionStatus::Closed,
        newest_checkpoint: Some(at(1, 2)),
        saved: None,
        play_time: std::time::Duration::from_secs(3),
    };
    store(&disk).write_session_card(&card).unwrap();
    let path = store(&disk).layout().session_card(session());
    let text = String::from_utf8(disk.read(&path, 1 << 16).unwrap()).unwrap();
    assert!(text.contains("name: \"Sample\"") && text.contains("counter: 2"), "{text}");
    assert_eq!(SessionCard::of(&store(&disk), session()), Some(card));
    disk.replace(&path, b"nonsense").unwrap();
    assert_eq!(SessionCard::of(&store(&disk), session()), None);
    assert!(store(&disk).open_session(session()).is_ok());
}

#[test]
fn a_reader_beside_a_writer_sees_whole_groups_only() {
    let disk = MemoryDisk::default();
    let mut segment = store(&disk).create_segment(&header(1, 0)).unwrap();
    append(&mut segment, vec![values("a", &[(2, b"x")])], &commit(1, None));
    let CreatedSegment { file, encoder, .. } = &mut segment;
    disk.fail_next(Operation::Append, io::ErrorKind::StorageFull);
    let result = encoder.encode_group([], &commit(2, Some(1)), &mut |bytes| file.append(bytes));
    assert!(result.is_err());
    let stored = store(&disk).open_session(session()).unwrap();
    let scan = &stored.index().segments()[0].scan;
    assert_eq!((scan.groups.len(), scan.tail), (1, Some(scan.groups[0].end)));
    assert!(blocks(&stored.segments()[0], &scan.groups[0]).is_ok());
}

/// A run that begins with frames which this version doesn't know and must carry on.
fn write_run_with_unknown(store: &DirectoryStore, run: u64, payloads: &[Vec<u8>]) {
    let byte = 9 | FrameKind::MAY_BE_SKIPPED | FrameKind::MUST_BE_CARRIED;
    let kind = FrameKind::from_byte(byte).unwrap();
    let mut segment = store.create_segment(&header(run, 0)).unwrap();
    for payload in payloads {
        let frame = segment.encoder.encode_opaque(kind, payload).unwrap();
        segment.file.append(&frame).unwrap();
    }
    append(&mut segment, vec![values("a", &[(2, b"0")])], &commit(run, None));
}

#[test]
fn unknown_data_over_the_limit_is_unreadable_and_not_carried_in_part() {
    let disk = MemoryDisk::default();
    let half = limits::CARRIED_BYTES as usize / 2;
    let payloads = [vec![1; half], vec![2; half]];
    write_run_with_unknown(&store(&disk), 1, &payloads);
    // Every segment repeats them.
    write_run_with_unknown(&store(&disk), 2, &payloads);
    let carried = store(&disk).open_session(session()).unwrap().carried().unwrap();
    assert_eq!(carried.into_iter().map(|(_, payload)| payload).collect::<Vec<_>>(), payloads);

    write_run_with_unknown(&store(&disk), 3, &[vec![3]]);
    let stored = store(&disk).open_session(session()).unwrap();
    let error = stored.carried().unwrap_err();
    assert!(!error.is_damage(), "nothing is wrong with the file: {error}");
    let is_too_large = |error: &ReadError| matches!(error, ReadError::Unreadable { source, .. } if source.kind() == io::ErrorKind::FileTooLarge);
    assert!(is_too_large(&error), "{error:?}");
    assert!(stored.index().plan(at(3, 3)).is_some(), "what is known can be read all the same");
}

#[test]
fn many_damaged_groups_are_searched_once() {
    const MANY: u64 = 300;
    let disk = MemoryDisk::default();
    let mut segment = store(&disk).create_segment(&header(1, 0)).unwrap();
    for counter in 1..=MANY {
        append(&mut segment, vec![values("a", &[(2, b"0")])], &commit(counter, None));
    }
    let mut stored = store(&disk).open_session(session()).unwrap();
    let groups = stored.index().segments()[0].scan.groups.iter().skip(1);
    // In the payload of the data, which no listing reads.
    groups.for_each(|group| disk.corrupt(&segment.path, group.start as usize + 50, 0xff));
    let (found, steps) = steps_of(|| stored.newest_verified(at(1, MANY)).unwrap());
    assert_eq!(found.map(|plan| plan.checkpoint), Some(at(1, 1)));
    assert!(steps as u64 <= 2 * MANY, "{steps}");
}
