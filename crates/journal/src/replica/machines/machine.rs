//! A machine: its disk stays, its processes come and go.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::desk::Ills;
use super::game::{Game, files_of};
use super::judge::{Contents, Lengths, Link, Owed, lengths, slots_of};
use super::world::State;
use crate::deep::Random;
use crate::disk::simulated_disk::{FileSystem, Image, Replay, SimulatedDisk};
use crate::disk::{Disk, Layout, LocalStore};
use crate::model::ids::SessionId;
use crate::replica::{Epoch, Recorder, Shipper};

/// Milliseconds that a drain may take where everything works.
pub const LEAVES: u64 = 60_000;

/// A machine.
pub struct Machine {
    pub disk: SimulatedDisk,
    /// Its clock, in thousandths of the time that passes.
    pub speed: u64,
    pub offset: u64,
    /// The number of its newest process.
    pub number: u64,
    pub process: Option<Process>,
    /// Its process is about to die, and does nothing any more.
    pub is_doomed: bool,
    pub ills: Ills,
    /// The time at which an operation of its disk failed last.
    pub ailed_at: u64,
    pub away_until: u64,
    pub paused_until: u64,
    pub starts_at: Option<u64>,
    /// The disk as it was once.
    pub old_disk: Option<Image>,
    /// The newest checkpoints that a game has made durable here.
    pub durable: BTreeSet<Link>,
    /// The slots that a game has made durable here, by the hashes of their bytes.
    pub durable_slots: BTreeSet<u64>,
    /// The slots of another session.
    pub foreign: Contents,
}

/// A process of the game.
pub struct Process {
    pub recorder: Recorder,
    /// The store that the game writes to.
    pub local: Arc<LocalStore>,
    /// Away while it is in the middle of a step.
    pub shipper: Option<Shipper>,
    pub game: Option<Game>,
    pub phase: Phase,
    /// It plays without the replica if that isn't there.
    pub is_impatient: bool,
    /// The slots and checkpoints that are durable, and the number that is to be reached for them.
    pub owed: VecDeque<(u64, Owed)>,
    pub epoch: Epoch,
    pub ships_at: u64,
    pub plays_at: u64,
    pub started_at: u64,
    pub ends_at: u64,
    pub is_withheld: bool,
    pub was_played: bool,
    pub is_claimed: bool,
    /// The files that an earlier process has left unfinished.
    pub unfinished: BTreeSet<String>,
}

/// The phase of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Readying,
    Played,
    /// It is played, and nothing is sent any more.
    Alone,
    Leaving,
}

/// The end of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It is killed, and the system stays.
    Kill,
    PowerCut,
}

pub fn layout() -> Layout {
    let (data, state) = (PathBuf::from("data"), PathBuf::from("state"));
    Layout { data, state, profile: "default".to_owned() }
}

/// A disk with nothing but directories.
pub fn empty() -> Image {
    let (disk, layout) = (SimulatedDisk::default(), layout());
    let sessions = layout.directories_to_sessions();
    for directory in sessions.iter().chain(&[layout.slots(), layout.state]) {
        disk.create_dir(directory).unwrap();
    }
    disk.image()
}

impl Machine {
    pub fn new(number: usize, random: &mut Random) -> Self {
        Self {
            disk: SimulatedDisk::from_image(&empty()),
            speed: 850 + random.below(300),
            offset: random.below(7_200_000),
            number: 0,
            process: None,
            is_doomed: false,
            ills: Ills::default(),
            ailed_at: 0,
            away_until: 0,
            paused_until: 0,
            starts_at: Some(if number == 0 { 0 } else { random.below(4_000) }),
            old_disk: None,
            durable: BTreeSet::new(),
            durable_slots: BTreeSet::new(),
            foreign: Contents::new(),
        }
    }

    /// Returns true if the world can't go on within what the keeper does: it holds its recorder.
    pub fn is_busy(&self) -> bool {
        self.process.as_ref().is_some_and(|process| process.recorder.is_busy())
    }

    pub fn ships_at(&self) -> Option<u64> {
        let process = self.process.as_ref().filter(|process| process.shipper.is_some())?;
        (process.ships_at < u64::MAX).then_some(process.ships_at.max(self.paused_until))
    }

    pub fn plays_at(&self) -> Option<u64> {
        let process = self.process.as_ref().filter(|process| process.game.is_some())?;
        let is_played = matches!(process.phase, Phase::Played | Phase::Alone);
        // A game waits for nothing, but its save does wait for the recorder.
        (is_played && !self.is_busy()).then_some(process.plays_at.max(self.paused_until))
    }

    pub fn lives_at(&self) -> Option<u64> {
        match &self.process {
            Some(process) => Some(process.ends_at.max(self.paused_until)),
            None => self.starts_at,
        }
    }

    pub fn pause_until(&mut self, until: u64) {
        self.paused_until = until;
    }

    pub fn heal(&mut self, now: u64) {
        (self.away_until, self.paused_until) = (0, 0);
        self.ills = Ills::default();
        // Who is leaving is waited for from now on.
        let process = self.process.as_mut().filter(|process| process.phase == Phase::Leaving);
        process.into_iter().for_each(|process| process.ends_at = now + LEAVES);
    }

