//! A pruning is many steps, and anything may happen between two of them.

use super::faults::check_everything;
use super::opening::read_checkpoint;
use super::{Action, Play};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::ids::{CheckpointId, SessionId};

/// A session whose older generations are about to be pruned: nothing of that was done yet.
fn about_to_prune() -> Play {
    use Action::{Auto, Crowd, Full, Manual, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 59);
    play.perform(&[Start, Settle, Full, Settle, Full, Settle, Auto, Manual, Auto, Settle]);
    play.perform(&[Crowd, Full]);
    play
}

fn is_pruning(play: &Play) -> bool {
    !play.game.is_idle()
}

fn segments(play: &Play) -> usize {
    let store = &play.game.local.store;
    let session = store.sessions().unwrap()[0];
    store.open_session(session).unwrap().segments().len()
}

/// Does something after each number of steps, and lets the pruning end. Returns each play.
fn between_steps(what: impl Fn(&mut Play)) -> Vec<Play> {
    let mut plays = Vec::new();
    for steps in 0.. {
        let mut play = about_to_prune();
        (0..steps).for_each(|_| play.turn());
        if !is_pruning(&play) {
            break;
        }
        what(&mut play);
        play.settle();
        assert!(play.history.newest_is_acknowledged(), "after {steps} steps");
        assert_eq!(check_everything(&play, 0), Ok(()), "after {steps} steps");
        plays.push(play);
    }
    plays
}

#[test]
fn a_stricter_quota_does_not_prune_the_file_of_a_running_merge() {
    use Action::{Auto, BeginMerge, Crowd, Manual, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 61);
    play.perform(&[Start, Settle, Auto, Manual, Auto, BeginMerge]);
    assert_eq!(segments(&play), 2, "the merge has begun a file");
    let newest_of = |play: &Play| {
        let store = &play.game.local.store;
        let stored = store.open_session(store.sessions().unwrap()[0]).unwrap();
        let segments = stored.index().segments().iter();
        segments.map(|segment| (segment.header.segment, segment.scan.groups.len())).max().unwrap()
    };
    assert_eq!(newest_of(&play), (1, 0));
    play.perform(&[Crowd, Settle]);
    let (number, groups) = newest_of(&play);
    assert!(number == 1 && groups > 0, "segment {number} with {groups} groups");
    play.perform(&[Auto, Settle]);
    assert!(play.history.newest_is_acknowledged());
    assert_eq!(check_everything(&play, 0), Ok(()));
}

#[test]
fn a_save_waits_for_at_most_one_step_of_a_pruning() {
    let mut undisturbed = about_to_prune();
    let before = segments(&undisturbed);
    undisturbed.settle();
    assert!(segments(&undisturbed) < before, "{before} segments");
    let plays = between_steps(|play| {
        play.perform(&[Action::Auto]);
        assert!(play.history.newest_is_acknowledged());
    });
    assert!(plays.len() > 2, "everything was read in {} steps", plays.len());
    assert!(plays.iter().all(|play| segments(play) == segments(&undisturbed)));
}

#[test]
fn a_new_generation_during_a_pruning_loses_none() {
    between_steps(|play| play.perform(&[Action::Full, Action::Rename, Action::Turn, Action::Auto]));
}

#[test]
fn a_save_that_fails_during_a_pruning_loses_nothing() {
    between_steps(Play::fail_to_save);
}

#[test]
fn a_session_closed_during_a_pruning_can_be_resumed() {
    between_steps(|play| play.perform(&[Action::Close, Action::Recover]));
}

/// Several sessions that aren't played any more, and one that is played, all over their common quota. None of them was
/// pruned yet.
fn about_to_prune_others() -> Play {
    use Action::{Auto, Close, Full, Manual, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 61);
    for _ in 0..4 {
        play.perform(&[Start, Settle, Full, Settle, Full, Settle, Full, Auto, Manual, Close]);
    }
    play.keep_total(1);
    play.perform(&[Start]);
    play
}

/// Bytes of all sessions.
fn bytes(play: &Play) -> u64 {
    let store = &play.game.local.store;
    store.sessions().unwrap().into_iter().map(|id| store.session_bytes(id).unwrap()).sum()
}

