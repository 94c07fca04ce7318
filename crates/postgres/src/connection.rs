//! One connection, which is waited for on the thread that asks, and not for ever.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::unconstrained;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use crate::failure::PostgresCheckError;
use crate::schema;
use crate::tls::Tls;

/// The time that an answer may take, with the connection if there is none yet. An operation that takes longer may have been
/// done all the same.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes commits durable before their answers, and looks whether the server writes.
const BEGIN: &str = "select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
    set_config('synchronous_commit', 'on', false)";

/// The right without which nothing can be asked.
const CONNECT: &str = "connect to the database";

/// The servers of a store, and the way to talk to them.
pub(crate) struct Servers {
    /// The configuration of each host: at least one.
    pub hosts: Vec<Config>,
    /// The protection of all connections.
    pub tls: Tls,
    pub asks: Asks,
}

/// The sort of questions that are asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asks {
    /// All of a replica, which makes its tables if they aren't there.
    All,
    /// Reading what was shared, and nothing else.
    ToRead,
}

/// A connection to a server that isn't a standby, and whose schema is known.
pub(crate) struct Connection {
    // Dropped first, so that what drives the connection ends with it.
    client: Client,
    driver: Driver,
}

/// Drives a connection, on a thread of its own.
struct Driver(Option<Runtime>);

impl Connection {
    /// Connects, makes the tables if they aren't there, and asks.
    pub fn open<T>(
        servers: &Servers,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<(Self, T), PostgresCheckError> {
        let driver =
            Driver::new().map_err(|error| PostgresCheckError::NoAnswer(Arc::new(error)))?;
        let (client, answer) = driver.wait(PATIENCE, async {
            let mut client = servers.connect().await?;
            schema::make_ready(&mut client, servers.asks).await?;
            let answer = ask(&mut client).await?;
            Ok((client, answer))
        })?;
        Ok((Self { client, driver }, answer))
    }

    /// Asks, and waits for the answer. After a failure the connection is of no use any more.
    pub fn ask<T>(
        &mut self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<T, PostgresCheckError> {
        self.ask_within(PATIENCE, ask)
    }

    /// Asks, and waits for the answer for so long.
    pub fn ask_within<T>(
        &mut self,
        patience: Duration,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresCheckError>,
    ) -> Result<T, PostgresCheckError> {
        let Self { client, driver } = self;
        driver.wait(patience, ask(client))
    }
}

impl Servers {
    /// Connects to the first host that writes. A host that says nothing leaves its share of the time to the others.
    async fn connect(&self) -> Result<Client, PostgresCheckError> {
        let share = PATIENCE / u32::try_from(self.hosts.len()).unwrap_or(u32::MAX).max(1);
        let mut gravest: Option<PostgresCheckError> = None;
        for host in &self.hosts {
            let answer = timeout(share, connect(host, &self.tls, self.asks)).await;
            match answer.unwrap_or(Err(PostgresCheckError::TimedOut)) {
                Ok(client) => return Ok(client),
                Err(error) => {
                    gravest = Some(match gravest {
                        Some(gravest) => gravest.or_graver(error),
                        None => error,
                    });
                }
            }
        }
        Err(gravest.unwrap_or(PostgresCheckError::TimedOut))
    }
}

/// Connects to a host, if it writes: a standby knows the past, and not the present. Who only reads may be kept from writing.
async fn connect(host: &Config, tls: &Tls, asks: Asks) -> Result<Client, PostgresCheckError> {
    let failed = |error| PostgresCheckError::of(CONNECT, error);
    let client = match tls {
        Tls::OnThisMachine => {
            let (client, connection) = host.connect(NoTls).await.map_err(failed)?;
            drop(tokio::spawn(connection));
            client
        }
        Tls::Verified(tls) => {
            let (client, connection) = host.connect(tls.clone()).await.map_err(failed)?;
            drop(tokio::spawn(connection));
            client
        }
    };
    let row = client.query_typed_one(BEGIN, &[]).await.map_err(failed)?;
    let is_in_recovery = row.try_get(0).map_err(failed)?;
    let is_read_only = row.try_get(1).map_err(failed)?;
    match (is_in_recovery, is_read_only) {
        (true, _) => Err(PostgresCheckError::InRecovery),
        (_, true) if asks == Asks::All => Err(PostgresCheckError::ReadOnly),
        _ => Ok(client),
    }
}

impl Driver {
    fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bevy_session_postgres")
            .enable_io()
            .enable_time()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Waits for an answer on this thread. `Runtime::block_on` would panic on a thread of another runtime, and a server
    /// may well have one.
    fn wait<T>(
        &self,
        patience: Duration,
        answer: impl Future<Output = Result<T, PostgresCheckError>>,
    ) -> Result<T, PostgresCheckError> {
        let _entered = self.0.as_ref().map(Runtime::enter);
        // What is left of that one's budget for a poll mustn't count here, where nothing yields to it.
        pollster::block_on(unconstrained(async {
            timeout(patience, answer).await.unwrap_or(Err(PostgresCheckError::TimedOut))
        }))
    }
}

impl Drop for Driver {
    /// Leaves whatever still runs to itself, such as the resolution of a name, which can't be stopped.
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}
