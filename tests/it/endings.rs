//! Why sessions are left, what the game does then, and what they came to.

use std::task::Poll;
use std::time::Duration;

use bevy::app::AppExit;
use bevy::prelude::*;
use bevy_session::checkpoints::WorldCollapsed;
use bevy_session::ends::{Leaving, SessionEnding};
use bevy_session::prelude::*;
use bevy_session::{LeaveCause, MemoryDisk, SessionEnded, SessionId, SessionStatus};

use crate::common::*;

fn game_of(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionClosed>(app);
        listen::<SessionEnded>(app);
        listen::<SessionStarted>(app);
        listen::<SessionRestored>(app);
        listen::<WorldCollapsed>(app);
        listen::<RequestRejected>(app);
        add(app);
    })
}

fn entry(app: &App, session: SessionId) -> bevy_session::library::SessionEntry {
    app.world().resource::<SessionCatalog>().get(session).expect("it is listed").clone()
}

fn session(app: &App) -> SessionId {
    app.world().resource::<CurrentSession>().id()
}

// Feature: A session keeps why it was left and last words, and its run is summed up.
// Page: guide/ends-and-lists.md
#[test]
fn why_a_session_was_left_is_listed_here_and_at_the_next_start() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |_| {});
    let leaving = Leaving::by(LeaveCause::Idle).saying("ten minutes without input");
    start(&mut app, "Idle");
    let idle = session(&app);
    let given = leaving.clone();
    request(&mut app, |commands| commands.session().close(given));
    frames(&mut app, 3);
    assert_eq!(received::<SessionClosed>(&app)[0].leaving, leaving);
    start(&mut app, "Lost");
    let lost = session(&app);
    request(&mut app, |commands| {
        commands.session().end(EndReason::Failed, "The reactor blew up");
    });
    frames(&mut app, 3);
    let ended = received::<SessionEnded>(&app).pop().unwrap();
    assert_eq!((ended.reason, &*ended.leaving.words), (EndReason::Failed, "The reactor blew up"));
    assert_eq!(entry(&app, idle).left, Some(leaving.clone()));

    let mut next = game_of(&disk, |_| {});
    frames(&mut next, 2);
    assert_eq!(entry(&next, idle).left, Some(leaving));
    let failed = entry(&next, lost);
    assert_eq!(failed.status, SessionStatus::Failed);
    assert_eq!(failed.left.map(|left| left.words).as_deref(), Some("The reactor blew up"));
}

#[test]
fn the_plugin_says_by_itself_why_it_leaves_a_session() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |_| {});
    start(&mut app, "First");
    let first = session(&app);
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("Second").replacing_current());
    });
    frames(&mut app, 4);
    request(&mut app, |commands| commands.session().continue_session(first));
    frames(&mut app, 4);
    request(&mut app, |commands| commands.session().library().use_profile("guest"));
    frames(&mut app, 4);
    start(&mut app, "Third");
    app.world_mut().write_message(AppExit::error());
    app.update();
    let causes: Vec<LeaveCause> =
        received::<SessionClosed>(&app).iter().map(|closed| closed.leaving.cause).collect();
    use LeaveCause::{ProfileChanged, Replaced};
    assert_eq!(causes, [Replaced, Replaced, ProfileChanged]);
    let messages = app.world().resource::<Messages<SessionClosed>>();
    let mut messages = messages.iter_current_update_messages();
    assert_eq!(messages.next().map(|closed| closed.leaving.cause), Some(LeaveCause::Error));
}

#[test]
fn ctrl_c_is_left_by_a_signal_and_not_by_an_error() {
    // What Bevy's own handler writes, and what a game that failed writes.
    for (code, expected) in [(130, LeaveCause::Signal), (131, LeaveCause::Error)] {
        let mut app = game_of(&MemoryDisk::default(), |_| {});
        start(&mut app, "Interrupted");
        app.world_mut().write_message(AppExit::from_code(code));
        app.update();
        let messages = app.world().resource::<Messages<SessionClosed>>();
        let closed = messages.iter_current_update_messages().next().expect("it should be closed");
        assert_eq!(closed.leaving.cause, expected, "{code}");
    }
}

