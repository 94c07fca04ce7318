//! Panics: where they end the game, and where they don't.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, ComputeTaskPool, block_on};
use bevy_session::CheckpointCaptured;
use bevy_session::checkpoints::SavingStopped;
use bevy_session::recovery::HowItEnded;

use super::stubborn::{Manner, stubborn, write_as};
use super::{Way, die};
use crate::game_failures::PANICS_ARE_HANDED_OVER;
use crate::process::{directory, some_are_safe, start_session};
use crate::waiting::{records, wait_until};

pub const WAYS: &[Way] = &[
    ("panic in a system", |app| in_time(app, || panic!("the bridge collapsed"))),
    ("panic in the first frame", |mut app| {
        app.add_systems(Startup, || panic!("the bridge was never built"));
        app.run();
    }),
    ("panic on a thread of its own", |app| {
        in_time(app, || {
            let digger = std::thread::spawn(|| panic!("the tunnel collapsed"));
            digger.join().expect("a game that looks after its threads");
        });
    }),
    ("panic in a task that is waited for", |app| {
        in_time(app, || {
            let task = AsyncComputeTaskPool::get().spawn(async { panic!("the path has no end") });
            block_on(task)
        });
    }),
    ("panic in a scope", |app| {
        in_time(app, || {
            ComputeTaskPool::get().scope(|scope| {
                scope.spawn(async { panic!("the herd stampeded") });
            });
        });
    }),
    ("panic in a forgotten task, then abort", |app| survive(app, forgotten_task, abort)),
    ("panic in a forgotten task, then exit", |app| survive(app, forgotten_task, exit)),
    ("caught panic, then abort", |app| survive(app, scratch, abort)),
    ("caught panic in the frame of the exit", |app| {
        in_time(app, |mut exit: MessageWriter<AppExit>| {
            scratch();
            exit.write(AppExit::Success);
        });
    }),
    ("caught around the game", |app| {
        let app = AssertUnwindSafe(app);
        let played = catch_unwind(|| {
            let AssertUnwindSafe(app) = { app };
            in_time(app, || panic!("the bridge collapsed"));
        });
        assert!(played.is_err());
    }),
    ("panic right after a capture", |mut app| {
        // The writer has hardly begun with it when the world is dropped.
        app = stubborn(app);
        app.add_systems(First, panic_after_capture.run_if(resource_exists::<Captured>));
        app.add_observer(|event: On<CheckpointCaptured>, mut commands: Commands| {
            if event.checkpoint.counter >= 3 {
                write_as(Manner::Slowly);
                commands.init_resource::<Captured>();
            }
        });
        app.add_systems(Startup, start_session);
        app.run();
    }),
    ("panic through the plugin that the game's handler swallows", |mut app| {
        app.set_error_handler(|_, _| {});
        app.add_observer(|event: On<CheckpointCaptured>| {
            assert!(event.checkpoint.counter < 3, "the observer tripped");
        });
        app.add_observer(|_: On<SavingStopped>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
        app.add_systems(Startup, start_session);
        app.run();
    }),
    ("panic on the way out", |mut app| {
        app.insert_resource(Fragile);
        in_time(app, |mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
    }),
];

/// Plays until a few checkpoints are safe.
fn in_time<M>(mut app: App, end: impl IntoSystem<(), (), M> + Send + Sync + 'static) {
    app.add_systems(Startup, start_session)
        .add_systems(Update, IntoSystem::into_system(end).run_if(some_are_safe));
    app.run();
}

/// Plays on after a panic until the writer has heard of the frames in between.
fn survive(app: App, panic: fn(), end: fn(&mut MessageWriter<AppExit>)) {
    let mut frames = 0;
    let mut then = BTreeMap::new();
    in_time(app, move |mut exit: MessageWriter<AppExit>| {
        frames += 1;
        match frames {
            1 => panic(),
            2 => {}
            3 => then = records(&directory()),
            _ if records(&directory()) == then => {}
            _ => end(&mut exit),
        }
    });
}

/// A panic that the game survives is not what it dies of.
fn scratch() {
    let _ = catch_unwind(|| panic!("only a scratch"));
}

fn forgotten_task() {
    let task = AsyncComputeTaskPool::get().spawn(async { panic!("no one looks at me") });
    wait_until(|| task.is_finished());
    task.detach();
}

fn abort(_: &mut MessageWriter<AppExit>) {
    std::process::abort();
}

fn exit(exit: &mut MessageWriter<AppExit>) {
    exit.write(AppExit::Success);
}

#[derive(Resource, Default)]
struct Captured;

fn panic_after_capture() {
    panic!("the camera exploded");
}

#[derive(Resource)]
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("it fell off the shelf");
    }
}

