//! The life of a session: every request, legal and not.

// Feature: Requests start, pause, resume, update, close, continue and end a session.
// Page: guide/getting-started.md#with-a-menu

use bevy::prelude::*;
use bevy_session::library::{Move, SessionUpdated};
use bevy_session::prelude::*;
use bevy_session::{
    CheckpointCaptured, CheckpointKind, MemoryDisk, RequestError, RestoreFrom, SessionEnded,
    SessionId, SessionPaused, SessionResumed, SessionStatus, SessionUpdate,
};

use crate::common::*;

#[test]
fn start_is_reported_and_the_first_checkpoint_is_durable() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen::<SessionStarted>(app);
        listen::<CheckpointCaptured>(app);
        listen::<CheckpointSaved>(app);
    });
    app.world_mut().spawn(Health(3));
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("Campaign").player("Maverick"));
    });
    frames(&mut app, 4);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!(current.name(), "Campaign");
    assert_eq!(current.player(), Some("Maverick"));
    assert_eq!(current.status(), SessionStatus::Active);
    assert_eq!(current.context().game_version, "1.2.3");
    assert_eq!(received::<SessionStarted>(&app).len(), 1);
    let captured = received::<CheckpointCaptured>(&app);
    assert_eq!(captured[0].kind, CheckpointKind::Opening);
    assert!(captured[0].full, "the first capture should be full");
    assert_eq!(captured[0].entities, 1);
    assert_eq!(received::<CheckpointSaved>(&app)[0].checkpoint, captured[0].checkpoint);
}

#[test]
fn a_player_needs_no_name() {
    let mut app = game(&MemoryDisk::default());
    start(&mut app, "Nameless");
    assert_eq!(app.world().resource::<CurrentSession>().player(), None);
}

// Feature: A checkpoint is taken at each interval of play, if something changed.
// Page: guide/settings.md
#[test]
fn autosave_takes_what_changed_and_nothing_when_nothing_did() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen::<CheckpointCaptured>);
    let entity = app.world_mut().spawn(Health(1)).id();
    app.world_mut().spawn(Health(2));
    start(&mut app, "Quiet");
    seconds(&mut app, 12.0);
    assert_eq!(received::<CheckpointCaptured>(&app).len(), 1, "nothing changed, so none is taken");
    app.world_mut().entity_mut(entity).insert(Health(9));
    seconds(&mut app, 6.0);
    let captured = received::<CheckpointCaptured>(&app);
    assert_eq!(captured.len(), 2);
    assert_eq!((captured[1].rows, captured[1].full), (1, false));
    assert_eq!(captured[1].checkpoint.counter, 2, "no number should have been used in between");
}

#[test]
fn autosave_off_means_off_and_a_named_checkpoint_still_works() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen::<CheckpointCaptured>);
    start(&mut app, "Manual");
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    app.world_mut().spawn(Health(1));
    seconds(&mut app, 20.0);
    assert_eq!(received::<CheckpointCaptured>(&app).len(), 1);
    request(&mut app, |commands| commands.session().checkpoint("before the boss"));
    frames(&mut app, 3);
    let captured = received::<CheckpointCaptured>(&app);
    assert_eq!(captured.len(), 2);
    assert_eq!(captured[1].kind, CheckpointKind::Manual);
}

// Feature: A capture of plain types allocates nothing, and copies only what changed.
#[test]
fn a_pause_and_an_exit_copy_what_changed_and_nothing_else() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen::<CheckpointCaptured>(app);
        listen::<SessionClosed>(app);
    });
    let crowd: Vec<Entity> =
        (0..50).map(|health| app.world_mut().spawn(Health(health)).id()).collect();
    start(&mut app, "Paused");
    let id = app.world().resource::<CurrentSession>().id();
    app.world_mut().entity_mut(crowd[7]).insert(Health(700));
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 3);
    // Even if nothing changed since: this is when it was.
    request(&mut app, |commands| commands.session().resume());
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 3);
    app.world_mut().entity_mut(crowd[8]).insert(Health(800));
    app.world_mut().despawn(crowd[9]);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    assert!(received::<SessionClosed>(&app)[0].complete);
    let captures: Vec<_> = received::<CheckpointCaptured>(&app)
        .iter()
        .map(|captured| (captured.kind, captured.full, captured.rows))
        .skip(1)
        .collect();
    let delta = |kind, rows| (kind, false, rows);
    let (pause, exit) = (CheckpointKind::Pause, CheckpointKind::Exit);
    assert_eq!(captures, [delta(pause, 1), delta(pause, 0), delta(exit, 1)]);

    let mut app = game(&disk.snapshot());
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 3);
    let world = app.world_mut();
    let mut healths: Vec<u32> = world.query::<&Health>().iter(world).map(|one| one.0).collect();
    healths.sort_unstable();
    let expected: Vec<u32> =
        (0..50).filter(|health| ![7, 8, 9].contains(health)).chain([700, 800]).collect();
    assert_eq!(healths, expected);
}

