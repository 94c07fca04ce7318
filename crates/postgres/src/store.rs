//! The store: a pool of connections, and what is asked on them.

use std::env;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{
    CatalogueLine, Created, Epoch, Key, Listing, ReplicaStore, StoreFault,
};
use tokio_postgres::{Client, Config};
use tracing::warn;

use crate::catalogue;
use crate::check::check;
use crate::connection::{Connection, Servers};
use crate::failure::PostgresCheckError;
use crate::hosts::each_host;
use crate::rows;
use crate::tls::Tls;

/// The number of idle connections that are kept.
const IDLE: usize = 4;
/// The time that a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A store in Postgres 12 or newer.
pub struct PostgresReplica {
    servers: Servers,
    idle: Mutex<Vec<Connection>>,
    catalogue_faults: catalogue::Faults,
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
        let hosts: Vec<_> = self.servers.hosts.iter().flat_map(Config::get_hosts).collect();
        formatter
            .debug_struct("PostgresReplica")
            .field("hosts", &hosts)
            .field("database", &self.servers.hosts.first().and_then(Config::get_dbname))
            .finish_non_exhaustive()
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
        let mut config: Config = url.parse().map_err(|_| PostgresError::Url)?;
        if config.get_hosts().is_empty() {
            return Err(PostgresError::Url);
        }
        if config.get_password().is_none()
            && let Ok(password) = env::var("PGPASSWORD")
        {
            config.password(password);
        }
        let tls = Tls::of(&mut config)?;
        if config.get_application_name().is_none() {
            config.application_name("bevy_session");
        }
        config.connect_timeout(CONNECT);
        let hosts = each_host(&config).ok_or(PostgresError::Url)?;
        let servers = Servers { hosts, tls };
        Ok(Self { servers, idle: Mutex::default(), catalogue_faults: catalogue::Faults::default() })
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
        let (connection, ()) = Connection::open(&self.servers, check)?;
        self.keep(connection);
        Ok(())
    }

    /// Asks on a connection that is free, or on a new one. One that has failed isn't used again.
    fn ask<T>(
        &self,
        about: impl ToString,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<T, StoreFault> {
        let idle = self.idle().pop();
        let answer = match idle {
            Some(mut connection) => connection.ask(ask).map(|answer| (connection, answer)),
            None => Connection::open(&self.servers, ask),
        };
        match answer {
            Ok((connection, answer)) => {
                self.keep(connection);
                Ok(answer)
            }
            Err(error) => {
                // Others that were free are of the same server, which may have gone.
                self.idle().clear();
                Err(StoreFault::new(about, error))
            }
        }
    }

    /// Asks about the catalogue. A connection that gives no answer is closed, and others stay.
    fn keep_catalogue(
        &self,
        mut connection: Connection,
        ask: impl AsyncFnOnce(&mut Client) -> Result<bool, PostgresCheckError>,
    ) -> Result<bool, PostgresCheckError> {
        let answer = connection.ask_within(catalogue::PATIENCE, ask);
        if !answer.as_ref().is_err_and(PostgresCheckError::is_silence) {
            self.keep(connection);
        }
        answer
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
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
        let Some(connection) = self.idle().pop() else { return };
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

    fn forget(&self, session: SessionId, epoch: Epoch) -> Result<(), StoreFault> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => Ok(connection),
            None => {
                Connection::open(&self.servers, async |_| Ok(())).map(|(connection, ())| connection)
            }
        };
        let forgotten = connection.and_then(|connection| {
            self.keep_catalogue(connection, async |client| {
                catalogue::forget(client, session, epoch).await
            })
        });
        forgotten.map(|_| ()).map_err(|error| StoreFault::new(session, error))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.ask("sessions", async |client| rows::sessions(client).await)
    }
}
