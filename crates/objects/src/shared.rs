//! The store of a spectator: one session that was shared, only to be read.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Key, Listing, ReplicaStore, StoreFault};
use url::Url;

use crate::address::ShareAddress;
use crate::document::{Document, decode};
use crate::error::BucketError;
use crate::failure::{ObjectFailure, code};
use crate::patience::Patience;
use crate::place::Endpoint;
use crate::store::MOST;
use crate::tls::Connector;

/// The usual time between two looks at what a session has.
const LOOK: Duration = Duration::from_secs(5);

/// A session that somebody has [shared](crate::ObjectReplica::share), for `SessionFollower::in_store`. It can be read
/// until the share ends, and nothing can be created, claimed or deleted. It needs no keys.
pub struct SharedSession {
    address: ShareAddress,
    client: reqwest::Client,
    patience: Patience,
    interval: Duration,
    known: Mutex<Known>,
}

/// The last answer, and when the server was asked for it.
type Known = Option<(Instant, Result<Document, SharedError>)>;

/// The reason that a shared session can't be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// The share has ended, was ended, or never was.
    #[error("the session isn't shared by this address, or not any more")]
    NotShared,
    /// The document at the address can't be read, as that of a newer build.
    #[error("what was shared can't be understood")]
    Unclear,
    /// The server gave no answer.
    #[error(transparent)]
    Failure(#[from] ObjectFailure),
}

/// The refusal of everything but reading.
#[derive(Debug, thiserror::Error)]
#[error("what was shared can only be read, and is one session")]
struct OnlyRead;

impl fmt::Debug for SharedSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedSession")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl SharedSession {
    /// The session that an address opens. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the address has no TLS and is of another machine, or certificates can't be verified here.
    pub fn open(address: &ShareAddress) -> Result<Self, BucketError> {
        let endpoint = Endpoint::parse(&address.url.origin().ascii_serialization())?;
        Ok(Self {
            address: address.clone(),
            client: Connector::new(Some(&endpoint))?.into_client(),
            patience: Patience::new().map_err(BucketError::Thread)?,
            interval: LOOK,
            known: Mutex::default(),
        })
    }

    /// Sets the time between two looks at what the session has, each of which is a request. 5 seconds by default.
    #[must_use]
    pub fn look_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.address.session()
    }

    /// Looks whether the session can be read now. It takes ten seconds at most.
    ///
    /// # Errors
    ///
    /// [`SharedError::NotShared`] if the share has ended, was ended, or never was.
    pub fn check(&self) -> Result<(), SharedError> {
        self.look().map(drop)
    }

    /// The keys of what the session has, by an answer that isn't older than the interval, or says that nothing is shared any more.
    fn look(&self) -> Result<Listing, SharedError> {
        if let Some((asked, answer)) = &*self.known()
            && (asked.elapsed() < self.interval || matches!(answer, Err(SharedError::NotShared)))
        {
            return listed(answer);
        }
        let answer = self.ask();
        let listing = listed(&answer);
        *self.known() = Some((Instant::now(), answer));
        listing
    }

    fn ask(&self) -> Result<Document, SharedError> {
        let url = &self.address.url;
        let bytes = match self.patience.wait(get(&self.client, url)) {
            Ok(Some(bytes)) => bytes,
            Ok(None) | Err(ObjectFailure::Answer { status: 401 | 403 | 410, .. }) => {
                return Err(SharedError::NotShared);
            }
            Err(failure) => return Err(failure.into()),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| SharedError::Unclear)?;
        decode(text, self.session(), url).ok_or(SharedError::Unclear)
    }

    fn read_at(&self, key: Key) -> Result<Option<Vec<u8>>, ObjectFailure> {
        let Some(address) = self.address_of(key) else { return Ok(None) };
        let read = self.patience.wait(get(&self.client, &address))?;
        if read.is_none() {
            // It was deleted, and a newer document says what came in its place.
            *self.known() = None;
        }
        Ok(read)
    }

    fn address_of(&self, key: Key) -> Option<Url> {
        let known = self.known();
        let (_, document) = known.as_ref()?;
        document.as_ref().ok()?.addresses.get(&key).cloned()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a refusal unless it is about the session that was shared.
    fn only(&self, session: SessionId) -> Result<(), StoreFault> {
        if session == self.session() { Ok(()) } else { Err(StoreFault::new(session, OnlyRead)) }
    }
}

fn listed(answer: &Result<Document, SharedError>) -> Result<Listing, SharedError> {
    answer.as_ref().map(|document| document.listing.clone()).map_err(Clone::clone)
}

/// Reads what stands at an address; `None` if nothing does. The client's own errors have the address, and are dropped.
async fn get(client: &reqwest::Client, address: &Url) -> Result<Option<Vec<u8>>, ObjectFailure> {
    let sent = client.get(address.clone()).send().await;
    let mut answer = sent.map_err(|error| failure(&error))?;
    let (status, mut body) = (answer.status(), Vec::new());
    while let Some(part) = answer.chunk().await.map_err(|error| failure(&error))? {
        body.extend_from_slice(&part);
        let bytes = body.len() as u64;
        if bytes > MOST {
            return Err(ObjectFailure::TooLarge { bytes });
        }
    }
    if status.is_success() {
        return Ok(Some(body));
    }
    let code = code(&String::from_utf8_lossy(&body));
    match (status.as_u16(), &*code) {
        (404, "NoSuchKey") => Ok(None),
        (status, _) => Err(ObjectFailure::Answer { status, code }),
    }
}

fn failure(error: &reqwest::Error) -> ObjectFailure {
    if error.is_timeout() { ObjectFailure::TimedOut } else { ObjectFailure::Unreachable }
}

impl ReplicaStore for SharedSession {
    fn create(&self, key: Key, _: &[u8]) -> Result<Created, StoreFault> {
        Err(StoreFault::new(key, OnlyRead))
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.only(key.session())?;
        self.read_at(key).map_err(|failure| StoreFault::new(key, failure))
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.only(session)?;
        self.look().map_err(|error| StoreFault::new(session, error))
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        Err(StoreFault::new(key, OnlyRead))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        Err(StoreFault::new("sessions", OnlyRead))
    }
}
