//! Trials: restores that have not proven themselves yet, so that a checkpoint on which the game
//! dies again and again is noticed.
//!
//! A trial is written down before a restore changes anything, and removed once the game has been
//! played for a while or was left cleanly. One that is still there after its process died is a death
//! soon after a restore.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Attempt;
use super::open_files::is_no_file;
use super::replacing::small_file_aside;
use super::sealed::{SealKind, seal_for, unseal};
use super::{DirectoryStore, Layout, ProcessId, StoreAction, StoreError};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::milliseconds;

const KIND: SealKind = SealKind { magic: *b"bvytria\x1a", version: 1 };
/// Far more than the file ever has.
const MAX_BYTES: usize = 4 << 10;

/// A restore that has not proven itself yet.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// The session that is restored.
    pub session: SessionId,
    /// The process that restores it.
    pub process: ProcessId,
    /// The run that plays it; `None` until the world is back.
    #[serde(default)]
    pub run: Option<RunId>,
    /// The checkpoint that is restored.
    pub checkpoint: CheckpointId,
    /// Play time of that checkpoint.
    #[serde(with = "milliseconds")]
    pub play_time: Duration,
    /// The least play time of all checkpoints that were tried in a row.
    #[serde(with = "milliseconds")]
    pub oldest: Duration,
    /// The highest number of a checkpoint that the session had when the restore began.
    pub newest_counter: u64,
    /// The number of restores in a row, this one included. If it ends in a death, that many deaths.
    pub tries: u32,
    /// The number of those restores that went back to an older moment than any before.
    #[serde(default)]
    pub steps_back: u32,
    /// The number of those restores, this one excluded, after which the game died of itself, by a panic or by a hang.
    #[serde(default)]
    pub own_deaths: u32,
    /// Play time after which the restore has proven itself.
    #[serde(default = "a_minute", with = "milliseconds")]
    pub probation: Duration,
    /// The processes that died in the restores before, in a row with this one, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<ProcessId>,
    /// True if a new session was started instead of trying again.
    #[serde(default)]
    pub set_aside: bool,
}

/// The probation that earlier versions took for granted.
fn a_minute() -> Duration {
    Duration::from_secs(60)
}

impl Trial {
    /// The processes that restored the session in a row, the oldest first.
    pub fn processes(&self) -> impl Iterator<Item = ProcessId> {
        self.earlier.iter().copied().chain([self.process])
    }
}

impl DirectoryStore {
    /// The trial of a session. One that is missing, damaged or of a newer version counts as none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there may be one that can't be read now. That isn't none: who takes it for that
    /// forgets a death.
    pub fn trial(&self, session: SessionId) -> Result<Option<Trial>, StoreError> {
        let path = self.layout().trial(session);
        let bytes = match self.disk().read(&path, MAX_BYTES) {
            Err(error) if is_missing_or_damaged(&error) => return Ok(None),
            read => read.attempt(StoreAction::Open, &path)?,
        };
        Ok(unseal(KIND, &bytes).ok().filter(|trial: &Trial| trial.session == session))
    }

    /// The processes that restored a session last, in a row, each until its restore has proven itself. A trial that
    /// can't be read now names none.
    pub fn restoring_processes(&self) -> HashSet<ProcessId> {
        let entries = self.disk().list(&self.layout().state).unwrap_or_default().into_iter();
        let sessions = entries.filter_map(|entry| Layout::session_of_trial(&entry.name));
        let trials = sessions.filter_map(|session| self.trial(session).ok().flatten());
        trials.flat_map(|trial| trial.processes().collect::<Vec<_>>()).collect()
    }

