//! Another process deletes the lock file and takes the session over, at any moment.

use std::collections::BTreeSet;

use super::properties::is_journal;
use super::{Action, Game, Play};
use crate::disk::simulated_disk::{FileId, SimulatedDisk, Step, What};
use crate::disk::{Disk, SessionLock};

fn playing() -> Play {
    use Action::{Auto, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 71);
    play.perform(&[Start, Settle, Auto, Auto]);
    assert!(play.history.newest_is_acknowledged());
    play
}

fn lock_file(play: &Play) -> std::path::PathBuf {
    let store = &play.game.local.store;
    store.layout().lock(store.sessions().unwrap()[0])
}

fn is_append(step: &Step) -> bool {
    matches!(step.what, What::Append { .. })
}

/// Deletes the lock file, and takes the session over as another process would.
fn take_over(play: &Play) -> SessionLock {
    let store = &play.game.local.store;
    play.disk.remove(&lock_file(play)).unwrap();
    store.lock_session(store.sessions().unwrap()[0]).unwrap().expect("the new file isn't locked")
}

#[test]
fn nothing_is_acknowledged_after_the_lock_is_lost() {
    let mut undisturbed = playing();
    let lock = lock_file(&undisturbed);
    let first = undisturbed.disk.operations().len();
    undisturbed.perform(&[Action::Auto]);
    let last = undisturbed.disk.operations().len();
    let mut acknowledged = 0;
    for at in first..=last {
        let mut play = playing();
        // Asking for it is an operation as well.
        assert_eq!(lock_file(&play), lock);
        play.disk.steal_lock(lock.clone(), at);
        play.perform(&[Action::Auto]);
        if !play.history.newest_is_acknowledged() {
            continue;
        }
        acknowledged += 1;
        let stolen = play.disk.stolen().unwrap_or(play.disk.position());
        let is_saved = play.history.newest_was_captured_before(stolen)
            && !play.disk.steps_since(stolen).iter().any(is_append);
        assert!(is_saved, "the lock was lost at {at}, and what came later was acknowledged");
    }
    assert!((1..last - first).contains(&acknowledged), "{acknowledged} of {}", last - first);
}

/// Also where the upkeep of the run finds it lost.
#[test]
fn a_save_is_answered_wherever_the_lock_is_lost() {
    use Action::{Auto, Crowd, Full, Manual, SaveSlot, Settle, Start, Turn};
    let about_to_prune = || {
        let mut play = Play::new(SimulatedDisk::default(), 59);
        play.perform(&[Start, Settle, Full, Settle, Full, Settle, Auto, Manual, Auto, Settle]);
        play.perform(&[Crowd, Full]);
        play
    };
    let saves = [SaveSlot, Auto, Turn, SaveSlot, Auto, Settle];
    let mut undisturbed = about_to_prune();
    let lock = lock_file(&undisturbed);
    let first = undisturbed.disk.operations().len();
    undisturbed.perform(&saves);
    for at in first..=undisturbed.disk.operations().len() {
        let mut play = about_to_prune();
        assert_eq!(lock_file(&play), lock);
        play.disk.steal_lock(lock.clone(), at);
        play.perform(&saves);
        play.pass(100);
        play.settle();
        assert!(!play.waits_for_slots(), "the lock was lost at {at}");
    }
}

#[test]
fn nothing_is_written_after_the_lock_is_lost_between_heartbeats() {
    let mut play = playing();
    let _other = take_over(&play);
    let before = play.disk.position();
    // No time passes with this, so that no heartbeat looks at the lock.
    play.perform(&[Action::Rename]);
    let steps = play.disk.trace().steps;
    let journals: BTreeSet<FileId> = steps.iter().filter_map(|step| begun(&step.what)).collect();
    let written = |step: &Step| match &step.what {
        What::Append { file, .. } => journals.contains(file),
        what => begun(what).is_some(),
    };
    assert!(steps.iter().take(before).any(written), "it should have been written to before");
    assert!(!steps.iter().skip(before).any(written));
}

/// The file of a journal that a step begins.
fn begun(what: &What) -> Option<FileId> {
    match what {
        What::Create { path, file } => is_journal(path.path()).then_some(*file),
        _ => None,
    }
}

#[test]
fn a_deleted_lock_file_that_nobody_took_is_locked_again() {
    let mut play = playing();
    play.disk.remove(&lock_file(&play)).unwrap();
    play.perform(&[Action::Auto]);
    assert!(play.history.newest_is_acknowledged());
    let store = &play.game.local.store;
    let session = store.sessions().unwrap()[0];
    assert!(store.lock_session(session).unwrap().is_none(), "it should be held again");
}

#[test]
fn a_lost_session_that_nobody_played_is_resumed() {
    let mut play = playing();
    let other = take_over(&play);
    play.perform(&[Action::Auto, Action::Auto]);
    assert!(!play.history.newest_is_acknowledged());
    drop(other);
    play.pass(2);
    play.turn();
    play.perform(&[Action::Auto]);
    assert!(play.history.newest_is_acknowledged(), "nobody has it, and its head is as it was");
}

#[test]
fn a_lost_session_that_another_process_played_is_not_written() {
    let mut play = playing();
    drop(take_over(&play));
    let mut other = play.after_power_cut(play.disk.clone(), play.disk.position());
    other.perform(&[Action::Recover]);
    assert!(other.history.newest_is_acknowledged());
    play.perform(&[Action::Auto]);
    assert!(!play.history.newest_is_acknowledged());
    let segments = play.disk.image();
    // The other one goes, and its lock with it.
    other.game = Game::boot(&SimulatedDisk::default(), other.now.wall);
    for _ in 0..5 {
        play.pass(70);
        play.turn();
        play.perform(&[Action::Auto]);
    }
    assert!(!play.history.newest_is_acknowledged(), "what the other one saved isn't superseded");
    let journals = |image: &crate::disk::simulated_disk::Image| {
        let is_journal =
            |path: &std::path::Path| path.extension().is_some_and(|it| it == "journal");
        image.nodes().filter(|(path, _)| is_journal(path.path())).count()
    };
    assert_eq!(journals(&play.disk.image()), journals(&segments), "nothing was written");
}
