//! Signals that ask.

use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use rustix::process::{Resource, Rlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGXFSZ};
use signal_hook::flag::register;
use signal_hook::low_level::raise;

use super::sudden::send_to_itself;
use super::{Way, die};
use crate::process::{directory, say, some_are_safe, start_session};
use crate::waiting::{records, wait_until};

pub const WAYS: &[Way] = &[
    ("TERM", |app| in_time(app, || send_to_itself("TERM"))),
    ("TERM on a disk that refuses", |mut app| {
        app.world_mut().resource_mut::<SessionSettings>().patience.exit =
            Duration::from_millis(200);
        in_time(app, || {
            register(SIGXFSZ, Arc::default()).unwrap();
            setrlimit(Resource::Fsize, Rlimit { current: Some(0), maximum: None }).unwrap();
            send_to_itself("TERM");
        });
    }),
    ("INT", |app| in_time(app, || send_to_itself("INT"))),
    ("INT twice", |app| {
        in_time(app, || {
            // The game hangs, so only the writer hears the first one.
            let before = records(&directory());
            raise(SIGINT).unwrap();
            wait_until(|| records(&directory()) != before);
            say("asked once");
            raise(SIGINT).unwrap();
            unreachable!("the second one should end it");
        });
    }),
];

/// Once: a signal may arrive a frame after it was sent, and a second one counts.
fn in_time(mut app: App, end: fn()) {
    app.add_systems(Startup, start_session)
        .add_systems(Update, end.run_if(some_are_safe.and_then(run_once)));
    // As a `main` does that returns it.
    if let AppExit::Error(code) = app.run() {
        std::process::exit(code.get().into());
    }
}

// Feature: An exit is never called a crash, by a signal and on a wrong clock too.
#[test]
fn sigterm_and_sigint_are_exits() {
    for way in ["TERM", "INT"] {
        let dead = die(way);
        assert!(dead.status.success(), "{way}: {}", dead.status);
        assert!(dead.said("closed true"), "{way}: {:?}", dead.lines);
        dead.start_again().assert_exited();
    }
}

/// A supervisor hears of it.
#[test]
fn a_signal_whose_last_checkpoint_is_lost_ends_with_an_error() {
    let dead = die("TERM on a disk that refuses");
    assert_eq!(dead.status.code(), Some(1), "{:?}", dead.lines);
    assert!(dead.said("closed false"), "{:?}", dead.lines);
}

#[test]
fn a_second_signal_ends_a_game_that_hangs_and_is_still_an_exit() {
    let dead = die("INT twice");
    assert_eq!(dead.status.code(), Some(128 + SIGINT), "{:?}", dead.lines);
    assert!(dead.said("asked once"), "{:?}", dead.lines);
    dead.start_again().assert_exited();
}
