//! Connections to the servers of a URL, which are kept between two questions.

use std::env;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_postgres::{Client, Config};

use crate::PostgresError;
use crate::connection::{Asks, Connection, Servers};
use crate::failure::PostgresCheckError;
use crate::hosts::each_host;
use crate::tls::Tls;

/// The number of idle connections that are kept.
const IDLE: usize = 4;
/// The time that a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// The servers of a URL, and connections that are free.
pub(crate) struct Pool {
    servers: Servers,
    idle: Mutex<Vec<Connection>>,
}

impl fmt::Debug for Pool {
    /// Nothing that could be a secret: the client's own would show the options of a connection.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.servers.hosts.iter().flat_map(Config::get_hosts).collect();
        let database = self.servers.hosts.first().and_then(Config::get_dbname);
        formatter
            .debug_struct("Pool")
            .field("hosts", &hosts)
            .field("database", &database)
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// The servers of a URL, for a replica.
    pub fn of(url: &str) -> Result<Self, PostgresError> {
        Self::with(url, None, Asks::All)
    }

    /// The servers of a URL, to read what was shared. Each connection begins with these options, beside those of the URL.
    pub fn to_read(url: &str, options: &str) -> Result<Self, PostgresError> {
        Self::with(url, Some(options), Asks::ToRead)
    }

    fn with(url: &str, options: Option<&str>, asks: Asks) -> Result<Self, PostgresError> {
        let mut config: Config = url.parse().map_err(|_| PostgresError::Url)?;
        if config.get_hosts().is_empty() {
            return Err(PostgresError::Url);
        }
        if config.get_password().is_none()
            && let Ok(password) = env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if let Some(options) = options {
            let all = format!("{} {options}", config.get_options().unwrap_or_default());
            config.options(all.trim_start());
        }
        let tls = Tls::of(&mut config)?;
        if config.get_application_name().is_none() {
            config.application_name("bevy_session");
        }
        config.connect_timeout(CONNECT);
        let hosts = each_host(&config).ok_or(PostgresError::Url)?;
        Ok(Self { servers: Servers { hosts, tls, asks }, idle: Mutex::default() })
    }

    /// Asks on a connection that is free, or on a new one. One that has failed isn't used again.
    pub fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<T, PostgresCheckError> {
        let idle = self.idle().pop();
        let answer = match idle {
            Some(mut connection) => connection.ask(ask).map(|answer| (connection, answer)),
            None => self.open(ask),
        };
        match answer {
            Ok((connection, answer)) => {
                self.keep(connection);
                Ok(answer)
            }
            Err(error) => {
                // Others that were free are of the same server, which may have gone.
                self.idle().clear();
                Err(error)
            }
        }
    }

    /// Asks on a new connection.
    pub fn open<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<(Connection, T), PostgresCheckError> {
        Connection::open(&self.servers, ask)
    }

    /// A connection that is free, if there is one.
    pub fn take(&self) -> Option<Connection> {
        self.idle().pop()
    }

    /// Keeps a connection for the next question.
    pub fn keep(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
