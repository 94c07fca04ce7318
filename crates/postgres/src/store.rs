//! The store, and what is asked of its server.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{
    CatalogueLine, Created, Epoch, Key, Listing, ReplicaStore, StoreFault,
};
use tokio_postgres::Client;
use tracing::warn;

use crate::catalogue;
use crate::check::check;
use crate::connection::Connection;
use crate::failure::PostgresCheckError;
use crate::pool::Pool;
use crate::rows;
use crate::shares;
use crate::token::{ShareError, ShareToken};

/// A store in Postgres 12 or newer.
pub struct PostgresReplica {
    pool: Pool,
    catalogue_faults: catalogue::Faults,
    /// Nothing of what was shared can be ended by this role, which was said.
    cannot_end: AtomicBool,
}

/// The reason that a store can't be used, before its server is asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The URL can't be read. It isn't shown, since it may have a password.
    #[error(
        "the URL of the database can't be read: postgres://USER@HOST:PORT/DATABASE is expected"
    )]
    Url,
    /// Certificates can't be read, or can't be used.
    #[error("the root certificates for the database's TLS can't be used")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
    /// There is no root certificate to verify a certificate with.
    #[error("there is no root certificate to verify the database's TLS with")]
    NoRoots,
}

impl fmt::Debug for PostgresReplica {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PostgresReplica").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl PostgresReplica {
    /// The store of a database, `postgres://USER@HOST:PORT/DATABASE`. The password is that of the URL, or else that of the
    /// environment variable `PGPASSWORD`. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`PostgresError`] if the URL or the certificates can't be read.
    pub fn new(url: &str) -> Result<Self, PostgresError> {
        let pool = Pool::of(url)?;
        let cannot_end = AtomicBool::new(false);
        Ok(Self { pool, catalogue_faults: catalogue::Faults::default(), cannot_end })
    }

    /// Checks that the server does what a replica needs: it lets the role in, writes, has the tables or lets the role make
    /// them, and gives it the rights to create, read, list and delete objects. The check takes ten seconds at most, and
    /// leaves no object behind.
    ///
    /// A game needn't call it, and one that does can say at its start what a person has to change. A server [that may heal by
    /// itself](PostgresCheckError::is_refusal) may answer later, and the game starts without it.
    ///
    /// # Errors
    ///
    /// [`PostgresCheckError`] names what is missing.
    pub fn check(&self) -> Result<(), PostgresCheckError> {
        let (connection, ()) = self.pool.open(check)?;
        self.pool.keep(connection);
        Ok(())
    }

    /// Shares a session: who has the token reads it for so long, seven days at most, and nothing else. A spectator opens it by
    /// [`SharedSession::open`](crate::SharedSession::open).
    ///
    /// It waits for the server, for ten seconds at most, so a game calls it on a thread that draws no frames. The database has to have
    /// the tables of `roles.sql`, which lies beside this package's manifest, and the role is that of a server.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if it would last for too long or too short, the session was withdrawn, or the server can't be used.
    pub fn share(&self, session: SessionId, lasts: Duration) -> Result<ShareToken, ShareError> {
        if lasts < Duration::from_secs(1) || lasts > shares::LONGEST {
            return Err(ShareError::Length);
        }
        let token = ShareToken::new(session)?;
        let is_shared = self.pool.ask(async |client| shares::add(client, &token, lasts).await)?;
        if is_shared { Ok(token) } else { Err(ShareError::Withdrawn) }
    }

    /// Ends what was shared by a token, at once: nothing is read by it any more. Returns false if it had ended before.
    ///
    /// # Errors
    ///
    /// [`PostgresCheckError`]; then it may still be shared.
    pub fn unshare(&self, token: &ShareToken) -> Result<bool, PostgresCheckError> {
        self.end(async |client| shares::end(client, token).await)
    }

    /// Ends all that was shared of a session, at once, by whichever machine. Returns the number of tokens.
    ///
    /// # Errors
    ///
    /// [`PostgresCheckError`]; then it may still be shared.
    pub fn unshare_all(&self, session: SessionId) -> Result<u64, PostgresCheckError> {
        self.end(async |client| shares::end_all(client, session).await)
    }

    /// Asks on a new connection: one that was free may be dead, and somebody waits for the end.
    fn end<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<T, PostgresCheckError> {
        let (connection, ended) = self.pool.open(ask)?;
        self.pool.keep(connection);
        Ok(ended)
    }

    fn ask<T>(
        &self,
        about: impl ToString,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<T, StoreFault> {
        self.pool.ask(ask).map_err(|error| StoreFault::new(about, error))
    }

    /// Asks about the catalogue. A connection that gives no answer is closed, and others stay.
    fn keep_catalogue(
        &self,
        mut connection: Connection,
        ask: impl AsyncFnOnce(&mut Client) -> Result<bool, PostgresCheckError>,
    ) -> Result<bool, PostgresCheckError> {
        let answer = connection.ask_within(catalogue::PATIENCE, ask);
        if !answer.as_ref().is_err_and(PostgresCheckError::is_silence) {
            self.pool.keep(connection);
        }
        answer
    }
}

impl ReplicaStore for PostgresReplica {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.ask(key, async |client| rows::create(client, key, bytes).await)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.ask(key, async |client| rows::read(client, key).await)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.ask(session, async |client| rows::list(client, session).await)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.ask(key, async |client| rows::delete(client, key).await)
    }

    fn describe(&self, line: &CatalogueLine) {
        // What says that a session was left has no other chance.
        if line.machine.is_some() && !self.catalogue_faults.are_over() {
            return;
        }
        // Beside a renewal there is one.
        let Some(connection) = self.pool.take() else { return };
        let described =
            self.keep_catalogue(connection, async |client| catalogue::describe(client, line).await);
        match described {
            Ok(true) => self.catalogue_faults.note_success(),
            Ok(false) => drop(self.catalogue_faults.note()),
            Err(error) => {
                if self.catalogue_faults.note() {
                    let error: &dyn Error = &error;
                    warn!(
                        error,
                        "the list of sessions in the database can't be kept; replicas can"
                    );
                }
            }
        }
    }

    /// Takes the session out of the list, and ends what was shared of it.
    fn forget(&self, session: SessionId, epoch: Epoch) -> Result<(), StoreFault> {
        let idle = self.pool.take();
        let connection = match idle {
            Some(connection) => Ok(connection),
            None => self.pool.open(async |_| Ok(())).map(|(connection, ())| connection),
        };
        let forgotten = connection.and_then(|connection| {
            self.keep_catalogue(connection, async |client| {
                catalogue::forget(client, session, epoch).await
            })
        });
        // Afterwards, so that nobody shares it in between, and whatever became of the list.
        let ended = self.pool.ask(async |client| shares::forget(client, session).await);
        if matches!(ended, Ok(false)) && !self.cannot_end.swap(true, Ordering::Relaxed) {
            warn!(
                "the database's role may not delete from bevy_session.shares, and ends nothing there"
            );
        }
        forgotten.and(ended).map(drop).map_err(|error| StoreFault::new(session, error))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.ask("sessions", async |client| rows::sessions(client).await)
    }
}
