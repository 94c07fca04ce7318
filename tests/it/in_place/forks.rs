//! Forking the world, and returning to the fork.

// Feature: `fork_world` keeps a moment, to which `return_to` comes back as often as asked.
// Page: guide/rewind-in-place.md#try-out-moves

use bevy::prelude::*;
use bevy_session::checkpoints::{WorldFork, WorldForksExt};
use bevy_session::prelude::*;
use bevy_session::{CheckpointKind, MemoryDisk, RequestDone, RequestError};

use super::{Sprite, ask, in_place_game, last_restore};
use crate::common::*;

fn game() -> App {
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        listen::<RequestDone>(app);
        listen::<RequestRejected>(app);
    });
    app.insert_resource(RestoreManner::Respawn);
    app
}

fn fork(app: &mut App) -> WorldFork {
    let fork = app.world_mut().commands().fork_world();
    app.world_mut().flush();
    frames(app, 2);
    fork
}

fn return_to(app: &mut App, fork: WorldFork) -> Ticket {
    let ticket = app.world_mut().commands().return_to(fork);
    app.world_mut().flush();
    frames(app, 5);
    ticket
}

fn spawn(app: &mut App, health: u32) -> Entity {
    app.world_mut().spawn((Health(health), Sprite(health))).id()
}

fn refusals(app: &App) -> Vec<(Ticket, RequestError)> {
    let rejected = received::<RequestRejected>(app).into_iter();
    rejected.filter_map(|rejected| Some((rejected.ticket?, rejected.error))).collect()
}

#[test]
fn a_world_fork_can_be_returned_to_repeatedly_in_place() {
    let mut app = game();
    let entity = spawn(&mut app, 1);
    start(&mut app, "Planned");
    let first = fork(&mut app);
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = 2;
    let second = fork(&mut app);
    for (fork, health) in [(first, 1), (second, 2), (first, 1), (first, 1), (second, 2)] {
        app.world_mut().get_mut::<Health>(entity).unwrap().0 = 77;
        let came = spawn(&mut app, 9);
        return_to(&mut app, fork);
        let report = last_restore(&app).report;
        assert_eq!((report.in_place, report.written, report.despawned), (true, 1, 1));
        assert_eq!(app.world().get::<Health>(entity), Some(&Health(health)));
        assert_eq!(app.world().get::<Sprite>(entity), Some(&Sprite(1)));
        assert!(app.world().get_entity(came).is_err());
    }
    assert!(received::<RequestDone>(&app).iter().any(|done| done.ticket == first.ticket()));
    assert_eq!(refusals(&app), []);
}

#[test]
fn returning_to_a_world_fork_keeps_nothing_of_what_it_leaves() {
    let mut app = game();
    let entity = spawn(&mut app, 1);
    start(&mut app, "Planned");
    let kept = fork(&mut app);
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = 2;
    return_to(&mut app, kept);
    let session = app.world().resource::<CurrentSession>();
    let last = session.last_checkpoint().unwrap();
    assert_eq!(last.kind, CheckpointKind::Opening, "nothing is captured of what is left");
    assert_eq!(app.world().get::<Health>(entity), Some(&Health(1)));
}

/// A planner tries out as often as it likes, and the player's own rewind can still be taken back.
#[test]
fn a_rewind_can_be_undone_after_many_returns_to_a_fork() {
    fn health(app: &mut App) -> Mut<'_, Health> {
        let world = app.world_mut();
        world.query::<&mut Health>().single_mut(world).unwrap()
    }
    let mut app = game();
    spawn(&mut app, 1);
    start(&mut app, "Planned");
    health(&mut app).0 = 2;
    frames(&mut app, 2);
    ask(&mut app, |session| session.rewind(RewindTo::Ago(std::time::Duration::from_secs(3600))));
    assert_eq!(health(&mut app).0, 1);
    let kept = fork(&mut app);
    for _ in 0..12 {
        health(&mut app).0 = 50;
        return_to(&mut app, kept);
        assert_eq!(health(&mut app).0, 1);
    }
    ask(&mut app, |session| session.rewind(RewindTo::BeforeRewind));
    assert_eq!(refusals(&app), []);
    assert_eq!(health(&mut app).0, 2);
}

