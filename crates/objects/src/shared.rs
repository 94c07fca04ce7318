//! The store of a spectator: one session that was shared, only to be read.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Key, Listing, ReplicaStore, StoreFault};
use url::Url;

use crate::address::ShareAddress;
use crate::document::{Document, LARGEST, decode};
use crate::error::BucketError;
use crate::failure::{ObjectFailure, code};
use crate::patience::Patience;
use crate::place::Endpoint;
use crate::store::MOST;
use crate::tls::Connector;

/// The usual time between two looks at what a session has.
const LOOK: Duration = Duration::from_secs(5);
/// The least time after a fault in which the server isn't asked.
const PAUSE: Duration = Duration::from_secs(1);
/// The same after what time alone doesn't change.
const LONG_PAUSE: Duration = Duration::from_secs(30);
/// The renewals that may be missing before a document counts as nobody's.
const MISSING: u32 = 3;

/// A session that somebody has [shared](crate::ObjectReplica::share), for `SessionFollower::in_store`. It can be read
/// until the share ends, and nothing can be created, claimed or deleted. It needs no keys.
pub struct SharedSession {
    address: ShareAddress,
    client: reqwest::Client,
    patience: Patience,
    interval: Duration,
    known: Mutex<Known>,
}

/// The server's answers so far.
#[derive(Default)]
struct Known {
    /// The last look: when it was, and what came of it.
    look: Option<(Instant, Result<(), SharedError>)>,
    document: Option<Document>,
    /// The server's tag of the document.
    tag: Option<String>,
    /// Since when it was never another one.
    changed: Option<Instant>,
    /// Entries that it names and that were deleted since.
    absent: BTreeSet<Key>,
    /// The last read of an entry, if it has failed.
    fault: Option<(Instant, SharedError)>,
}

/// The reason that a shared session can't be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// The share has ended, was ended, or never was.
    #[error("the session isn't shared by this address, or not any more")]
    NotShared,
    /// The keys that signed the address have expired or were deleted, as those of a cloud's machines do within hours.
    #[error("the keys that signed the address have expired, so it has to be shared anew")]
    KeysExpired,
    /// Its owner doesn't say any more what the session has: it may be gone, or play without the store that has shared.
    #[error("nobody renews what was shared: the session's owner may be gone")]
    NotRenewed,
    /// The document at the address can't be read, as that of a newer build.
    #[error("what was shared can't be understood")]
    Unclear,
    /// The server gave no answer.
    #[error(transparent)]
    Failure(#[from] ObjectFailure),
}