#[test]
fn a_save_waits_for_at_most_one_step_of_the_pruning_of_others() {
    let mut undisturbed = about_to_prune_others();
    let (before, mut turns, mut most) = (bytes(&undisturbed), 0, 0);
    while is_pruning(&undisturbed) {
        let begun = undisturbed.disk.operations().len();
        undisturbed.turn();
        most = most.max(undisturbed.disk.operations().len() - begun);
        turns += 1;
    }
    assert!(bytes(&undisturbed) < before, "{before} bytes");
    // A session is opened and scanned in one step, and each of its files is read in several pieces.
    assert!(turns > 4 * 4 && most < 120, "{turns} turns, up to {most} operations in one");
    for steps in 0..turns {
        let mut play = about_to_prune_others();
        (0..steps).for_each(|_| play.turn());
        play.perform(&[Action::Auto]);
        assert!(play.history.newest_is_acknowledged(), "after {steps} steps");
        play.settle();
        assert_eq!(check_everything(&play, usize::MAX), Ok(()), "after {steps} steps");
    }
}

#[test]
fn thinning_releases_a_session_that_another_job_needs() {
    let mut play = about_to_prune_others();
    let sessions = play.game.local.store.sessions().unwrap();
    let locked = |play: &Play| {
        let store = &play.game.local.store;
        let playing = play.game.playing.as_ref().map(|playing| playing.session);
        let others = sessions.iter().filter(|session| Some(**session) != playing);
        others.filter(|session| store.lock_session(**session).unwrap().is_none()).count()
    };
    // Whether it was let go of, each time that it was held and wanted.
    let mut released = Vec::new();
    while is_pruning(&play) {
        if released.len() < 5 && locked(&play) > 0 {
            play.perform(&[Action::List]);
            play.turn();
            released.push(locked(&play) == 0);
        }
        play.turn();
    }
    // A list that is looked up again and again doesn't keep it from being thinned for ever.
    assert_eq!(released, [true, true, true, false, false]);
}

/// For each named checkpoint, in their order, true if it can still be read as it was.
fn named_that_are_left(play: &Play, session: SessionId, named: &[CheckpointId]) -> Vec<bool> {
    let mut stored = play.game.local.store.open_session(session).unwrap();
    named.iter().map(|id| read_checkpoint(&mut stored, *id) == play.digest_of(*id)).collect()
}

/// Lets the writer try again what failed.
fn try_again(play: &mut Play) {
    for _ in 0..4 {
        play.settle();
        play.pass(70);
    }
    play.settle();
}

/// Returns true if those that are gone are the oldest, and some are left.
fn only_the_oldest_are_gone(left: &[bool]) -> bool {
    left.is_sorted() && left.last() == Some(&true)
}

#[test]
fn a_full_disk_costs_history_and_no_named_checkpoint() {
    use Action::{Auto, Full, Manual, Settle, Start};
    for at_exit in [false, true] {
        let mut play = Play::new(SimulatedDisk::default(), 67);
        play.perform(&[Start, Settle]);
        for _ in 0..6 {
            play.perform(&[Manual, Full, Settle]);
        }
        play.perform(&[Full, Settle, Full]);
        play.perform(&[Auto; 12]);
        play.perform(&[Full, Settle, Full, Settle]);
        let session = play.game.local.store.sessions().unwrap()[0];
        let before = bytes(&play);
        play.leave_room_for(0);
        if at_exit {
            play.perform(&[Auto, Action::Close]);
        } else {
            play.perform(&[Auto]);
        }
        try_again(&mut play);
        assert!(play.history.newest_is_acknowledged(), "at exit: {at_exit}");
        assert!(bytes(&play) < before, "{before} bytes");
        let left = named_that_are_left(&play, session, &play.named);
        assert!(left.iter().all(|is_left| *is_left), "at exit: {at_exit}, {left:?}");
    }
}

