//! Stops what reads for a follower once that is gone.

use std::sync::{Arc, Weak};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Key, Listing, ReplicaStore, StoreFault};

/// The interest in what a thread reads. Dropped with the follower.
#[derive(Default, Debug)]
pub(super) struct Interest(Arc<()>);

/// A store that is asked nothing more once nobody is interested: a look may have much to read.
#[derive(Debug)]
pub(super) struct WhileWanted {
    store: Arc<dyn ReplicaStore>,
    interest: Weak<()>,
}

/// Nobody is interested any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody follows the session any more")]
struct Unwanted;

impl Interest {
    pub fn in_store(&self, store: Arc<dyn ReplicaStore>) -> WhileWanted {
        WhileWanted { store, interest: Arc::downgrade(&self.0) }
    }
}

impl WhileWanted {
    fn about(&self, about: impl ToString) -> Result<&dyn ReplicaStore, StoreFault> {
        match self.interest.strong_count() {
            0 => Err(StoreFault::for_good(about, Unwanted)),
            _ => Ok(&*self.store),
        }
    }
}

impl ReplicaStore for WhileWanted {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.about(key)?.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.about(key)?.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.about(session)?.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.about(key)?.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.about("sessions")?.sessions()
    }
}

#[cfg(test)]
mod tests {
    use bevy_session_journal::replica::MemoryReplica;

    use super::*;

    #[test]
    fn a_store_is_asked_nothing_once_nobody_is_interested() {
        let (interest, session) = (Interest::default(), SessionId::random());
        let store = interest.in_store(Arc::new(MemoryReplica::default()));
        store.list(session).unwrap();
        drop(interest);
        assert!(store.list(session).unwrap_err().is_final);
    }
}
