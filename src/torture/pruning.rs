//! A pruning is many steps, and anything may happen between two of them.

use super::faults::check_everything;
use super::{Action, Play};
use crate::store::simulated_disk::SimulatedDisk;

/// A session whose older generations are about to be pruned: nothing of that was done yet.
fn about_to_prune() -> Play {
    use Action::{Auto, Crowd, Full, Manual, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 59);
    play.perform(&[Start, Settle, Full, Settle, Full, Settle, Auto, Manual, Auto, Settle]);
    play.perform(&[Crowd, Full]);
    play
}

fn is_pruning(play: &Play) -> bool {
    !play.game.is_idle(play.now)
}

fn segments(play: &Play) -> usize {
    let store = &play.game.home.store;
    let session = store.sessions().unwrap()[0];
    store.open_session(session).unwrap().segments().len()
}

/// Does something after each number of steps, and lets the pruning end. What each came to.
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
fn a_save_waits_for_no_more_than_one_step_of_a_pruning() {
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
fn a_new_generation_in_the_middle_of_a_pruning_loses_none() {
    between_steps(|play| play.perform(&[Action::Full, Action::Rename, Action::Turn, Action::Auto]));
}

#[test]
fn a_save_that_fails_in_the_middle_of_a_pruning_costs_nothing() {
    between_steps(Play::fail_to_save);
}

#[test]
fn a_session_that_is_left_in_the_middle_of_a_pruning_can_be_taken_up() {
    between_steps(|play| play.perform(&[Action::Close, Action::Recover]));
}

/// Several sessions that nobody plays any more, and one that is played, all over what they may take
/// together. None of that was pruned yet.
fn about_to_prune_others() -> Play {
    use Action::{Auto, Close, Full, Manual, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 61);
    for _ in 0..4 {
        play.perform(&[Start, Settle, Full, Settle, Full, Settle, Full, Auto, Manual, Close]);
    }
    play.game.set_total_quota(1);
    play.perform(&[Start]);
    play
}

/// Bytes of all sessions.
fn bytes(play: &Play) -> u64 {
    let store = &play.game.home.store;
    store.sessions().unwrap().into_iter().map(|id| store.session_bytes(id).unwrap()).sum()
}

#[test]
fn a_save_waits_for_no_more_than_one_step_of_the_pruning_of_others() {
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
fn a_session_that_is_being_thinned_is_let_go_of_when_it_is_wanted() {
    let mut play = about_to_prune_others();
    let sessions = play.game.home.store.sessions().unwrap();
    let locked = |play: &Play| {
        let store = &play.game.home.store;
        let playing = play.game.playing.as_ref().map(|playing| playing.session);
        let others = sessions.iter().filter(|session| Some(**session) != playing);
        others.filter(|session| store.lock_session(**session).unwrap().is_none()).count()
    };
    let mut held = 0;
    while is_pruning(&play) {
        if locked(&play) > 0 {
            held += 1;
            play.game.let_go_of_others();
            assert_eq!(locked(&play), 0);
        }
        play.turn();
    }
    assert!(held > 0, "it should take more than one step");
}
