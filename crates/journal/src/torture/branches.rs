//! Going back, undoing that, loading and dying, in any order: what was left comes back.

use std::collections::HashMap;
use std::time::Duration;

use super::debt::{Debt, Promise};

use super::{Action, Opened, Play, Random, failed_seeds, only_seed, rounds, tell};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::ids::{CheckpointId, RunId};
use crate::model::session::{RequestError, RestoreFrom, RestoreReason};

/// Sequences of an ordinary test run, and of each round of a deep one: 167 rounds are 10,000.
const SEQUENCES: u64 = 60;

/// A play, and what is known of its runs without asking the code under test.
struct Line {
    play: Play,
    random: Random,
    runs: HashMap<RunId, Began>,
    undone: usize,
}

/// The begin of a run that continues from a checkpoint.
struct Began {
    from: CheckpointId,
    /// The checkpoint that it went back from, by a rewind or by a load; `None` if it began otherwise.
    left: Option<(RestoreReason, CheckpointId)>,
}

impl Line {
    fn new(seed: u64) -> Self {
        let mut play = Play::new(SimulatedDisk::default(), seed);
        play.perform(&[Action::Start]);
        Self { play, random: Random::new(seed), runs: HashMap::new(), undone: 0 }
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0..6 => self.play.perform(&[Action::Auto]),
            6 => self.play.perform(&[Action::Manual]),
            7 => self.play.perform(&[Action::Full, Action::Settle]),
            8 => self.play.perform(&[Action::Merge]),
            9 => self.play.perform(&[Action::Overwrite, Action::Settle]),
            10..14 => self.rewind(),
            14 | 15 => self.undo(RestoreFrom::BeforeRewind, RestoreReason::Rewound),
            16 => self.undo(RestoreFrom::BeforeLoad, RestoreReason::Loaded),
            17 => self.load(),
            _ => self.die(),
        }
    }

    fn newest(&self) -> CheckpointId {
        self.play.game.playing.as_ref().expect("a session is played").newest()
    }

    fn run(&self) -> RunId {
        self.newest().run
    }

    /// Goes back by play time, or to any checkpoint that there is, also on a branch.
    fn rewind(&mut self) {
        self.play.capture_tail();
        let from = match self.random.one_in(2) {
            true => RestoreFrom::PlayTime(Duration::from_secs(self.random.below(40))),
            false => self.any_checkpoint(),
        };
        self.go_back(
            |play| play.restore_from(from, RestoreReason::Rewound),
            RestoreReason::Rewound,
        );
    }

    fn load(&mut self) {
        self.play.capture_tail();
        self.go_back(|play| play.perform(&[Action::LoadSlot]), RestoreReason::Loaded);
    }

    /// Goes back, and notes what was left if anything came of it.
    fn go_back(&mut self, how: impl FnOnce(&mut Play), by: RestoreReason) {
        let left = self.newest();
        how(&mut self.play);
        if self.run() != left.run {
            let from = self.play.restored.expect("something was restored");
            self.runs.insert(self.run(), Began { from, left: Some((by, left)) });
        }
    }

    fn undo(&mut self, from: RestoreFrom, of: RestoreReason) {
        self.play.capture_tail();
        let (before, expected) = (self.run(), self.left_by(of));
        let is_there = expected.is_some_and(|left| self.is_there(left));
        self.play.refused = None;
        self.play.restore_from(from, RestoreReason::Undone);
        match expected {
            None => assert_eq!(self.play.refused, Some(RequestError::NothingToUndo)),
            Some(_) if !is_there => {
                assert_eq!(self.play.refused, Some(RequestError::CheckpointPruned));
            }
            Some(left) => {
                assert_eq!(self.play.restored, Some(left), "{:?}", self.play.refused);
                assert_ne!(self.run(), before, "{:?}", self.play.refused);
                self.runs.insert(self.run(), Began { from: left, left: None });
                self.undone += 1;
            }
        }
    }

    /// The checkpoint that the newest rewind or load on the line went back from.
    fn left_by(&self, of: RestoreReason) -> Option<CheckpointId> {
        let mut run = self.run();
        // As many as a run names.
        for _ in 0..1000 {
            let began = self.runs.get(&run)?;
            match began.left {
                Some((by, left)) if by == of => return Some(left),
                _ => run = began.from.run,
            }
        }
        None
    }

    fn is_there(&self, id: CheckpointId) -> bool {
        let session = self.play.played().expect("a session is played");
        let stored = self.play.game.local.store.open_session(session).expect("it is there");
        stored.index().commit(id).is_some()
    }

    fn any_checkpoint(&mut self) -> RestoreFrom {
        let session = self.play.played().expect("a session is played");
        let stored = self.play.game.local.store.open_session(session).expect("it is there");
        let ids: Vec<CheckpointId> =
            stored.index().checkpoints().into_iter().map(|info| info.id).collect();
        self.random.pick(&ids).map_or(RestoreFrom::Latest, |id| RestoreFrom::Checkpoint(*id))
    }

    /// The process dies or exits, and the next one resumes the session.
    fn die(&mut self) {
        let how = [Action::Kill, Action::Exit];
        self.play.perform(&[how[self.random.below(2) as usize], Action::Recover]);
        let from = self.play.restored.expect("something was restored");
        self.runs.insert(self.run(), Began { from, left: None });
    }

    /// Holds what is on disk against what is owed, the branches among it.
    fn check(&mut self) -> Result<(), String> {
        self.play.follow_disk();
        let mut debt = Debt::default();
        debt.advance_to(&self.play.history, self.play.disk.position());
        debt.check(&Opened::from_image(&self.play.disk.image()), Promise::NothingIsLost)
    }
}

#[test]
fn everything_left_by_a_rewind_can_be_restored() {
    let seeds = only_seed().map_or(0..SEQUENCES * rounds().unwrap_or(1), |seed| seed..seed + 1);
    let failed_once = failed_seeds::BRANCHES.into_iter().filter(|_| only_seed().is_none());
    let (mut undone, mut restored) = (0, 0);
    for seed in seeds.clone().chain(failed_once) {
        let mut line = Line::new(seed);
        for step in 0..12 + seed % 14 {
            line.step();
            if step % 6 == 5 {
                assert_eq!(line.check(), Ok(()), "seed {seed}, after {step} steps");
            }
        }
        line.play.perform(&[Action::Merge]);
        assert_eq!(line.check(), Ok(()), "seed {seed}");
        undone += line.undone;
        restored += line.runs.len();
    }
    tell(&format!("{} sequences, {restored} restored, {undone} of them undone", seeds.end));
    assert!(only_seed().is_some() || 2 * undone > seeds.end as usize, "{undone}");
}
