//! Opens every disk that a power cut may leave behind: without all that wasn't synced; with it, as when the process dies
//! alone; with names in order, as on ext4; with any subset of names and appends; with a torn last append; and all that on a
//! disk that lies about syncs. The newest checkpoint of every line is compared with what was captured; the others are read
//! whole, and of some states decoded and compared as well. Opening changes nothing of the player's, and some states are opened
//! twice and find the same. Frames, slices of work and the bytes between two syncs are small, so that anything may happen
//! between two slices.

// Feature: No power cut and no failing operation of a simulated disk loses what was acknowledged.
// Page: RELIABILITY.md#how-it-is-tested

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::debt::{Debt, Promise};
use super::opening::{Depth, data_directory};
use super::{Opened, Play, Random, Script, only_seed, properties, rounds, tell};
use crate::disk::simulated_disk::{
    CrashStates, FileSystem, Image, Loss, Replay, SimulatedDisk, Trace,
};

/// Fewer distinct journals than this mean that the test explores less than it did.
const LEAST_JOURNALS: usize = 10_000;

/// The extent of an ordinary test run.
const ORDINARY: CrashStates =
    CrashStates { exhaustive: 3, appends: 6, drawn: 2, cuts: 10, matters };
/// And in a deep one.
const DEEP: CrashStates = CrashStates { exhaustive: 6, appends: 6, drawn: 16, cuts: 200, matters };

/// Few states, of which one is drawn.
pub const HONEST_SAMPLE: CrashStates =
    CrashStates { exhaustive: 3, appends: 6, drawn: 2, cuts: 6, matters };

/// Returns true if a path belongs to the journal, whose parts are tried in every combination. The others are of no
/// consequence.
fn matters(path: &Path) -> bool {
    let is_card = path.to_string_lossy().contains("session.ron");
    path.starts_with(data_directory()) && !is_card
}

/// Figures of an exploration.
#[derive(Clone, Copy, Default, Debug)]
pub struct Figures {
    /// Distinct disks that were opened.
    pub states: usize,
    /// Of these, distinct in what is under the data directory.
    pub journals: usize,
    /// Disks with a session on them that was held against what is owed.
    pub checks: usize,
    /// Disks on which damage was reported although nothing acknowledged was lost.
    pub false_alarms: usize,
}

impl Figures {
    pub fn add(&mut self, other: Self) {
        self.states += other.states;
        self.journals += other.journals;
        self.checks += other.checks;
        self.false_alarms += other.false_alarms;
    }
}

/// Looks at the crash states of one play.
pub struct Explorer<'a> {
    play: &'a Play,
    trace: Trace,
    /// The findings on a disk, by the disk's digest.
    opened: HashMap<u64, usize>,
    findings: Vec<Opened>,
    numbers: HashMap<Opened, usize>,
    journals: HashSet<u64>,
    checked: HashSet<(usize, usize, bool)>,
    figures: Figures,
    /// The violations that were found.
    pub violations: Vec<Violation>,
}

/// Something that mustn't be.
#[derive(Clone, Debug)]
pub struct Violation {
    pub position: usize,
    pub loss: Loss,
    pub file_system: FileSystem,
    pub wrong: String,
    pub image: Image,
}

impl<'a> Explorer<'a> {
    pub fn new(play: &'a Play) -> Self {
        Self {
            play,
            trace: play.disk.trace(),
            opened: HashMap::new(),
            findings: Vec::new(),
            numbers: HashMap::new(),
            journals: HashSet::new(),
            checked: HashSet::new(),
            figures: Figures::default(),
            violations: Vec::new(),
        }
    }

    /// Looks at the states after every step, up to the first one after which anything is wrong.
    pub fn explore(&mut self, states: &CrashStates, random: &mut Random) -> Figures {
        let trace = self.trace.clone();
        assert_eq!(properties::check(&trace), Ok(()));
        let mut posix = Replay::new(&trace, FileSystem::Posix);
        let mut journaled = Replay::new(&trace, FileSystem::Journaled);
        let mut lying = Replay::new(&trace, FileSystem::Lying);
        let mut debt = Debt::default();
        loop {
            let position = posix.position();
            debt.advance_to(&self.play.history, position);
            states.of_posix(&posix, random, &mut |loss, image| {
                self.look(&debt, position, FileSystem::Posix, loss, image);
            });
            states.of_journaled(&journaled, &mut |loss, image| {
                self.look(&debt, position, FileSystem::Journaled, loss, image);
            });
            states.of_lying(&lying, random, &mut |loss, image| {
                self.look(&debt, position, FileSystem::Lying, loss, image);
            });
            lying.advance();
            journaled.advance();
            if !self.violations.is_empty() || !posix.advance() {
                break;
            }
        }
        self.figures.states = self.opened.len();
        self.figures.journals = self.journals.len();
        self.figures
    }

