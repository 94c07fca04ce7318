//! Two devices of a player and a file cloud between them, in orders that are drawn: play, crashes, copies in either direction,
//! conflicts that the cloud settles for one side, copies that are cut off or called otherwise, and devices that copy
//! nothing for a while. No line of play is lost, and every fork is shown.
//!
//! `cargo test --release -p bevy_session_journal --test cloud -- --ignored --nocapture` plays 100,000 orders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy_session_journal::{
    CheckpointId, CheckpointKind, CloudFolder, Codec, Event, FoundSession, Journal, JournalOptions,
    ManualClock, MemoryDisk, NewSession, RestoreFrom, RowReader, RowWriter, SaveId, SavedType,
    SessionId,
};

const FOLDER: &str = "/cloud";
const PLAYED: SavedType = SavedType::new("test::Played");

/// What was played, step by step: no step is ever taken twice.
type Line = Vec<u32>;

struct Lines;

impl Codec for Lines {
    type Capture = Line;
    type Image = Line;

    fn types(&self) -> &[SavedType] {
        &[PLAYED]
    }

    fn encode(&self, line: Line, rows: &mut RowWriter) {
        rows.put(PLAYED, SaveId::FIRST, &line);
    }

    fn decode(&self, rows: &mut RowReader<'_>) -> Line {
        let mut line = Line::new();
        while let Some(row) = rows.next_row() {
            if row.is(PLAYED) {
                line = row.value().unwrap();
            }
        }
        line
    }
}

/// A generator of numbers that are the same for one seed.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

struct Device {
    disk: MemoryDisk,
    clock: ManualClock,
    /// Everything that was played here to some moment that was acknowledged, by session.
    played: Vec<(SessionId, Line)>,
}

impl Device {
    fn new() -> Self {
        let clock = ManualClock::starting_at("2026-11-25T12:00:00Z".parse().unwrap());
        Self { disk: MemoryDisk::default(), clock, played: Vec::new() }
    }

    /// As a process that starts, once the one before is gone.
    fn start(&mut self) -> Journal<Lines> {
        self.disk = self.disk.snapshot();
        self.clock.advance(Duration::from_secs(60));
        JournalOptions::new("/game")
            .in_memory(&self.disk)
            .manual_clock(&self.clock)
            .watch_panics(false)
            .lock_patience(Duration::ZERO)
            .cloud_folder(CloudFolder::new(FOLDER))
            .open(Lines)
            .unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        let all = self.disk.paths().into_iter();
        all.filter(|path| path.starts_with(FOLDER)).collect()
    }

    /// Makes the folder what it is on another disk, as a cloud does that copies whole folders.
    fn take_folder(&self, from: &MemoryDisk) {
        self.disk.remove_all(Path::new(FOLDER));
        self.disk.take_from(from, Path::new(FOLDER));
    }
}

/// Where the lines of a session end, and whether both sides of a fork were shown.
struct Ends {
    lines: Vec<(CheckpointId, Line)>,
    is_fork_shown: bool,
}

fn ends(journal: &mut Journal<Lines>, found: &FoundSession) -> Ends {
    let fork = found.offers.iter().next().and_then(|offer| offer.fork.as_ref());
    let heads: Vec<Option<CheckpointId>> = match fork {
        Some(fork) => {
            let others = fork.others.iter().map(|line| line.newest);
            std::iter::once(fork.own.newest).chain(others).map(Some).collect()
        }
        None => vec![None],
    };
    let lines = heads.into_iter().map(|head| {
        let from = head.map_or(RestoreFrom::Latest, RestoreFrom::Checkpoint);
        let restored = journal.restore(found.session, from).unwrap();
        (restored.checkpoint(), restored.image().clone())
    });
    Ends { lines: lines.collect(), is_fork_shown: fork.is_some() }
}

