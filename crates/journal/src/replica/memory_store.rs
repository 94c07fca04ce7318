//! A replica in memory: for tests, and for programs that are standbys of each other in one process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{CatalogueLine, Created, Epoch, Key, Listing, ReplicaStore, StoreFault};
use crate::model::ids::SessionId;

/// A store in memory. Clones share it. On command it can't be reached.
#[derive(Clone, Debug, Default)]
pub struct MemoryReplica {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<Key, Vec<u8>>,
    /// The newest line of each session, and its epoch; `None` of one that was forgotten.
    catalogue: BTreeMap<SessionId, (Epoch, Option<CatalogueLine>)>,
    is_away: bool,
    is_catalogue_locked: bool,
}

impl MemoryReplica {
    /// From now on nothing is answered, until [`Self::come_back`].
    pub fn go_away(&self) {
        self.lock().is_away = true;
    }

    /// Answers again, with what there was.
    pub fn come_back(&self) {
        self.lock().is_away = false;
    }

    /// A copy that shares nothing: the same store at this moment, as a backup has it.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let State { objects, catalogue, .. } = &*self.lock();
        let (objects, catalogue) = (objects.clone(), catalogue.clone());
        Self { state: Arc::new(Mutex::new(State { objects, catalogue, ..State::default() })) }
    }

    /// The catalogue, by session.
    #[must_use]
    pub fn catalogue(&self) -> Vec<CatalogueLine> {
        self.lock().catalogue.values().filter_map(|(_, line)| line.clone()).collect()
    }

    /// Answers nothing about the catalogue from now on, or answers again.
    #[cfg(test)]
    pub(super) fn lock_catalogue(&self, is_locked: bool) {
        self.lock().is_catalogue_locked = is_locked;
    }

    fn write_line(
        &self,
        session: SessionId,
        epoch: Epoch,
        line: Option<CatalogueLine>,
    ) -> Result<(), StoreFault> {
        let mut state = self.reach(session)?;
        if state.is_catalogue_locked {
            return Err(StoreFault::new(session, "the catalogue is locked"));
        }
        let catalogue = &mut state.catalogue;
        if catalogue.get(&session).is_none_or(|(newest, _)| *newest <= epoch) {
            catalogue.insert(session, (epoch, line));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, what: impl ToString) -> Result<MutexGuard<'_, State>, StoreFault> {
        let state = self.lock();
        if state.is_away {
            return Err(StoreFault::new(what, "it is away"));
        }
        Ok(state)
    }
}

impl ReplicaStore for MemoryReplica {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        let mut state = self.reach(key)?;
        if state.objects.contains_key(&key) {
            return Ok(Created::Existed);
        }
        state.objects.insert(key, bytes.to_vec());
        Ok(Created::New)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        Ok(self.reach(key)?.objects.get(&key).cloned())
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        let state = self.reach(session)?;
        let mut listing = Listing::default();
        state
            .objects
            .keys()
            .filter(|key| key.session() == session)
            .for_each(|key| listing.add(*key));
        Ok(listing)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.reach(key)?.objects.remove(&key);
        Ok(())
    }

    fn describe(&self, line: &CatalogueLine) {
        let _ = self.write_line(line.session, line.epoch, Some(line.clone()));
    }

    fn forget(&self, session: SessionId, epoch: Epoch) -> Result<(), StoreFault> {
        self.write_line(session, epoch, None)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        let state = self.reach("sessions")?;
        let sessions: BTreeSet<SessionId> = state.objects.keys().map(|key| key.session()).collect();
        Ok(sessions.into_iter().collect())
    }
}
