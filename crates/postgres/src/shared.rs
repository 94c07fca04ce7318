//! The store of a spectator: one session that was shared, only to be read.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Key, Listing, ReplicaStore, StoreFault};
use tokio_postgres::Client;

use crate::PostgresError;
use crate::failure::PostgresCheckError;
use crate::pool::Pool;
use crate::shares;
use crate::token::ShareToken;

/// A session that somebody has [shared](crate::PostgresReplica::share), for `SessionFollower::in_store`. It can be read
/// until the share ends, and nothing can be created, claimed or deleted.
///
/// The role of its URL is a member of `bevy_session_spectator`, which can do nothing without a token.
pub struct SharedSession {
    session: SessionId,
    pool: Pool,
    /// Set once the server has refused the token: it is asked no more, however often somebody looks.
    has_ended: AtomicBool,
}

/// The refusal of everything but reading.
#[derive(Debug, thiserror::Error)]
#[error("what was shared can only be read, and is one session")]
struct OnlyRead;

impl fmt::Debug for SharedSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedSession")
            .field("session", &self.session)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl SharedSession {
    /// The session that a token opens in a database, `postgres://USER@HOST:PORT/DATABASE`. The password is that of the URL, or else that of the
    /// environment variable `PGPASSWORD`. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`PostgresError`] if the URL or the certificates can't be read.
    pub fn open(url: &str, token: &ShareToken) -> Result<Self, PostgresError> {
        let pool = Pool::of(url, Some(&token.options()))?;
        Ok(Self { session: token.session(), pool, has_ended: AtomicBool::new(false) })
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Looks whether the session can be read now. It takes ten seconds at most.
    ///
    /// # Errors
    ///
    /// [`PostgresCheckError::NotShared`] if the share has ended, was ended, or never was. Others say what is wrong with the server.
    pub fn check(&self) -> Result<(), PostgresCheckError> {
        self.look(async |client| shares::list(client, self.session).await).map(drop)
    }

    fn look<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<T, PostgresCheckError> {
        if self.has_ended.load(Ordering::Relaxed) {
            return Err(PostgresCheckError::NotShared);
        }
        let answer = self.pool.ask(ask);
        if matches!(answer, Err(PostgresCheckError::NotShared)) {
            self.has_ended.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// Returns a refusal unless it is about the session that was shared.
    fn only(&self, session: SessionId) -> Result<(), StoreFault> {
        if session == self.session { Ok(()) } else { Err(StoreFault::new(session, OnlyRead)) }
    }
}

impl ReplicaStore for SharedSession {
    fn create(&self, key: Key, _: &[u8]) -> Result<Created, StoreFault> {
        Err(StoreFault::new(key, OnlyRead))
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.only(key.session())?;
        let read = self.look(async |client| shares::read(client, key).await);
        read.map_err(|error| StoreFault::new(key, error))
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.only(session)?;
        let listing = self.look(async |client| shares::list(client, session).await);
        listing.map_err(|error| StoreFault::new(session, error))
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        Err(StoreFault::new(key, OnlyRead))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        Err(StoreFault::new("sessions", OnlyRead))
    }
}
