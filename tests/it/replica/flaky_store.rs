//! A store in memory of which a single operation fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bevy_session::SessionId;
use bevy_session::replica::{Created, Key, Listing, MemoryReplica, ReplicaStore, StoreFault};

/// The operation of this number, from zero on, gets no answer.
#[derive(Clone, Debug)]
pub struct FlakyStore {
    store: MemoryReplica,
    left: Arc<AtomicI64>,
}

impl FlakyStore {
    pub fn new(store: &MemoryReplica, fails: i64) -> Self {
        Self { store: store.clone(), left: Arc::new(AtomicI64::new(fails)) }
    }

    /// Returns true if the operation that was to fail was asked for.
    pub fn has_failed(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    fn count(&self, what: impl ToString) -> Result<(), StoreFault> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(StoreFault::new(what, "it failed once")),
            _ => Ok(()),
        }
    }
}

impl ReplicaStore for FlakyStore {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.count(key)?;
        self.store.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.count(key)?;
        self.store.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.count(session)?;
        self.store.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.count(key)?;
        self.store.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.count("sessions")?;
        self.store.sessions()
    }
}
