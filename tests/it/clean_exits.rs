//! Real processes that exit in order, one after the other and several at once, on one directory:
//! none of them is ever taken for a crash.

// Feature: An exit is never called a crash, by a signal and on a wrong clock too.
// Page: guide/servers.md#stop-it

use std::path::Path;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{SessionEnded, SessionPaused};

use crate::process::{Process, Story, role, some_are_safe, talking_game};

/// Exits, unless `BEVY_SESSION_EXITS` asks for more.
const EXITS: usize = 50;

type Way = (&'static str, fn(App));

/// The ways in which a game may come to its end.
const WAYS: [Way; 8] = [
    ("exit", |app| play(app, exit)),
    ("close first", |mut app| {
        app.add_observer(|_: On<SessionClosed>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
        play(app, |mut commands: Commands| {
            commands.session().close(LeaveCause::Player);
        });
    }),
    ("end first", |mut app| {
        app.add_observer(|_: On<SessionEnded>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
        play(app, |mut commands: Commands| {
            commands.session().end(EndReason::Completed, LeaveCause::Player);
        });
    }),
    ("signal", |app| play(app, ask_to_exit)),
    ("exit in the first frame", |mut app| {
        app.add_systems(Startup, (take_up, exit));
        app.run();
    }),
    ("exit at the start", |mut app| {
        app.add_observer(|_: On<SessionStarted>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        })
        .add_observer(|_: On<SessionRestored>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
        // By then it is on its way out.
        play(app, || {});
    }),
    ("no session", |mut app| {
        app.add_observer(|_: On<SessionsFound>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
        app.run();
    }),
    ("paused", |mut app| {
        app.add_observer(|_: On<SessionPaused>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
        play(app, |mut commands: Commands| {
            commands.session().pause();
        });
    }),
];

/// Resumes the one world there is, plays for a while, and leaves. Who finds it in use leaves too.
fn play<M>(mut app: App, leave: impl IntoSystem<(), (), M> + Send + Sync + 'static) {
    let leave = IntoSystem::into_system(leave);
    app.add_systems(Startup, take_up)
        .add_systems(Update, leave.run_if(some_are_safe.and_then(run_once)))
        .add_observer(|_: On<RequestRejected>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
    app.run();
}

fn take_up(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("World"));
}

fn exit(mut exit: MessageWriter<AppExit>) {
    exit.write(AppExit::Success);
}

#[cfg(unix)]
fn ask_to_exit() {
    signal_hook::low_level::raise(signal_hook::consts::SIGTERM).unwrap();
}

#[cfg(not(unix))]
fn ask_to_exit(exit: MessageWriter<AppExit>) {
    self::exit(exit);
}

#[test]
#[ignore = "the process that exits, run by the other test of this module"]
fn child() {
    let Some(role) = role() else { return };
    let (_, play) = WAYS.iter().find(|(name, _)| *name == role).unwrap();
    play(talking_game());
}

fn start(way: usize, directory: &Path) -> Process {
    Process::start("clean_exits::child", WAYS[way % WAYS.len()].0, directory)
}

fn check(story: &Story, context: &str) {
    assert!(story.status.success(), "{context}: {story:?}");
    assert_eq!(story.of("offer").count(), 0, "a false crash, {context}: {story:?}");
    for previous in story.of("previous") {
        assert!(["Exited", "unknown"].contains(&previous), "{context}: {story:?}");
    }
    for trouble in ["damaged", "lost", "failed"] {
        assert_eq!(story.of(trouble).count(), 0, "{context}: {story:?}");
    }
}

#[test]
fn clean_exits_are_never_taken_for_crashes() {
    let exits = std::env::var("BEVY_SESSION_EXITS").ok().and_then(|number| number.parse().ok());
    let exits = exits.unwrap_or(EXITS);
    let directory = tempfile::tempdir().unwrap();
    let mut played = 0;
    let (mut round, mut done) = (0, 0);
    while done < exits {
        // Mostly one after the other, and each pair of ways comes about; now and then at once.
        let at_once = if round % 5 == 4 { 3 } else { 1 };
        let way = round + round / WAYS.len();
        let games: Vec<_> =
            (0..at_once).map(|other| start(way + other, directory.path())).collect();
        for game in games {
            let story = game.finish();
            check(&story, &format!("round {round}"));
            let is_first = round == 0;
            if at_once == 1 && story.of("previous").count() > 0 {
                let known = story.of("previous").all(|previous| previous == "Exited");
                assert!(known || is_first, "round {round}: {story:?}");
            }
            played += usize::from(story.of("saved").count() > 0);
            done += 1;
        }
        round += 1;
    }
    assert!(played > exits / 3, "most should get as far as a checkpoint: {played}");
}