#[test]
fn without_history_a_full_disk_costs_the_oldest_named_checkpoints() {
    use Action::{Close, Full, Manual, Recover, Settle, Start};
    for at_exit in [false, true] {
        let mut play = Play::new(SimulatedDisk::default(), 71);
        play.perform(&[Start, Settle]);
        for _ in 0..20 {
            play.perform(&[Manual, Full, Settle, Full, Settle]);
        }
        play.perform(&[Close, Recover, Settle, Full, Settle, Full, Settle]);
        let session = play.game.local.store.sessions().unwrap()[0];
        play.leave_room_for(0);
        let mut lost = 0;
        // Files of events go first: so it takes a while until anything else has to.
        for _ in 0..8 {
            if lost > 0 {
                break;
            }
            if at_exit {
                play.perform(&[Full, Close]);
            } else {
                play.perform(&[Full]);
            }
            try_again(&mut play);
            assert!(play.history.newest_is_acknowledged(), "at exit: {at_exit}");
            let left = named_that_are_left(&play, session, &play.named);
            assert!(only_the_oldest_are_gone(&left), "at exit: {at_exit}, {left:?}");
            lost = left.iter().filter(|is_left| !**is_left).count();
            if at_exit {
                play.leave_room_for(10_000);
                play.perform(&[Recover, Settle]);
            }
            play.leave_room_for(0);
        }
        assert!(lost > 0 && lost < play.named.len(), "at exit: {at_exit}, {lost}");
    }
}

/// Several sessions that aren't played any more, with older named checkpoints.
fn about_to_prune_others_with_names() -> Play {
    use Action::{Auto, Close, Full, Manual, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 73);
    for _ in 0..3 {
        play.perform(&[Start, Settle]);
        for _ in 0..3 {
            play.perform(&[Manual, Full, Settle]);
        }
        play.perform(&[Full, Auto, Auto, Auto, Auto, Full, Settle, Full, Close]);
    }
    play
}

#[test]
fn other_sessions_lose_named_checkpoints_last_and_as_few_as_needed() {
    let named_of_each = |play: &Play| {
        let sessions = play.game.local.store.sessions().unwrap();
        let named: Vec<_> = sessions
            .iter()
            .map(|session| {
                let stored = play.game.local.store.open_session(*session).unwrap();
                let is_its = |id: &&CheckpointId| stored.index().commit(**id).is_some();
                let named: Vec<_> = play.named.iter().filter(is_its).copied().collect();
                (*session, named)
            })
            .collect();
        named
    };
    let left_of_each = |play: &Play, named: &[(SessionId, Vec<CheckpointId>)]| {
        let left = named.iter().map(|(session, named)| named_that_are_left(play, *session, named));
        left.collect::<Vec<_>>()
    };
    let thinned_to = |total: u64| {
        let mut play = about_to_prune_others_with_names();
        let named = named_of_each(&play);
        assert!(named.iter().all(|(_, named)| named.len() == 3), "{named:?}");
        play.keep_total(total);
        play.perform(&[Action::Start]);
        play.settle();
        let left = left_of_each(&play, &named);
        (bytes(&play), left)
    };
    let before = bytes(&about_to_prune_others_with_names());
    let (all_may_go, bare) = thinned_to(1);
    let (without_history, left) = thinned_to(before - 1);
    assert!(without_history < before);
    assert!(left.iter().flatten().all(|is_left| *is_left), "{left:?}");
    assert!(bare.iter().flatten().any(|is_left| !is_left), "{bare:?}");
    let mut some_are_lost = false;
    for total in (all_may_go..before).step_by(487) {
        let (after, left) = thinned_to(total);
        assert!(after <= total, "{after} bytes, where {total} are allowed");
        assert!(left.iter().all(|left| left.is_sorted()), "the oldest go first: {left:?}");
        let lost = left.iter().flatten().filter(|is_left| !**is_left).count();
        assert!(lost == 0 || total < without_history, "{total} bytes are enough for all: {left:?}");
        let most = bare.iter().flatten().filter(|is_left| !**is_left).count();
        some_are_lost |= lost > 0 && lost < most;
    }
    assert!(some_are_lost, "no more should be lost than is needed");
}
