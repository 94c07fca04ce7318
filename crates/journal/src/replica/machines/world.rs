//! The machines, their clocks, the store that they share, and what happens next.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::desk::{Desk, Role, gone};
use super::judge::{Contents, Judge};
use super::line::{Course, Late, Line};
use super::machine::Machine;
use super::reader;
use crate::deep::Random;
use crate::disk::Operation;
use crate::model::ids::SessionId;
use crate::replica::{Log, MemoryReplica};

/// Calls of machines that may be under way at once, each within another.
const MOST_NESTED: usize = 5;

/// A world of machines. Clones share it.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

/// The same for what a machine keeps of it.
#[derive(Clone, Debug)]
pub struct WeakWorld(Weak<Mutex<State>>);

pub struct State {
    /// Milliseconds.
    pub now: u64,
    pub random: Random,
    pub session: SessionId,
    pub store: MemoryReplica,
    log: Log,
    pub judge: Judge,
    pub machines: Vec<Machine>,
    late: Vec<(u64, Late)>,
    pub store_away_until: u64,
    pub next_mishap: u64,
    /// What games write is often large, so that it is fetched in pieces and compacted.
    pub is_heavy: bool,
    /// Everything works from now on.
    pub is_quiet: bool,
    /// The owner, who isn't silent, is to stay one.
    pub is_calm: bool,
    nested: usize,
}

/// Something that happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    /// The keeper of a machine does a piece.
    Ships(usize),
    /// A game does something.
    Plays(usize),
    /// A process begins, or is told to end.
    Lives(usize),
    /// A late request arrives, by its place among them.
    Arrives(usize),
    Mishap,
}

impl WeakWorld {
    pub fn get(&self) -> Option<World> {
        self.0.upgrade().map(World)
    }
}

impl World {
    pub fn new(seed: u64, machines: usize) -> Self {
        let mut random = Random::new(seed);
        let machines = (0..machines).map(|number| Machine::new(number, &mut random)).collect();
        let session = SessionId::from(uuid::Uuid::from_u128(u128::from(seed) << 64 | 7));
        let state = State {
            now: 0,
            session,
            log: Log::new(session),
            store: MemoryReplica::default(),
            judge: Judge::default(),
            machines,
            late: Vec::new(),
            store_away_until: 0,
            next_mishap: 300 + random.below(600),
            is_heavy: random.one_in(12),
            is_quiet: false,
            is_calm: false,
            nested: 0,
            random,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub fn weak(&self) -> WeakWorld {
        WeakWorld(Arc::downgrade(&self.0))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn judge<T>(&self, ask: impl FnOnce(&mut Judge) -> T) -> T {
        ask(&mut self.state().judge)
    }

    pub fn draw<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.state().random)
    }

    pub fn is_violated(&self) -> bool {
        self.state().judge.violation.is_some()
    }

    /// The files that whoever claims the session now would read.
    pub fn read(&self) -> Contents {
        let read = self.state().read();
        match read {
            Ok(files) => files,
            Err(error) => {
                self.judge(|judge| judge.violate(format!("the replica can't be read: {error}")));
                Contents::new()
            }
        }
    }

    /// Everything that happens in so many milliseconds, but for what is under way.
    pub fn go_on(&self, millis: u64) {
        let end = self.state().now + millis;
        while self.step(end) {}
        let mut state = self.state();
        state.now = state.now.max(end);
    }

    /// The next thing that happens until then; false if there is none.
    pub fn step(&self, end: u64) -> bool {
        let next = {
            let mut state = self.state();
            let next = state.next().filter(|(at, _)| *at <= end && state.judge.violation.is_none());
            if let Some((at, _)) = next {
                state.now = state.now.max(at);
            }
            next
        };
        let Some((_, event)) = next else { return false };
        match event {
            Event::Ships(machine) => self.ship(machine),
            Event::Plays(machine) => self.play(machine),
            Event::Lives(machine) => self.live(machine),
            Event::Arrives(at) => {
                let mut state = self.state();
                let (_, late) = state.late.remove(at);
                late.arrive(&state.store);
                state.judge.count("late arrivals");
            }
            Event::Mishap => self.draw_mishap(),
        }
        true
    }

    /// The same while a machine waits for an answer, or its disk.
    fn meanwhile(&self, millis: u64) {
        let may_nest = {
            let mut state = self.state();
            state.nested += 1;
            state.nested <= MOST_NESTED
        };
        match may_nest {
            true => self.go_on(millis),
            false => self.state().now += millis.min(5),
        }
        self.state().nested -= 1;
    }

    /// Something may happen before the keeper of a machine does an operation of the disk.
    pub fn between_operations(&self, machine: usize) {
        let millis = {
            let mut state = self.state();
            let is_busy = state.machines[machine].is_busy();
            if is_busy || state.is_quiet || !state.random.one_in(50) {
                return;
            }
            state.judge.count("operations between which something happened");
            1 + state.random.below(120)
        };
        self.meanwhile(millis);
    }

    pub fn is_alive(&self, desk: &Desk) -> bool {
        self.state().machines[desk.machine].number == desk.process
    }

    /// Lets a process do an operation of its disk.
    pub fn operate(&self, desk: &Desk, operation: Operation, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let (now, is_quiet) = (state.now, state.is_quiet);
        let machine = &mut state.machines[desk.machine];
        if machine.number != desk.process || machine.is_doomed {
            return Err(gone());
        }
        if is_quiet {
            return Ok(());
        }
        if let Some(error) = machine.ills.error(now, operation, path) {
            machine.ailed_at = now;
            state.judge.count("operations that failed");
            return Err(error);
        }
        let odds = if desk.role == Role::Game { 1_500 } else { 4_000 };
        if state.random.one_in(odds) {
            state.judge.count("deaths in the middle of something");
            match desk.role {
                Role::Game => state.machines[desk.machine].is_doomed = true,
                Role::Keeper => {
                    drop(state);
                    self.stop(desk.machine);
                }
            }
            return Err(gone());
        }
        Ok(())
    }

    /// A request of a process is on its way, and its course is known; `None` if it goes nowhere.
    pub fn send(&self, line: &Line) -> Option<Course> {
        let (course, millis) = {
            let mut state = self.state();
            state.draw_course(line.machine)
        };
        self.meanwhile(millis);
        self.receive(line).then_some(course)
    }

    /// Returns true if a process is there and reaches the store.
    pub fn receive(&self, line: &Line) -> bool {
        let state = self.state();
        let machine = &state.machines[line.machine];
        let is_near = machine.away_until <= state.now && state.store_away_until <= state.now;
        machine.number == line.process && is_near
    }

    pub fn arrive_late(&self, after: u64, late: Late) {
        let mut state = self.state();
        let at = state.now + after;
        state.late.push((at, late));
    }
}

impl State {
    /// The files that whoever claims the session now would read; an error if they can't be.
    pub fn read(&mut self) -> Result<Contents, String> {
        reader::refresh(&mut self.log, &self.store);
        reader::read(&self.store, &self.log)
    }

