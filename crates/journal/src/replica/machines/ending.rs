//! The end of a schedule: everything works, and everything comes together.

use super::judge::{Contents, is_of_session};
use super::machine::Phase;
use super::trace;
use super::world::World;
use crate::disk::Layout;

/// Milliseconds after which nothing of the mishaps is felt any more.
const AFTERMATH: u64 = 3_000;
/// Milliseconds for which an owner is to stay one, though others wait.
const CALM: u64 = 3_000;
/// Milliseconds after which a machine that isn't done is stuck.
const LONG: u64 = 30_000;

impl World {
    pub fn come_to_an_end(&self) {
        trace(|| format!("{} everything works", self.state().now));
        self.state().heal();
        self.hold_back_starts();
        self.go_on(AFTERMATH);
        self.state().is_calm = true;
        self.go_on(CALM);
        self.state().is_calm = false;
        self.all_leave();
        if self.judge_heads_there().is_empty() {
            return;
        }
        let count = self.state().machines.len();
        // The last one has never been on.
        for machine in (0..count).rev() {
            if self.is_violated() {
                return;
            }
            self.take_over(machine);
        }
        let there = self.read();
        self.judge(|judge| judge.read(&there, "at the end"));
    }

    fn hold_back_starts(&self) {
        self.state().machines.iter_mut().for_each(super::machine::Machine::never_starts);
    }

    /// A machine that plays sends everything. One that waits gets the session, and leaves it too.
    fn all_leave(&self) {
        let count = self.state().machines.len();
        let end = self.state().now + LONG;
        while self.state().now < end && !self.is_violated() {
            for machine in 0..count {
                let phase = self.state().machines[machine].process.as_ref().map(|it| it.phase);
                if matches!(phase, Some(Phase::Played | Phase::Alone)) {
                    self.let_go(machine);
                }
            }
            if self.state().machines.iter().all(|it| it.process.is_none()) {
                return;
            }
            self.go_on(100);
        }
        let stuck: Vec<_> = {
            let state = self.state();
            let phase = |(number, it): (usize, &super::machine::Machine)| {
                it.process.as_ref().map(|it| (number, it.phase))
            };
            state.machines.iter().enumerate().filter_map(phase).collect()
        };
        self.judge(|judge| judge.violate(format!("machines are stuck: {stuck:?}")));
    }

    /// A machine gets the session, plays it for a while, and leaves it.
    fn take_over(&self, machine: usize) {
        let (joins, waits) = (self.draw(|random| random.below(4) > 0), LONG);
        self.start(machine, joins, false);
        {
            let mut state = self.state();
            let now = state.now;
            state.machines[machine].process.as_mut().into_iter().for_each(|it| {
                it.ends_at = now + waits;
            });
        }
        let end = self.state().now + LONG / 2;
        while self.state().now < end && !self.is_violated() {
            let phase = self.state().machines[machine].process.as_ref().map(|it| it.phase);
            match phase {
                None => return self.judge(|judge| judge.count("forks at the end")),
                Some(Phase::Played) => {
                    self.judge(|judge| judge.count("claims at the end"));
                    self.go_on(400);
                    return self.all_leave();
                }
                Some(_) => self.go_on(50),
            }
        }
        self.judge(|judge| judge.violate(format!("machine {machine} doesn't get the session")));
    }

    /// What the replica has is what is durable on the machine that has just released it.
    pub fn compare(&self, machine: usize) {
        let there = self.read();
        let mut state = self.state();
        let here = of_session(state.machines[machine].files(state.session));
        let durable = of_session(state.machines[machine].durable_files(state.session));
        // Of a file whose sync failed there may be more here. One that holds only what the journals hold is written at leisure,
        // and often never durable by itself.
        let is_derived = |name: &str| Layout::is_card_name(name) || Layout::is_manifest_name(name);
        let is_there = |(name, bytes): (&String, &Vec<u8>)| {
            if is_derived(name) {
                return there.contains_key(name);
            }
            let durable = durable.get(name).map_or(0, Vec::len);
            there.get(name).is_some_and(|it| bytes.starts_with(it) && it.len() >= durable)
        };
        if here.len() != there.len() || !here.iter().all(is_there) {
            let what = format!("here {}; there {}", names_of(&here), names_of(&there));
            state.judge.violate(format!("machine {machine} has released what differs: {what}"));
        }
        let unfinished = state.machines[machine].unfinished(state.session);
        let before = state.machines[machine].process.as_ref().unwrap().unfinished.clone();
        let left = unfinished.iter().find(|name| !before.contains(*name));
        // A disk that fails lets nothing be removed.
        if let Some(left) = left.filter(|_| !state.machines[machine].has_ailed()) {
            state.judge.violate(format!("machine {machine} leaves {left}"));
        }
        debug_assert!(unfinished.iter().all(|name| Layout::place_of_unfinished(name).is_some()));
    }
}

fn of_session(files: Contents) -> Contents {
    files.into_iter().filter(|(name, _)| is_of_session(name)).collect()
}

fn names_of(files: &Contents) -> String {
    let files = files.iter().map(|(name, bytes)| format!("{name}: {}", bytes.len()));
    files.collect::<Vec<_>>().join(", ")
}
