//! Reading a session that another process plays, as it grows.
//!
//! A tail owns nothing and writes nothing: no claim, no lock, no file. Whatever it reads is a set of files that a crash could have
//! left, so the planner that opens a session after one opens it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::extents::Extents;
use super::recorder::SessionFiles;
use super::{Direct, FileName, FileState, Log, ReadError, ReplicaStore, StoreFault, block_on};
use crate::disk::{Disk, Layout, LocalStore, MemoryDisk, ReadOnlyDisk, StoreError};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{
    RecoveryError, RequestError, RestoreFrom, RestoreReason, SessionStatus,
};
use crate::read::recovery::{Decode, PrepareFailure, Prepared, SessionFinder, Wanted, prepare};

/// Reads a session that another process plays.
pub struct Tail {
    session: SessionId,
    files: TailedFiles,
    finder: SessionFinder,
    /// What was read last, or turned out to be damaged.
    newest: Option<CheckpointId>,
    status: Option<SessionStatus>,
}

/// Where its files are.
enum TailedFiles {
    /// In a replica. Those that matter are kept in memory as well, as far as they were read.
    Replica(Box<Mirror>),
    /// In the directory that the other process writes to, which had this stamp.
    Directory { stamp: Option<u64> },
}

struct Mirror {
    reach: Direct,
    log: Log,
    disk: MemoryDisk,
    place: SessionFiles,
    /// Lengths and hashes of the pieces of each file.
    pieces: BTreeMap<FileName, Vec<(u64, u64)>>,
}

/// What has come since the last look.
#[derive(Debug)]
pub struct Tailed<I> {
    /// The newest checkpoint, where it isn't the one before.
    pub checkpoint: Option<(Box<Prepared<I>>, Timestamp)>,
    /// What became of the session, if its owner has left it; `None` while it is played, and after a crash.
    pub status: Option<SessionStatus>,
}

/// Why nothing was read. What comes later may be readable.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// The replica gave no answer.
    #[error(transparent)]
    Store(StoreFault),
    /// What the replica has can't be read.
    #[error(transparent)]
    Log(ReadError),
    /// The session was removed from the replica.
    #[error("the session was removed")]
    Removed,
    /// The files can't be read.
    #[error(transparent)]
    Files(#[from] StoreError),
    /// The newest checkpoint is damaged.
    #[error("checkpoint {0} is damaged")]
    Damaged(CheckpointId),
    /// The session can't be restored.
    #[error(transparent)]
    Unrecoverable(RecoveryError),
    /// It is refused, as one of another game.
    #[error(transparent)]
    Refused(RequestError),
}

impl TailError {
    /// Returns true if nothing will ever be read again: the session was removed, or isn't shared any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Store(fault) => fault.is_final,
            Self::Removed => true,
            _ => false,
        }
    }
}

impl From<StoreFault> for TailError {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<ReadError> for TailError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(fault) => Self::Store(fault),
            error => Self::Log(error),
        }
    }
}

impl Tail {
    /// One for a session in a replica. What it keeps of it is in memory, laid out like this.
    #[must_use]
    pub fn of_replica(
        store: Arc<dyn ReplicaStore>,
        session: SessionId,
        layout: Layout,
        game: String,
    ) -> Self {
        let (disk, place) = (MemoryDisk::default(), SessionFiles::of(&layout, session));
        let local = LocalStore::new(Arc::new(disk.clone()), layout);
        let (reach, log, pieces) = (Direct(store), Log::new(session), BTreeMap::new());
        let mirror = Mirror { reach, log, disk, place, pieces };
        Self::of(session, TailedFiles::Replica(Box::new(mirror)), local, game)
    }

    /// One for a session whose files another process of this machine writes.
    #[must_use]
    pub fn of_directory(
        disk: Arc<dyn Disk>,
        session: SessionId,
        layout: Layout,
        game: String,
    ) -> Self {
        let local = LocalStore::new(Arc::new(ReadOnlyDisk::new(disk)), layout);
        Self::of(session, TailedFiles::Directory { stamp: None }, local, game)
    }

    fn of(session: SessionId, files: TailedFiles, local: LocalStore, game: String) -> Self {
        let finder = SessionFinder::new(Arc::new(local), Vec::new(), Duration::ZERO).of_game(game);
        Self { session, files, finder, newest: None, status: None }
    }

