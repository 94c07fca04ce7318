//! Crashes while it recovers from a crash, with a disk that fails meanwhile: three deep.

use std::time::Instant;

use super::crash_states::HONEST_SAMPLE;
use super::debt::{Debt, Promise};
use super::faults::check_everything;
use super::opening::Depth;
use super::{Action, Opened, Play, Random, Script, failed_seeds, only_seed, rounds, tell};
use crate::disk::simulated_disk::{Fault, FaultKind, FileSystem, Image, Replay, SimulatedDisk};

/// Fewer recoveries than this mean that the test looks at less than it did.
const LEAST_RECOVERIES: usize = 150;
/// Crashes in a row.
const DEPTH: usize = 3;

/// The counts.
#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    recoveries: usize,
    faults: usize,
    deepest: usize,
}

/// The actions after a crash.
const AFTER: [Action; 5] =
    [Action::Recover, Action::Start, Action::Auto, Action::Merge, Action::Manual];

/// A state in which a power cut may leave the disk, drawn by chance, and when.
fn draw_crash(play: &Play, random: &mut Random) -> (usize, Image) {
    let trace = play.disk.trace();
    let position = random.below(trace.steps.len() as u64 + 1) as usize;
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    replay.advance_to(position);
    let mut images = Vec::new();
    HONEST_SAMPLE.of_posix(&replay, random, &mut |_, image| images.push(image));
    let image = random.pick(&images).cloned().unwrap_or_else(|| replay.strict());
    (position, image)
}

/// Recovers from a crash of `play`, dies in the middle, and so on.
fn go_deeper(
    play: &Play,
    depth: usize,
    random: &mut Random,
    counts: &mut Counts,
) -> Result<(), String> {
    let (position, image) = draw_crash(play, random);
    let disk = SimulatedDisk::from_image(&image);
    let mut fault = None;
    if random.below(3) > 0 {
        // From the very first thing that the next process does.
        let at = random.below(80) as usize;
        let kind = random.pick(&FaultKind::ALL).copied().unwrap_or(FaultKind::InputOutput);
        let planned = Fault { at, kind, for_ever: random.one_in(2) };
        disk.fail(planned);
        fault = Some(planned);
    }
    let mut next = play.after_power_cut(disk, position);
    fault.into_iter().for_each(|fault| next.expect(fault));
    let mut debt = Debt::default();
    debt.advance_to(&next.history, 0);
    let opened = Opened::of(&SimulatedDisk::from_image(&image), Depth::Newest);
    debt.check(&opened, Promise::NothingIsLost)
        .map_err(|wrong| format!("depth {depth}, crash after {position} steps: {wrong}"))?;

    next.perform(&AFTER);
    counts.recoveries += 1;
    counts.deepest = counts.deepest.max(depth);
    check_everything(&next, 0)
        .map_err(|wrong| format!("depth {depth}, crash after {position} steps, then {wrong}"))?;
    if depth < DEPTH {
        go_deeper(&next, depth + 1, random, counts)?;
    }
    counts.faults += usize::from(next.disk.heal().is_some());
    next.pass(100);
    next.perform(&[Action::Settle, Action::Recover, Action::Auto, Action::Settle]);
    next.perform(&[Action::Auto, Action::Settle]);
    if next.game.playing.is_some() && !next.history.newest_is_acknowledged() {
        return Err(format!("depth {depth}: the disk is well, and nothing is saved"));
    }
    let was_played = next.game.playing.is_some();
    next.perform(&[Action::Kill, Action::Recover, Action::Turn]);
    if was_played && next.game.playing.is_none() {
        return Err(format!("depth {depth}: the disk is well, and nothing is recovered"));
    }
    check_everything(&next, 0).map_err(|wrong| format!("depth {depth}, at the end: {wrong}"))
}

fn run(seeds: impl Iterator<Item = u64>) -> Counts {
    let begun = Instant::now();
    let mut counts = Counts::default();
    for seed in seeds {
        let mut random = Random::new(seed);
        let scripts = Script::all();
        let script = match random.one_in(2) {
            true => random.pick(&scripts).cloned().unwrap_or_else(|| Script::drawn(seed)),
            false => Script::drawn(seed),
        };
        let play = Play::of(&script);
        if let Err(wrong) = go_deeper(&play, 1, &mut random, &mut counts) {
            panic!("seed {seed}, \"{}\" {:?}: {wrong}", script.name, script.actions);
        }
    }
    tell(&format!("compound failures: {counts:?} in {:?}", begun.elapsed()));
    counts
}

#[test]
fn a_crash_in_the_recovery_from_a_crash_loses_nothing() {
    if let Some(seed) = only_seed() {
        run(seed..seed + 1);
        return;
    }
    let counts = run((0..60).chain(failed_seeds::COMPOUND));
    assert!(counts.recoveries >= LEAST_RECOVERIES && counts.deepest == DEPTH, "{counts:?}");
}

#[test]
fn many_crashes_in_recoveries_lose_nothing() {
    let Some(rounds) = rounds() else { return };
    run(1000..1000 + rounds * 20);
}
