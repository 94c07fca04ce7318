//! Opens sessions, and says how they were left without asking for a lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy_session_journal::clock;
use bevy_session_journal::journal::Head;
use bevy_session_journal::store::{
    Disk, Layout, LocalStore, ReadOnlyDisk, RealDisk, StoreError, StoredSession, read_all,
};
use bevy_session_journal::{RunId, SessionId};
use serde::Serialize;

use crate::alive::is_alive;
use crate::failure::Failure;
use crate::place::{self, Place};

/// A profile that is looked at.
pub struct Profile {
    pub place: Place,
    disk: Arc<dyn Disk>,
    /// Who this machine is; `None` if that isn't known here.
    local: Option<LocalStore>,
    held: Vec<Held>,
}

/// A run that a process said it holds.
struct Held {
    run: RunId,
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

/// The profiles of a directory.
pub fn profiles(directory: &Path) -> Result<Vec<Profile>, Failure> {
    place::find(directory)?.into_iter().map(|place| Ok(Profile::new(place)?)).collect()
}

/// The one session of a directory whose id begins so.
pub fn choose(directory: &Path, session: &str) -> Result<(Profile, SessionId), Failure> {
    let wanted = session.to_lowercase();
    let mut found = Vec::new();
    for profile in profiles(directory)? {
        let sessions = profile.sessions()?;
        let sessions = sessions.into_iter().filter(|id| id.to_string().starts_with(&wanted));
        found.extend(sessions.map(|id| (profile.place.clone(), id)));
    }
    let (session, directory) = (session.to_owned(), directory.to_owned());
    match found.len() {
        0 => Err(Failure::UnknownSession { session, directory }),
        // Profiles may hold copies of one session; which one is meant can be said by the directory.
        count if count > 1 => Err(Failure::Ambiguous { session, count, directory }),
        _ => match found.pop() {
            Some((place, id)) => Ok((Profile::new(place)?, id)),
            None => Err(Failure::UnknownSession { session, directory }),
        },
    }
}

impl Profile {
    fn new(place: Place) -> Result<Self, StoreError> {
        // Whatever is asked of it, nothing gets changed.
        let disk: Arc<dyn Disk> = Arc::new(ReadOnlyDisk::new(Arc::new(RealDisk)));
        let (mut local, mut held) = (None, Vec::new());
        if let (Some(data), Some(state)) = (place.data.clone(), place.state.clone()) {
            held = held_in(&*disk, &state)?;
            let layout = Layout { data, state, profile: place.profile.clone() };
            local = Some(LocalStore::new(Arc::clone(&disk), layout));
        }
        Ok(Self { place, disk, local, held })
    }

    /// What is read through.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// The sessions that have a directory, the oldest first.
    pub fn sessions(&self) -> Result<Vec<SessionId>, Failure> {
        if let Some(only) = self.place.only {
            return Ok(vec![only]);
        }
        let directory = &self.place.sessions;
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
        match StoredSession::open(&*self.disk, self.directory_of(session), session) {
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Where a session's files are.
    pub fn directory_of(&self, session: SessionId) -> PathBuf {
        self.place.sessions.join(session.to_string())
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

    fn holder(&self, head: &Head) -> Option<&Held> {
        self.held.iter().find(|held| held.run == head.id.run)
    }
}

fn unlisted(path: &Path, source: io::Error) -> Failure {
    let action = bevy_session_journal::store::StoreAction::List;
    StoreError::Disk { action, path: path.to_owned(), source }.into()
}

/// The runs that processes of this machine said they hold.
fn held_in(disk: &dyn Disk, state: &Path) -> Result<Vec<Held>, StoreError> {
    let records = read_all(disk, state)?.into_iter().filter_map(|found| found.record.ok());
    let held = records.flat_map(|record| {
        let has_exited = record.ended.is_some() || record.exiting.is_some();
        let is_alive = is_alive(&record, clock::timestamp());
        let panic = record.panic.map(|panic| panic.message);
        record.runs.into_iter().map(move |held| Held {
            run: held.run,
            has_exited: has_exited || held.left,
            is_alive,
            panic: panic.clone(),
        })
    });
    Ok(held.collect())
}
