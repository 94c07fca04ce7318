//! Going back by play time, and taking that back: what was left can be had again.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::RunId;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::{
    CheckpointCaptured, CheckpointId, CheckpointKind, MemoryDisk, RequestError, SessionCommands,
    SessionId,
};

use crate::common::*;
use crate::slots::{health, last_rejection, listen_to_slots, load, save, set_health, slot_game};

/// A game in which no checkpoint is taken unless the test asks for it.
fn rewinding_game(disk: &MemoryDisk) -> App {
    let mut app = slot_game(disk);
    listen::<CheckpointCaptured>(&mut app);
    app.world_mut().resource_mut::<SessionSettings>().interval = Duration::MAX;
    app
}

/// A session with checkpoints of health 2, 3 and 4, ten seconds of play apart, and two seconds after
/// the last one health 5.
fn played(disk: &MemoryDisk) -> (App, SessionId) {
    let mut app = rewinding_game(disk);
    start(&mut app, "Rewound");
    for value in 2..=4 {
        checkpoint_at(&mut app, value);
        seconds(&mut app, 10.0);
    }
    set_health(&mut app, 5);
    seconds(&mut app, 2.0);
    let session = app.world().resource::<CurrentSession>().id();
    (app, session)
}

/// Takes a checkpoint with this health.
fn checkpoint_at(app: &mut App, value: u32) -> CheckpointId {
    set_health(app, value);
    ask(app, |session| session.checkpoint(format!("health {value}")));
    received::<CheckpointSaved>(app).pop().unwrap().checkpoint
}

/// Asks something of the session that is played, and waits until it should be done.
fn ask<R>(app: &mut App, ask: impl FnOnce(&mut SessionCommands) -> R) {
    request(app, |commands| ask(&mut commands.session()));
    frames(app, 5);
}

fn rewind(app: &mut App, seconds: f32) {
    ask(app, |session| session.rewind(RewindTo::Ago(Duration::from_secs_f32(seconds))));
}

fn undo_rewind(app: &mut App) {
    ask(app, |session| session.rewind(RewindTo::BeforeRewind));
}

fn last_restore(app: &App) -> SessionRestored {
    received::<SessionRestored>(app).pop().expect("something should be restored")
}

/// Kills the game and starts it again, with the session resumed where it was.
fn restarted(disk: &MemoryDisk, session: SessionId) -> App {
    let mut app = rewinding_game(&disk.snapshot());
    frames(&mut app, 3);
    ask(&mut app, |commands| commands.recover(session, RestoreFrom::Latest));
    assert_eq!(last_restore(&app).reason, RestoreReason::Recovered);
    app
}

// Feature: A rewind goes back by play time, to a checkpoint or to a chapter.
// Page: guide/rewind.md
#[test]
fn a_rewind_restores_the_newest_checkpoint_that_is_old_enough() {
    for (ago, was) in [(0.0, 5), (2.5, 4), (11.9, 4), (12.8, 3), (30.5, 2), (999.0, 1)] {
        let (mut app, _) = played(&MemoryDisk::default());
        rewind(&mut app, ago);
        assert_eq!(health(&mut app), was, "{ago} seconds ago");
        assert_eq!(last_restore(&app).reason, RestoreReason::Rewound);
    }
}

#[test]
fn a_rewind_captures_the_left_play_and_can_be_undone() {
    let (mut app, _) = played(&MemoryDisk::default());
    rewind(&mut app, 15.0);
    assert_eq!(health(&mut app), 3);
    let captured = received::<CheckpointCaptured>(&app);
    let tail = captured.iter().find(|it| it.kind == CheckpointKind::Rewind).unwrap();
    assert_eq!(last_restore(&app).left, Some(tail.checkpoint));
    set_health(&mut app, 33);
    seconds(&mut app, 1.0);
    undo_rewind(&mut app);
    let undone = last_restore(&app);
    assert_eq!((undone.reason, undone.checkpoint), (RestoreReason::Undone, tail.checkpoint));
    assert_eq!(health(&mut app), 5);
    let left = undone.left.unwrap();
    undo_rewind(&mut app);
    assert_eq!(last_rejection(&app), RequestError::NothingToUndo);
    assert_eq!(health(&mut app), 5, "the game goes on");
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(left)));
    assert_eq!(health(&mut app), 33, "what the undoing has left is a branch as well");
}

#[test]
fn rewinds_are_undone_one_after_the_other() {
    undo_rewinds(RestoreManner::Respawn);
    undo_rewinds(RestoreManner::InPlace);
}

