//! Processes begin, play and end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::desk::{Desk, Role};
use super::game::{Game, Table};
use super::judge::{Link, Owed, lengths};
use super::line::Line;
use super::machine::{End, LEAVES, Phase, Process, layout};
use super::world::World;
use super::{LEASE, trace};
use crate::deep::Random;
use crate::disk::LocalStore;
use crate::disk::simulated_disk::SimulatedDisk;
use crate::replica::{
    Epoch, Recorder, Recorders, RecordingDisk, SessionFiles, Shipper, ShipperOptions,
};

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
    pub fn end(&self, machine: usize) {
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
        let number = {
            let mut state = self.state();
            let now = state.now;
            trace(|| format!("{now} machine {machine} starts {joins_forks} {is_impatient}"));
            state.judge.count("processes");
            let it = &mut state.machines[machine];
            it.number += 1;
            it.is_doomed = false;
            it.number
        };
        let recorders = Recorders::default();
        let keeper_local = self.local(machine, Role::Keeper, &recorders);
        let local = self.local(machine, Role::Game, &recorders);
        let _ = keeper_local.store.create_state_directory();
        let session = self.state().session;
        let place = SessionFiles::of(&layout(), session);
        let begun = recorders.begin(&**keeper_local.store.disk(), place);
        let Ok(recorder) = begun else { return };
        let shipper = self.shipper(machine, keeper_local, recorder.clone(), joins_forks);
        let mut state = self.state();
        // It may have died by now.
        if state.machines[machine].number != number {
            drop(state);
            return;
        }
        let unfinished = state.machines[machine].unfinished(session);
        let (now, stays) = (state.now, 1_500 + state.random.below(9_000));
        state.machines[machine].process = Some(Process {
            recorder,
            local,
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

    /// The store of a machine's files, as a part of its newest process uses it.
    fn local(&self, machine: usize, role: Role, recorders: &Recorders) -> Arc<LocalStore> {
        let (world, disk, process) = {
            let state = self.state();
            let it = &state.machines[machine];
            (self.weak(), it.disk.clone(), it.number)
        };
        let desk = Desk { world, machine, process, role, disk };
        let disk = RecordingDisk::new(Arc::new(desk), recorders.clone());
        Arc::new(LocalStore::new(Arc::new(disk), layout()))
    }

    fn shipper(
        &self,
        machine: usize,
        local: Arc<LocalStore>,
        recorder: Recorder,
        joins_forks: bool,
    ) -> Shipper {
        let (process, store, session, interval) = {
            let mut state = self.state();
            let interval = Duration::from_millis(state.random.below(2) * 100);
            (state.machines[machine].number, state.store.clone(), state.session, interval)
        };
        let options = ShipperOptions {
            local,
            recorder,
            machine: format!("machine {machine}"),
            lease: LEASE,
            interval,
            mark: layout().mark("machine", session),
            joins_forks,
        };
        Shipper::new(Arc::new(Line { world: self.weak(), machine, process, store }), options)
    }

    /// From now on the session is played, whoever owns it.
    pub fn begin_playing(&self, machine: usize) {
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
                let local = Arc::clone(&process.local);
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
}
