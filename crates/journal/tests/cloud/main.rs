//! Devices of a player and a file cloud between them, in orders that are drawn from a seed: play, kills, an old build without
//! the folder, whole syncs and none, conflicts that the player settles for one side, copies that are cut off, called
//! otherwise, there twice or gone, full folders and deleted sessions. No line of play is lost, and every fork is shown.
//!
//! `BEVY_SESSION_TORTURE=100000 cargo test -p bevy_session_journal --test cloud` plays 100,000 orders, and
//! `BEVY_SESSION_TORTURE_SEED=<seed>` one.

#![expect(clippy::print_stdout, reason = "a run by hand says how often something happened")]

mod device;
mod lines;
mod steam;
mod story;

use std::panic::catch_unwind;

use story::{Counts, Story};

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

// Feature: Whatever a file cloud does to its files, no play is lost and every fork is shown.
// Page: guide/cloud-saves.md
#[test]
fn no_line_of_play_is_lost_and_every_fork_is_shown() {
    if let Some(seed) = number("BEVY_SESSION_TORTURE_SEED") {
        Story::play(seed);
        return;
    }
    let orders = number("BEVY_SESSION_TORTURE").unwrap_or(600);
    let mut counts = Counts::default();
    for seed in 0..orders {
        let story = catch_unwind(|| Story::play(seed));
        counts.add(&story.unwrap_or_else(|_| panic!("seed {seed} fails")).counts);
    }
    println!("{orders} orders: {counts:?}");
    counts.hold_for(orders);
}

/// Each has found a fault that others of its kind find rarely.
#[test]
fn orders_that_failed_once_pass() {
    for seed in [0, 25, 427, 1_865, 31_554] {
        Story::play(seed);
    }
}
