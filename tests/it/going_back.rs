//! Going back within the session that is played: what was played until then can still be had.

use bevy::prelude::*;
use bevy_session::checkpoints::CheckpointError;
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::{
    CheckpointCaptured, CheckpointId, CheckpointKind, MemoryDisk, RequestError, SessionId,
};

use crate::common::*;
use crate::slots::{health, last_rejection, save, set_health, slot_game};

/// A session whose newest checkpoint has health 1, and in which something was played since.
fn played(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> (App, SessionId) {
    let mut app = slot_game(disk);
    listen::<CheckpointCaptured>(&mut app);
    add(&mut app);
    // Nothing is saved between.
    app.world_mut().resource_mut::<SessionSettings>().interval = std::time::Duration::MAX;
    start(&mut app, "Going back");
    set_health(&mut app, 2);
    frames(&mut app, 2);
    let session = app.world().resource::<CurrentSession>().id();
    (app, session)
}

fn go_back(app: &mut App, session: SessionId) {
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 4);
}

/// The checkpoints that were taken because the session went back.
fn tails(app: &App) -> Vec<CheckpointId> {
    let saved = received::<CheckpointSaved>(app).into_iter();
    saved.filter(|it| it.kind == CheckpointKind::Rewind).map(|it| it.checkpoint).collect()
}

#[test]
fn play_since_the_last_checkpoint_can_be_restored_after_a_rewind() {
    let disk = MemoryDisk::default();
    let (mut app, session) = played(&disk, |_| {});
    let start = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    go_back(&mut app, session);
    let restored = received::<SessionRestored>(&app).pop().unwrap();
    assert_eq!((restored.reason, restored.checkpoint), (RestoreReason::Rewound, start));
    assert_eq!(health(&mut app), 1, "the newest checkpoint is the one before the rewind");
    let tails = tails(&app);
    assert_eq!(tails.len(), 1);
    // It isn't what a crash comes back to.
    let mut after_crash = slot_game(&disk.snapshot());
    request(&mut after_crash, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut after_crash, 4);
    assert_eq!(health(&mut after_crash), 1);
    // The player changes their mind.
    request(&mut app, |commands| {
        commands.session().recover(session, RestoreFrom::Checkpoint(tails[0]));
    });
    frames(&mut app, 4);
    assert_eq!(health(&mut app), 2);
}

#[test]
fn a_crash_while_the_session_goes_back_loses_nothing_that_was_played() {
    let disk = MemoryDisk::default();
    let (mut app, session) = played(&disk, |app| {
        app.add_observer(|_: On<bevy_session::recovery::RestorePrepared>| {
            panic!("in the middle of it");
        });
    });
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    let caught = (0..4)
        .any(|_| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| app.update())).is_err());
    assert!(caught);
    let mut app = slot_game(&disk.snapshot());
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(health(&mut app), 2);
}

#[test]
fn loading_a_slot_of_the_session_that_is_played_keeps_what_was_played() {
    let disk = MemoryDisk::default();
    let (mut app, session) = played(&disk, |_| {});
    let slot = save(&mut app, SaveSlot::manual("Two"));
    set_health(&mut app, 3);
    request(&mut app, |commands| commands.session().slots().load(slot.id));
    frames(&mut app, 6);
    assert_eq!(health(&mut app), 2);
    set_health(&mut app, 4);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Slot(slot.id)));
    frames(&mut app, 6);
    assert_eq!(health(&mut app), 2);
    for (tail, was) in tails(&app).into_iter().zip([3, 4]) {
        request(&mut app, |commands| {
            commands.session().recover(session, RestoreFrom::Checkpoint(tail));
        });
        frames(&mut app, 4);
        assert_eq!(health(&mut app), was);
    }
    assert_eq!(tails(&app).len(), 2, "where nothing was played, nothing is taken");
}

#[test]
fn behind_a_closed_gate_nothing_is_taken_of_the_menus_world() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.checkpoint_session_while(in_state(Phase::Playing));
        listen::<CheckpointCaptured>(app);
        listen::<SessionRestored>(app);
    });
    app.world_mut().spawn(Health(1));
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    app.update();
    start(&mut app, "Gated");
    let session = app.world().resource::<CurrentSession>().id();
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Menu);
    frames(&mut app, 3);
    let before = received::<CheckpointCaptured>(&app).len();
    app.world_mut().resource_mut::<Score>().0 = 50;
    frames(&mut app, 1);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    let since = received::<CheckpointCaptured>(&app).split_off(before);
    assert!(since.iter().all(|it| it.kind != CheckpointKind::Rewind), "{since:?}");
}

#[test]
fn a_rewind_is_refused_while_the_writer_can_take_nothing() {
    let disk = MemoryDisk::default();
    let (mut app, session) = played(&disk, |_| {});
    request(&mut app, |commands| {
        for number in 0..16 {
            commands.session().checkpoint(format!("{number}"));
        }
        commands.session().recover(session, RestoreFrom::Latest);
    });
    frames(&mut app, 4);
    assert_eq!(last_rejection(&app), RequestError::WriterBehind);
    assert_eq!(health(&mut app), 2, "the game goes on");
    set_health(&mut app, 3);
    go_back(&mut app, session);
    assert_eq!(health(&mut app), 2);
}

#[test]
fn a_rewind_happens_although_the_disk_refuses_the_left_play() {
    let disk = MemoryDisk::default();
    let (mut app, session) = played(&disk, |_| {});
    disk.fail_always(Operation::Append, std::io::ErrorKind::Other);
    go_back(&mut app, session);
    assert_eq!(health(&mut app), 1);
    let failed = received::<CheckpointFailed>(&app);
    let given_up: Vec<_> = failed.iter().filter(|it| it.retry_in.is_none()).collect();
    assert_eq!(given_up.len(), 1, "{failed:?}");
    assert_eq!(given_up[0].error, CheckpointError::WriterBehind);
    disk.heal();
    seconds(&mut app, 5.0);
    set_health(&mut app, 9);
    request(&mut app, |commands| commands.session().checkpoint("healed"));
    seconds(&mut app, 3.0);
    assert_eq!(received::<CheckpointSaved>(&app).pop().unwrap().kind, CheckpointKind::Manual);
}