fn undo_rewinds(manner: RestoreManner) {
    let (mut app, _) = played(&MemoryDisk::default());
    app.insert_resource(manner);
    rewind(&mut app, 3.0);
    set_health(&mut app, 40);
    seconds(&mut app, 1.0);
    rewind(&mut app, 11.0);
    assert_eq!(health(&mut app), 3);
    set_health(&mut app, 30);
    for was in [40, 5] {
        undo_rewind(&mut app);
        assert_eq!(health(&mut app), was);
    }
    undo_rewind(&mut app);
    assert_eq!(last_rejection(&app), RequestError::NothingToUndo);
}

// Feature: Rewinds and loads can be undone, also after a kill.
// Page: guide/rewind.md#undo
#[test]
fn a_rewind_is_undone_after_a_kill_and_a_restart() {
    let disk = MemoryDisk::default();
    let (mut app, session) = played(&disk);
    rewind(&mut app, 15.0);
    set_health(&mut app, 30);
    ask(&mut app, |session| session.checkpoint("went on"));
    let mut app = restarted(&disk, session);
    assert_eq!(health(&mut app), 30, "a crash comes back to the line that was played");
    assert!(received::<RecoveryAvailable>(&app).iter().all(|it| !it.offer.forked));
    undo_rewind(&mut app);
    assert_eq!(health(&mut app), 5);
    undo_rewind(&mut app);
    assert_eq!(last_rejection(&app), RequestError::NothingToUndo);
}

// Feature: Rewinds and loads can be undone, also after a kill.
#[test]
fn a_load_can_be_undone_and_is_not_a_rewind() {
    let disk = MemoryDisk::default();
    let (mut app, session) = played(&disk);
    let slot = save(&mut app, SaveSlot::manual("Five"));
    set_health(&mut app, 6);
    seconds(&mut app, 1.0);
    load(&mut app, slot.id);
    assert_eq!(health(&mut app), 5);
    undo_rewind(&mut app);
    assert_eq!(last_rejection(&app), RequestError::NothingToUndo);
    ask(&mut app, |session| session.checkpoint("loaded"));
    let mut app = restarted(&disk, session);
    ask(&mut app, |session| session.rewind(RewindTo::BeforeLoad));
    assert_eq!(health(&mut app), 6);
    ask(&mut app, |session| session.rewind(RewindTo::BeforeLoad));
    assert_eq!(last_rejection(&app), RequestError::NothingToUndo);
}

#[test]
fn without_changes_a_rewind_leaves_the_last_checkpoint() {
    let mut app = rewinding_game(&MemoryDisk::default());
    start(&mut app, "Still");
    seconds(&mut app, 3.0);
    let last = checkpoint_at(&mut app, 2);
    seconds(&mut app, 3.0);
    rewind(&mut app, 4.0);
    assert_eq!((health(&mut app), last_restore(&app).left), (1, Some(last)));
    undo_rewind(&mut app);
    assert_eq!((health(&mut app), last_restore(&app).checkpoint), (2, last));
}

#[test]
fn a_rewind_is_rejected_with_the_reason() {
    let disk = MemoryDisk::default();
    let mut app = rewinding_game(&disk);
    rewind(&mut app, 1.0);
    assert_eq!(last_rejection(&app), RequestError::NoSession);
    undo_rewind(&mut app);
    assert_eq!(last_rejection(&app), RequestError::NoSession);

    start(&mut app, "Another");
    frames(&mut app, 1);
    let foreign = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    ask(&mut app, |session| session.close(LeaveCause::Player));
    start(&mut app, "Rewound");
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(foreign)));
    assert_eq!(last_rejection(&app), RequestError::UnknownCheckpoint);
    let made_up = CheckpointId { run: RunId(7), counter: 1 };
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(made_up)));
    assert_eq!(last_rejection(&app), RequestError::UnknownCheckpoint);

    set_health(&mut app, 2);
    request(&mut app, |commands| {
        commands.session().rewind(RewindTo::Ago(Duration::ZERO));
        commands.session().rewind(RewindTo::Ago(Duration::from_secs(9)));
    });
    frames(&mut app, 5);
    assert_eq!(last_rejection(&app), RequestError::RestoreUnderWay);
    assert_eq!(health(&mut app), 2, "the first one is carried out");
}

