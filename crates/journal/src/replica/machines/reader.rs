//! What a claimant would read, without a mishap.

use std::io;
use std::sync::Arc;

use super::judge::Contents;
use crate::model::ids::SessionId;
use crate::replica::{Direct, FileName, Log, MemoryReplica, Receiver, block_on, fetch};

#[derive(Default)]
struct Fetched(Vec<(String, Vec<u8>)>);

impl Receiver for Fetched {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.0.push((name.to_string(), Vec::new()));
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.last_mut().unwrap().1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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
    Ok(fetched.0.into_iter().collect())
}
