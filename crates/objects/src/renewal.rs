//! Writes the documents of shares anew, and never one that was deleted.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Key, Listing};
use futures_util::{StreamExt, stream};
use object_store::path::Path;
use object_store::signer::{Method, Signer};
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutResult, UpdateVersion,
};

use crate::document::{Head, encode};
use crate::failure::{ObjectFailure, is_absence};
use crate::keys::path_of;
use crate::shares::{Share, Shares};

/// The documents that are written, or looked at, at the same time.
pub(crate) const AT_ONCE: usize = 16;
/// The time for which entries can be read that a document was the last to name.
const BRIEFLY: Duration = Duration::from_secs(15 * 60);
/// The least time for which an address is signed.
const SECOND: Duration = Duration::from_secs(1);
/// The tries to replace a document that changes meanwhile.
const TRIES: usize = 3;
/// A tag that no object has.
const NO_TAG: &str = "\"00000000000000000000000000000000\"";

/// Where documents are written, and how addresses are signed.
pub(crate) struct Desk<'a> {
    pub store: &'a dyn ObjectStore,
    pub signer: &'a dyn Signer,
    pub prefix: &'a Path,
    pub conditions: &'a Conditions,
}

/// An entry has an address that no document can have.
#[derive(Debug)]
struct OddAddress;

impl fmt::Display for OddAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an address can't be written")
    }
}

impl std::error::Error for OddAddress {}

/// Remembers if the server keeps to `If-Match`.
#[derive(Default)]
pub(crate) struct Conditions(AtomicU8);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Unknown,
    Yes,
    No,
}

impl Conditions {
    fn held(&self) -> Held {
        match self.0.load(Ordering::Relaxed) {
            0 => Held::Unknown,
            1 => Held::Yes,
            _ => Held::No,
        }
    }

    fn note(&self, are_held: bool) {
        self.0.store(if are_held { 1 } else { 2 }, Ordering::Relaxed);
    }
}

/// The state of a session when its documents are written.
pub(crate) struct State {
    session: SessionId,
    claims: Vec<Key>,
    entries: Vec<Key>,
    /// The time between two renewals; zero where there will be none.
    every: Duration,
    written: u64,
}

impl State {
    pub fn of(session: SessionId, listing: &Listing, every: Duration) -> Self {
        let claims = listing.claims.iter().map(|epoch| Key::Claim { session, epoch: *epoch });
        let entries = listing.entries.iter().flat_map(|(epoch, all)| {
            all.iter().map(|position| Key::Entry { session, epoch: *epoch, position: *position })
        });
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let written = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        Self { session, claims: claims.collect(), entries: entries.collect(), every, written }
    }

    /// The time for which the entries of a share's document can be read: briefly, if another document comes.
    fn lasts(&self, share: &Share) -> Duration {
        // Whole seconds, so that those of many shares are signed once.
        let left = Duration::from_secs(share.end.left().as_secs()).max(SECOND);
        if self.every.is_zero() { left } else { left.min(BRIEFLY) }
    }

    fn head(&self, share: &Share) -> Head {
        let Self { session, every, written, .. } = *self;
        Head { session, lines: 0, until: share.end.seconds(), every, written }
    }
}