    pub fn never_starts(&mut self) {
        self.starts_at = None;
    }

    pub fn clock(&self, now: u64) -> Duration {
        Duration::from_millis(self.offset + now * self.speed / 1_000)
    }

    pub fn until(&self, now: u64, rest: Duration) -> u64 {
        let millis = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
        // Even what has nothing to wait for takes a moment.
        now.saturating_add((millis.saturating_mul(1_000) / self.speed).max(1))
    }

    /// Returns true if the disk has failed since the process began.
    pub fn has_ailed(&self) -> bool {
        self.process.as_ref().is_some_and(|process| process.started_at <= self.ailed_at)
    }

    /// The lengths of the session's files.
    pub fn lengths(&self, session: SessionId) -> Lengths {
        let listed = self.disk.list(&layout().session(session)).unwrap_or_default();
        listed.into_iter().map(|entry| (entry.name, entry.len)).collect()
    }

    /// The files of the session that a power cut would leave.
    pub fn durable_files(&self, session: SessionId) -> Contents {
        files_of(&SimulatedDisk::from_image(&self.after_power_cut()), &layout(), session)
    }

    pub fn after_power_cut(&self) -> Image {
        let trace = self.disk.trace();
        let mut replay = Replay::new(&trace, FileSystem::Posix);
        replay.advance_to(trace.steps.len());
        replay.strict()
    }

    /// The names of files of the session that are still being written.
    pub fn unfinished(&self, session: SessionId) -> BTreeSet<String> {
        let names = self.lengths(session).into_keys();
        names.filter(|name| Layout::place_of_unfinished(name).is_some()).collect()
    }

    /// What another session had may be there or not.
    pub fn forget_foreign(&mut self) {
        let Self { disk, foreign, .. } = self;
        foreign.retain(|path, bytes| {
            disk.read(Path::new(path), 1 << 20).is_ok_and(|there| there == *bytes)
        });
    }

    /// The hashes of all slots, whosever they are.
    fn slots(&self) -> BTreeSet<u64> {
        let directory = layout().slots();
        let listed = self.disk.list(&directory).unwrap_or_default().into_iter();
        let bytes = listed.map(|entry| self.disk.read(&directory.join(entry.name), 1 << 20));
        bytes.flatten().map(|bytes| xxh3_64(&bytes)).collect()
    }

    pub fn files(&self, session: SessionId) -> Contents {
        files_of(&self.disk, &layout(), session)
    }
}

impl State {
    /// What a machine's game has made durable is on its disk, or in the replica.
    fn has_kept(&mut self, machine: usize) -> bool {
        let here = self.machines[machine].lengths(self.session);
        let is_lost = |link: &&Link| !self.judge.covers(&here, **link);
        let lost: Vec<Link> =
            self.machines[machine].durable.iter().filter(is_lost).copied().collect();
        if lost.is_empty() {
            return true;
        }
        let there = self.read().map(|there| lengths(&there));
        lost.iter().all(|link| there.as_ref().is_ok_and(|there| self.judge.covers(there, *link)))
    }

    /// The same of slots.
    fn has_kept_slots(&mut self, machine: usize) -> bool {
        let durable_slots = self.machines[machine].durable_slots.clone();
        if durable_slots.is_empty() {
            return true;
        }
        let here = self.machines[machine].slots();
        let lacking = self.judge.lacking_slots(&durable_slots, &here);
        if lacking.is_empty() {
            return true;
        }
        let there = self.read();
        there.is_ok_and(|there| self.judge.lacking_slots(&lacking, &slots_of(&there)).is_empty())
    }

    pub fn check_machine(&mut self, machine: usize, when: &str) {
        if !self.has_kept_slots(machine) {
            self.judge
                .violate(format!("{when} machine {machine} lacks a slot that was saved there"));
        }
        if !self.has_kept(machine) {
            self.judge.violate(format!("{when} machine {machine} lacks what was played there"));
        }
        let Machine { disk, foreign, .. } = &self.machines[machine];
        let is_there = |(path, bytes): (&String, &Vec<u8>)| {
            disk.read(Path::new(path), 1 << 20).is_ok_and(|there| there == *bytes)
        };
        if !foreign.iter().all(is_there) {
            self.judge.violate(format!("{when} machine {machine} lacks a slot of another session"));
        }
    }

    /// A machine goes on with what its disk has now.
    pub fn forget_what_it_had(&mut self, machine: usize) {
        let here = self.machines[machine].lengths(self.session);
        let heads = self.judge.heads(&here).into_iter().collect();
        let slots = self.machines[machine].slots();
        let machine = &mut self.machines[machine];
        machine.durable = heads;
        machine.durable_slots.retain(|slot| slots.contains(slot));
        machine.forget_foreign();
    }

    pub fn note_durable(&mut self, machine: usize, link: Link) {
        let Self { machines, judge, .. } = self;
        let durable = &mut machines[machine].durable;
        durable.retain(|earlier| !judge.is_before(*earlier, link));
        durable.insert(link);
    }
}
