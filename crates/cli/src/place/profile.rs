//! Opens sessions, and says how they were left without asking for a lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy_session_journal::internal::disk::process::{LOG_BYTES, how_it_ended};
use bevy_session_journal::internal::disk::{
    ArchivesDisk, Disk, Layout, LocalStore, ProcessId, ProcessRecord, ReadOnlyDisk, RealDisk,
    StoreError, StoredSession, Trial, end_of_log, log_files, read_all, read_log,
};
use bevy_session_journal::internal::format::Head;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::{CheckpointId, HowItEnded, PanicInfo, ProcessDeath, SessionId};
use serde::Serialize;

use super::directory::ProfileDirectory;
use crate::alive::is_running;
use crate::condition::Condition;
use crate::failure::Failure;
use crate::logged::logged_line;

/// Lines of a log that are shown.
const LINES: usize = 20;

/// A note on the facts that can't be known without the state directory.
pub const UNKNOWN_WITHOUT_RECORDS: &str = "\
no state directory is beside the data, so it isn't known which sessions crashed, and what was saved after their \
last clean end";

/// A profile that is looked at.
pub struct Profile {
    pub directory: ProfileDirectory,
    pub disk: Arc<dyn Disk>,
    /// The file that is all there is of its session, if one was given.
    file: Option<PathBuf>,
    /// The store of this machine, with its host id; `None` if that isn't known here.
    pub local: Option<LocalStore>,
    processes: Vec<Process>,
}

/// A process, by its record.
struct Process {
    path: PathBuf,
    record: ProcessRecord,
    is_running: bool,
}

/// The way in which the run that wrote a head was left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// It ended, and the journal says so.
    #[serde(rename = "cleanly")]
    Ended,
    /// Its process exited, and was too slow to write the end.
    #[serde(rename = "cleanly")]
    Exited,
    /// A process that lives plays it.
    InUse,
    /// Its process is gone.
    #[serde(rename = "crash")]
    Crashed,
    /// It was on another machine, which may still play it.
    Elsewhere,
    /// It has no end, and what this machine knows of processes isn't here.
    Unknown,
}

impl Left {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Exited => "exited",
            Self::InUse => "in use",
            Self::Crashed => "crashed",
            Self::Elsewhere => "elsewhere",
            Self::Unknown => "no end",
        }
    }
}