struct Story {
    draws: Draws,
    devices: [Device; 2],
    cloud: MemoryDisk,
    next_step: u32,
    forks: usize,
    caught_up: usize,
    told: Vec<String>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let (devices, cloud) = ([Device::new(), Device::new()], MemoryDisk::default());
        let (next_step, forks, caught_up, told) = (1, 0, 0, Vec::new());
        Self { draws: Draws(seed), devices, cloud, next_step, forks, caught_up, told }
    }

    fn play(seed: u64) -> Self {
        let mut story = Self::new(seed);
        for _ in 0..6 + story.draws.below(8) {
            let device = story.draws.below(2);
            match story.draws.below(10) {
                // As Steam does: before the start, and after the end.
                0..=3 => {
                    story.download(device);
                    story.run(device);
                    story.upload(device);
                }
                // Without a connection.
                4..=5 => story.run(device),
                6 => story.download(device),
                7 => story.upload(device),
                8 => story.spoil(device),
                _ => story.keep_both(device),
            }
        }
        for device in [0, 1] {
            story.run(device);
        }
        story
    }

    /// One process: it starts, is held to what was there, plays, and ends or dies.
    fn run(&mut self, device: usize) {
        let mut journal = self.devices[device].start();
        let before = self.devices[device].played.clone();
        let found = journal.detect().unwrap();
        let mut all = Vec::new();
        for found in &found {
            let ends = ends(&mut journal, found);
            self.hold(&before, found.session, &ends);
            all.push((found.session, ends));
        }
        for (session, _) in &before {
            assert!(all.iter().any(|(it, _)| it == session), "{session} is lost: {:#?}", self.told);
        }
        // Sometimes the player looks at the menu only.
        if !all.is_empty() && self.draws.one_in(6) {
            return;
        }
        // The player goes on with one of the lines, whichever.
        let chosen = all.iter().flat_map(|(session, ends)| {
            ends.lines.iter().map(|(id, line)| (*session, *id, line.clone()))
        });
        let chosen: Vec<_> = chosen.collect();
        let (mut line, mut run) = match chosen.is_empty() {
            true => (Line::new(), journal.start(NewSession::named("Colony"))),
            false => {
                let (session, id, line) = chosen[self.draws.below(chosen.len())].clone();
                let restored = journal.restore(session, RestoreFrom::Checkpoint(id)).unwrap();
                let (restored, run) = restored.go_on();
                assert_eq!(restored, line);
                (line, run)
            }
        };
        let session = run.session();
        let mut saved = None;
        for _ in 0..1 + self.draws.below(3) {
            line.push(self.next_step);
            self.next_step += 1;
            self.devices[device].clock.advance(Duration::from_secs(10));
            run.checkpoint(CheckpointKind::Auto, |_| line.clone());
            while let Some(event) = run.poll() {
                if matches!(event, Event::Saved(_)) {
                    saved = Some(line.clone());
                }
            }
        }
        let is_killed = self.draws.one_in(4);
        if is_killed {
            drop(run);
        } else {
            line.push(self.next_step);
            self.next_step += 1;
            run.close(|_| line.clone()).unwrap();
            saved = Some(line);
        }
        // The writer does what is left, as when a process ends.
        journal.detect().unwrap();
        drop(journal);
        let how = if is_killed { "is killed" } else { "ends" };
        self.told.push(format!("{device} plays {session} to {saved:?} and {how}"));
        self.devices[device].played.extend(saved.map(|line| (session, line)));
    }

    /// Every line that was played here is there, or one that goes on from it; and lines that aren't each other's beginning
    /// are shown as a fork.
    fn hold(&mut self, before: &[(SessionId, Line)], session: SessionId, ends: &Ends) {
        for (_, line) in before.iter().filter(|(of, _)| *of == session) {
            let is_kept = ends.lines.iter().any(|(_, end)| end.starts_with(line));
            let found: Vec<&Line> = ends.lines.iter().map(|(_, line)| line).collect();
            assert!(is_kept, "{line:?} is lost, {found:?} is there: {:#?}", self.told);
        }
        let is_known = |line: &Line| before.iter().any(|(_, known)| known.starts_with(line));
        self.caught_up +=
            usize::from(!ends.is_fork_shown && ends.lines.iter().any(|(_, line)| !is_known(line)));
        let distinct: BTreeSet<&Line> = ends.lines.iter().map(|(_, line)| line).collect();
        assert_eq!(
            distinct.len(),
            ends.lines.len(),
            "a line is no fork of itself: {:#?}",
            self.told
        );
        assert_eq!(ends.is_fork_shown, ends.lines.len() > 1);
        for (_, one) in &ends.lines {
            let others = ends.lines.iter().filter(|(_, other)| other != one);
            for (_, other) in others {
                assert!(!other.starts_with(one), "{one:?} is behind {other:?}: {:#?}", self.told);
            }
        }
        self.forks += usize::from(ends.is_fork_shown);
    }

    /// The cloud's copies take the place of what is in the folder, or it is the other way round; where both have changed, one
    /// side wins, whatever that was.
    fn download(&mut self, device: usize) {
        self.told.push(format!("{device} downloads"));
        let is_empty = self.cloud.paths().is_empty();
        if !is_empty && !self.draws.one_in(5) {
            self.devices[device].take_folder(&self.cloud);
        }
    }

    fn upload(&mut self, device: usize) {
        self.told.push(format!("{device} uploads"));
        if !self.draws.one_in(5) {
            self.cloud.remove_all(Path::new(FOLDER));
            self.cloud.take_from(&self.devices[device].disk, Path::new(FOLDER));
        }
    }

    /// A copy is cut off, called otherwise, there twice, or gone.
    fn spoil(&mut self, device: usize) {
        let (files, disk) = (self.devices[device].files(), &self.devices[device].disk);
        let Some(path) = files.get(self.draws.below(files.len().max(1))) else { return };
        let bytes = disk.content(path).unwrap();
        let other = path.with_file_name(format!("copy {}.session", self.draws.below(3)));
        match self.draws.below(4) {
            0 => disk.truncate(path, self.draws.below(bytes.len())),
            1 => {
                disk.put(&other, &bytes);
                disk.remove_all(path);
            }
            2 => disk.put(&other, &bytes),
            _ => disk.remove_all(path),
        }
        self.told.push(format!("{} of {device} is spoilt", path.display()));
    }

    /// A cloud that keeps files of both sides.
    fn keep_both(&mut self, device: usize) {
        self.told.push(format!("{device} and the cloud get each other's files"));
        for path in self.devices[device].files() {
            self.cloud.put(&path, &self.devices[device].disk.content(&path).unwrap());
        }
        for path in self.cloud.paths() {
            self.devices[device].disk.put(&path, &self.cloud.content(&path).unwrap());
        }
    }
}

fn play_all(stories: u64) {
    let (mut forks, mut caught_up) = (0, 0);
    for seed in 0..stories {
        let story = std::panic::catch_unwind(|| Story::play(seed));
        let story = story.unwrap_or_else(|_| panic!("seed {seed} fails"));
        forks += story.forks;
        caught_up += story.caught_up;
    }
    println!(
        "{stories} orders: {caught_up} times caught up, {forks} times a fork was shown, no line lost"
    );
    assert!(forks > 0 && caught_up > 0, "{forks} forks, {caught_up} times caught up");
}

#[test]
#[ignore = "was never run"]
fn no_line_of_play_is_lost_and_every_fork_is_shown() {
    play_all(60);
}

#[test]
#[ignore = "takes many minutes"]
fn in_a_hundred_thousand_orders() {
    let orders = std::env::var("BEVY_SESSION_ORDERS").ok();
    play_all(orders.map_or(100_000, |orders| orders.parse().unwrap()));
}
