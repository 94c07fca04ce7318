//! A machine: its disk stays, its processes come and go.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::desk::{Desk, Ills, Role};
use super::game::{Game, Table, files_of};
use super::judge::{Contents, Lengths, Link, Owed, lengths, slots_of};
use super::line::Line;
use super::world::{State, World};
use super::{LEASE, reader, trace};
use crate::deep::Random;
use crate::disk::simulated_disk::{FileSystem, Image, Replay, SimulatedDisk};
use crate::disk::{Disk, Layout, LocalStore};
use crate::model::ids::SessionId;
use crate::replica::{
    Epoch, Over, Recorder, Recorders, RecordingDisk, ReplicaNews, SessionFiles, Shipper,
    ShipperOptions,
};

/// Milliseconds that a drain may take where everything works.
const LEAVES: u64 = 60_000;

/// A machine.
pub struct Machine {
    pub disk: SimulatedDisk,
    /// Its clock, in thousandths of the time that passes.
    speed: u64,
    offset: u64,
    /// The number of its newest process.
    pub number: u64,
    pub process: Option<Process>,
    /// Its process is about to die, and does nothing any more.
    pub is_doomed: bool,
    pub ills: Ills,
    /// The time at which an operation of its disk failed last.
    pub ailed_at: u64,
    pub away_until: u64,
    paused_until: u64,
    starts_at: Option<u64>,
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
    recorder: Recorder,
    pub local: Arc<LocalStore>,
    /// What the game itself writes to.
    pub game_local: Arc<LocalStore>,
    /// Away while it is in the middle of a step.
    pub shipper: Option<Shipper>,
    game: Option<Game>,
    pub phase: Phase,
    /// It plays without the replica if that isn't there.
    is_impatient: bool,
    /// The slots and checkpoints that are durable, and the number that is to be reached for them.
    owed: VecDeque<(u64, Owed)>,
    epoch: Epoch,
    ships_at: u64,
    plays_at: u64,
    started_at: u64,
    pub ends_at: u64,
    pub is_withheld: bool,
    was_played: bool,
    is_claimed: bool,
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

    pub fn starts_in(&mut self, at: u64) {
        self.starts_at = Some(at);
    }

    fn clock(&self, now: u64) -> Duration {
        Duration::from_millis(self.offset + now * self.speed / 1_000)
    }

