//! This machine, and the processes that died on it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::journal::{CheckpointId, RunId, SessionId};
use crate::process::{DeadProcess, HowItEnded, dead_processes, how_it_ended};
use crate::store::{
    DirectoryStore, Home, ProcessId, ProcessRecord, SessionLock, StoreError, remove_record,
};

/// This machine, and the processes that died on it.
pub(crate) struct Machine {
    home: Arc<Home>,
    dead: Vec<DeadProcess>,
    /// Until when a lock that is held may be one of a process that is just being killed.
    patience: Instant,
    /// Sessions that this process left, though their ends could not be written.
    left_here: HashSet<SessionId>,
    /// What was offered last as the newest checkpoint of each line, by the line's head.
    offered: HashMap<(SessionId, CheckpointId), CheckpointId>,
}

impl Machine {
    /// `patience` is how long, from now on, a lock that is held is tried again: the system needs a
    /// while to tear a large process down, and until then its locks are held.
    pub(crate) fn new(home: Arc<Home>, dead: Vec<DeadProcess>, patience: Duration) -> Self {
        Self {
            home,
            dead,
            patience: Instant::now() + patience,
            left_here: HashSet::new(),
            offered: HashMap::new(),
        }
    }

    /// Takes a session's lock; `None` if another process holds it.
    pub(crate) fn lock_session(
        &mut self,
        session: SessionId,
    ) -> Result<Option<SessionLock>, StoreError> {
        let mut waited = false;
        loop {
            let lock = self.store().lock_session(session)?;
            if lock.is_some() && waited {
                // Only now is its process known to be dead.
                self.dead = dead_processes(&self.home);
            }
            if lock.is_some() || Instant::now() >= self.patience {
                return Ok(lock);
            }
            waited = true;
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// This process left a session, though its end could not be written.
    pub(crate) fn note_left(&mut self, session: SessionId) {
        self.left_here.insert(session);
    }

    /// Whether this process left a session without being able to say so in its journal.
    pub(super) fn was_left_here(&self, session: SessionId) -> bool {
        self.left_here.contains(&session)
    }

    /// The process that died last.
    pub(crate) fn last_to_die(&self) -> Option<&ProcessRecord> {
        self.dead.iter().map(|dead| &dead.record).max_by_key(|record| record.heartbeat)
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
        self.left_here.remove(&session);
        self.forget_runs(|held| held == session);
    }

    /// Forgets what was held of sessions that never came to be, or are gone. Those of other profiles
    /// wait until somebody looks at these.
    pub(super) fn settle_all_but_existing(&mut self) {
        if self.dead.iter().all(|dead| dead.record.runs.is_empty()) {
            return;
        }
        // What can't be listed now may be there.
        if let Ok(existing) = self.store().sessions_of_all_profiles() {
            self.forget_runs(|held| !existing.contains(&held));
        }
    }

    /// From now on, the sessions are those of another profile.
    pub(crate) fn move_to(&mut self, home: Arc<Home>) {
        self.home = home;
    }

    fn forget_runs(&mut self, is_settled: impl Fn(SessionId) -> bool) {
        for dead in &mut self.dead {
            let held_any = !dead.record.runs.is_empty();
            dead.record.runs.retain(|held| !is_settled(held.session));
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

    /// Whether a process is known to have exited in good order.
    pub(super) fn has_exited(&self, process: ProcessId) -> bool {
        let mut records = self.dead.iter().map(|dead| &dead.record);
        let record = records.find(|record| record.process == process);
        record.is_some_and(|record| how_it_ended(record, &self.home.boot) == HowItEnded::Exited)
    }

    /// The newest checkpoint of a session that a dead process saw acknowledged.
    pub(super) fn witnessed(&self, session: SessionId) -> Option<CheckpointId> {
        let held = self.dead.iter().flat_map(|dead| &dead.record.runs);
        let acknowledged = held.filter(|held| held.session == session).filter_map(|held| {
            Some(CheckpointId { run: held.run, counter: held.last_acknowledged? })
        });
        acknowledged.max_by_key(|id| id.counter)
    }

    pub(super) fn offered(&self, session: SessionId, head: CheckpointId) -> Option<CheckpointId> {
        self.offered.get(&(session, head)).copied()
    }

    pub(super) fn note_offer(
        &mut self,
        session: SessionId,
        head: CheckpointId,
        newest: CheckpointId,
    ) {
        self.offered.insert((session, head), newest);
    }
}
