//! A process's way to a store.

use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use uuid::Uuid;

use super::owner::deliver;
use super::{Created, Epoch, Key, Listing, Outcome, ReplicaStore, StoreFault};
use crate::model::ids::SessionId;

/// The surroundings of the procedures. The simulator answers late, twice or never, from a seed.
pub trait Reach: Clone + 'static {
    /// See [`ReplicaStore::create`].
    fn create(
        &self,
        key: Key,
        bytes: Arc<[u8]>,
    ) -> impl Future<Output = Result<Created, StoreFault>> + 'static;

    /// See [`ReplicaStore::read`].
    fn read(&self, key: Key)
    -> impl Future<Output = Result<Option<Vec<u8>>, StoreFault>> + 'static;

    /// See [`ReplicaStore::list`].
    fn list(
        &self,
        session: SessionId,
    ) -> impl Future<Output = Result<Listing, StoreFault>> + 'static;

    /// See [`ReplicaStore::delete`].
    fn delete(&self, key: Key) -> impl Future<Output = Result<(), StoreFault>> + 'static;

    /// See [`ReplicaStore::forget`].
    fn forget(
        &self,
        _session: SessionId,
        _epoch: Epoch,
    ) -> impl Future<Output = Result<(), StoreFault>> + 'static {
        ready(Ok(()))
    }

    /// An entry that is on its way.
    type Delivering: Future<Output = Result<Outcome, StoreFault>> + Unpin + 'static;

    /// Creates an entry, and finds out whether it is this one that stands there.
    fn deliver(&self, key: Key, bytes: Arc<[u8]>) -> Self::Delivering;

    /// A number that no other process draws.
    fn random(&self) -> u128;
}

/// A store that is asked at once, on the thread that asks.
#[derive(Clone, Debug)]
pub struct Direct(pub Arc<dyn ReplicaStore>);

impl Reach for Direct {
    fn create(
        &self,
        key: Key,
        bytes: Arc<[u8]>,
    ) -> impl Future<Output = Result<Created, StoreFault>> + 'static {
        let store = Arc::clone(&self.0);
        async move { store.create(key, &bytes) }
    }

    fn read(
        &self,
        key: Key,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreFault>> + 'static {
        ready(self.0.read(key))
    }

    fn list(
        &self,
        session: SessionId,
    ) -> impl Future<Output = Result<Listing, StoreFault>> + 'static {
        ready(self.0.list(session))
    }

    fn delete(&self, key: Key) -> impl Future<Output = Result<(), StoreFault>> + 'static {
        ready(self.0.delete(key))
    }

    fn forget(
        &self,
        session: SessionId,
        epoch: Epoch,
    ) -> impl Future<Output = Result<(), StoreFault>> + 'static {
        ready(self.0.forget(session, epoch))
    }

    type Delivering = Ready<Result<Outcome, StoreFault>>;

    fn deliver(&self, key: Key, bytes: Arc<[u8]>) -> Self::Delivering {
        ready(block_on(deliver(self.clone(), key, bytes)))
    }

    fn random(&self) -> u128 {
        #[cfg(test)]
        if let Some(random) = drawn::next() {
            return random;
        }
        Uuid::new_v4().as_u128()
    }
}

/// Runs a procedure to its end on this thread. Over [`Direct`] nothing is ever waited for but the store's own calls.
pub fn block_on<F: Future>(procedure: F) -> F::Output {
    let mut procedure = pin!(procedure);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = procedure.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}

/// Numbers that a test draws from its seed on this thread.
#[cfg(test)]
pub(super) mod drawn {
    use std::cell::RefCell;

    use crate::deep::Random;

    thread_local! {
        static RANDOM: RefCell<Option<Random>> = const { RefCell::new(None) };
    }

    pub(in crate::replica) fn next() -> Option<u128> {
        RANDOM.with_borrow_mut(|random| {
            let random = random.as_mut()?;
            Some(u128::from(random.number()) << 64 | u128::from(random.number()))
        })
    }

    pub(in crate::replica) fn from(seed: Option<u64>) {
        RANDOM.set(seed.map(Random::new));
    }
}