// Feature: `PreviousRun` says how the process ended: panic with place and backtrace, hang, kill.
// Page: guide/recovery.md#what-can-go-wrong
#[test]
fn a_panic_is_a_crash_with_its_message_and_place() {
    let dead = die("panic in a system");
    assert_eq!(dead.status.code(), Some(101));
    let next = dead.start_again();
    let panic = next.assert_crashed("the bridge collapsed");
    assert!(panic.place.as_deref().unwrap().contains("panics.rs"), "{:?}", panic.place);
    assert!(panic.backtrace.is_some());
    assert_eq!(next.offered, [next.previous]);
}

#[test]
fn a_panic_before_there_is_a_session_is_reported_and_nothing_is_offered() {
    let next = die("panic in the first frame").start_again();
    next.assert_crashed("the bridge was never built");
    assert_eq!((next.offered, next.checkpoint), (vec![], None));
}

#[test]
fn a_panic_on_another_thread_that_ends_the_game_is_a_crash() {
    for (way, message) in [
        ("panic on a thread of its own", None),
        ("panic in a task that is waited for", Some("the path has no end")),
        ("panic in a scope", Some("the herd stampeded")),
    ] {
        let dead = die(way);
        assert_eq!(dead.status.code(), Some(101), "{way}");
        let next = dead.start_again();
        // A thread's panic is followed by that of the one who joins it.
        let HowItEnded::Crashed(panic) = &next.previous else { panic!("{way}: {next:?}") };
        assert!(message.is_none_or(|message| panic.message == message), "{way}: {next:?}");
        assert_eq!(next.offered, [next.previous]);
    }
}

#[test]
fn a_panic_that_was_survived_is_not_the_cause() {
    for way in ["caught panic, then abort", "panic in a forgotten task, then abort"] {
        let dead = die(way);
        assert!(!dead.status.success());
        let next = dead.start_again();
        assert_eq!(next.previous, HowItEnded::Abnormal { machine_restarted: false }, "{way}");
        assert_eq!(next.offered, [next.previous]);
    }
}

#[test]
fn a_panic_that_was_survived_makes_an_exit_no_crash() {
    for way in ["panic in a forgotten task, then exit", "caught panic in the frame of the exit"] {
        let dead = die(way);
        assert!(dead.status.success() && dead.said("closed true"), "{way}: {:?}", dead.lines);
        dead.start_again().assert_exited();
    }
}

#[test]
fn a_game_that_panicked_and_was_caught_as_a_whole_has_crashed() {
    let dead = die("caught around the game");
    assert!(dead.status.success());
    let next = dead.start_again();
    next.assert_crashed("the bridge collapsed");
    assert_eq!(next.offered, [next.previous]);
}

#[test]
fn a_capture_before_a_panic_is_written_while_the_world_is_dropped() {
    let dead = die("panic right after a capture");
    let newest = dead.memory.newest;
    let next = dead.start_again();
    next.assert_crashed("the camera exploded");
    assert_eq!(next.checkpoint, Some(newest));
}

/// Nothing is saved after it, and nothing written down.
#[test]
fn a_swallowed_panic_through_the_plugin_is_a_crash_to_the_next_start() {
    let dead = die("panic through the plugin that the game's handler swallows");
    assert_eq!(dead.status.success(), PANICS_ARE_HANDED_OVER);
    assert_eq!(dead.said("stopped Panicked"), PANICS_ARE_HANDED_OVER, "{:?}", dead.lines);
    let next = dead.start_again();
    next.assert_crashed("the observer tripped");
    assert_eq!(next.offered, [next.previous]);
}

#[test]
fn a_panic_during_an_exit_does_not_make_it_a_crash() {
    let dead = die("panic on the way out");
    assert_eq!(dead.status.code(), Some(101));
    assert!(dead.said("closed true"), "{:?}", dead.lines);
    dead.start_again().assert_exited();
}