impl SharedError {
    /// Returns true if the address will never open anything again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::NotShared | Self::KeysExpired)
    }

    /// The meaning of a refusal of the address. What has no code of S3 is a proxy's, which says nothing about the address.
    fn of(failure: ObjectFailure) -> Self {
        let ObjectFailure::Answer { status, code } = &failure else {
            return Self::Failure(failure);
        };
        match (status, &**code) {
            (_, "ExpiredToken" | "TokenRefreshRequired" | "InvalidAccessKeyId") => {
                Self::KeysExpired
            }
            (_, "RequestTimeTooSkewed") | (_, "") => Self::Failure(failure),
            (401 | 403 | 410, _) => Self::NotShared,
            _ => Self::Failure(failure),
        }
    }

    /// The time after it in which the server isn't asked again; `None` if it never is.
    fn pause(&self) -> Option<Duration> {
        match self {
            _ if self.is_final() => None,
            Self::Unclear => Some(LONG_PAUSE),
            Self::Failure(failure) if failure.is_about_keys() => Some(LONG_PAUSE),
            _ => Some(PAUSE),
        }
    }

    fn about(self, about: impl ToString) -> StoreFault {
        if self.is_final() {
            StoreFault::for_good(about, self)
        } else {
            StoreFault::new(about, self)
        }
    }
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
    /// The session that an address opens. Nothing is connected yet, but the system's root certificates are read, so a game opens
    /// it on a thread that draws no frames.
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
    /// [`SharedError`]; one that [is final](SharedError::is_final) if the share has ended, was ended, or never was.
    pub fn check(&self) -> Result<(), SharedError> {
        self.look().map(drop)
    }

    /// The keys of what the session has, by an answer that isn't older than the interval, or after which nothing is asked yet.
    fn look(&self) -> Result<Listing, SharedError> {
        let tag = {
            let known = self.known();
            if !known.is_due(self.interval) {
                return known.listing(self.interval);
            }
            known.tag.clone()
        };
        let answer = self.ask(tag);
        let mut known = self.known();
        known.note(answer);
        known.listing(self.interval)
    }

    /// The document and its tag; `None` if it is the one of this tag.
    fn ask(&self, tag: Option<String>) -> Result<Option<(Document, Option<String>)>, SharedError> {
        let url = &self.address.url;
        let got = self.patience.wait(get(&self.client, url, tag, LARGEST));
        let (bytes, tag) = match got.map_err(SharedError::of)? {
            Got::Bytes { bytes, tag } => (bytes, tag),
            Got::Same => return Ok(None),
            Got::Nothing => return Err(SharedError::NotShared),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| SharedError::Unclear)?;
        let document = decode(text, self.session(), url).ok_or(SharedError::Unclear)?;
        Ok(Some((document, tag)))
    }

    fn read_at(&self, key: Key) -> Result<Option<Vec<u8>>, SharedError> {
        if self.known().document.is_none() {
            self.look()?;
        }
        let address = {
            let known = self.known();
            known.pass_fault()?;
            known.address_of(key)?
        };
        let Some(address) = address else { return Ok(None) };
        let read = self.read_from(&address);
        let mut known = self.known();
        known.fault = read.as_ref().err().map(|error| (Instant::now(), error.clone()));
        if matches!(read, Ok(None)) {
            // A newer document says what came in its place.
            known.absent.insert(key);
        }
        read
    }

    fn read_from(&self, address: &Url) -> Result<Option<Vec<u8>>, SharedError> {
        match self.patience.wait(get(&self.client, address, None, MOST)) {
            Ok(Got::Bytes { bytes, .. }) => Ok(Some(bytes)),
            Ok(Got::Nothing) => Ok(None),
            Ok(Got::Same) => Err(ObjectFailure::Unclear.into()),
            // Its address ends soon after a renewal.
            Err(ObjectFailure::Answer { status: 403, code }) if code == "AccessDenied" => {
                Err(SharedError::NotRenewed)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a refusal unless it is about the session that was shared.
    fn only(&self, session: SessionId) -> Result<(), StoreFault> {
        if session == self.session() { Ok(()) } else { Err(StoreFault::new(session, OnlyRead)) }
    }
}

impl Known {
    /// Returns true if it is time to ask the server.
    fn is_due(&self, interval: Duration) -> bool {
        let Some((at, outcome)) = &self.look else { return true };
        let pause = match outcome {
            Ok(()) => Some(interval),
            Err(error) => error.pause().map(|pause| pause.max(interval)),
        };
        pause.is_some_and(|pause| at.elapsed() >= pause)
    }

    fn note(&mut self, answer: Result<Option<(Document, Option<String>)>, SharedError>) {
        let now = Instant::now();
        let outcome = answer.map(|changed| {
            let Some((document, tag)) = changed else { return };
            let written = self.document.as_ref().map(|document| document.head.written);
            if written != Some(document.head.written) {
                self.changed = Some(now);
            }
            self.absent.clear();
            self.fault = None;
            (self.document, self.tag) = (Some(document), tag);
        });
        self.look = Some((now, outcome));
    }

    fn listing(&self, interval: Duration) -> Result<Listing, SharedError> {
        if let Some((_, Err(error))) = &self.look {
            return Err(error.clone());
        }
        let document = self.document.as_ref().ok_or(SharedError::Unclear)?;
        let every = document.head.every;
        let age = self.changed.map(|changed| changed.elapsed()).unwrap_or_default();
        if !every.is_zero() && age > every * MISSING + interval {
            return Err(SharedError::NotRenewed);
        }
        Ok(document.listing.clone())
    }

    /// Returns the fault of the last read of an entry, unless it was a while ago.
    fn pass_fault(&self) -> Result<(), SharedError> {
        match &self.fault {
            Some((at, error)) if error.pause().is_none_or(|pause| at.elapsed() < pause) => {
                Err(error.clone())
            }
            _ => Ok(()),
        }
    }

    /// The address of an entry; `None` if there is no such entry.
    fn address_of(&self, key: Key) -> Result<Option<Url>, SharedError> {
        if let Some((_, Err(error))) = &self.look
            && error.is_final()
        {
            return Err(error.clone());
        }
        let document = self.document.as_ref().ok_or(SharedError::Unclear)?;
        if self.absent.contains(&key) { Ok(None) } else { Ok(document.address_of(key)) }
    }
}

/// The object at an address.
enum Got {
    Bytes {
        bytes: Vec<u8>,
        /// The server's tag.
        tag: Option<String>,
    },
    /// It has the tag that was named.
    Same,
    Nothing,
}

/// Reads what stands at an address, unless it has this tag. The client's own errors have the address, and are dropped.
async fn get(
    client: &reqwest::Client,
    address: &Url,
    but_for: Option<String>,
    most: u64,
) -> Result<Got, ObjectFailure> {
    let mut request = client.get(address.clone());
    if let Some(tag) = but_for {
        request = request.header("If-None-Match", tag);
    }
    let mut answer = request.send().await.map_err(|error| failure(&error))?;
    let (status, mut body) = (answer.status(), Vec::new());
    let tag = answer.headers().get("ETag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    while let Some(part) = answer.chunk().await.map_err(|error| failure(&error))? {
        body.extend_from_slice(&part);
        let bytes = body.len() as u64;
        if bytes > most {
            return Err(ObjectFailure::TooLarge { bytes });
        }
    }
    if status.is_success() {
        return Ok(Got::Bytes { bytes: body, tag });
    }
    let code = code(&String::from_utf8_lossy(&body));
    match (status.as_u16(), &*code) {
        (304, _) => Ok(Got::Same),
        (404, "NoSuchKey") => Ok(Got::Nothing),
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
        self.read_at(key).map_err(|error| error.about(key))
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.only(session)?;
        self.look().map_err(|error| error.about(session))
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        Err(StoreFault::new(key, OnlyRead))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        Err(StoreFault::new("sessions", OnlyRead))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;
    use crate::document::Head;

    /// The knowledge of a document that is renewed so often, and is the same for so long.
    fn known(every: u64, age: u64) -> Known {
        let session = SessionId::random();
        let written = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let every = Duration::from_secs(every);
        let head = Head { session, lines: 0, until: written + 7, every, written };
        let own = Url::parse("https://a.example/shares/y?signature=0").unwrap();
        let mut known = Known::default();
        known.note(Ok(Some((decode(&head.with(""), session, &own).unwrap(), None))));
        known.changed = Instant::now().checked_sub(Duration::from_secs(age));
        known
    }

    #[test]
    fn a_document_that_nobody_renews_is_a_fault_until_somebody_does() {
        let interval = Duration::from_secs(5);
        for (every, age, is_renewed) in [(30, 90, true), (30, 100, false), (0, 100_000, true)] {
            let listing = known(every, age).listing(interval);
            let expected = if is_renewed { None } else { Some(SharedError::NotRenewed) };
            assert_eq!(listing.err(), expected, "{every} {age}");
        }
        let (mut late, same) = (known(30, 100), known(30, 0));
        late.note(Ok(None));
        assert_eq!(late.listing(interval), Err(SharedError::NotRenewed));
        let document = same.document.unwrap();
        late.note(Ok(Some((document, None))));
        assert_eq!(late.listing(interval), Err(SharedError::NotRenewed), "it is the same");
        let mut next = known(30, 0).document.unwrap();
        next.head.written += 1_000;
        late.note(Ok(Some((next, None))));
        late.listing(interval).unwrap();
    }
}