// Feature: A session keeps why it was left and last words, and its run is summed up.
#[test]
fn a_run_is_summed_up_when_it_is_left() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |_| {});
    app.world_mut().spawn((Health(1), Inventory(vec![7; 1000])));
    start(&mut app, "Counted");
    let id = session(&app);
    seconds(&mut app, 7.0);
    request(&mut app, |commands| commands.session().pause());
    seconds(&mut app, 5.0);

    // The process dies, and the next one recovers.
    let mut app = game_of(&disk.snapshot(), |_| {});
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    seconds(&mut app, 3.0);
    request(&mut app, |commands| commands.session().checkpoint("here"));
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let summary = received::<SessionClosed>(&app).pop().unwrap().summary;
    assert!((10.0..11.0).contains(&summary.play_time.as_secs_f32()), "{summary:?}");
    assert!((3.0..4.0).contains(&summary.played.as_secs_f32()), "{summary:?}");
    assert!(summary.wall_clock >= summary.played, "{summary:?}");
    assert_eq!((summary.restores, summary.deaths), (1, 1));
    assert_eq!(summary.checkpoints, 3, "the opening one, the named one and the last");
    assert!(summary.largest_stall > Duration::ZERO);
    let (first, types) = (&summary.types[0], &summary.types);
    assert!(first.type_path.ends_with("Inventory"), "{types:?}");
    assert!(types.is_sorted_by_key(|of| std::cmp::Reverse(of.bytes)), "{types:?}");
}

#[derive(Resource, Default)]
struct Trace(Vec<&'static str>);

fn say_last_words(mut ending: ResMut<SessionEnding>, mut trace: ResMut<Trace>) {
    trace.0.push("words");
    ending.say("The party rests");
}

// Feature: Systems of the game run before the last checkpoint, for a bounded time.
// Page: guide/ends-and-lists.md#before-the-last-checkpoint
#[test]
fn the_games_own_systems_run_in_order_before_the_last_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |app| {
        app.init_resource::<Trace>()
            .on_session_end(say_last_words)
            .on_session_end(|mut trace: ResMut<Trace>, mut turns: Local<u32>| {
                trace.0.push("work");
                *turns += 1;
                if *turns < 3 { Poll::Pending } else { Poll::Ready(()) }
            })
            .on_session_end(|mut score: ResMut<Score>| score.0 = 77);
    });
    start(&mut app, "Ended");
    let id = session(&app);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    app.update();
    assert_eq!(app.world().resource::<Trace>().0, ["words", "work"]);
    frames(&mut app, 4);
    assert_eq!(app.world().resource::<Trace>().0, ["words", "work", "work", "work"]);
    assert_eq!(entry(&app, id).left.unwrap().words, "The party rests");
    assert!(!app.world().contains_resource::<SessionEnding>());
    let mut app = game_of(&disk, |_| {});
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<Score>().0, 77, "what the last of them did is saved");
}

#[test]
fn a_system_that_is_never_done_keeps_an_exit_waiting_for_its_patience_only() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |app| {
        app.on_session_end(|| Poll::<()>::Pending).on_session_end(say_last_words);
        app.init_resource::<Trace>();
    });
    app.world_mut().resource_mut::<SessionSettings>().patience.exit = Duration::from_millis(60);
    start(&mut app, "Hanging");
    let id = session(&app);
    app.world_mut().resource_mut::<Score>().0 = 5;
    app.world_mut().write_message(AppExit::Success);
    app.update();
    assert_eq!(app.world().resource::<Trace>().0, ["words"], "those after it have their turn");
    drop(app);
    let mut app = game_of(&disk, |_| {});
    frames(&mut app, 2);
    assert_eq!(entry(&app, id).status, SessionStatus::Closed);
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<Score>().0, 5, "the last checkpoint was taken");
}

#[test]
fn a_system_at_the_end_may_start_the_next_session() {
    let mut app = game_of(&MemoryDisk::default(), |app| {
        app.on_session_end(|mut commands: Commands, session: Res<CurrentSession>| {
            if session.name() == "First" {
                commands.session().start(NewSession::named("Second"));
            }
        });
    });
    start(&mut app, "First");
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 5);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Second");
    assert!(received::<RequestRejected>(&app).is_empty());
}

#[test]
fn a_system_that_clears_the_world_at_the_end_loses_no_earlier_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |app| {
        app.on_session_end(|saved: Query<Entity, With<Saved>>, mut commands: Commands| {
            saved.iter().for_each(|entity| commands.entity(entity).despawn());
        });
    });
    app.world_mut().spawn_batch((0..30).map(Health));
    start(&mut app, "Cleared");
    let id = session(&app);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 5);
    let collapsed = received::<WorldCollapsed>(&app);
    assert_eq!(collapsed.len(), 1, "it is said");
    let mut app = game_of(&disk, |_| {});
    frames(&mut app, 2);
    let before = bevy_session::CheckpointId {
        counter: collapsed[0].checkpoint.counter - 1,
        ..collapsed[0].checkpoint
    };
    request(&mut app, |commands| {
        commands.session().recover(id, RestoreFrom::Checkpoint(before));
    });
    frames(&mut app, 4);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().iter(world).count(), 30);
}