/// A hero dies in the frame in which the player loads, or in the next one.
#[test]
fn an_end_that_is_asked_for_while_an_earlier_moment_is_read_does_not_end_that_moment() {
    for later in [0, 1] {
        let disk = MemoryDisk::default();
        let (mut app, session) = played(&disk);
        request(&mut app, |commands| commands.session().rewind(RewindTo::Ago(Duration::ZERO)));
        frames(&mut app, later);
        ask(&mut app, |session| session.end(EndReason::Failed, LeaveCause::Player));
        frames(&mut app, 10);
        assert_eq!(last_rejection(&app), RequestError::RestoreUnderWay);
        assert_eq!(received::<SessionRestored>(&app).len(), 1);
        assert_eq!(app.world().resource::<CurrentSession>().id(), session);
    }
}

#[test]
fn behind_a_closed_gate_nothing_is_captured_and_the_session_goes_back() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.checkpoint_session_while(in_state(Phase::Playing));
        listen::<CheckpointCaptured>(app);
        listen::<SessionRestored>(app);
    });
    app.world_mut().spawn(Health(1));
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    app.update();
    start(&mut app, "Gated");
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Menu);
    frames(&mut app, 3);
    set_health(&mut app, 9);
    rewind(&mut app, 100.0);
    assert_eq!(health(&mut app), 1);
    let captured = received::<CheckpointCaptured>(&app);
    assert!(captured.iter().all(|it| it.kind != CheckpointKind::Rewind), "{captured:?}");
}

#[test]
fn damage_leads_to_the_next_older_checkpoint_that_can_be_read() {
    rewind_around_damage(RestoreManner::Respawn);
    rewind_around_damage(RestoreManner::InPlace);
}

fn rewind_around_damage(manner: RestoreManner) {
    let disk = MemoryDisk::default();
    let mut app = rewinding_game(&disk);
    app.insert_resource(manner);
    start(&mut app, "Damaged");
    for value in 2..=4 {
        checkpoint_at(&mut app, value);
        seconds(&mut app, 10.0);
    }
    // Each generation in a separate file, of which the middle one is lost.
    let journals = |disk: &MemoryDisk| {
        let is_journal =
            |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
        disk.paths().into_iter().filter(is_journal).collect::<Vec<_>>()
    };
    let before = journals(&disk).len();
    let play_time = |app: &App| app.world().resource::<CurrentSession>().play_time();
    // The last checkpoint was ten seconds ago, and nothing has changed since: that is what comes back.
    let first = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    let soon_after = play_time(&app) - Duration::from_millis(9500);
    rewind(&mut app, 0.0);
    seconds(&mut app, 1.0);
    checkpoint_at(&mut app, 6);
    seconds(&mut app, 10.0);
    rewind(&mut app, 0.0);
    checkpoint_at(&mut app, 7);
    seconds(&mut app, 10.0);
    let files = journals(&disk);
    assert!(files.len() > before);
    let middle = last_restore(&app).left.unwrap();
    let of_run = format!("{:016x}", middle.run.0);
    let damaged: Vec<_> =
        files.iter().filter(|path| path.to_string_lossy().contains(&of_run)).collect();
    assert!(!damaged.is_empty(), "{of_run} in {files:?}");
    for path in damaged {
        let length = disk.content(path).unwrap().len();
        (400..length).step_by(16).for_each(|at| disk.corrupt(path, at, 0xff));
    }
    let ago = play_time(&app) - soon_after;
    let before = received::<SessionRestored>(&app).len();
    ask(&mut app, |session| session.rewind(RewindTo::Ago(ago)));
    frames(&mut app, 60);
    let rejected = received::<RequestRejected>(&app);
    assert!(rejected.is_empty(), "{rejected:?}");
    assert_eq!(received::<SessionRestored>(&app).len(), before + 1);
    let SessionRestored { reason, checkpoint, report, .. } = last_restore(&app);
    assert_eq!(report.in_place, manner == RestoreManner::InPlace);
    // What the middle run began with is damaged.
    assert_eq!((reason, checkpoint), (RestoreReason::Rewound, first));
    assert_eq!(health(&mut app), 4);
}

/// A session of which at most three branches are kept, with the ends of eight that it left, the oldest first: of health 2 to 9,
/// each after so many seconds of play. Older generations were pruned since.
fn eight_branches(
    disk: &MemoryDisk,
    play: impl Fn(u32) -> f32,
) -> (App, SessionId, Vec<CheckpointId>) {
    let mut app = rewinding_game(disk);
    app.world_mut().resource_mut::<SessionSettings>().storage.max_branches = 3;
    start(&mut app, "Branches");
    let session = app.world().resource::<CurrentSession>().id();
    let mut left = Vec::new();
    for value in 2..=9 {
        set_health(&mut app, value);
        seconds(&mut app, play(value));
        rewind(&mut app, 1000.0);
        assert_eq!(health(&mut app), 1);
        left.push(last_restore(&app).left.unwrap());
    }
    for _ in 0..3 {
        long(&mut app, 400);
        set_health(&mut app, 1);
        ask(&mut app, |session| session.checkpoint("goes on"));
    }
    (app, session, left)
}

