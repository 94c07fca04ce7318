//! The processes that are known to have died, found by what they held.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::disk::process::{DeadProcess, last_to_die};
use crate::disk::{Disk, HeldRun, ProcessId, ProcessRecord};
use crate::model::ids::{RunId, SessionId};

/// The processes that are known to have died. A crash without an answer leaves its record, so there may be a thousand:
/// nothing here takes longer for it.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    dead: Vec<DeadProcess>,
    /// The files of their records. A record that was read is kept: it may hold more than is left of it on disk.
    records: HashSet<PathBuf>,
    by_process: HashMap<ProcessId, usize>,
    /// The places in `dead` of those that held a session.
    by_session: HashMap<SessionId, Vec<usize>>,
}

impl Deaths {
    pub fn of(dead: Vec<DeadProcess>) -> Self {
        let mut deaths = Self::default();
        dead.into_iter().for_each(|dead| deaths.add(dead));
        deaths
    }

    /// Adds one, unless it is known.
    pub fn add(&mut self, dead: DeadProcess) {
        if !self.records.insert(dead.path.clone()) {
            return;
        }
        let place = self.dead.len();
        self.by_process.insert(dead.record.process, place);
        for held in &dead.record.runs {
            let holders = self.by_session.entry(held.session).or_default();
            if holders.last() != Some(&place) {
                holders.push(place);
            }
        }
        self.dead.push(dead);
    }

    /// Returns true if the process of this record is known to have died.
    pub fn has_record(&self, path: &Path) -> bool {
        self.records.contains(path)
    }

    pub fn iter(&self) -> impl Iterator<Item = &DeadProcess> {
        self.dead.iter()
    }

    /// The one that died last.
    pub fn last(&self) -> Option<&ProcessRecord> {
        last_to_die(&self.dead)
    }

    pub fn record(&self, process: ProcessId) -> Option<&ProcessRecord> {
        self.by_process
            .get(&process)
            .and_then(|place| self.dead.get(*place))
            .map(|dead| &dead.record)
    }

    /// The runs of a session that these processes held by their records.
    pub fn held(&self, session: SessionId) -> impl Iterator<Item = (&ProcessRecord, &HeldRun)> {
        let places = self.by_session.get(&session).into_iter().flatten();
        let records = places.filter_map(|place| Some(&self.dead.get(*place)?.record));
        records.flat_map(move |record| {
            let held = record.runs.iter().filter(move |held| held.session == session);
            held.map(move |held| (record, held))
        })
    }

    /// The record of the one that held this run.
    pub fn holder(&self, session: SessionId, run: RunId) -> Option<&ProcessRecord> {
        self.held(session).find(|(_, held)| held.run == run).map(|(record, _)| record)
    }

    /// The sessions that any of them held.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.by_session.keys().copied()
    }

    /// Forgets that a session was held. A record that holds nothing else is removed.
    pub fn settle(&mut self, session: SessionId, disk: &dyn Disk) {
        for place in self.by_session.remove(&session).unwrap_or_default() {
            let Some(dead) = self.dead.get_mut(place) else { continue };
            dead.record.runs.retain(|held| held.session != session);
            if dead.record.runs.is_empty() {
                dead.remove(disk);
            }
        }
    }
}
