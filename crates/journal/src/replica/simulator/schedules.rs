//! Many schedules, and those that failed once.

use super::judge::Counts;
use super::{Lie, Planted, Sentence, play};
use crate::deep::{rounds, tell};

/// Schedules of an ordinary test run, and among how many each planted bug is found.
const SCHEDULES: u64 = 5_000;
const ENOUGH: u64 = 10_000;
/// Seeds that failed once.
const FAILED: [u64; 2] = [5_354, 15_497];

const SENTENCES: [Sentence; 26] = [
    Sentence::C1ClaimIsExclusive,
    Sentence::C2ClaimIsIdempotent,
    Sentence::C3HighestEpoch,
    Sentence::C4SealsOlder,
    Sentence::C5FindsSealsStanding,
    Sentence::C6ReadsAfterSeals,
    Sentence::C7AnyonesSealCounts,
    Sentence::C8EpochOnce,
    Sentence::E1AcknowledgedInOrder,
    Sentence::E2LostReplyOrLostRace,
    Sentence::S1LowestEmptyPosition,
    Sentence::S2VoidBehindSeal,
    Sentence::S3ReleaseIsLast,
    Sentence::L1RenewalsAreEntries,
    Sentence::D1SealedBeforeDeletion,
    Sentence::D2ReplacedBeforeDeclared,
    Sentence::D3DeclaredBeforeDeleted,
    Sentence::D4DeclarationsAreCumulative,
    Sentence::D5DeclaredGoneIsNoGap,
    Sentence::D6SealsStay,
    Sentence::R1TombstoneBeforeDeletion,
    Sentence::R2RemovedIsNotPlayed,
    Sentence::R3LateOnesAreRemoved,
    Sentence::F1UnclaimedPlayIsCompared,
    Sentence::F2OldDiskIsCompared,
    Sentence::B1GoingBackIsNoticed,
];

const LIES: [Lie; 4] = [Lie::Overwrites, Lie::Tears, Lie::Forgets, Lie::ListsLate];

/// The seed of a schedule in a row of them.
fn seed_of(row: u64, number: u64) -> u64 {
    row * 1_000_000 + number
}

/// The one seed to play, if there is one.
pub(super) fn only_seed() -> Option<u64> {
    std::env::var("BEVY_SESSION_REPLICA_SEED").ok()?.parse().ok()
}

fn planted() -> impl Iterator<Item = Planted> {
    SENTENCES.map(Planted::Without).into_iter().chain(LIES.map(Planted::Store))
}

/// The number of schedules of a row after which a planted error is found, and the violation.
fn found(row: u64, planted: Planted) -> Option<(u64, String)> {
    (0..ENOUGH).find_map(|number| Some((number + 1, play(seed_of(row, number), planted).1?)))
}

#[test]
fn no_schedule_loses_acknowledged_entries_or_hides_a_fork() {
    let count = rounds().unwrap_or(SCHEDULES);
    let seeds: Vec<u64> = match only_seed() {
        Some(seed) => vec![seed],
        None => FAILED.into_iter().chain((0..count).map(|number| seed_of(0, number))).collect(),
    };
    let mut reached = Counts::default();
    for seed in seeds {
        let (counts, violation) = play(seed, Planted::Nothing);
        assert_eq!(violation, None, "BEVY_SESSION_REPLICA_SEED={seed}");
        reached.add(&counts);
    }
    tell(&format!("{count} schedules: {reached:?}"));
}

// Feature: Each sentence of the protocol, taken out, is found by a simulator.
// Page: ARCHITECTURE.md#replicas
#[test]
fn the_simulator_finds_each_removed_rule_of_the_protocol() {
    let mut hidden = Vec::new();
    for planted in planted() {
        match found(0, planted) {
            Some((count, what)) => tell(&format!("{planted:?}: schedule {count}, {what}")),
            None => hidden.push(planted),
        }
    }
    assert_eq!(hidden, [], "nothing failed without these");
}

/// The same for ten rows of seeds, with the figures.
#[test]
#[ignore = "takes minutes; the module's documentation says how it is run"]
fn the_simulator_finds_each_removed_rule_in_ten_rows_of_seeds() {
    for planted in planted() {
        let rows: Vec<_> = (0..10).map(|row| found(row, planted)).collect();
        let counts: Vec<u64> = rows.iter().flatten().map(|(count, _)| *count).collect();
        let what = rows.iter().flatten().next().map(|(_, what)| what.as_str()).unwrap_or_default();
        tell(&format!("{planted:?}: after {counts:?} schedules, {what}"));
        assert_eq!(counts.len(), 10, "{planted:?} wasn't found in every row");
    }
}
