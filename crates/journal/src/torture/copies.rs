//! A file that failed may still be readable: a checkpoint that was saved again elsewhere is there a second time, in
//! memory and not on the disk. No code may count on it.

use super::faults::check_everything;
use super::{Action, Play};
use crate::disk::simulated_disk::{Fault, FaultKind, SimulatedDisk};
use crate::disk::{Disk, Operation};

/// Plays `first` with a fault at every sync, one after the other, then lets the disk be well again and plays `then`.
/// The debt is checked at every moment.
fn fail_each_sync(first: &[Action], for_ever: bool, then: &[Action]) {
    const SEED: u64 = 41;
    let mut undisturbed = Play::new(SimulatedDisk::default(), SEED);
    undisturbed.perform(first);
    let operations = undisturbed.disk.operations();
    let is_sync = |at: &usize| operations[*at] == Operation::Sync;
    let syncs: Vec<usize> = (0..operations.len()).filter(is_sync).collect();
    assert!(syncs.len() > 4, "{syncs:?}");
    for at in syncs {
        let mut play = Play::new(SimulatedDisk::default(), SEED);
        play.fail(Fault { at, kind: FaultKind::InputOutput, for_ever });
        play.perform(first);
        assert!(play.disk.heal().is_some());
        play.pass(100);
        play.perform(then);
        assert!(play.history.newest_is_acknowledged(), "operation {at}: the disk is well again");
        assert_eq!(check_everything(&play, 0), Ok(()), "with a fault at operation {at}");
    }
}

#[test]
fn a_save_is_not_pruned_for_its_copy_in_a_file_whose_sync_failed() {
    use Action::{Auto, Full, Manual, Merge, Settle, Start};
    let first = [Start, Auto, Manual, Auto, Manual, Auto, Merge];
    let then = [Auto, Full, Auto, Merge, Auto, Full, Auto, Merge, Auto, Settle];
    fail_each_sync(&first, false, &then);
}

#[test]
fn a_save_is_not_pruned_for_its_copy_in_a_file_that_failed_and_could_not_be_removed() {
    use Action::{Auto, Crowd, Full, Manual, Merge, Settle, Start};
    let first = [Start, Auto, Manual, Auto, Manual, Merge, Manual, Full];
    let then = [Crowd, Full, Settle, Full, Settle, Auto, Merge, Full, Auto, Settle];
    fail_each_sync(&first, true, &then);
}

#[test]
fn the_newest_save_is_not_pruned_for_a_failed_copy_on_a_full_disk() {
    use Action::{Auto, Manual, Settle, Start};
    let begin = |fault: Option<Fault>| {
        let mut play = Play::new(SimulatedDisk::default(), 43);
        fault.into_iter().for_each(|fault| play.fail(fault));
        play.perform(&[Start, Manual, Settle]);
        play.disk.heal();
        play.pass(5);
        play.settle();
        play
    };
    let operations = begin(None).disk.operations();
    let at = operations.iter().rposition(|operation| *operation == Operation::Sync).unwrap();
    for room in (0..500).step_by(20) {
        let mut play = begin(Some(Fault { at, kind: FaultKind::InputOutput, for_ever: false }));
        for _ in 0..3 {
            // The next file fails, then the one after it has room.
            play.leave_room_for(room);
            play.perform(&[Auto, Settle]);
            play.leave_room_for(1 << 20);
            play.pass(100);
            play.settle();
        }
        assert!(play.history.newest_is_acknowledged(), "with room for {room}");
        assert_eq!(check_everything(&play, 0), Ok(()), "with room for {room}");
    }
}

/// A file can be durable and fail all the same, when the lock can't be looked at again. The next file holds the same
/// snapshot, and the checkpoints after it are nowhere else.
#[test]
fn checkpoints_after_a_snapshot_are_not_pruned_for_a_copy_of_it() {
    use Action::{Auto, Merge, Settle, Start};
    let mut undisturbed = Play::new(SimulatedDisk::default(), 53);
    undisturbed.perform(&[Start]);
    let looks = undisturbed.disk.operations();
    let looks = (0..looks.len()).filter(|at| looks[*at] == Operation::Exists);
    let mut copies = 0;
    for at in looks {
        let mut play = Play::new(SimulatedDisk::default(), 53);
        play.fail(Fault { at, kind: FaultKind::InputOutput, for_ever: false });
        play.perform(&[Start]);
        play.pass(100);
        play.settle();
        let store = &play.game.local.store;
        let session = store.open_session(store.sessions().unwrap()[0]).unwrap();
        copies += session.index().segments().len() - 1;
        play.perform(&[Auto, Auto, Merge, Auto, Settle]);
        assert_eq!(check_everything(&play, 0), Ok(()), "with a fault at operation {at}");
    }
    assert!(copies > 0, "no file was durable and failed");
}

/// Data that a merge in progress doesn't carry over is in the older file alone, which is pruned.
#[test]
fn a_name_given_during_a_merge_is_in_the_merged_file() {
    use Action::{Auto, BeginMerge, Rename, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 47);
    play.perform(&[Start, Auto, Auto, Auto, BeginMerge, Rename, Settle]);
    let name = play.game.playing.as_ref().unwrap().name.clone();
    let store = &play.game.local.store;
    let session = store.sessions().unwrap()[0];
    let stored = store.open_session(session).unwrap();
    let newest = stored.index().segments().len() - 1;
    assert!(newest > 0, "it should have merged");
    for segment in 0..newest {
        play.disk.remove(stored.path_of(segment).unwrap()).unwrap();
    }
    let merged = store.open_session(session).unwrap();
    let heads = merged.index().heads();
    assert_eq!(heads[0].metadata.name, name);
    assert_ne!(name, "Play");
}
