//! The keeper of a machine does its work, and what it says is held against what is so.

use std::time::Duration;

use super::judge::{Contents, Judge, Owed, lengths};
use super::machine::Phase;
use super::world::{State, World};
use super::{reader, trace};
use crate::replica::{Epoch, Over, ReplicaNews, Shipper};

impl World {
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
        let lacks = |judge: &Judge, one: &Contents, other: &Contents| {
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