#[test]
fn play_time_is_stopped_while_paused() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<SessionPaused>(app);
        listen::<SessionResumed>(app);
    });
    start(&mut app, "Paused");
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 2);
    assert!(app.world_mut().run_system_cached(session_is_paused).unwrap());
    let before = app.world().resource::<CurrentSession>().play_time();
    seconds(&mut app, 30.0);
    assert_eq!(app.world().resource::<CurrentSession>().play_time(), before);
    request(&mut app, |commands| commands.session().resume());
    seconds(&mut app, 1.0);
    assert!(app.world().resource::<CurrentSession>().play_time() > before);
    assert!(app.world_mut().run_system_cached(session_is_active).unwrap());
    assert_eq!(received::<SessionPaused>(&app).len(), 1);
    assert_eq!(received::<SessionResumed>(&app).len(), 1);
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen::<SessionUpdated>);
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("Old").player("Ada").description("first"));
    });
    frames(&mut app, 3);
    let update =
        SessionUpdate::default().name("New").field("mission", &3).unwrap().field("hard", &true);
    request(&mut app, |commands| commands.session().update(update.unwrap()));
    frames(&mut app, 2);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.name(), current.player()), ("New", Some("Ada")));
    assert_eq!(current.description(), "first");
    assert_eq!((current.get("mission"), current.get("hard")), (Some(3), Some(true)));
    assert_eq!(received::<SessionUpdated>(&app).len(), 1);
}

#[test]
fn close_writes_the_last_checkpoint_and_the_session_can_be_continued() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen::<SessionClosed>(app);
        listen::<SessionRestored>(app);
    });
    app.world_mut().spawn((Health(7), Name::new("Maverick")));
    start(&mut app, "Closed");
    let id = app.world().resource::<CurrentSession>().id();
    app.world_mut().resource_mut::<Score>().0 = 42;
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    assert!(received::<SessionClosed>(&app)[0].complete);
    assert!(app.world().get_resource::<CurrentSession>().is_none());

    app.world_mut().resource_mut::<Score>().0 = 0;
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(app.world().resource::<Score>().0, 42);
    let world = app.world_mut();
    let (health, name) = world.query::<(&Health, &Name)>().single(world).unwrap();
    assert_eq!((health.0, name.as_str()), (7, "Maverick"));
    assert_eq!(app.world().resource::<CurrentSession>().id(), id);
}

#[test]
fn an_ended_session_is_not_continued() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<SessionEnded>(app);
        listen::<RequestRejected>(app);
    });
    start(&mut app, "Done");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 3);
    assert_eq!(received::<SessionEnded>(&app)[0].reason, EndReason::Completed);
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 3);
    let rejected = received::<RequestRejected>(&app);
    let RequestError::IllegalMove(illegal) = &rejected[0].error else {
        panic!("should be an illegal move: {rejected:?}")
    };
    assert_eq!((illegal.from, illegal.step), (SessionStatus::Completed, Move::Continue));
}

// Feature: Each request has a ticket and gets one last answer; a rejection has its reason.
#[test]
fn invalid_requests_are_rejected_with_the_reason_and_change_nothing() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen::<RequestRejected>);
    request(&mut app, |commands| {
        commands.session().checkpoint("no session");
        commands.session().pause();
        commands.session().close(LeaveCause::Player);
        commands.session().continue_session(SessionId::random());
        commands.session().recover(SessionId::random(), RestoreFrom::Latest);
        commands.session().decline(SessionId::random());
        commands.session().library().purge(SessionId::random());
    });
    // The writer is asked about four of them, one a frame.
    frames(&mut app, 6);
    let errors: Vec<_> =
        received::<RequestRejected>(&app).into_iter().map(|rejected| rejected.error).collect();
    assert_eq!(
        errors,
        [
            RequestError::NoSession,
            RequestError::NoSession,
            RequestError::NoSession,
            RequestError::UnknownSession,
            RequestError::UnknownSession,
            RequestError::UnknownSession,
            RequestError::UnknownSession,
        ]
    );
    start(&mut app, "One");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().start(NewSession::named("Two")));
    frames(&mut app, 3);
    let last = received::<RequestRejected>(&app).pop().unwrap();
    assert_eq!(last.error, RequestError::SessionRunning { current: id });
    assert_eq!(app.world().resource::<CurrentSession>().name(), "One");
}

#[test]
fn a_replacing_start_closes_the_session_before() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen::<SessionClosed>);
    start(&mut app, "One");
    let one = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("Two").replacing_current());
    });
    frames(&mut app, 5);
    assert_eq!(received::<SessionClosed>(&app)[0].session, one);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Two");
}

#[test]
fn after_a_rewind_later_checkpoints_can_be_restored() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<CheckpointSaved>(app);
        listen::<SessionRestored>(app);
    });
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Rewound");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().checkpoint("early"));
    frames(&mut app, 3);
    let early = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    app.world_mut().entity_mut(entity).insert(Health(50));
    request(&mut app, |commands| commands.session().checkpoint("late"));
    frames(&mut app, 3);
    let late = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;

    for (to, health) in [(early, 1), (late, 50)] {
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Checkpoint(to)));
        frames(&mut app, 3);
        let world = app.world_mut();
        assert_eq!(world.query::<&Health>().single(world).unwrap().0, health);
    }
    let newest = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    assert!(newest.counter > late.counter, "numbers should only grow");
}
