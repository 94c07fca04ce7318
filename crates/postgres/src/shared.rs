//! The store of a spectator: one session that was shared, only to be read.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Key, Listing, ReplicaStore, StoreFault};
use tokio_postgres::Client;

use crate::PostgresError;
use crate::failure::PostgresCheckError;
use crate::pool::Pool;
use crate::shares;
use crate::token::ShareToken;

/// The usual time between two looks at what a session has.
const LOOK: Duration = Duration::from_millis(250);
/// The time after a fault in which the server isn't asked.
const PAUSE: Duration = Duration::from_secs(1);
/// The same where somebody has to change something.
const LONG_PAUSE: Duration = Duration::from_secs(30);

/// A session that somebody has [shared](crate::PostgresReplica::share), for `SessionFollower::in_store`. It can be read
/// until the share ends, and nothing can be created, claimed or deleted.
///
/// The role of its URL is a member of `bevy_session_spectator`, which reads nothing without a token.
pub struct SharedSession {
    session: SessionId,
    pool: Pool,
    interval: Duration,
    known: Mutex<Known>,
}

/// The server's last answers, so that it isn't asked however often somebody looks.
#[derive(Default)]
struct Known {
    listing: Option<(Instant, Listing)>,
    fault: Option<(Instant, PostgresCheckError)>,
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
    /// environment variable `PGPASSWORD`. Nothing is connected yet, but root certificates are read, so a game opens it on a thread that
    /// draws no frames.
    ///
    /// # Errors
    ///
    /// [`PostgresError`] if the URL or the certificates can't be read.
    pub fn open(url: &str, token: &ShareToken) -> Result<Self, PostgresError> {
        let pool = Pool::to_read(url, &token.options())?;
        Ok(Self { session: token.session(), pool, interval: LOOK, known: Mutex::default() })
    }

    /// Sets the time between two looks at what the session has, each of which is a question to the server. 250 milliseconds by default.
    #[must_use]
    pub fn look_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
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

    /// Asks, unless the last question has failed a moment ago. A token that was refused is asked about no more.
    fn look<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<T, PostgresCheckError> {
        if let Some((at, fault)) = &self.known().fault
            && pause(fault).is_none_or(|pause| at.elapsed() < pause)
        {
            return Err(fault.clone());
        }
        let answer = self.pool.ask(ask);
        self.known().fault = answer.as_ref().err().map(|fault| (Instant::now(), fault.clone()));
        answer
    }

    /// The keys of what the session has, by an answer that isn't older than the interval.
    fn listing(&self) -> Result<Listing, PostgresCheckError> {
        if let Some((at, listing)) = &self.known().listing
            && at.elapsed() < self.interval
        {
            return Ok(listing.clone());
        }
        let listing = self.look(async |client| shares::list(client, self.session).await);
        self.known().listing = listing.as_ref().ok().map(|it| (Instant::now(), it.clone()));
        listing
    }

    fn entry(&self, key: Key) -> Result<Option<Vec<u8>>, PostgresCheckError> {
        let read = self.look(async |client| shares::read(client, key).await)?;
        if read.is_none() {
            // It was deleted, and another listing says what came in its place.
            self.known().listing = None;
        }
        Ok(read)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a refusal unless it is about the session that was shared.
    fn only(&self, session: SessionId) -> Result<(), StoreFault> {
        if session == self.session { Ok(()) } else { Err(StoreFault::new(session, OnlyRead)) }
    }
}

/// The time after a fault in which the server isn't asked; `None` if it never is again.
fn pause(fault: &PostgresCheckError) -> Option<Duration> {
    match fault {
        PostgresCheckError::NotShared => None,
        fault if fault.is_refusal() => Some(LONG_PAUSE),
        _ => Some(PAUSE),
    }
}

fn fault(about: impl ToString, error: PostgresCheckError) -> StoreFault {
    match error {
        PostgresCheckError::NotShared => StoreFault::for_good(about, error),
        error => StoreFault::new(about, error),
    }
}

impl ReplicaStore for SharedSession {
    fn create(&self, key: Key, _: &[u8]) -> Result<Created, StoreFault> {
        Err(StoreFault::new(key, OnlyRead))
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.only(key.session())?;
        self.entry(key).map_err(|error| fault(key, error))
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.only(session)?;
        self.listing().map_err(|error| fault(session, error))
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        Err(StoreFault::new(key, OnlyRead))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        Err(StoreFault::new("sessions", OnlyRead))
    }
}
