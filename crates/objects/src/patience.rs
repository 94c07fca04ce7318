//! A runtime of the store's own, on which a thread that asks waits for the answer, and not for ever.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::ObjectFailure;

/// How long an answer may take. Whatever takes longer may have been done all the same.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for answers.
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

    /// The answer, or why there is none.
    pub fn wait<T, E: From<ObjectFailure>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let Some(runtime) = &self.runtime else { return Err(ObjectFailure::Unreachable.into()) };
        runtime.block_on(async {
            timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(ObjectFailure::TimedOut.into()))
        })
    }
}

impl Drop for Patience {
    /// A name that is being looked up is waited for by nobody.
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Patience")
    }
}
