//! Signals that ask.

use bevy::prelude::*;
use signal_hook::consts::SIGINT;
use signal_hook::low_level::raise;

use super::sudden::send_to_itself;
use super::{Way, die};
use crate::process::{directory, say, some_are_safe, start_session};
use crate::waiting::{records, wait_until};

pub const WAYS: &[Way] = &[
    ("TERM", |app| in_time(app, || send_to_itself("TERM"))),
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
    app.run();
}

#[test]
fn a_signal_that_asks_is_an_exit() {
    for way in ["TERM", "INT"] {
        let dead = die(way);
        assert!(dead.status.success(), "{way}: {}", dead.status);
        assert!(dead.said("closed true"), "{way}: {:?}", dead.lines);
        dead.start_again().assert_exited();
    }
}

#[test]
fn a_second_signal_ends_a_game_that_hangs_and_is_still_an_exit() {
    let dead = die("INT twice");
    assert_eq!(dead.status.code(), Some(128 + SIGINT), "{:?}", dead.lines);
    assert!(dead.said("asked once"), "{:?}", dead.lines);
    dead.start_again().assert_exited();
}