    /// Writes a trial down, in the place of the one before. It has to outlive the process, not the
    /// machine, so there is no sync.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn write_trial(&self, trial: &Trial) -> Result<(), StoreError> {
        let path = self.layout().trial(trial.session);
        let bytes = seal_for(&path, KIND, trial)?;
        self.create_state_directory()?;
        self.disk().replace_unsynced(&path, &bytes).attempt(StoreAction::Replace, &path)
    }

    /// Ends the trial of a session, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn remove_trial(&self, session: SessionId) -> Result<(), StoreError> {
        let path = self.layout().trial(session);
        // One that waits aside would be read as the session's trial as soon as the other is gone.
        for path in [small_file_aside(&path), path] {
            match self.disk().remove(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed.attempt(StoreAction::RemoveFile, &path)?,
            }
        }
        Ok(())
    }

    /// Returns true if a process is known to live.
    pub fn is_alive(&self, process: ProcessId) -> bool {
        let lock = Layout::process_lock(&self.layout().process_record(process));
        self.disk().is_locked(&lock).unwrap_or(false)
    }
}

fn is_missing_or_damaged(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge)
        || is_no_file(error)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::disk::{Disk, MemoryDisk, Operation, RealDisk};

    fn store(disk: &MemoryDisk) -> DirectoryStore {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        DirectoryStore::new(Arc::new(disk.clone()), layout)
    }

    fn trial(session: SessionId) -> Trial {
        Trial {
            session,
            process: ProcessId(7),
            run: Some(RunId(3)),
            checkpoint: CheckpointId { run: RunId(2), counter: 9 },
            play_time: Duration::from_millis(12_500),
            oldest: Duration::from_secs(10),
            newest_counter: 11,
            tries: 2,
            steps_back: 1,
            own_deaths: 0,
            probation: Duration::from_secs(90),
            earlier: vec![ProcessId(5)],
            set_aside: false,
        }
    }

    #[test]
    fn a_trial_can_be_read_until_it_is_removed() {
        let disk = MemoryDisk::default();
        let store = store(&disk);
        let (session, other) = (SessionId::random(), SessionId::random());
        assert_eq!(store.trial(session).unwrap(), None);
        store.write_trial(&trial(session)).unwrap();
        store.write_trial(&Trial { tries: 1, ..trial(other) }).unwrap();
        assert_eq!(store.trial(session).unwrap(), Some(trial(session)));
        store.remove_trial(session).unwrap();
        store.remove_trial(session).unwrap();
        assert_eq!(store.trial(session).unwrap(), None);
        assert_eq!(store.trial(other).unwrap().map(|trial| trial.tries), Some(1));
    }

    #[test]
    fn removing_a_trial_removes_its_copy_aside() {
        let directory = tempfile::tempdir().unwrap();
        let (data, state) = (directory.path().join("data"), directory.path().join("state"));
        let layout = Layout { data, state, profile: "default".to_owned() };
        let store = DirectoryStore::new(Arc::new(RealDisk), layout);
        let session = SessionId::random();
        store.write_trial(&trial(session)).unwrap();
        let path = store.layout().trial(session);
        std::fs::copy(&path, small_file_aside(&path)).unwrap();
        store.remove_trial(session).unwrap();
        assert_eq!(store.trial(session).unwrap(), None, "an older one should not be back");
    }

    #[test]
    fn a_damaged_or_misplaced_trial_is_ignored() {
        let disk = MemoryDisk::default();
        let store = store(&disk);
        let session = SessionId::random();
        store.write_trial(&trial(session)).unwrap();
        let bytes = disk.content(&store.layout().trial(session)).unwrap();
        for position in 0..bytes.len() {
            disk.corrupt(&store.layout().trial(session), position, 0x10);
            assert_eq!(store.trial(session).unwrap(), None, "byte {position}");
            disk.corrupt(&store.layout().trial(session), position, 0x10);
        }
        let other = SessionId::random();
        disk.put(&store.layout().trial(other), &bytes);
        assert_eq!(store.trial(other).unwrap(), None);
        assert!(disk.list(Path::new("state")).is_ok());
    }

    #[test]
    fn a_trial_that_cannot_be_read_is_an_error() {
        let disk = MemoryDisk::default();
        let store = store(&disk);
        let session = SessionId::random();
        store.write_trial(&trial(session)).unwrap();
        for kind in [io::ErrorKind::Other, io::ErrorKind::PermissionDenied] {
            disk.fail_next(Operation::Read, kind);
            assert_eq!(store.trial(session).unwrap_err().io_kind(), Some(kind));
        }
        assert_eq!(store.trial(session).unwrap(), Some(trial(session)));
    }
}
