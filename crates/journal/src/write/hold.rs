//! The right to write a session, and what becomes of a run that lost it.
//!
//! The lock is a file in the state directory. If that is deleted while the game runs, the file that is locked has no
//! name any more, and another process can lock a new one. So the lock is checked before a batch is written, once more
//! when it is durable and before it is acknowledged, and with each heartbeat. That leaves no gap on one machine: a
//! process that takes the lock after the second check reads the journal after that, and finds everything in it that was
//! acknowledged.

use std::io::ErrorKind;
use std::time::Duration;

use tracing::{info, warn};

use super::backoff::Backoff;
use super::open_segment::WriteFailure;
use crate::disk::{DirectoryStore, SessionLock, StoreError, StoredSession, with_sources};
use crate::model::ids::{CheckpointId, SessionId};

/// The right to write a session.
#[derive(Default)]
pub struct Hold {
    /// Held from before the session becomes visible. `None` for a new session that nothing was
    /// written of, and where the file system has no locks.
    lock: Option<SessionLock>,
    /// Set once another process was found to have taken it.
    lost: Option<Backoff>,
    /// True if the lock's file vanished and it isn't known yet if another process has played meanwhile: only a look
    /// that is completed finds out.
    is_in_doubt: bool,
}

impl From<Option<SessionLock>> for Hold {
    fn from(lock: Option<SessionLock>) -> Self {
        Self { lock, ..Self::default() }
    }
}

impl Hold {
    /// Returns true if another process took the session over. Nothing is written then.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Notes that another process took the session over.
    pub(super) fn lose(&mut self, now: Duration) {
        self.lock = None;
        self.is_in_doubt = false;
        let mut again = Backoff::default();
        again.failed(now);
        self.lost = Some(again);
    }

    /// Lets go of the lock, whose file vanished together with the session's. It is taken again with the
    /// next write.
    pub(super) fn let_go(&mut self) {
        self.lock = None;
        self.is_in_doubt = false;
    }

    /// Makes sure that no other process writes the session: takes the lock, or looks whether it is
    /// still held. `newest` is the newest checkpoint on the line that is played.
    ///
    /// # Errors
    ///
    /// [`WriteFailure::InUse`] if another process has the session, or has played it meanwhile.
    pub(super) fn ensure(
        &mut self,
        store: &DirectoryStore,
        session: SessionId,
        newest: Option<CheckpointId>,
    ) -> Result<(), WriteFailure> {
        if self.lock.is_none() && !self.is_in_doubt {
            return self.take(store, session);
        }
        if self.has_vanished()? {
            warn!(%session, "the session's lock file was removed while the session is played");
            self.lock = None;
            self.is_in_doubt = true;
        }
        if !self.is_in_doubt {
            return Ok(());
        }
        if self.lock.is_none() {
            self.take(store, session)?;
        }
        // Another process may have come and gone meanwhile.
        if is_played_on(store, session, newest)? {
            return Err(WriteFailure::InUse);
        }
        self.is_in_doubt = false;
        Ok(())
    }

    /// Looks whether the lock is still held, if there was one to take.
    pub(super) fn check(
        &mut self,
        store: &DirectoryStore,
        session: SessionId,
        newest: Option<CheckpointId>,
    ) -> Result<(), WriteFailure> {
        match self.lock.is_some() || self.is_in_doubt {
            true => self.ensure(store, session, newest),
            false => Ok(()),
        }
    }

    /// Takes the lock of a lost session again, if no process has it now and none has played it meanwhile. Returns true
    /// if it did.
    pub(super) fn try_again(
        &mut self,
        store: &DirectoryStore,
        session: SessionId,
        newest: Option<CheckpointId>,
        now: Duration,
    ) -> bool {
        let Some(again) = &mut self.lost else { return false };
        if !again.remaining(now).is_zero() {
            return false;
        }
        again.failed(now);
        let taken = self.take(store, session);
        let is_ours = match taken.and_then(|()| is_played_on(store, session, newest)) {
            Ok(played_on) => !played_on,
            Err(WriteFailure::InUse) => false,
            Err(failure) => {
                warn!(%session, error = %with_sources(&failure), "the session's lock can't be taken again");
                false
            }
        };
        match is_ours {
            true => {
                info!(%session, "no other process has played the session meanwhile: saving goes on");
                self.lost = None;
            }
            false => self.lock = None,
        }
        is_ours
    }

    fn has_vanished(&self) -> Result<bool, StoreError> {
        self.lock.as_ref().map_or(Ok(false), |lock| lock.is_held().map(|is_held| !is_held))
    }

    fn take(&mut self, store: &DirectoryStore, session: SessionId) -> Result<(), WriteFailure> {
        match store.lock_session(session) {
            Ok(Some(lock)) => self.lock = Some(lock),
            Ok(None) => return Err(WriteFailure::InUse),
            Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Returns true if another run has continued the line that ends with `newest`, or it was set aside or deleted. A file
/// that can't be read may hold just that.
fn is_played_on(
    store: &DirectoryStore,
    session: SessionId,
    newest: Option<CheckpointId>,
) -> Result<bool, WriteFailure> {
    let stored: StoredSession = match store.open_session(session) {
        Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => return Ok(false),
        opened => opened?,
    };
    let index = stored.index();
    if index.is_forgotten() || index.unreadable_file().is_some() {
        return Ok(true);
    }
    let heads = index.heads();
    let is_ours = newest
        .is_some_and(|newest| heads.iter().any(|head| head.id.run == newest.run && !head.declined));
    Ok(!is_ours && !heads.is_empty())
}
