//! The store of a replica.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use super::{CatalogueLine, Epoch, Key, Position};
use crate::model::ids::SessionId;

/// A place outside of this machine that keeps objects under keys.
///
/// # Contract
///
/// - [`Self::create`] is *create if absent*: of all that create one key, one is answered with [`Created::New`], and every
///   other one with [`Created::Existed`], then and for as long as the object isn't deleted.
/// - An object is there whole or not at all, even if its writer dies meanwhile. It never changes.
/// - Both answers say that the object is durable, and it is in every listing that is asked for after the answer.
///   Objects in a listing are durable as well. A listing needn't show one moment of what is created or deleted
///   meanwhile.
/// - A fault says nothing: what was asked may have been done, may not have been, or may be done later.
///
/// Each call answers or fails within seconds: who is about to play a session waits for it. None is made on a thread that
/// draws frames.
///
/// There is no way to change an object, no compare-and-set, and no deletion with a condition: none is needed, and
/// object storage has no reliable one.
pub trait ReplicaStore: Debug + Send + Sync {
    /// Creates an object, unless there is one of that key.
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault>;

    /// An object's bytes; `None` if there is none of that key.
    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault>;

    /// The keys of a session's objects. A session that the store doesn't know has none.
    fn list(&self, session: SessionId) -> Result<Listing, StoreFault>;

    /// Deletes an object. One that isn't there counts as deleted.
    fn delete(&self, key: Key) -> Result<(), StoreFault>;

    /// The sessions of which the store has an object.
    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault>;

    /// Writes the line of a session into the store's catalogue, a list for people by which nothing is decided. Where a line of
    /// a newer epoch is there, that one stays. A renewal, or a release, waits for it: a store that can't do it within two seconds
    /// leaves it. The default is a store without a catalogue, which does nothing.
    fn describe(&self, _line: &CatalogueLine) {}

    /// Takes what the catalogue says of a session out of it, in the name of the owner of an epoch, and keeps lines of older epochs
    /// from coming back. Defaults to doing nothing.
    fn forget(&self, _session: SessionId, _epoch: Epoch) -> Result<(), StoreFault> {
        Ok(())
    }

    /// The lease and the interval of sessions in this store, where a game doesn't set its own. Defaults to
    /// [`Pace::default`].
    fn pace(&self) -> Pace {
        Pace::default()
    }
}

/// A store that others keep as well, as one that shares sessions.
impl<S: ReplicaStore + ?Sized> ReplicaStore for Arc<S> {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        (**self).create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        (**self).read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        (**self).list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        (**self).delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        (**self).sessions()
    }

    fn describe(&self, line: &CatalogueLine) {
        (**self).describe(line);
    }

    fn forget(&self, session: SessionId, epoch: Epoch) -> Result<(), StoreFault> {
        (**self).forget(session, epoch)
    }

    fn pace(&self) -> Pace {
        (**self).pace()
    }
}

/// The times by which a store is asked for a session that is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// The time without a sign of life from a session's owner after which another machine may take it over. The lease is
    /// renewed three times as often.
    pub lease: Duration,
    /// The least time between two transfers. With zero, data is sent as soon as it is durable on its machine.
    pub interval: Duration,
}

impl Default for Pace {
    /// A lease of 10 seconds, and no time between transfers: for stores that are near and whose requests cost nothing.
    fn default() -> Self {
        Self { lease: Duration::from_secs(10), interval: Duration::ZERO }
    }
}

/// The answer to a creation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Created {
    /// The object is there now, with these bytes.
    New,
    /// There was one of that key, with any bytes.
    Existed,
}

/// The keys of a session's objects.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Listing {
    /// The epochs that are claimed.
    pub claims: BTreeSet<Epoch>,
    /// The positions that hold something.
    pub entries: BTreeMap<Epoch, BTreeSet<Position>>,
}

impl Listing {
    /// Adds a key.
    pub fn add(&mut self, key: Key) {
        match key {
            Key::Claim { epoch, .. } => drop(self.claims.insert(epoch)),
            Key::Entry { epoch, position, .. } => {
                self.entries.entry(epoch).or_default().insert(position);
            }
        }
    }

    /// The highest epoch of which anything is there; zero if there is none.
    #[must_use]
    pub fn highest(&self) -> Epoch {
        let claimed = self.claims.last().copied().unwrap_or_default();
        let entered = self.entries.last_key_value().map(|(epoch, _)| *epoch).unwrap_or_default();
        claimed.max(entered)
    }
}

/// A store gave no answer, or one that says nothing: what was asked may have been done, or be done later.
#[derive(Debug, thiserror::Error)]
#[error("the replica gave no answer when asked for the {key}")]
pub struct StoreFault {
    /// The key that was asked about.
    pub key: String,
    /// The error of the store's client or the system.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
    /// True if it will never give another, as a share that has ended.
    pub is_final: bool,
}

impl StoreFault {
    /// The fault for a key.
    pub fn new(key: impl ToString, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { key: key.to_string(), source: source.into(), is_final: false }
    }

    /// The fault of a store that will never answer again.
    pub fn for_good(key: impl ToString, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { is_final: true, ..Self::new(key, source) }
    }
}
