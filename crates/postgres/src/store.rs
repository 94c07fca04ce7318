//! The store: an object is a row.

use std::env;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{
    Created, Epoch, Key, Listing, Position, ReplicaStore, StoreFault,
};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config};
use uuid::Uuid;

use crate::connection::{Connection, Failure};
use crate::tls::Tls;

/// The number of idle connections that are kept.
const IDLE: usize = 4;
/// The time that a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The position of an epoch's claim: those of entries count from 1.
const CLAIM: u64 = 0;

const CREATE: &str = "insert into bevy_session.objects (session, epoch, position, bytes)
    values ($1, $2, $3, $4) on conflict do nothing";
const READ: &str =
    "select bytes from bevy_session.objects where session = $1 and epoch = $2 and position = $3";
const LIST: &str = "select epoch, position from bevy_session.objects where session = $1";
const DELETE: &str =
    "delete from bevy_session.objects where session = $1 and epoch = $2 and position = $3";
const SESSIONS: &str = "select distinct session from bevy_session.objects order by session";

/// A value of a statement. With its type beside it, a statement takes one round trip and needs no preparation.
type Value = dyn ToSql + Sync;

/// A store in Postgres 12 or newer.
pub struct PostgresReplica {
    config: Config,
    tls: Tls,
    idle: Mutex<Vec<Connection>>,
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
        formatter
            .debug_struct("PostgresReplica")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
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
        config
            .connect_timeout(CONNECT)
            // A standby knows the past, and not the present.
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self { config, tls, idle: Mutex::default() })
    }

    /// Asks on a connection that is free, or on a new one. One that has failed isn't used again.
    fn ask<T>(
        &self,
        about: impl ToString,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, StoreFault> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.config, &self.tls),
        };
        let answer = connection.and_then(|mut connection| {
            let answer = connection.ask(ask)?;
            let mut idle = self.idle();
            if idle.len() < IDLE {
                idle.push(connection);
            }
            Ok(answer)
        });
        answer.map_err(|failure| {
            // Others that were free are of the same server, which may have gone.
            self.idle().clear();
            StoreFault::new(about, failure)
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplicaStore for PostgresReplica {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        let (session, epoch, position) = row_of(key);
        let created = self.ask(key, async |client| {
            let row = [
                (&session as &Value, Type::UUID),
                (&epoch, Type::INT8),
                (&position, Type::INT8),
                (&bytes, Type::BYTEA),
            ];
            Ok(client.execute_typed(CREATE, &row).await?)
        })?;
        Ok(if created == 1 { Created::New } else { Created::Existed })
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        let (session, epoch, position) = row_of(key);
        self.ask(key, async |client| {
            let place =
                [(&session as &Value, Type::UUID), (&epoch, Type::INT8), (&position, Type::INT8)];
            let row = client.query_typed_opt(READ, &place).await?;
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        let id = session.uuid();
        let rows = self.ask(session, async |client| {
            Ok(client.query_typed(LIST, &[(&id as &Value, Type::UUID)]).await?)
        })?;
        let mut listing = Listing::default();
        for row in rows {
            let place = row.try_get(0).and_then(|epoch| Ok((epoch, row.try_get(1)?)));
            let (epoch, position) = place.map_err(|error| StoreFault::new(session, error))?;
            listing.add(key_of(session, epoch, position));
        }
        Ok(listing)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        let (session, epoch, position) = row_of(key);
        self.ask(key, async |client| {
            let place =
                [(&session as &Value, Type::UUID), (&epoch, Type::INT8), (&position, Type::INT8)];
            client.execute_typed(DELETE, &place).await?;
            Ok(())
        })
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        let rows =
            self.ask("sessions", async |client| Ok(client.query_typed(SESSIONS, &[]).await?))?;
        let sessions = rows.iter().map(|row| row.try_get::<_, Uuid>(0).map(SessionId::from));
        sessions.collect::<Result<_, _>>().map_err(|error| StoreFault::new("sessions", error))
    }
}

/// The row of an object.
fn row_of(key: Key) -> (Uuid, i64, i64) {
    let (epoch, position) = match key {
        Key::Claim { epoch, .. } => (epoch, CLAIM),
        Key::Entry { epoch, position, .. } => (epoch, position.0),
    };
    (key.session().uuid(), epoch.0.cast_signed(), position.cast_signed())
}

/// The key of a row.
fn key_of(session: SessionId, epoch: i64, position: i64) -> Key {
    let (epoch, position) = (Epoch(epoch.cast_unsigned()), position.cast_unsigned());
    match position {
        CLAIM => Key::Claim { session, epoch },
        _ => Key::Entry { session, epoch, position: Position(position) },
    }
}
