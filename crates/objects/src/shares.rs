//! The sessions that this process shares: documents that it writes anew as they are played.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Key, Listing};
use object_store::path::Path;
use object_store::signer::{Method, Signer};
use object_store::{Error, ObjectStore, ObjectStoreExt};

use crate::document::encode;
use crate::keys::path_of;

/// Least time for which an address is signed.
const SECOND: Duration = Duration::from_secs(1);

/// A session that is shared until a moment.
#[derive(Clone)]
pub(crate) struct Share {
    pub session: SessionId,
    pub document: Path,
    pub ends: Instant,
}

impl Share {
    /// The time until its end.
    pub fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// Writes its document, so that it says what the session has now.
    pub async fn write(
        &self,
        store: &dyn ObjectStore,
        signer: &dyn Signer,
        prefix: &Path,
        listing: &Listing,
    ) -> Result<(), Error> {
        let session = self.session;
        let claims: Vec<Key> =
            listing.claims.iter().map(|epoch| Key::Claim { session, epoch: *epoch }).collect();
        let entries = listing.entries.iter().flat_map(|(epoch, all)| {
            all.iter().map(|position| Key::Entry { session, epoch: *epoch, position: *position })
        });
        let entries: Vec<Key> = entries.collect();
        let paths: Vec<Path> = entries.iter().map(|key| path_of(prefix, *key)).collect();
        let addresses = signer.signed_urls(Method::GET, &paths, self.left().max(SECOND)).await?;
        let entries: Vec<_> = entries.into_iter().zip(addresses).collect();
        let text = encode(session, &claims, &entries);
        store.put(&self.document, text.into_bytes().into()).await.map(drop)
    }
}

/// The shares of this process.
#[derive(Default)]
pub(crate) struct Shares {
    all: Mutex<Vec<Share>>,
}

impl Shares {
    pub fn add(&self, share: Share) {
        self.all().push(share);
    }

    /// Shares a document no more.
    pub fn remove(&self, document: &Path) {
        self.all().retain(|share| share.document != *document);
    }

    /// The shares of a session whose time isn't over.
    pub fn of(&self, session: SessionId) -> Vec<Share> {
        let mut all = self.all();
        all.retain(|share| !share.left().is_zero());
        all.iter().filter(|share| share.session == session).cloned().collect()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Share>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Signs addresses, where the object storage has such.
pub(crate) type Addresses = Option<Arc<dyn Signer>>;
