//! A main loop that stops, and somebody who loses patience.

// Feature: `PreviousRun` says how the process ended: panic with place and backtrace, hang, kill.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::recovery::HowItEnded;

use super::{Way, die};
use crate::process::{directory, some_are_safe, start_session};
use crate::waiting::{records, wait_until};

/// A process that draws no frame for five seconds, and four frames more, isn't responding.
const LONG_ENOUGH: Duration = Duration::from_secs(6);

pub const WAYS: &[Way] = &[("hang", |mut app| {
    app.add_systems(Startup, start_session).add_systems(Update, hang.run_if(some_are_safe));
    app.run();
})];

/// Draws no frame any more. The writer's heart beats on, and after a while the player ends it.
fn hang(time: Res<Time<Real>>) {
    let since = Instant::now();
    while since.elapsed() < LONG_ENOUGH + time.delta() * 5 {
        let before = records(&directory());
        wait_until(|| records(&directory()) != before);
    }
    std::process::abort();
}

#[test]
fn a_game_that_hangs_until_it_is_killed_was_not_responding() {
    let dead = die("hang");
    assert!(!dead.status.success());
    let next = dead.start_again();
    assert_eq!(next.previous, HowItEnded::NotResponding);
    assert_eq!(next.offered, [next.previous]);
}
