//! A gathering is many steps, and anything may happen between two of them.

use super::faults::check_everything;
use super::opening::read_checkpoint;
use super::{Action, Play};
use crate::disk::simulated_disk::{Fault, FaultKind, SimulatedDisk};
use crate::disk::{Disk, StoredSession};
use crate::model::ids::CheckpointId;
use crate::model::session::{RestoreFrom, RestoreReason};

/// A session with named checkpoints in older generations. The work that the last generation makes possible isn't done
/// yet.
fn about_to_gather() -> Play {
    use Action::{Auto, Full, Manual, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 61);
    play.perform(&[Start, Settle, Auto, Full, Manual, Manual, Full, Manual, Full, Full, Full]);
    play
}

fn stored(play: &Play) -> StoredSession {
    let store = &play.game.local.store;
    let session = store.sessions().unwrap()[0];
    store.open_session(session).unwrap()
}

fn archives(play: &Play) -> usize {
    stored(play).index().archives().count()
}

/// Returns true if the named checkpoints can all be read, as they were.
fn named_are_there(play: &Play) -> bool {
    let mut stored = stored(play);
    let mut named = play.named.iter();
    named.all(|id| read_checkpoint(&mut stored, *id) == play.digest_of(*id))
}

/// Does something after each number of steps, and lets the writer end. Returns each play.
fn between_steps(what: impl Fn(&mut Play)) -> Vec<Play> {
    let mut plays = Vec::new();
    for steps in 0.. {
        let mut play = about_to_gather();
        (0..steps).for_each(|_| play.turn());
        if play.game.is_idle() {
            break;
        }
        what(&mut play);
        play.settle();
        assert!(play.history.newest_is_acknowledged(), "after {steps} steps");
        assert!(named_are_there(&play), "after {steps} steps");
        assert_eq!(check_everything(&play, 0), Ok(()), "after {steps} steps");
        plays.push(play);
    }
    plays
}

#[test]
fn a_save_waits_for_at_most_one_step_of_a_gathering() {
    let mut undisturbed = about_to_gather();
    let before = stored(&undisturbed).segments().len();
    undisturbed.settle();
    assert_eq!(archives(&undisturbed), 1);
    assert!(stored(&undisturbed).segments().len() <= before);
    let plays = between_steps(|play| {
        play.perform(&[Action::Auto]);
        assert!(play.history.newest_is_acknowledged());
    });
    assert!(plays.len() > 8, "everything was read in {} steps", plays.len());
    assert!(plays.iter().all(|play| archives(play) == 1));
}

#[test]
fn a_save_that_fails_during_a_gathering_loses_nothing() {
    between_steps(Play::fail_to_save);
}

#[test]
fn a_failed_operation_of_a_gathering_loses_nothing() {
    between_steps(|play| {
        let at = play.disk.operations().len();
        play.fail(Fault { at, kind: FaultKind::NoSpace, for_ever: false });
        play.turn();
        play.disk.heal();
        play.pass(100);
    });
}

#[test]
fn a_session_closed_or_killed_during_a_gathering_can_be_resumed() {
    between_steps(|play| play.perform(&[Action::Close, Action::Recover]));
    let plays = between_steps(|play| play.perform(&[Action::Kill, Action::Recover]));
    assert!(plays.iter().all(|play| archives(play) == 1));
    for play in &plays {
        let disk = play.game.local.store.disk();
        let session = stored(play).directory().to_path_buf();
        let names: Vec<String> =
            disk.list(&session).unwrap().into_iter().map(|entry| entry.name).collect();
        assert!(names.iter().all(|name| !name.ends_with(".new")), "{names:?}");
    }
}

#[test]
fn a_run_from_a_gathered_checkpoint_descends_from_it() {
    let mut play = about_to_gather();
    play.settle();
    let gathered: CheckpointId = play.named[1];
    let earlier: CheckpointId = play.named[0];
    let index = stored(&play).index().clone();
    let in_archive: Vec<_> = index.archives().flat_map(|place| index.archived(place)).collect();
    assert!(in_archive.contains(&gathered) && in_archive.contains(&earlier), "{in_archive:?}");
    play.perform(&[Action::Close]);
    play.restore_from(RestoreFrom::Checkpoint(gathered), RestoreReason::Rewound);
    play.settle();
    let index = stored(&play).index().clone();
    let [head] = index.heads() else { panic!("{:?}", index.heads()) };
    assert_eq!(index.ancestry(head.id)[1], gathered);
    assert!(index.line(head.id).contains(&earlier));
    assert!(named_are_there(&play));
}

#[test]
fn damage_in_an_archive_loses_one_checkpoint_only() {
    let mut play = about_to_gather();
    play.perform(&[Action::Settle, Action::Close]);
    let before = stored(&play);
    let archive = before.index().archives().next().unwrap();
    let groups = &before.index().segments()[archive].scan.groups;
    assert!(groups.len() > 2, "{}", groups.len());
    let (victim, path) = (&groups[1], before.path_of(archive).unwrap().to_path_buf());
    let image = play.disk.image();
    for offset in [victim.frames[0].offset + 4, victim.frames[0].offset + 50, victim.end - 3] {
        let mut bytes = play.game.local.store.disk().read(&path, 1 << 24).unwrap();
        bytes[offset as usize] ^= 0x10;
        let disk = SimulatedDisk::from_image(&image);
        disk.replace(&path, &bytes).unwrap();
        let mut other = play.after_power_cut(disk, play.disk.position());
        other.now = play.now;
        let mut damaged = stored(&other);
        let read = |stored: &mut StoredSession, id| read_checkpoint(stored, id);
        let lost: Vec<_> = before
            .index()
            .archived(archive)
            .filter(|id| read(&mut damaged, *id) != play.digest_of(*id))
            .collect();
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert_eq!(lost[0].counter, victim.commit.counter);
        // And what is damaged stays where it is, and is gathered no more.
        other.perform(&[
            Action::Recover,
            Action::Full,
            Action::Settle,
            Action::Full,
            Action::Settle,
        ]);
        assert!(stored(&other).segments().iter().any(|segment| segment.path() == path));
    }
}

#[test]
fn a_zeroed_archive_is_reported_as_damaged() {
    let mut play = about_to_gather();
    play.perform(&[Action::Settle, Action::Close]);
    let before = stored(&play);
    let archive = before.index().archives().next().unwrap();
    let path = before.path_of(archive).unwrap();
    let disk = play.game.local.store.disk();
    disk.replace(path, &[0; 100]).unwrap();
    let after = stored(&play);
    let [problem] = after.index().problems() else { panic!("{:?}", after.index().problems()) };
    assert_eq!(problem.path, path);
    assert!(problem.kind.is_damage(), "{problem:?}");
}