#[test]
fn a_request_may_have_everything_spawned_again() {
    let mut app = game();
    let entity = spawn(&mut app, 1);
    start(&mut app, "Planned");
    let kept = fork(&mut app);
    request(&mut app, |commands| {
        commands.session().restoring(RestoreManner::Respawn).rewind(RewindTo::Fork(kept));
    });
    frames(&mut app, 5);
    assert!(!last_restore(&app).report.in_place);
    assert!(app.world().get_entity(entity).is_err());
}

#[test]
fn world_forks_need_a_session_and_end_with_it() {
    let mut app = game();
    let nowhere = fork(&mut app);
    assert_eq!(refusals(&app), [(nowhere.ticket(), RequestError::NoSession)]);
    spawn(&mut app, 1);
    start(&mut app, "First");
    let kept = fork(&mut app);
    let unknown = return_to(&mut app, nowhere);
    assert_eq!(refusals(&app)[1], (unknown, RequestError::UnknownCheckpoint));
    let first = app.world().resource::<CurrentSession>().id();
    ask(&mut app, |session| session.close(LeaveCause::Player));
    ask(&mut app, |session| session.continue_session(first));
    let of_before = return_to(&mut app, kept);
    assert_eq!(refusals(&app)[2], (of_before, RequestError::UnknownCheckpoint));
    ask(&mut app, |session| session.close(LeaveCause::Player));
    start(&mut app, "Second");
    let of_another = return_to(&mut app, kept);
    assert_eq!(refusals(&app)[3], (of_another, RequestError::UnknownCheckpoint));
    // More than there is room for.
    let forks: Vec<WorldFork> = (0..11).map(|_| fork(&mut app)).collect();
    let oldest = return_to(&mut app, forks[0]);
    assert_eq!(refusals(&app)[4], (oldest, RequestError::UnknownCheckpoint));
    return_to(&mut app, forks[10]);
    assert_eq!(refusals(&app).len(), 5);
}

#[test]
fn a_world_fork_takes_a_checkpoint_of_its_own_without_changes() {
    let mut app = game();
    spawn(&mut app, 1);
    start(&mut app, "Planned");
    let before = app.world().resource::<CurrentSession>().last_checkpoint().unwrap();
    seconds(&mut app, 3.0);
    let played = app.world().resource::<CurrentSession>().play_time();
    let kept = fork(&mut app);
    let taken = app.world().resource::<CurrentSession>().last_checkpoint().unwrap();
    assert_ne!(taken.id, before.id);
    assert_eq!(taken.kind, CheckpointKind::Rewind);
    return_to(&mut app, kept);
    let after = app.world().resource::<CurrentSession>().play_time();
    assert!(after >= played, "{after:?} is before {played:?}");
}

#[test]
fn a_return_to_a_fork_behind_a_gate_saves_what_it_leaves() {
    #[derive(Resource, Default)]
    struct LevelIsThere(bool);
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        listen::<RequestRejected>(app);
        app.init_resource::<LevelIsThere>()
            .restore_session_when(|level: Res<LevelIsThere>| level.0);
    });
    let entity = spawn(&mut app, 1);
    start(&mut app, "Planned");
    let kept = fork(&mut app);
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = 2;
    return_to(&mut app, kept);
    let last = received::<CheckpointSaved>(&app).pop().unwrap();
    assert_eq!(last.kind, CheckpointKind::Auto, "what is left is saved");
    ask(&mut app, |session| session.cancel_restore());
    frames(&mut app, 3);
    assert_eq!(app.world().get::<Health>(entity), Some(&Health(2)));
}

#[test]
fn returns_in_a_game_with_states_leave_the_fork_where_it_is() {
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        listen::<RequestRejected>(app);
        app.init_state::<Game>().save_state::<Game>();
    });
    let entity = spawn(&mut app, 1);
    start(&mut app, "Planned");
    let kept = fork(&mut app);
    for tried in 0..25 {
        app.world_mut().get_mut::<Health>(entity).unwrap().0 = 100 + tried;
        return_to(&mut app, kept);
        seconds(&mut app, 1.0);
        assert_eq!(refusals(&app), [], "return {tried}");
        assert_eq!(app.world().get::<Health>(entity), Some(&Health(1)));
    }
}
