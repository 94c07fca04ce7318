//! Operations on a session, and on slots, are done with their lock held, from before the first step to after the last.

use std::path::{Path, PathBuf};

use super::{Action, Play};
use crate::disk::SessionLock;
use crate::disk::simulated_disk::{SimulatedDisk, Step, What};
use crate::model::session::{RestoreFrom, RestoreReason};
use crate::read::recovery::{PROBATION, Wanted};
use crate::write::{News, Order};

/// A session that was left by a kill.
fn killed() -> Play {
    use Action::{Auto, Kill, Manual, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 83);
    play.perform(&[Start, Settle, Auto, Manual, Auto, Settle, Kill]);
    play
}

fn lock_file(play: &Play) -> PathBuf {
    let store = &play.game.local.store;
    store.layout().lock(store.sessions().unwrap()[0])
}

/// Takes the session's lock as another process would, if it can.
fn lock_elsewhere(play: &Play) -> Option<SessionLock> {
    let store = &play.game.local.store;
    store.lock_session(store.sessions().unwrap()[0]).unwrap()
}

/// The changes below a directory while the watched lock was free.
fn unlocked_below(play: &Play, directory: &Path) -> Vec<String> {
    let is_below = |step: &Step| match &step.what {
        What::Create { path, .. }
        | What::CreateDirectory { path }
        | What::SyncDirectory { path, .. }
        | What::Remove { path, .. }
        | What::RemoveDirectory { path }
        | What::Rename { to: path, .. } => path.path().starts_with(directory),
        // The holder of a lock creates the files that are written to.
        What::Append { .. } | What::Sync { .. } => false,
    };
    let steps = play.disk.steps_without_lock();
    steps.iter().filter(|step| is_below(step)).map(|step| step.what.to_string()).collect()
}

/// Does something to a session that was left, and expects its lock to be held meanwhile.
fn keeps_it_locked(what: impl Fn(&mut Play)) {
    let mut play = killed();
    let (lock, sessions) = (lock_file(&play), play.game.local.store.layout().sessions());
    play.disk.watch_lock(lock);
    let before = play.disk.position();
    what(&mut play);
    assert!(play.disk.position() > before, "something should be changed");
    assert_eq!(unlocked_below(&play, &sessions), [""; 0]);
}

#[test]
fn a_session_is_locked_while_it_is_declined() {
    keeps_it_locked(|play| play.perform(&[Action::Decline]));
}

#[test]
fn a_session_is_locked_while_it_is_deleted() {
    keeps_it_locked(|play| play.perform(&[Action::Forget]));
}

#[test]
fn a_session_is_locked_while_it_is_recovered_played_and_rewound() {
    use Action::{Auto, Close, Manual, Merge, Recover, Rewind};
    keeps_it_locked(|play| {
        play.perform(&[Recover, Auto, Manual, Merge, Auto, Rewind, Auto, Rewind, Merge, Close]);
    });
}

#[test]
fn a_session_read_for_a_restore_is_locked_until_it_is_released() {
    let mut play = killed();
    let session = play.game.local.store.sessions().unwrap()[0];
    let (from, reason) = (RestoreFrom::Latest, RestoreReason::Recovered);
    let (prepared, _) = play.game.prepare(
        Wanted {
            session,
            from,
            reason,
            tail: None,
            played: None,
            by_name: false,
            is_return: false,
            probation: PROBATION,
        },
        play.now,
    );
    assert!(prepared.is_some());
    assert!(lock_elsewhere(&play).is_none(), "nobody else should take it up now");
    play.game.order(Order::Release(session), play.now);
    assert!(lock_elsewhere(&play).is_some());
}

#[test]
fn a_rewind_never_releases_the_lock() {
    let mut play = killed();
    play.perform(&[Action::Recover, Action::Auto, Action::Settle]);
    play.disk.watch_lock(lock_file(&play));
    play.perform(&[Action::Rewind, Action::Auto, Action::Settle]);
    let steps = play.disk.steps_without_lock();
    assert!(steps.is_empty(), "{:?}", steps.iter().map(|step| &step.what).collect::<Vec<_>>());
}

#[test]
fn slots_are_locked_while_one_is_written_renamed_or_deleted() {
    use Action::{CopySlot, DeleteSlot, Overwrite, Recover, RenameSlot, SaveSlot, Settle};
    let mut play = killed();
    let layout = play.game.local.store.layout().clone();
    play.disk.watch_lock(layout.slots_lock());
    let before = play.disk.position();
    play.perform(&[Recover, SaveSlot, Settle, Overwrite, Settle, CopySlot, Settle]);
    play.perform(&[RenameSlot, Settle, DeleteSlot, Settle]);
    let is_slot = |step: &Step| matches!(&step.what, What::Rename { to, .. } if to.path().starts_with(layout.slots()));
    assert!(play.disk.steps_since(before).iter().filter(|step| is_slot(step)).count() > 2);
    assert_eq!(unlocked_below(&play, &layout.slots()), [""; 0]);
}

#[test]
fn a_save_to_slots_waits_for_the_lock_of_another_process() {
    let mut play = killed();
    play.perform(&[Action::Recover, Action::Settle]);
    let slots = |play: &Play| play.game.slots.len();
    let other = play.game.local.store.slots().lock().unwrap();
    play.perform(&[Action::SaveSlot, Action::Turn, Action::Turn, Action::Turn]);
    assert_eq!(slots(&play), 0, "another process is at it");
    drop(other);
    play.settle();
    assert_eq!(slots(&play), 1);
}

#[test]
fn the_heartbeat_notices_a_lost_lock() {
    let mut play = killed();
    play.perform(&[Action::Recover, Action::Settle]);
    let lock = lock_file(&play);
    play.disk.steal_lock(lock, play.disk.operations().len());
    play.pass(2);
    let news = play.game.turn(play.now);
    let is_stop = |news: &News| matches!(news, News::SavingStopped(_));
    assert!(news.iter().any(is_stop), "the heartbeat should notice");
}
