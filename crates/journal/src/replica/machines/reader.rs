//! What a claimant would read, without a mishap.

use std::sync::Arc;

use super::judge::Contents;
use crate::model::ids::SessionId;
use crate::replica::shipper_tests::Fetched;
use crate::replica::{Direct, Log, MemoryReplica, block_on, fetch};

/// The log of the session, of which nothing was read yet.
pub fn log(store: &MemoryReplica, session: SessionId) -> Log {
    let mut log = Log::new(session);
    refresh(&mut log, store);
    log
}

/// Reads what is new in a log.
pub fn refresh(log: &mut Log, store: &MemoryReplica) {
    block_on(log.refresh(&Direct(Arc::new(store.clone())))).unwrap();
}

/// The files of a log that was just read; an error if they can't be.
pub fn read(store: &MemoryReplica, log: &Log) -> Result<Contents, String> {
    let reach = Direct(Arc::new(store.clone()));
    let mut fetched = Fetched::default();
    let read = block_on(fetch(&reach, log, &mut fetched));
    read.map_err(|error| format!("{error:?}"))?;
    Ok(fetched.0.into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect())
}