#[test]
fn the_newest_branches_are_kept_and_the_oldest_go() {
    let disk = MemoryDisk::default();
    let (_app, session, left) = eight_branches(&disk, |_| 1.0);
    // The first one lies in a file that the line needs as well.
    for (place, branch) in left.iter().enumerate().skip(1) {
        let mut app = restarted(&disk, session);
        ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(*branch)));
        match place >= left.len() - 3 {
            true => assert_eq!(health(&mut app) as usize, place + 2),
            false => assert!(
                matches!(
                    last_rejection(&app),
                    RequestError::CheckpointPruned | RequestError::UnknownCheckpoint
                ),
                "{place}"
            ),
        }
    }
    let mut app = restarted(&disk, session);
    undo_rewind(&mut app);
    assert_eq!(health(&mut app), 9);
}

#[test]
fn a_long_branch_is_kept_over_many_short_ones() {
    let disk = MemoryDisk::default();
    // The first branch is in a file that the line needs as well.
    let (_app, session, left) = eight_branches(&disk, |value| if value == 3 { 90.0 } else { 1.0 });
    for (place, is_kept) in [(1, true), (2, false), (4, false), (5, true), (6, true), (7, true)] {
        let mut app = restarted(&disk, session);
        ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(left[place])));
        assert_eq!(health(&mut app) == place as u32 + 2, is_kept, "branch {place}");
    }
}

/// What a game leaves that dies before its first checkpoint: a branch with all that was played, and nothing played at its end.
#[test]
fn a_branch_with_the_most_play_outlives_others_even_if_nothing_was_played_at_its_end() {
    let disk = MemoryDisk::default();
    let (_app, session) = played(&disk);
    let mut app = restarted(&disk, session);
    app.world_mut().resource_mut::<SessionSettings>().storage.max_branches = 3;
    rewind(&mut app, 1000.0);
    let furthest = last_restore(&app).left.unwrap();
    for value in 20..28 {
        set_health(&mut app, value);
        seconds(&mut app, 1.0);
        rewind(&mut app, 1000.0);
    }
    for _ in 0..3 {
        long(&mut app, 400);
        set_health(&mut app, 1);
        ask(&mut app, |session| session.checkpoint("goes on"));
    }
    let timeline = app.world().resource::<CurrentSession>().timeline();
    assert!(timeline.branches().count() <= 5, "others went");
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(furthest)));
    assert_eq!(health(&mut app), 4);
}

/// The checkpoints that lead to the end of a line, the newest first, without those that open a run.
fn line_of(app: &App, end: CheckpointId) -> Vec<Option<String>> {
    let timeline = app.world().resource::<CurrentSession>().timeline();
    let line = timeline.line(end).filter(|it| it.kind != CheckpointKind::Opening);
    line.map(|it| it.label.clone()).collect()
}

// Feature: What a rewind left is a branch in the timeline, and can become a session of its own.
// Page: guide/rewind.md#branches
#[test]
fn the_timeline_is_a_tree_of_checkpoints_and_branches_that_follows_what_is_played() {
    let disk = MemoryDisk::default();
    let (mut app, session) = played(&disk);
    let timeline = app.world().resource::<CurrentSession>().timeline().clone();
    let newest = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    assert_eq!((timeline.lines.len(), timeline.lines[0].end), (1, newest));
    let four = timeline.get(newest).unwrap();
    assert_eq!(four.label.as_deref(), Some("health 4"));
    assert!(four.play_time > timeline.get(four.parent.unwrap()).unwrap().play_time);

    rewind(&mut app, 15.0);
    checkpoint_at(&mut app, 33);
    for mut app in [restarted(&disk, session), app] {
        let timeline = app.world().resource::<CurrentSession>().timeline().clone();
        let lines: Vec<_> = timeline.lines.iter().map(|line| line.is_branch).collect();
        assert_eq!(lines, [false, true]);
        let label = |label: &str| Some(format!("health {label}"));
        let own = line_of(&app, timeline.lines[0].end);
        assert_eq!(own, [label("33"), label("3"), label("2")]);
        let branch = &timeline.lines[1];
        let left = line_of(&app, branch.end);
        assert_eq!(left, [None, label("4"), label("3"), label("2")]);
        let common = timeline.get(branch.leaves_at.unwrap()).unwrap();
        assert_eq!(common.label, label("3"));
        ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(branch.end)));
        assert_eq!(health(&mut app), 5, "a branch is gone to by its end");
        let timeline = app.world().resource::<CurrentSession>().timeline();
        assert_eq!(timeline.line(timeline.lines[0].end).nth(1).unwrap().id, branch.end);
        assert_eq!(timeline.branches().count(), 1);
    }
}

