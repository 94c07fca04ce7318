//! One connection, which is waited for on the thread that asks, and not for ever.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::unconstrained;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use crate::schema;
use crate::tls::Tls;

/// The time that an answer may take. An operation that takes longer may have been done all the same.
const PATIENCE: Duration = Duration::from_secs(10);

/// The error of the store's client.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A connection to a server whose schema is known.
pub(crate) struct Connection {
    // Dropped first, so that what drives the connection ends with it.
    client: Client,
    driver: Driver,
}

/// Drives a connection, on a thread of its own.
struct Driver(Option<Runtime>);

impl Connection {
    /// Connects, and makes the tables if they aren't there.
    pub fn open(config: &Config, tls: &Tls) -> Result<Self, Failure> {
        let driver = Driver::new()?;
        let client = driver.wait(async {
            match tls {
                Tls::OnThisMachine => {
                    let (client, connection) = config.connect(NoTls).await?;
                    drop(tokio::spawn(connection));
                    Ok::<_, Failure>(client)
                }
                Tls::Verified(tls) => {
                    let (client, connection) = config.connect(tls.clone()).await?;
                    drop(tokio::spawn(connection));
                    Ok(client)
                }
            }
        })?;
        let mut connection = Self { client, driver };
        connection.ask(async |client| {
            client.batch_execute("set synchronous_commit = on").await?;
            schema::make_ready(client).await
        })?;
        Ok(connection)
    }

    /// Asks, and waits for the answer. After a failure the connection is of no use any more.
    pub fn ask<T>(
        &mut self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Self { client, driver } = self;
        driver.wait(ask(client))
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
    fn wait<T>(&self, answer: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let _entered = self.0.as_ref().map(Runtime::enter);
        // What is left of that one's budget for a poll mustn't count here, where nothing yields to it.
        pollster::block_on(unconstrained(patiently(answer)))
    }
}

impl Drop for Driver {
    /// Leaves whatever still runs to itself, such as the resolution of a name, which can't be stopped.
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

async fn patiently<T>(answer: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| {
        Err(io::Error::new(ErrorKind::TimedOut, "the server doesn't answer in time").into())
    })
}