impl Desk<'_> {
    /// Creates the document of a new share.
    pub async fn create(&self, share: &Share, state: &State) -> Result<(), Error> {
        let lines = self.lines(state, state.lasts(share)).await?;
        let text = state.head(share).with(&lines).into_bytes();
        match self.put(&share.document, text, PutMode::Create).await {
            Ok(put) => share.note_written(put.e_tag),
            // An answer was lost: nobody else has the name.
            Err(Error::AlreadyExists { .. }) => share.note_written(None),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Writes the documents of all these shares anew, several at a time. Those that were ended elsewhere are shared no more.
    pub async fn renew(
        &self,
        shares: &Shares,
        all: &[Arc<Share>],
        state: &State,
    ) -> Result<(), Error> {
        let mut signed: HashMap<Duration, Arc<str>> = HashMap::new();
        let mut documents = Vec::new();
        for share in all {
            let lasts = state.lasts(share);
            let lines = match signed.get(&lasts) {
                Some(lines) => Arc::clone(lines),
                None => self.lines(state, lasts).await?.into(),
            };
            signed.insert(lasts, Arc::clone(&lines));
            documents.push((share, lines));
        }
        let writes = documents.into_iter().map(async |(share, lines)| {
            let text = state.head(share).with(&lines);
            if !self.replace(share, text.as_bytes()).await? {
                shares.remove(share.session, &share.document);
            }
            Ok(())
        });
        let done: Vec<Result<(), Error>> =
            stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
        done.into_iter().collect()
    }

    async fn lines(&self, state: &State, lasts: Duration) -> Result<String, Error> {
        let paths: Vec<Path> = state.entries.iter().map(|key| path_of(self.prefix, *key)).collect();
        let addresses = self.signer.signed_urls(Method::GET, &paths, lasts).await?;
        let entries: Vec<_> = state.entries.iter().copied().zip(addresses).collect();
        encode(&state.claims, &entries)
            .ok_or_else(|| Error::Generic { store: "shares", source: Box::new(OddAddress) })
    }

    /// Replaces a document. Returns false if there is none any more.
    async fn replace(&self, share: &Share, text: &[u8]) -> Result<bool, Error> {
        let mut last = None;
        for _ in 0..TRIES {
            if (share.tag().is_none() || self.conditions.held() != Held::Yes)
                && !self.look(share).await?
            {
                return Ok(false);
            }
            match self.put_over(share, text).await {
                Ok(put) => {
                    share.note_written(put.e_tag);
                    return Ok(true);
                }
                // It was deleted, or written by a try whose answer was lost.
                Err(error @ Error::Precondition { .. }) => {
                    share.note_tag(None);
                    last = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        last.map_or(Ok(false), Err)
    }

    /// Learns the tag of a document. Returns false if there is none.
    async fn look(&self, share: &Share) -> Result<bool, Error> {
        // The answer to a `HEAD` has no code, by which the 404 of a proxy could be told.
        match self.store.get(&share.document).await {
            Ok(found) => {
                share.note_tag(found.meta.e_tag);
                Ok(true)
            }
            Err(error) if is_absence(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes over the document that was seen, and over no other where the server keeps to the condition.
    async fn put_over(&self, share: &Share, text: &[u8]) -> Result<PutResult, Error> {
        let (document, text) = (&share.document, || text.to_vec());
        if self.conditions.held() == Held::Unknown {
            match self.put(document, text(), over(NO_TAG)).await {
                Err(Error::Precondition { .. }) => self.conditions.note(true),
                Err(error) if !is_unknown_to_the_server(&error) => return Err(error),
                written => {
                    self.conditions.note(false);
                    if written.is_ok() {
                        return written;
                    }
                }
            }
        }
        match share.tag() {
            Some(tag) if self.conditions.held() == Held::Yes => {
                self.put(document, text(), over(&tag)).await
            }
            _ => self.put(document, text(), PutMode::Overwrite).await,
        }
    }

    async fn put(&self, path: &Path, text: Vec<u8>, mode: PutMode) -> Result<PutResult, Error> {
        self.store.put_opts(path, text.into(), PutOptions::from(mode)).await
    }
}

fn over(tag: &str) -> PutMode {
    PutMode::Update(UpdateVersion { e_tag: Some(tag.to_owned()), version: None })
}

/// Returns true if a server knows no such condition.
fn is_unknown_to_the_server(error: &Error) -> bool {
    matches!(error, Error::NotImplemented { .. } | Error::NotSupported { .. })
        || matches!(ObjectFailure::of(error), ObjectFailure::Answer { status: 501, .. })
}