    fn look(
        &mut self,
        debt: &Debt,
        position: usize,
        file_system: FileSystem,
        loss: Loss,
        image: Image,
    ) {
        let promise = match file_system {
            FileSystem::Lying => Promise::NoFalseState,
            FileSystem::Posix | FileSystem::Journaled => Promise::NothingIsLost,
        };
        let number = self.open(&image);
        let is_lying = file_system == FileSystem::Lying;
        if !self.checked.insert((number, position, is_lying)) {
            return;
        }
        let Some(opened) = self.findings.get(number) else { return };
        self.figures.checks += 1;
        let alarms = opened.sessions.values().filter(|session| session.damage_is_told).count();
        self.figures.false_alarms += if is_lying { 0 } else { alarms };
        if let Err(wrong) = debt.check(opened, promise) {
            self.violations.push(Violation { position, loss, file_system, wrong, image });
        }
    }

    /// Opens a disk, unless one like it was opened before.
    fn open(&mut self, image: &Image) -> usize {
        if let Some(number) = self.opened.get(&image.digest()) {
            return *number;
        }
        self.journals.insert(data_digest(image));
        let disk = SimulatedDisk::from_image(image);
        let number = self.opened.len();
        let depth = if number.is_multiple_of(4) { Depth::Everything } else { Depth::Newest };
        let found = Opened::of(&disk, depth);
        // The second look finds what the first one left, and that must be the same.
        if number.is_multiple_of(8) {
            assert_eq!(found, Opened::of(&disk, depth), "opening twice should give the same");
            assert_eq!(data_digest(&disk.image()), data_digest(image), "looking changes nothing");
        }
        let next = self.findings.len();
        let number = *self.numbers.entry(found.clone()).or_insert(next);
        if number == next {
            self.findings.push(found);
        }
        self.opened.insert(image.digest(), number);
        number
    }

    /// The first thing that is wrong, with everything that is needed to see it again.
    pub fn story(&self, script: &Script) -> Option<String> {
        let violation = self.violations.first()?;
        let from = violation.position.saturating_sub(12);
        let steps = self.trace.steps.iter().enumerate().take(violation.position).skip(from);
        let steps: Vec<String> =
            steps.map(|(at, step)| format!("  {at:4} {}", step.what)).collect();
        let files = violation.image.files().map(|(path, content)| {
            format!("  {} ({} bytes)", path.path().display(), content.bytes().len())
        });
        Some(format!(
            "{} violations in \"{}\" with seed {}, the first after {} steps, {:?} on {:?}: {}\n\
             script: {:?}\nlast steps:\n{}\nfiles:\n{}\n",
            self.violations.len(),
            script.name,
            script.seed,
            violation.position,
            violation.loss,
            violation.file_system,
            violation.wrong,
            script.actions,
            steps.join("\n"),
            files.collect::<Vec<_>>().join("\n"),
        ))
    }
}

/// A digest of what belongs to the player.
pub fn data_digest(image: &Image) -> u64 {
    image.digest_of(matters)
}

/// Explores scripts on two threads, until something is wrong, and returns the findings.
pub fn explore_all(scripts: &[Script], states: &CrashStates) -> (Figures, Vec<String>) {
    let next = AtomicUsize::new(0);
    let found = Mutex::new((Figures::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let is_good = || found.lock().unwrap().1.is_empty();
                while is_good()
                    && let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let play = Play::of(script);
                    let mut explorer = Explorer::new(&play);
                    let figures = explorer.explore(states, &mut Random::new(script.seed));
                    let mut found = found.lock().unwrap();
                    found.0.add(figures);
                    found.1.extend(explorer.story(script));
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let begun = Instant::now();
    let scripts = match only_seed() {
        Some(seed) => vec![Script::drawn(seed)],
        None => Script::all(),
    };
    let (figures, stories) = explore_all(&scripts, &ORDINARY);
    tell(&format!(
        "crash states: {figures:?} of {} scripts in {:?}",
        scripts.len(),
        begun.elapsed()
    ));
    assert!(stories.is_empty(), "{}", stories.join("\n"));
    assert!(only_seed().is_some() || figures.journals >= LEAST_JOURNALS, "{figures:?}");
}

#[test]
fn no_power_cut_in_a_drawn_scenario_loses_what_was_acknowledged() {
    let Some(rounds) = rounds() else { return };
    let begun = Instant::now();
    // Mostly broad, now and then deep.
    let (deep, broad): (Vec<Script>, Vec<Script>) =
        (0..rounds).map(Script::drawn).partition(|script| script.seed % 8 == 0);
    let (mut figures, mut stories) = explore_all(&broad, &ORDINARY);
    let (deep_figures, deep_stories) = explore_all(&deep, &DEEP);
    figures.add(deep_figures);
    stories.extend(deep_stories);
    tell(&format!("deep crash states: {figures:?} in {rounds} rounds in {:?}", begun.elapsed()));
    assert!(stories.is_empty(), "{}", stories.join("\n"));
}