    /// The next thing that can happen, and when.
    fn next(&self) -> Option<(u64, Event)> {
        let machines = self.machines.iter().enumerate().flat_map(|(number, machine)| {
            let ships = machine.ships_at().map(|at| (at, Event::Ships(number)));
            let plays = machine.plays_at().map(|at| (at, Event::Plays(number)));
            let lives = machine.lives_at().map(|at| (at, Event::Lives(number)));
            [ships, plays, lives].into_iter().flatten()
        });
        let late = self.late.iter().enumerate().map(|(at, (when, _))| (*when, Event::Arrives(at)));
        let mishap = (!self.is_quiet).then_some((self.next_mishap, Event::Mishap));
        machines.chain(late).chain(mishap).min_by_key(|(at, _)| *at)
    }

    /// The course of a request, and how many milliseconds it is on its way.
    fn draw_course(&mut self, machine: usize) -> (Course, u64) {
        if self.is_quiet {
            return (Course::Answered, self.random.below(2));
        }
        let now = self.now;
        if self.machines[machine].away_until > now || self.store_away_until > now {
            return (Course::Lost, 50 + self.random.below(200));
        }
        let millis = match self.random.below(60) {
            0 => self.random.below(3_000),
            1..=3 => self.random.below(300),
            _ => self.random.below(4),
        };
        let after = self.random.below(4_000);
        let course = match self.random.below(160) {
            0 => Course::Lost,
            1 => Course::AnswerLost,
            2 => Course::Late(after),
            3 => Course::Twice(after),
            _ => Course::Answered,
        };
        if course != Course::Answered {
            self.judge.count("requests that went astray");
        }
        (course, millis)
    }

    /// From now on everything works.
    pub fn heal(&mut self) {
        self.is_quiet = true;
        self.store_away_until = 0;
        for machine in &mut self.machines {
            machine.heal(self.now);
        }
        for (_, late) in self.late.drain(..) {
            late.arrive(&self.store);
        }
    }
}
