//! A runtime of the store's own, and the wait for its answers.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::unconstrained;
use tokio::time::timeout;

use crate::failure::ObjectFailure;

/// The time that an answer may take. An operation that takes longer may have been done all the same.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for answers, on the thread that asks.
pub(crate) struct Patience {
    runtime: Option<Runtime>,
}

impl Patience {
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bevy_session_objects")
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// The answer, or the reason that there is none in time.
    pub fn wait<T, E: From<ObjectFailure>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.wait_for(PATIENCE, answer)
    }

    /// The answer, or the reason that there is none within so long.
    pub fn wait_for<T, E: From<ObjectFailure>>(
        &self,
        patience: Duration,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let Some(runtime) = &self.runtime else { return Err(ObjectFailure::Unreachable.into()) };
        // `Runtime::block_on` would panic on a thread of another runtime, and a server may well have one.
        let _entered = runtime.enter();
        // What is left of that one's budget for a poll mustn't count here, where nothing yields to it.
        pollster::block_on(unconstrained(async {
            timeout(patience, answer).await.unwrap_or_else(|_| Err(ObjectFailure::TimedOut.into()))
        }))
    }
}

impl Drop for Patience {
    /// Leaves whatever still runs to itself, such as the resolution of a name, which can't be stopped.
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Patience")
    }
}
