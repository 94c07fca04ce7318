//! Many schedules, and those that failed once.

use std::collections::BTreeMap;

use super::play;
use crate::deep::{rounds, tell};

/// Schedules of an ordinary test run.
const SCHEDULES: u64 = 400;
/// Violations that are told at once.
const ENOUGH: usize = 6;
/// Seeds that failed once.
const FAILED: [u64; 0] = [];

/// The least that an ordinary run reaches of each.
const REACHED: [(&str, u64); 22] = [
    ("acknowledged", 10_000),
    ("claims", 1_500),
    ("claims at the end", 800),
    ("claims with both sides of a fork", 100),
    ("compactions", 1),
    ("data lost", 50),
    ("deaths in the middle of something", 20),
    ("deaths within a step", 200),
    ("disks lost", 50),
    ("drains that were given up", 8),
    ("fenced", 40),
    ("forks", 80),
    ("late arrivals", 50),
    ("old data", 8),
    ("old disks", 8),
    ("operations between which something happened", 500),
    ("operations that failed", 500),
    ("pieces fetched", 1_000),
    ("played unclaimed", 60),
    ("power cuts", 100),
    ("slots of other sessions", 100),
    ("withheld or sent again", 30),
];

/// The one seed to play, if there is one.
pub(super) fn only_seed() -> Option<u64> {
    std::env::var("BEVY_SESSION_REPLICA_SEED").ok()?.parse().ok()
}

// Feature: Machines whose disks, processes and network fail lose nothing that was replicated or played.
// Page: ARCHITECTURE.md#replicas
#[test]
fn no_schedule_of_machine_faults_loses_acknowledged_or_played_progress() {
    let count = rounds().unwrap_or(SCHEDULES);
    let seeds: Vec<u64> = match only_seed() {
        Some(seed) => vec![seed],
        None => FAILED.into_iter().chain(0..count).collect(),
    };
    let mut reached = BTreeMap::<&str, u64>::new();
    let mut violations = Vec::new();
    for seed in seeds {
        let (counts, violation) = play(seed);
        violations
            .extend(violation.map(|what| format!("BEVY_SESSION_REPLICA_SEED={seed}: {what}")));
        if violations.len() == ENOUGH {
            break;
        }
        counts.into_iter().for_each(|(what, count)| *reached.entry(what).or_default() += count);
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    tell(&format!("{count} schedules: {reached:?}"));
    if count >= SCHEDULES && only_seed().is_none() {
        let is_rare = |(what, least): &&(&str, u64)| reached.get(what).is_none_or(|it| it < least);
        let rare: Vec<_> = REACHED.iter().filter(is_rare).collect();
        assert!(rare.is_empty(), "reached less often than these: {rare:?}");
    }
}