#[test]
fn a_picture_is_in_the_timeline() {
    let disk = MemoryDisk::default();
    let mut app = rewinding_game(&disk);
    start(&mut app, "Pictured");
    let session = app.world().resource::<CurrentSession>().id();
    let two = checkpoint_at(&mut app, 2);
    ask(&mut app, |session| session.attachments().attach(two, "thumbnail", vec![1, 2, 3]));
    for app in [restarted(&disk, session), app] {
        let timeline = app.world().resource::<CurrentSession>().timeline();
        assert_eq!(timeline.get(two).unwrap().picture.as_deref(), Some("thumbnail"));
    }
}

// Feature: What a rewind left is a branch in the timeline, and can become a session of its own.
#[test]
fn a_branch_becomes_a_session_of_its_own() {
    let disk = MemoryDisk::default();
    let (mut app, first) = played(&disk);
    rewind(&mut app, 15.0);
    let branch = last_restore(&app).left.unwrap();
    set_health(&mut app, 30);
    let play_time = app.world().resource::<CurrentSession>().play_time();
    let second = NewSession::named("What if").field("rule", &"no magic").unwrap();
    ask(&mut app, |session| session.library().branch_off(branch, second));
    frames(&mut app, 5);
    let restored = last_restore(&app);
    assert_eq!((restored.reason, restored.checkpoint), (RestoreReason::BranchedOff, branch));
    assert_eq!(health(&mut app), 5);
    let current = app.world().resource::<CurrentSession>();
    assert_ne!(current.id(), first);
    assert_eq!((current.name(), current.get("rule")), ("What if", Some("no magic".to_owned())));
    assert!(current.play_time() > play_time, "it goes on where the branch was");
    let second = current.id();
    undo_rewind(&mut app);
    assert_eq!(last_rejection(&app), RequestError::NothingToUndo, "that was in the other one");
    // Both are there after a crash, and the first one was closed with what was played last.
    let mut app = rewinding_game(&disk.snapshot());
    frames(&mut app, 3);
    let catalog = app.world().resource::<SessionCatalog>();
    assert!(catalog.get(second).unwrap().has_crashed());
    assert!(!catalog.get(first).unwrap().has_crashed());
    ask(&mut app, |session| session.recover(second, RestoreFrom::Latest));
    assert_eq!(health(&mut app), 5);
    ask(&mut app, |session| session.continue_session(first));
    frames(&mut app, 5);
    assert_eq!(health(&mut app), 30);
    undo_rewind(&mut app);
    assert_eq!(health(&mut app), 5);
}

#[test]
fn a_branch_off_from_an_unknown_checkpoint_is_rejected() {
    let disk = MemoryDisk::default();
    let (mut app, first) = played(&disk);
    let made_up = CheckpointId { run: RunId(7), counter: 1 };
    ask(&mut app, |session| session.library().branch_off(made_up, NewSession::named("What if")));
    assert_eq!(last_rejection(&app), RequestError::UnknownCheckpoint);
    let rejected = received::<RequestRejected>(&app).pop().unwrap().request;
    assert!(format!("{rejected:?}").contains("What if"), "{rejected:?}");
    assert_eq!(app.world().resource::<CurrentSession>().id(), first);
    assert_eq!(health(&mut app), 5);
}

#[test]
fn a_branch_that_is_cancelled_at_its_gate_is_not_listed() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen_to_slots(app);
        // Nothing opens this gate.
        app.restore_session_when(|| false);
    });
    start(&mut app, "Played");
    let newest = checkpoint_at(&mut app, 2);
    let session = app.world().resource::<CurrentSession>().id();
    ask(&mut app, |it| it.library().branch_off(newest, NewSession::named("What if")));
    ask(&mut app, |it| it.cancel_restore());
    frames(&mut app, 6);
    let listed = app.world().resource::<SessionCatalog>().sessions();
    assert_eq!(listed.iter().map(|entry| entry.session.id).collect::<Vec<_>>(), [session]);
}
