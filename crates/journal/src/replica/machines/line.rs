//! A process's line to the store: requests get lost, or their answers, or they arrive later.

use std::sync::Arc;

use super::world::WeakWorld;
use crate::model::ids::SessionId;
use crate::replica::{Created, Key, Listing, MemoryReplica, ReplicaStore, StoreFault};

/// A store as a process reaches it.
#[derive(Clone, Debug)]
pub struct Line {
    pub world: WeakWorld,
    pub machine: usize,
    /// The number of the process. What another one asks is lost.
    pub process: u64,
    pub store: MemoryReplica,
}

/// The course of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    Answered,
    /// It doesn't arrive.
    Lost,
    /// It is done, and its answer doesn't arrive.
    AnswerLost,
    /// It is done after so many milliseconds, when nobody waits for it any more.
    Late(u64),
    /// It is answered, and done once more after so many milliseconds.
    Twice(u64),
}

/// A change of the store that arrives late.
#[derive(Clone, Debug)]
pub enum Late {
    Create(Key, Arc<[u8]>),
    Delete(Key),
}

impl Late {
    pub fn arrive(&self, store: &MemoryReplica) {
        match self {
            Self::Create(key, bytes) => drop(store.create(*key, bytes)),
            Self::Delete(key) => drop(store.delete(*key)),
        }
    }
}

impl Line {
    fn ask<T>(
        &self,
        late: Option<Late>,
        answer: impl FnOnce(&MemoryReplica) -> Result<T, StoreFault>,
    ) -> Result<T, StoreFault> {
        let fault = || StoreFault::new(format!("machine {}", self.machine), "no answer");
        let world = self.world.get().ok_or_else(fault)?;
        let course = world.send(self).ok_or_else(fault)?;
        let answered = match course {
            Course::Lost => None,
            Course::Late(after) => {
                late.into_iter().for_each(|late| world.arrive_late(after, late));
                None
            }
            Course::Twice(after) => {
                late.into_iter().for_each(|late| world.arrive_late(after, late));
                Some(answer(&self.store))
            }
            Course::AnswerLost => answer(&self.store).err().map(Err),
            Course::Answered => Some(answer(&self.store)),
        };
        match answered {
            Some(answered) if world.receive(self) => answered,
            _ => Err(fault()),
        }
    }
}

impl ReplicaStore for Line {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        let late = Late::Create(key, Arc::from(bytes));
        self.ask(Some(late), |store| store.create(key, bytes))
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.ask(None, |store| store.read(key))
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.ask(None, |store| store.list(session))
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.ask(Some(Late::Delete(key)), |store| store.delete(key))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.ask(None, ReplicaStore::sessions)
    }
}
