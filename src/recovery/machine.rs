//! This machine, and the processes that died on it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::journal::{CheckpointId, RunId, SessionId};
use crate::process::DeadProcess;
use crate::store::{DirectoryStore, Home, ProcessRecord, remove_record};

/// This machine, and the processes that died on it.
pub(crate) struct Machine {
    home: Arc<Home>,
    dead: Vec<DeadProcess>,
    /// What was offered last as the newest checkpoint of each line, by the line's head.
    offered: HashMap<(SessionId, CheckpointId), CheckpointId>,
}

impl Machine {
    pub(crate) fn new(home: Arc<Home>, dead: Vec<DeadProcess>) -> Self {
        Self { home, dead, offered: HashMap::new() }
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(super) fn store(&self) -> &DirectoryStore {
        &self.home.store
    }

    /// A session was taken up or deleted: how it was left before is of no interest any more.
    pub(crate) fn settle(&mut self, session: SessionId) {
        self.offered.retain(|(offered, _), _| *offered != session);
        for dead in &mut self.dead {
            let held_any = !dead.record.runs.is_empty();
            dead.record.runs.retain(|held| held.session != session);
            if held_any && dead.record.runs.is_empty() {
                // Left behind, it would only be read again.
                let _ = remove_record(&**self.home.store.disk(), &dead.path);
            }
        }
    }

    /// The record of the dead process that held this run.
    pub(super) fn holder(&self, session: SessionId, run: RunId) -> Option<&ProcessRecord> {
        let held = |record: &ProcessRecord| {
            record.runs.iter().any(|held| held.session == session && held.run == run)
        };
        self.dead.iter().map(|dead| &dead.record).find(|record| held(record))
    }

    pub(super) fn offered(&self, session: SessionId, head: CheckpointId) -> Option<CheckpointId> {
        self.offered.get(&(session, head)).copied()
    }

    pub(super) fn note_offer(&mut self, session: SessionId, head: CheckpointId, newest: CheckpointId) {
        self.offered.insert((session, head), newest);
    }
}
