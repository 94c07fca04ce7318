//! Opens sessions, and says how they were left without asking for a lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy_session_journal::clock;
use bevy_session_journal::journal::Head;
use bevy_session_journal::process::LOG_BYTES;
use bevy_session_journal::store::{
    Disk, Layout, LocalStore, ProcessId, ReadOnlyDisk, RealDisk, StoreError, StoredSession, Trial,
    end_of_log, log_files, read_all, read_log,
};
use bevy_session_journal::{RunId, SessionId};
use serde::Serialize;

use super::directory::ProfileDirectory;
use crate::alive::is_alive;
use crate::failure::Failure;
use crate::logged::logged_line;

/// Lines of a log that are shown.
const LINES: usize = 20;

/// A profile that is looked at.
pub struct Profile {
    pub directory: ProfileDirectory,
    disk: Arc<dyn Disk>,
    /// The file that is all there is of its session, where one was given.
    file: Option<PathBuf>,
    /// Who this machine is; `None` if that isn't known here.
    local: Option<LocalStore>,
    held: Vec<Held>,
}

/// A run that a process said it holds.
struct Held {
    run: RunId,
    process: ProcessId,
    /// The record of the process.
    record: PathBuf,
    has_exited: bool,
    is_alive: bool,
    panic: Option<String>,
}

/// How the run that wrote a head was left.
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
    /// A profile that lies in a directory.
    pub fn of_directory(directory: ProfileDirectory) -> Result<Self, StoreError> {
        let disk = read_only();
        let (mut local, mut held) = (None, Vec::new());
        if let (Some(data), Some(state)) = (directory.data.clone(), directory.state.clone()) {
            held = held_in(&*disk, &state)?;
            let layout = Layout::by_directory(data, state, &directory.profile);
            local = Some(LocalStore::new(Arc::clone(&disk), layout));
        }
        Ok(Self { directory, disk, file: None, local, held })
    }

    /// What a single file has of a session.
    pub fn of_file(
        directory: ProfileDirectory,
        disk: Arc<dyn Disk>,
        file: PathBuf,
        session: SessionId,
    ) -> Self {
        let directory = ProfileDirectory { only: Some(session), ..directory };
        Self { directory, disk, file: Some(file), local: None, held: Vec::new() }
    }

    /// Whether it is all of what a single file has.
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
        Ok(LocalStore::new(Arc::new(RealDisk), layout))
    }

    /// What is read through.
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
            listed => listed.map_err(|source| unlisted(directory, source))?,
        };
        let names = entries.into_iter().filter(|entry| entry.is_dir).map(|entry| entry.name);
        let mut sessions: Vec<SessionId> = names.filter_map(|name| name.parse().ok()).collect();
        sessions.sort();
        Ok(sessions)
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

    /// Where a session's files are, or the one that was given.
    pub fn directory_of(&self, session: SessionId) -> PathBuf {
        let directory = || self.directory.sessions.join(session.to_string());
        self.file.clone().unwrap_or_else(directory)
    }

    /// The restore of a session that hasn't proven itself yet, if there is one that can be read.
    pub fn trial(&self, session: SessionId) -> Option<Trial> {
        self.local.as_ref()?.store.trial(session).ok()?
    }

    /// How the run of a head was left.
    pub fn left(&self, head: &Head) -> Left {
        if head.end.is_some() {
            return Left::Ended;
        }
        let Some(held) = self.holder(head) else {
            return match &self.local {
                None => Left::Unknown,
                Some(local) if local.is_elsewhere(head.host) => Left::Elsewhere,
                Some(_) => Left::Crashed,
            };
        };
        match held.is_alive {
            _ if held.has_exited => Left::Exited,
            true => Left::InUse,
            false => Left::Crashed,
        }
    }

    /// What brought it about: a word, or what was said.
    pub fn cause(&self, head: &Head) -> Option<String> {
        match (self.left(head), &head.end) {
            (Left::Ended, Some(end)) => Some(end.leaving.cause.name().to_owned()),
            (Left::Exited, _) => Some("exited before its end was written".to_owned()),
            (Left::Crashed, _) => Some(match self.panic(head) {
                Some(panic) => format!("panic: {panic}"),
                None => "the process is gone".to_owned(),
            }),
            _ => None,
        }
    }

    /// What the process said that panicked while it held the run of a head.
    pub fn panic(&self, head: &Head) -> Option<String> {
        self.holder(head)?.panic.clone()
    }

    /// The last lines that the process logged which held the run of a head that was left by a crash.
    pub fn last_logged(&self, head: &Head) -> Vec<String> {
        let holder = self.holder(head).filter(|_| self.left(head) == Left::Crashed);
        let Some((held, state)) = holder.zip(self.directory.state.as_ref()) else {
            return Vec::new();
        };
        let log = read_log(&*self.disk, &held.record, LOG_BYTES);
        if !log.is_empty() {
            return last_of(log.lines().map(str::to_owned).collect());
        }
        let log = end_of_log(&*self.disk, state, held.process, LOG_BYTES as u64);
        last_of(log.lines().map(logged_line).collect())
    }

    /// The files in which the process that held the run of a head keeps its log, the oldest first.
    pub fn log_files(&self, head: &Head) -> Vec<PathBuf> {
        let Some((held, state)) = self.holder(head).zip(self.directory.state.as_ref()) else {
            return Vec::new();
        };
        let files = log_files(&*self.disk, state).into_iter();
        files.filter(|file| file.process == held.process).map(|file| file.path).collect()
    }

    fn holder(&self, head: &Head) -> Option<&Held> {
        self.held.iter().find(|held| held.run == head.id.run)
    }
}

fn last_of(mut lines: Vec<String>) -> Vec<String> {
    lines.split_off(lines.len().saturating_sub(LINES))
}

/// Whatever is asked of it, nothing gets changed.
pub fn read_only() -> Arc<dyn Disk> {
    Arc::new(ReadOnlyDisk::new(Arc::new(RealDisk)))
}

fn unlisted(path: &Path, source: io::Error) -> Failure {
    let action = bevy_session_journal::store::StoreAction::List;
    StoreError::Disk { action, path: path.to_owned(), source }.into()
}

/// The runs that processes of this machine said they hold.
fn held_in(disk: &dyn Disk, state: &Path) -> Result<Vec<Held>, StoreError> {
    let records = read_all(disk, state)?.into_iter();
    let records = records.filter_map(|found| Some((found.path, found.record.ok()?)));
    let held = records.flat_map(|(path, record)| {
        let has_exited = record.ended.is_some() || record.exiting.is_some();
        let is_alive = is_alive(&record, clock::timestamp());
        let panic = record.panic.map(|panic| panic.message);
        record.runs.into_iter().map(move |held| Held {
            run: held.run,
            process: record.process,
            record: path.clone(),
            has_exited: has_exited || held.left,
            is_alive,
            panic: panic.clone(),
        })
    });
    Ok(held.collect())
}
