//! A thousand random histories, each listed again and again: with the index and without it the list is
//! the same at every step.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    BUILD, Catalog, id, index_path, layout, list, looked, process, put_crashed_run, put_run,
};
use crate::deep::Random;
use crate::disk::MemoryDisk;
use crate::model::ids::SessionId;
use crate::model::session::EndReason;

const SESSIONS: u64 = 8;

/// A disk on which sessions are played, and copies of them.
struct History {
    disk: MemoryDisk,
    random: Random,
    runs: BTreeMap<SessionId, u64>,
    copies: BTreeMap<SessionId, (MemoryDisk, u64)>,
}

impl History {
    fn new(seed: u64) -> Self {
        let (runs, copies) = Default::default();
        Self { disk: super::disk(), random: Random::new(seed), runs, copies }
    }

    fn step(&mut self) {
        let session = id(u128::from(self.random.below(SESSIONS)));
        match self.random.below(12) {
            0 => self.forget(session),
            1 => self.copy(session),
            2 => self.copy_back(session),
            3 => self.crash(session),
            4 => self.damage(session),
            5 => self.lose_or_damage_the_index(),
            _ => self.play(session),
        }
    }

    fn next_run(&mut self, session: SessionId) -> u64 {
        let run = self.runs.entry(session).or_default();
        *run += 1;
        *run
    }

    /// Also stands for an edit: a change of a session that isn't played writes a segment.
    fn play(&mut self, session: SessionId) {
        let run = self.next_run(session);
        let name = format!("Name {}", self.random.below(5));
        let endings = [None, None, Some(EndReason::Completed), Some(EndReason::Failed)];
        let ending = self.random.pick(&endings).copied().flatten();
        put_run(&self.disk, session, run, &name, ending);
    }

    fn crash(&mut self, session: SessionId) {
        let run = self.next_run(session);
        put_crashed_run(&self.disk, session, run);
    }

    fn forget(&mut self, session: SessionId) {
        self.disk.remove_all(&layout().session(session));
        self.runs.remove(&session);
    }

    fn copy(&mut self, session: SessionId) {
        if let Some(run) = self.runs.get(&session) {
            self.copies.insert(session, (self.disk.snapshot(), *run));
        }
    }

    fn copy_back(&mut self, session: SessionId) {
        if let Some((copy, run)) = self.copies.get(&session) {
            let directory = layout().session(session);
            self.disk.remove_all(&directory);
            self.disk.take_from(copy, &directory);
            self.runs.insert(session, *run);
        }
    }

    fn damage(&mut self, session: SessionId) {
        let directory = layout().session(session);
        let files = self.disk.paths().into_iter().filter(|path| path.starts_with(&directory));
        let files: Vec<_> = files.collect();
        if let Some(path) = self.random.pick(&files).cloned() {
            let bytes = self.disk.content(&path).unwrap_or_default().len();
            let offset = self.random.below(bytes as u64) as usize;
            self.disk.corrupt(&path, offset, 1);
        }
    }

    fn lose_or_damage_the_index(&mut self) {
        match self.random.below(3) {
            0 => self.disk.remove_all(&index_path()),
            1 => self.disk.truncate(&index_path(), self.random.below(500) as usize),
            _ => self.disk.corrupt(&index_path(), self.random.below(500) as usize, 4),
        }
    }
}

fn play(seed: u64, hits: &mut u64) {
    let mut history = History::new(seed);
    let new_process = |history: &History| process(Arc::new(history.disk.clone()));
    let (mut finder, mut catalog) = (new_process(&history), Catalog::new());
    for step in 0..6 {
        (0..history.random.below(4)).for_each(|_| history.step());
        if history.random.one_in(2) {
            *hits += finder.index_figures().hits;
            (finder, catalog) = (new_process(&history), Catalog::new());
        }
        list(&mut finder, &BUILD, &mut catalog);
        let wanted = looked(&history.disk, &BUILD);
        assert_eq!(catalog, wanted, "seed {seed}, step {step}");
    }
    *hits += finder.index_figures().hits;
}

#[test]
fn with_the_index_and_without_it_the_list_is_the_same_at_every_step() {
    let mut hits = 0;
    (0..1_000).for_each(|seed| play(seed, &mut hits));
    assert!(hits > 2_000, "the index should have been of use: {hits}");
}