    fn until(&self, now: u64, rest: Duration) -> u64 {
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

    fn after_power_cut(&self) -> Image {
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
    fn forget_foreign(&mut self) {
        let Self { disk, foreign, .. } = self;
        foreign.retain(|path, bytes| {
            disk.read(Path::new(path), 1 << 20).is_ok_and(|there| there == *bytes)
        });
    }

    pub fn files(&self, session: SessionId) -> Contents {
        files_of(&self.disk, &layout(), session)
    }
}

impl State {
    /// What a machine's game has made durable is on its disk, or in the replica.
    fn has_kept(&self, machine: usize) -> bool {
        let here = self.machines[machine].lengths(self.session);
        let is_lost = |link: &&Link| !self.judge.covers(&here, **link);
        let lost: Vec<Link> =
            self.machines[machine].durable.iter().filter(is_lost).copied().collect();
        if lost.is_empty() {
            return true;
        }
        let there = reader::read(&self.store, self.session).map(|there| lengths(&there));
        lost.iter().all(|link| there.as_ref().is_ok_and(|there| self.judge.covers(there, *link)))
    }

    /// The same of slots.
    fn has_kept_slots(&self, machine: usize) -> bool {
        let Machine { durable_slots, .. } = &self.machines[machine];
        if durable_slots.is_empty() {
            return true;
        }
        let here = slots_of(&self.machines[machine].files(self.session));
        let lacking = self.judge.lacking_slots(durable_slots, &here);
        if lacking.is_empty() {
            return true;
        }
        let there = reader::read(&self.store, self.session);
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
        let slots = slots_of(&self.machines[machine].files(self.session));
        let machine = &mut self.machines[machine];
        machine.durable = heads;
        machine.durable_slots.retain(|slot| slots.contains(slot));
        machine.forget_foreign();
    }

    fn note_durable(&mut self, machine: usize, link: Link) {
        let Self { machines, judge, .. } = self;
        let durable = &mut machines[machine].durable;
        durable.retain(|earlier| !judge.is_before(*earlier, link));
        durable.insert(link);
    }
}

impl World {
    /// A process is there no more, at once.
    pub fn kill(&self, machine: usize, end: End) {
        let process = {
            let mut state = self.state();
            let now = state.now;
            let again = now + 50 + state.random.below(3_000);
            let it = &mut state.machines[machine];
            it.number += 1;
            it.is_doomed = false;
            it.starts_at = Some(again);
            let image = match end {
                End::Kill => it.disk.image(),
                End::PowerCut => it.after_power_cut(),
            };
            it.disk = SimulatedDisk::from_image(&image);
            trace(|| format!("{now} machine {machine} dies: {end:?}"));
            it.process.take()
        };
        // What it drops does nothing any more.
        drop(process);
        let mut state = self.state();
        state.machines[machine].forget_foreign();
        state.check_machine(machine, "after a death");
        state.forget_what_it_had(machine);
    }

    /// The same, in either way.
    pub fn stop(&self, machine: usize) {
        let end = if self.draw(|random| random.one_in(3)) { End::PowerCut } else { End::Kill };
        self.judge(|judge| judge.count(if end == End::Kill { "kills" } else { "power cuts" }));
        self.kill(machine, end);
    }

    /// A process ends by itself.
    fn end(&self, machine: usize) {
        let shipper = {
            let mut state = self.state();
            state.machines[machine].process.as_mut().and_then(|it| it.shipper.take())
        };
        drop(shipper);
        let process = {
            let mut state = self.state();
            let now = state.now;
            let again = now + 20 + state.random.below(2_000);
            trace(|| format!("{now} machine {machine} has ended"));
            let is_quiet = state.is_quiet;
            let it = &mut state.machines[machine];
            it.number += 1;
            it.is_doomed = false;
            it.starts_at = (!is_quiet).then_some(again);
            it.process.take()
        };
        drop(process);
    }

    /// A process begins to do what it was started for, or is told to end.
    pub fn live(&self, machine: usize) {
        let phase = self.state().machines[machine].process.as_ref().map(|it| it.phase);
        match phase {
            None => self.start_if_there_is_something(machine),
            Some(Phase::Leaving) if self.state().is_quiet => {
                self.judge(|judge| judge.violate(format!("machine {machine} doesn't get away")));
            }
            Some(Phase::Leaving) => {
                // It isn't waited for any longer.
                self.judge(|judge| judge.count("drains that were given up"));
                self.kill(machine, End::Kill);
            }
            Some(_) => self.let_go(machine),
        }
    }

    /// The session isn't played any more here.
    pub fn let_go(&self, machine: usize) {
        let is_under_way = {
            let mut state = self.state();
            let now = state.now;
            let process = state.machines[machine].process.as_mut().unwrap();
            process.ends_at = now + 2;
            process.shipper.is_none() && process.phase != Phase::Alone
        };
        if is_under_way {
            return;
        }
        self.leave_game(machine);
        let is_owner = {
            let mut state = self.state();
            let (now, is_quiet) = (state.now, state.is_quiet);
            let patience = if is_quiet { LEAVES } else { 30 + state.random.below(2_000) };
            let Some(process) = state.machines[machine].process.as_mut() else { return };
            process.ends_at = now + patience;
            process.game = None;
            let shipper = process.shipper.as_mut().filter(|it| it.is_owner() && !it.is_over());
            let is_owner = shipper.is_some();
            shipper.into_iter().for_each(Shipper::drain);
            process.ships_at = now;
            process.phase = Phase::Leaving;
            is_owner
        };
        trace(|| format!("machine {machine} lets go, as owner {is_owner}"));
        if !is_owner {
            self.end(machine);
        }
    }

    fn leave_game(&self, machine: usize) {
        let is_played = {
            let state = self.state();
            let process = state.machines[machine].process.as_ref();
            process.is_some_and(|it| matches!(it.phase, Phase::Played | Phase::Alone))
        };
        if is_played {
            self.with_game(machine, |game, table| game.leave(table).map(Some));
        }
    }

    fn start_if_there_is_something(&self, machine: usize) {
        let is_known = {
            let mut state = self.state();
            let (now, session) = (state.now, state.session);
            let again = now + 100 + state.random.below(500);
            state.machines[machine].starts_at = Some(again);
            !state.judge.heads(&state.machines[machine].lengths(session)).is_empty()
        };
        let is_there = !is_known && !self.judge_heads_there().is_empty();
        if is_known || is_there {
            let joins = self.draw(|random| random.below(3));
            self.start(machine, joins != 0, joins != 1);
        } else if machine == 0 && self.judge(|judge| !judge.counts.contains_key("runs")) {
            self.start(machine, false, true);
            self.begin_playing(machine);
        }
    }

    pub fn judge_heads_there(&self) -> Vec<Link> {
        let there = lengths(&self.read());
        self.judge(|judge| judge.heads(&there))
    }

    /// A process begins. Where it `joins_forks`, the session was asked for by its name.
    pub fn start(&self, machine: usize, joins_forks: bool, is_impatient: bool) {
        let (disk, number, session, store, now) = {
            let mut state = self.state();
            let (session, store, now) = (state.session, state.store.clone(), state.now);
            state.judge.count("processes");
            let it = &mut state.machines[machine];
            it.number += 1;
            it.is_doomed = false;
            (it.disk.clone(), it.number, session, store, now)
        };
        trace(|| format!("{now} machine {machine} starts {joins_forks} {is_impatient}"));
        let world = self.weak();
        let recorders = Recorders::default();
        let local = |role| {
            let (world, disk) = (world.clone(), disk.clone());
            let desk = Desk { world, machine, process: number, role, disk };
            let disk = RecordingDisk::new(Arc::new(desk), recorders.clone());
            Arc::new(LocalStore::new(Arc::new(disk), layout()))
        };
        let (game_local, local) = (local(Role::Game), local(Role::Keeper));
        let _ = local.store.create_state_directory();
        let place = SessionFiles::of(&layout(), session);
        let Ok(recorder) = recorders.begin(&**local.store.disk(), place) else { return };
        let options = ShipperOptions {
            local: Arc::clone(&local),
            recorder: recorder.clone(),
            machine: format!("machine {machine}"),
            lease: LEASE,
            interval: Duration::from_millis(self.draw(|random| random.below(2) * 100)),
            mark: layout().mark("machine", session),
            joins_forks,
        };
        let line = Line { world: world.clone(), machine, process: number, store };
        let shipper = Shipper::new(Arc::new(line), options);
        let mut state = self.state();
        let unfinished = state.machines[machine].unfinished(session);
        let (now, stays) = (state.now, 1_500 + state.random.below(9_000));
        // It may have died by now.
        if state.machines[machine].number != number {
            drop(state);
            return;
        }
        state.machines[machine].process = Some(Process {
            recorder,
            local,
            game_local,
            shipper: Some(shipper),
            game: None,
            phase: Phase::Readying,
            is_impatient,
            owed: VecDeque::new(),
            epoch: Epoch::default(),
            ships_at: now,
            plays_at: now,
            started_at: now,
            ends_at: now + stays,
            is_withheld: false,
            was_played: false,
            is_claimed: false,
            unfinished,
        });
    }

    /// From now on the session is played, whoever owns it.
    fn begin_playing(&self, machine: usize) {
        let (files, session) = {
            let state = self.state();
            (state.machines[machine].lengths(state.session), state.session)
        };
        let game = Game::begin(self, session, &files);
        let mut state = self.state();
        let now = state.now;
        let Some(process) = state.machines[machine].process.as_mut() else { return };
        process.game = Some(game);
        (process.phase, process.was_played) = (Phase::Played, true);
        process.plays_at = now;
        process.shipper.as_mut().into_iter().for_each(Shipper::play);
    }

    /// A game does something.
    pub fn play(&self, machine: usize) {
        let pause = self.draw(|random| match random.below(6) {
            0 => 300 + random.below(600),
            _ => 20 + random.below(120),
        });
        {
            let mut state = self.state();
            let now = state.now;
            if let Some(process) = state.machines[machine].process.as_mut() {
                process.plays_at = now + pause;
            }
        }
        self.with_game(machine, Game::act);
    }

    fn with_game(
        &self,
        machine: usize,
        act: impl FnOnce(&mut Game, &mut Table<'_>) -> std::io::Result<Option<Owed>>,
    ) {
        let is_heavy = self.state().is_heavy;
        let taken = {
            let mut state = self.state();
            let random = Random::new(state.random.number());
            let process = state.machines[machine].process.as_mut();
            process.and_then(|process| {
                let local = Arc::clone(&process.game_local);
                Some((process.game.take()?, local, random, process.recorder.clone()))
            })
        };
        let Some((mut game, local, random, recorder)) = taken else { return };
        let done = act(&mut game, &mut Table { world: self, local: &local, random, is_heavy });
        let is_doomed = {
            let mut state = self.state();
            if let Ok(Some(owed)) = &done {
                match owed {
                    Owed::Checkpoint(link) => state.note_durable(machine, *link),
                    Owed::Slot(slot) => drop(state.machines[machine].durable_slots.insert(*slot)),
                }
                let process = state.machines[machine].process.as_mut();
                process.into_iter().for_each(|it| it.owed.push_back((recorder.count(), *owed)));
            }
            let process = state.machines[machine].process.as_mut();
            if let Some(process) = process {
                process.game = Some(game);
            }
            state.machines[machine].is_doomed
        };
        if is_doomed {
            self.stop(machine);
        }
    }

    /// The keeper of a machine does a piece.
    pub fn ship(&self, machine: usize) {
        let (mut shipper, number, now) = {
            let mut state = self.state();
            let now = state.now;
            let it = &mut state.machines[machine];
            let clock = it.clock(now);
            let Some(shipper) = it.process.as_mut().and_then(|it| it.shipper.take()) else {
                return;
            };
            state.judge.count("steps");
            (shipper, state.machines[machine].number, clock)
        };
        let mut news = Vec::new();
        let rest = shipper.step(now, &mut news);
        trace(|| {
            let (lost, fails) = (shipper.is_lost(), shipper.fails_here());
            format!("  step of {machine}: rests {rest:?}, lost {lost}, fails {fails}, {news:?}")
        });
        let dead = {
            let mut state = self.state();
            let now = state.now;
            let it = &mut state.machines[machine];
            let due = it.until(now, rest);
            match it.process.as_mut().filter(|_| it.number == number) {
                Some(process) => {
                    let fetches = process.phase == Phase::Readying && shipper.is_owner();
                    process.ships_at = if rest == Duration::MAX { u64::MAX } else { due };
                    process.shipper = Some(shipper);
                    if fetches && news.is_empty() {
                        state.judge.count("pieces fetched");
                    }
                    None
                }
                None => {
                    state.judge.count("deaths within a step");
                    Some(shipper)
                }
            }
        };
        let is_dead = dead.is_some();
        drop(dead);
        self.state().check_machine(machine, "after a step");
        if is_dead {
            return;
        }
        for news in news {
            self.hear(machine, news);
        }
    }

    fn hear(&self, machine: usize, news: ReplicaNews) {
        trace(|| format!("{} machine {machine}: {news:?}", self.state().now));
        let phase = match &self.state().machines[machine].process {
            Some(process) => process.phase,
            None => return,
        };
        match news {
            ReplicaNews::Claimed(epoch) => self.claimed(machine, epoch),
            ReplicaNews::Replicated(count) => self.replicated(machine, count),
            ReplicaNews::Lost(_) | ReplicaNews::Failed(_) if phase == Phase::Readying => {
                self.play_unclaimed(machine);
            }
            ReplicaNews::Lost(_) | ReplicaNews::Failed(_) | ReplicaNews::Back => {}
            ReplicaNews::Over(over) => self.over(machine, phase, &over),
        }
    }

    fn claimed(&self, machine: usize, epoch: Epoch) {
        self.judge(|judge| judge.count("claims"));
        let there = self.read();
        let is_ready = {
            let mut state = self.state();
            let is_newest = reader::log(&state.store, state.session).highest() == epoch;
            let session = state.session;
            let here = state.machines[machine].files(session);
            let State { judge, machines, .. } = &mut *state;
            judge.read(&there, &format!("at the claim of {epoch}"));
            judge.check_whole(&here, &format!("machine {machine} at its claim of {epoch}"));
            let heads = judge.heads(&lengths(&there));
            let lacking = heads.iter().find(|head| !judge.covers(&lengths(&here), **head));
            if let Some(lacking) = lacking.filter(|_| is_newest) {
                judge.violate(format!("machine {machine} has claimed {epoch} and lacks {lacking}"));
            }
            let process = machines[machine].process.as_mut().unwrap();
            process.epoch = epoch;
            let is_ready = process.phase == Phase::Readying;
            if is_ready && judge.heads(&lengths(&here)).len() > 1 {
                judge.count("claims with both sides of a fork");
            }
            if process.phase == Phase::Played && process.is_claimed {
                judge.count("compactions");
            }
            process.is_claimed = true;
            is_ready
        };
        if is_ready {
            self.begin_playing(machine);
        }
    }

    fn replicated(&self, machine: usize, count: u64) {
        let owed: Vec<Owed> = {
            let mut state = self.state();
            let process = state.machines[machine].process.as_mut().unwrap();
            if count > process.recorder.count() {
                state.judge.violate(format!("machine {machine} hears of more than there was"));
                return;
            }
            let mut owed = Vec::new();
            while let Some((_, it)) = process.owed.pop_front_if(|(at, _)| *at <= count) {
                owed.push(it);
            }
            owed
        };
        self.acknowledge(&owed);
    }

    fn acknowledge(&self, owed: &[Owed]) {
        if owed.is_empty() {
            return;
        }
        let there = self.read();
        self.judge(|judge| owed.iter().for_each(|owed| judge.acknowledge(*owed, &there)));
    }

    /// The replica can't be had for now.
    fn play_unclaimed(&self, machine: usize) {
        let (is_impatient, has_files) = {
            let state = self.state();
            let process = state.machines[machine].process.as_ref().unwrap();
            let files = state.machines[machine].lengths(state.session);
            (process.is_impatient, !state.judge.heads(&files).is_empty())
        };
        if is_impatient && has_files {
            self.judge(|judge| judge.count("played unclaimed"));
            self.begin_playing(machine);
        }
    }

    fn over(&self, machine: usize, phase: Phase, over: &Over) {
        self.check_reason(machine, over);
        match over {
            Over::Released => self.released(machine),
            Over::Fenced | Over::Forked if phase == Phase::Played => {
                let mut state = self.state();
                let now = state.now;
                let more = state.random.below(900);
                let process = state.machines[machine].process.as_mut().unwrap();
                (process.phase, process.ends_at) = (Phase::Alone, now + more);
            }
            _ => self.end(machine),
        }
    }

    fn check_reason(&self, machine: usize, over: &Over) {
        let there = self.read();
        let mut state = self.state();
        let log = reader::log(&state.store, state.session);
        let here = state.machines[machine].files(state.session);
        let process = state.machines[machine].process.as_ref().unwrap();
        let (epoch, ailed_at) = (process.epoch, state.machines[machine].ailed_at);
        let (now, is_calm, is_quiet) = (state.now, state.is_calm, state.is_quiet);
        let judge = &mut state.judge;
        let lacks = |judge: &super::judge::Judge, one: &Contents, other: &Contents| {
            let (one, other) = (lengths(one), lengths(other));
            judge.heads(&one).into_iter().any(|head| !judge.covers(&other, head))
        };
        match over {
            Over::Fenced => {
                judge.count("fenced");
                if log.highest() <= epoch {
                    judge.violate(format!("machine {machine} is fenced, and nobody has claimed"));
                } else if is_calm {
                    judge.violate(format!("machine {machine} isn't silent, and lost its session"));
                }
            }
            Over::Forked => {
                let is_true = lacks(judge, &here, &there) && lacks(judge, &there, &here);
                judge.count(if is_true { "forks" } else { "seeming forks" });
            }
            Over::Released => judge.count("releases"),
            Over::Unread(_) if !is_quiet && ailed_at + 40_000 > now => judge.count("unread"),
            other => judge.violate(format!("machine {machine}: {other:?}")),
        }
    }

    /// Returns true if nothing goes on, and nobody has claimed the session after a machine.
    fn is_the_last_owner(&self, machine: usize) -> bool {
        let state = self.state();
        let epoch = state.machines[machine].process.as_ref().map(|process| process.epoch);
        state.is_quiet && epoch == Some(reader::log(&state.store, state.session).highest())
    }

    /// Everything was sent, so it is in the replica as it is here.
    fn released(&self, machine: usize) {
        let (owed, is_all) = {
            let mut state = self.state();
            let process = state.machines[machine].process.as_mut().unwrap();
            let has_unsent = process.shipper.as_ref().is_some_and(Shipper::has_unsent);
            let is_all = !has_unsent && !process.is_withheld && process.was_played;
            let owed: Vec<Owed> = process.owed.drain(..).map(|(_, owed)| owed).collect();
            (owed, is_all)
        };
        if is_all {
            self.acknowledge(&owed);
        }
        if is_all && self.is_the_last_owner(machine) {
            self.compare(machine);
        }
        self.end(machine);
    }
}