impl Profile {
    /// A profile in a directory of this disk.
    pub fn of_directory(
        directory: ProfileDirectory,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, StoreError> {
        let (mut local, mut processes) = (None, Vec::new());
        if let (Some(data), Some(state)) = (directory.data.clone(), directory.state.clone()) {
            processes = processes_in(&*disk, &state)?;
            let layout = Layout::by_directory(data, state, &directory.profile);
            local = Some(LocalStore::new(Arc::clone(&disk), layout));
        }
        Ok(Self { directory, disk, file: None, local, processes })
    }

    /// The part of a session that a single file has.
    pub fn of_file(
        directory: ProfileDirectory,
        disk: Arc<dyn Disk>,
        file: PathBuf,
        session: SessionId,
    ) -> Self {
        let directory = ProfileDirectory { only: Some(session), ..directory };
        Self { directory, disk, file: Some(file), local: None, processes: Vec::new() }
    }

    /// True if it is all of what a single file has.
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// The store as its game has it, with a disk that can be written.
    pub fn to_change(&self) -> Result<LocalStore, Failure> {
        let ProfileDirectory { profile, sessions, data, state, .. } = &self.directory;
        let no_records = || Failure::NoRecords { place: sessions.display().to_string() };
        let (data, state) = data.clone().zip(state.clone()).ok_or_else(no_records)?;
        let layout = Layout::by_directory(data, state, profile);
        // Otherwise the locks would be others than the game's.
        if layout.sessions() != *sessions {
            return Err(Failure::UnknownProfile { directory: profile.clone() });
        }
        may_write(sessions)?;
        Ok(LocalStore::new(Arc::new(ArchivesDisk::new(Arc::new(RealDisk))), layout))
    }

    /// The disk for reading.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// The sessions that have a directory, the oldest first.
    pub fn sessions(&self) -> Result<Vec<SessionId>, Failure> {
        if let Some(only) = self.directory.only {
            return Ok(vec![only]);
        }
        let directory = &self.directory.sessions;
        let entries = match self.disk.list(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.map_err(|source| Failure::unlisted(directory, source))?,
        };
        let names = entries.into_iter().filter(|entry| entry.is_dir).map(|entry| entry.name);
        let mut sessions: Vec<SessionId> = names.filter_map(|name| name.parse().ok()).collect();
        sessions.sort();
        Ok(sessions)
    }

    /// The condition of a session, by what its files say of each other and what processes saw of them.
    pub fn judge(&self, stored: &StoredSession) -> Condition {
        let held = self.processes.iter().flat_map(|process| &process.record.runs);
        let held = held.filter(|held| held.session == stored.id());
        let acknowledged = held.filter_map(|held| {
            Some(CheckpointId { run: held.run, counter: held.last_acknowledged? })
        });
        Condition::of(stored, acknowledged.max_by_key(|id| id.counter))
    }

    /// True if the records of this machine, which have the checkpoints acknowledged since a session was left last,
    /// should be beside the sessions, and aren't.
    pub fn lacks_records(&self) -> bool {
        self.local.is_none() && !self.is_file()
    }

    /// Opens a session; `None` if it was deleted meanwhile.
    pub fn open(&self, session: SessionId) -> Result<Option<StoredSession>, StoreError> {
        if let Some(file) = &self.file {
            return Ok(Some(StoredSession::of_file(&*self.disk, file, session)));
        }
        match StoredSession::open(&*self.disk, self.directory_of(session), session) {
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The directory of a session's files, or the file that was given.
    pub fn directory_of(&self, session: SessionId) -> PathBuf {
        let directory = || self.directory.sessions.join(session.to_string());
        self.file.clone().unwrap_or_else(directory)
    }

    /// The restore of a session that hasn't proven itself yet, if there is one that can be read.
    pub fn trial(&self, session: SessionId) -> Option<Trial> {
        self.local.as_ref()?.store.trial(session).ok()?
    }

    /// The way in which the run of a head was left.
    pub fn left(&self, head: &Head) -> Left {
        if head.end.is_some() {
            return Left::Ended;
        }
        let Some(holder) = self.holder(head) else {
            return match &self.local {
                None => Left::Unknown,
                Some(local) if local.is_elsewhere(head.host) => Left::Elsewhere,
                Some(_) => Left::Crashed,
            };
        };
        match holder.is_running {
            _ if holder.has_left(head) => Left::Exited,
            true => Left::InUse,
            false => Left::Crashed,
        }
    }

    /// The cause of that: a word, or a panic's message.
    pub fn cause(&self, head: &Head) -> Option<String> {
        match (self.left(head), &head.end) {
            (Left::Ended, Some(end)) => Some(end.leaving.cause.name().to_owned()),
            (Left::Exited, _) => Some("exited before its end was written".to_owned()),
            (Left::Crashed, _) => Some(match self.panic(head) {
                Some(panic) => format!("panic: {}", panic.message),
                None => "the process is gone".to_owned(),
            }),
            _ => None,
        }
    }

    /// The deaths of the processes that held the run of a head, or died while they restored it, as far as no recovery
    /// has written them into the session's log: the oldest first.
    pub fn deaths(&self, head: &Head) -> Vec<ProcessDeath> {
        if self.left(head) != Left::Crashed {
            return Vec::new();
        }
        let holder = self.holder(head);
        let died = holder.into_iter().chain(self.died_restoring(head));
        let ended = died.map(|process| self.how_it_ended(process));
        ended.map(|ended| ProcessDeath::new(ended.name(), ended.panic().cloned())).collect()
    }

    /// The panic of which the last of these processes died.
    pub fn panic(&self, head: &Head) -> Option<PanicInfo> {
        self.deaths(head).pop()?.panic
    }

    fn how_it_ended(&self, process: &Process) -> HowItEnded {
        let boot = self.local.as_ref().map(|local| local.boot.as_str()).unwrap_or_default();
        how_it_ended(&process.record, boot)
    }

    /// The processes that died while they restored the session, since the one that played the head, the oldest first.
    fn died_restoring(&self, head: &Head) -> Vec<&Process> {
        let trial = self.trial(head.metadata.id);
        let mut died = Vec::new();
        for process in trial.iter().flat_map(Trial::processes) {
            let known = self.processes.iter().find(|it| it.record.process == process);
            match known.filter(|it| !it.is_running && !it.has_exited()) {
                Some(known) if !known.holds(head) => died.push(known),
                // What was before it is in the session's log.
                _ => died.clear(),
            }
        }
        died
    }

    /// The last lines that the process logged which held the run of a head that was left by a crash.
    pub fn last_logged(&self, head: &Head) -> Vec<String> {
        let died = self.died_restoring(head).pop().or_else(|| self.holder(head));
        let died = died.filter(|_| self.left(head) == Left::Crashed);
        let Some((died, state)) = died.zip(self.directory.state.as_ref()) else {
            return Vec::new();
        };
        let log = read_log(&*self.disk, &died.path, LOG_BYTES);
        if !log.is_empty() {
            return last_of(log.lines().map(str::to_owned).collect());
        }
        let log = end_of_log(&*self.disk, state, died.record.process, LOG_BYTES as u64);
        last_of(log.lines().map(logged_line).collect())
    }

    /// The files in which the process that held the run of a head keeps its log, the oldest first.
    pub fn log_files(&self, head: &Head) -> Vec<PathBuf> {
        let Some(state) = &self.directory.state else { return Vec::new() };
        let died = self.holder(head).into_iter().chain(self.died_restoring(head));
        let died: Vec<ProcessId> = died.map(|process| process.record.process).collect();
        let files = log_files(&*self.disk, state).into_iter();
        files.filter(|file| died.contains(&file.process)).map(|file| file.path).collect()
    }

    fn holder(&self, head: &Head) -> Option<&Process> {
        self.processes.iter().find(|process| process.holds(head))
    }
}

impl Process {
    fn holds(&self, head: &Head) -> bool {
        self.record.runs.iter().any(|held| held.run == head.id.run)
    }

    fn has_exited(&self) -> bool {
        // One that hung before it was asked to has exited by no means, in whichever boot that was.
        self.record.ended.is_some() || how_it_ended(&self.record, "") == HowItEnded::Exited
    }

    /// True if it exited, or left the run of a head, though it couldn't write the end.
    fn has_left(&self, head: &Head) -> bool {
        let mut held = self.record.runs.iter().filter(|held| held.run == head.id.run);
        self.has_exited() || held.any(|held| held.left)
    }
}

fn last_of(mut lines: Vec<String>) -> Vec<String> {
    lines.split_off(lines.len().saturating_sub(LINES))
}

/// Fails where root would write among the sessions of another user: files are their owner's alone, so the game couldn't
/// read them any more. Of sessions that aren't there yet, the directory above decides.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "a disk doesn't say whose a directory is")]
fn may_write(sessions: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    for path in sessions.ancestors() {
        match std::fs::metadata(path) {
            Ok(there) if there.uid() == 0 => return Ok(()),
            Ok(there) => {
                return Err(Failure::AnotherUsers { path: path.to_owned(), owner: there.uid() });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::unlisted(path, error)),
        }
    }
    Ok(())
}

/// Elsewhere there is no root.
#[cfg(not(unix))]
fn may_write(_: &Path) -> Result<(), Failure> {
    Ok(())
}

/// A disk that refuses all changes.
pub fn read_only() -> Arc<dyn Disk> {
    Arc::new(ReadOnlyDisk::new(Arc::new(ArchivesDisk::new(Arc::new(RealDisk)))))
}

/// The store of a profile for reading alone: for that, no records of processes need be there, and no locks are taken.
/// What is written elsewhere is written by a disk that can be written.
pub fn to_read(profile: &Profile) -> Result<LocalStore, Failure> {
    let ProfileDirectory { profile: directory, sessions, data, state, .. } = &profile.directory;
    let unknown = || Failure::UnknownProfile { directory: directory.clone() };
    let data = data.clone().ok_or_else(unknown)?;
    let state = state.clone().unwrap_or_else(|| data.join("state"));
    let layout = Layout::by_directory(data, state, directory);
    if layout.sessions() != *sessions {
        return Err(unknown());
    }
    let local = LocalStore::new(Arc::clone(&profile.disk), layout);
    Ok(local.with_outside(Arc::new(RealDisk)))
}

/// The processes of this machine, by their records.
fn processes_in(disk: &dyn Disk, state: &Path) -> Result<Vec<Process>, StoreError> {
    let records = read_all(disk, state)?.into_iter();
    let records = records.filter_map(|found| Some((found.path, found.record.ok()?)));
    let now = clock::timestamp();
    let process = |(path, record)| {
        let is_running = is_running(&record, now);
        Process { path, record, is_running }
    };
    Ok(records.map(process).collect())
}