    /// Reads what has come. Only what changed is read, and only the newest checkpoint is decoded.
    ///
    /// # Errors
    ///
    /// [`TailError`]. After any of them it can be called again.
    pub fn look<D: Decode>(
        &mut self,
        types: &D,
        now: Timestamp,
    ) -> Result<Tailed<D::Image>, TailError> {
        let mut tailed = Tailed { checkpoint: None, status: self.status };
        let is_news = match &mut self.files {
            TailedFiles::Replica(mirror) => mirror.read_on()?,
            TailedFiles::Directory { stamp } => {
                match self.finder.store().session_stamp(self.session) {
                    // It isn't there yet.
                    Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => false,
                    found => {
                        let found = Some(found?);
                        std::mem::replace(stamp, found) != found
                    }
                }
            }
        };
        if !is_news {
            return Ok(tailed);
        }
        let stored = match self.finder.store().open_session(self.session) {
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => return Ok(tailed),
            stored => stored?,
        };
        let Some(head) = stored.index().newest_head() else { return Ok(tailed) };
        let (newest, taken) = (head.id, head.time);
        self.status = head.end.as_ref().map(|_| head.status);
        tailed.status = self.status;
        if self.newest == Some(newest) || stored.index().is_without_world(newest) {
            return Ok(tailed);
        }
        drop(stored);
        // Whatever comes of it: what is damaged stays so.
        self.newest = Some(newest);
        let prepared = self.read(types, now, newest)?;
        tailed.checkpoint = prepared.map(|prepared| (Box::new(prepared), taken));
        Ok(tailed)
    }

    fn read<D: Decode>(
        &mut self,
        types: &D,
        now: Timestamp,
        newest: CheckpointId,
    ) -> Result<Option<Prepared<D::Image>>, TailError> {
        let wanted = Wanted {
            session: self.session,
            from: RestoreFrom::Latest,
            // Nothing is left by it, and nothing tried.
            reason: RestoreReason::BranchedOff,
            tail: None,
            played: None,
            by_name: false,
            is_return: false,
            probation: Duration::ZERO,
        };
        match prepare(&mut self.finder, types, wanted, now) {
            Ok(prepared) => Ok(Some(prepared)),
            // Files come and go while they are read.
            Err(PrepareFailure::Rejected(
                RequestError::UnknownSession
                | RequestError::NothingToRestore
                | RequestError::UnknownCheckpoint
                | RequestError::CheckpointPruned,
            )) => {
                self.newest = None;
                Ok(None)
            }
            Err(PrepareFailure::Rejected(error)) => Err(TailError::Refused(error)),
            Err(PrepareFailure::Damaged(_)) => Err(TailError::Damaged(newest)),
            Err(PrepareFailure::Unrecoverable(error)) => Err(TailError::Unrecoverable(error)),
        }
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, newest, .. } = self;
        formatter
            .debug_struct("Tail")
            .field("session", session)
            .field("newest", newest)
            .finish_non_exhaustive()
    }
}

impl Mirror {
    /// Brings the files in memory to what the replica has; whether anything is new.
    fn read_on(&mut self) -> Result<bool, TailError> {
        block_on(self.log.refresh(&self.reach))?;
        if self.log.tombstone().is_some() {
            return Err(TailError::Removed);
        }
        let there = self.log.replay()?;
        // Slots and events are no part of a checkpoint.
        let matters = |name: &FileName| {
            name.is_in_session()
                && !Layout::is_events_name(name.name())
                && Layout::place_of_unfinished(name.name()).is_none()
        };
        let mut is_news = false;
        for (name, file) in there.all().iter().filter(|(name, _)| matters(name)) {
            is_news |= self.read_file(name, file)?;
        }
        let gone: Vec<FileName> =
            self.pieces.keys().filter(|name| there.get(name).is_none()).cloned().collect();
        for name in gone {
            self.disk.remove_all(&self.place.path(&name));
            self.pieces.remove(&name);
            is_news = true;
        }
        Ok(is_news)
    }

    /// Reads what of a file isn't in memory; whether there was anything.
    fn read_file(&mut self, name: &FileName, file: &FileState) -> Result<bool, ReadError> {
        let there: Vec<(u64, u64)> =
            file.extents.iter().map(|extent| (extent.len, extent.hash)).collect();
        let here = self.pieces.get(name);
        if here == Some(&there) {
            return Ok(false);
        }
        let path = self.place.path(name);
        let known = here.filter(|here| there.starts_with(here)).map_or(0, Vec::len);
        let mut bytes = match known {
            0 => Vec::new(),
            _ => self.disk.content(&path).unwrap_or_default(),
        };
        let mut extents = Extents::of(&self.reach, self.log.session());
        for extent in file.extents.iter().skip(known) {
            bytes.extend_from_slice(block_on(extents.read(*extent))?);
        }
        self.disk.put(&path, &bytes);
        self.pieces.insert(name.clone(), there);
        Ok(true)
    }
}
