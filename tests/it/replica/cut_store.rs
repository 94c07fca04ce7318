//! A store in memory to which a machine loses its link.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy_session::SessionId;
use bevy_session::replica::{Created, Key, Listing, MemoryReplica, ReplicaStore, StoreFault};

/// The link breaks once the machine has claimed a session, and reads what is there of it.
#[derive(Clone, Debug)]
pub struct CutStore {
    store: MemoryReplica,
    link: Arc<Mutex<Link>>,
}

#[derive(Clone, PartialEq, Debug)]
enum Link {
    Good,
    /// The machine has claimed a session of which these objects were there.
    Claimed(Listing),
    Cut,
    Mended,
}

impl CutStore {
    pub fn new(store: &MemoryReplica) -> Self {
        Self { store: store.clone(), link: Arc::new(Mutex::new(Link::Good)) }
    }

    pub fn is_cut(&self) -> bool {
        *self.link() == Link::Cut
    }

    pub fn mend(&self) {
        *self.link() = Link::Mended;
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, what: impl ToString) -> Result<(), StoreFault> {
        match *self.link() {
            Link::Cut => Err(StoreFault::new(what, "the link is cut")),
            _ => Ok(()),
        }
    }
}

impl ReplicaStore for CutStore {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.reach(key)?;
        let before = self.store.list(key.session())?;
        let created = self.store.create(key, bytes)?;
        let mut link = self.link();
        if matches!(key, Key::Claim { .. }) && *link == Link::Good {
            *link = Link::Claimed(before);
        }
        Ok(created)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        let was_there = match (&*self.link(), key) {
            (Link::Claimed(before), Key::Entry { epoch, position, .. }) => {
                before.entries.get(&epoch).is_some_and(|entries| entries.contains(&position))
            }
            _ => false,
        };
        if was_there {
            *self.link() = Link::Cut;
        }
        self.reach(key)?;
        self.store.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.reach(session)?;
        self.store.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.reach(key)?;
        self.store.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.reach("sessions")?;
        self.store.sessions()
    }
}
