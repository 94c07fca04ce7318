//! The sessions that this process shares: which they are, until when, and who renews their documents.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bevy_session_journal::SessionId;
use object_store::path::Path;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The least time that a document names between two renewals, and that of a session whose renewals weren't seen yet: the
/// store's own pace.
const RENEWED_EVERY: Duration = Duration::from_secs(30);
/// The longest such time. What is longer was an outage.
const RENEWED_AT_LEAST_EVERY: Duration = Duration::from_secs(5 * 60);
/// The time without a renewal after which a session counts as played by nobody here.
const SILENT: Duration = Duration::from_secs(15 * 60);

/// The time by which the clocks of two owners may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3_600);

/// The end of a share. The steady clock stands still while a machine sleeps, and the other one may be set.
#[derive(Clone, Copy)]
pub(crate) struct End {
    steady: Instant,
    clock: SystemTime,
}

impl End {
    pub fn after(lasts: Duration) -> Self {
        Self { steady: Instant::now() + lasts, clock: SystemTime::now() + lasts }
    }

    /// Returns true if the end that a document names is over by any clock.
    pub fn is_long_over(until: u64) -> bool {
        let until = UNIX_EPOCH.checked_add(Duration::from_secs(until));
        until
            .and_then(|until| SystemTime::now().duration_since(until).ok())
            .is_some_and(|since| since > CLOCKS_DIFFER)
    }

    /// The end that a document names; `None` if it is over, or further away than any.
    pub fn of_document(until: u64, longest: Duration) -> Option<Self> {
        let until = UNIX_EPOCH.checked_add(Duration::from_secs(until))?;
        let left = until.duration_since(SystemTime::now()).ok()?;
        (left <= longest + CLOCKS_DIFFER).then(|| Self::after(left.min(longest)))
    }

    /// The time until then, by the clock that says less.
    pub fn left(self) -> Duration {
        let steady = self.steady.saturating_duration_since(Instant::now());
        steady.min(self.clock.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// The same in seconds of Unix.
    pub fn seconds(self) -> u64 {
        self.clock.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}

/// A session that is shared until a moment.
pub(crate) struct Share {
    pub session: SessionId,
    pub document: Path,
    pub end: End,
    written: Mutex<Written>,
}

/// The last time that a document was written.
#[derive(Clone, Default)]
struct Written {
    at: Option<Instant>,
    /// The tag by which a server knows that nobody has written or deleted it since.
    tag: Option<String>,
}

impl Share {
    pub fn new(session: SessionId, document: Path, end: End, tag: Option<String>) -> Self {
        Self { session, document, end, written: Mutex::new(Written { at: None, tag }) }
    }

    pub fn tag(&self) -> Option<String> {
        self.written().tag.clone()
    }

    pub fn note_tag(&self, tag: Option<String>) {
        self.written().tag = tag;
    }

    pub fn note_written(&self, tag: Option<String>) {
        *self.written() = Written { at: Some(Instant::now()), tag };
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shares of this process, and what it knows of the sessions that it plays.
#[derive(Default)]
pub(crate) struct Shares {
    sessions: Mutex<HashMap<SessionId, Shared>>,
    /// Documents are written by many at a time, and ended by one alone.
    turns: RwLock<()>,
}

/// A session's shares.
#[derive(Default)]
struct Shared {
    all: Vec<Arc<Share>>,
    /// The last renewal of a session that is played here, and the time since the one before it.
    renewed: Option<(Instant, Duration)>,
    /// True once all is known that others have shared.
    is_listed: bool,
    /// The documents that were looked at for that.
    seen: HashSet<Path>,
    /// True while its documents can't be brought up to date.
    lags: bool,
    /// True if its player has withdrawn it, or it was removed.
    is_forgotten: bool,
}

impl Shares {
    /// Adds a share, unless its session was forgotten; whether it was added.
    pub fn add(&self, share: Share) -> bool {
        let mut sessions = self.sessions();
        let shared = sessions.entry(share.session).or_default();
        let is_new = shared.all.iter().all(|other| other.document != share.document);
        if is_new && !shared.is_forgotten {
            shared.all.push(Arc::new(share));
        }
        !shared.is_forgotten
    }

    /// Shares a document no more.
    pub fn remove(&self, session: SessionId, document: &Path) {
        if let Some(shared) = self.sessions().get_mut(&session) {
            shared.all.retain(|share| share.document != *document);
        }
    }

    /// Shares nothing of a session any more.
    pub fn remove_all(&self, session: SessionId) {
        self.sessions().entry(session).or_default().all.clear();
    }

    /// Shares nothing of a session, until it is played again with its player's consent.
    pub fn forget(&self, session: SessionId) {
        let mut sessions = self.sessions();
        let shared = sessions.entry(session).or_default();
        shared.is_forgotten = true;
        shared.all.clear();
    }

    pub fn is_forgotten(&self, session: SessionId) -> bool {
        self.sessions().get(&session).is_some_and(|shared| shared.is_forgotten)
    }

    /// Notes a renewal of a session. Returns the time between the last two, as far as documents name it.
    pub fn note_renewal(&self, session: SessionId, now: Instant) -> Duration {
        let mut sessions = self.sessions();
        let shared = sessions.entry(session).or_default();
        shared.is_forgotten = false;
        let since = shared.renewed.map(|(renewed, _)| now.saturating_duration_since(renewed));
        // After an outage the next one comes as soon as ever.
        let since = since.filter(|since| *since <= SILENT).unwrap_or_default();
        let every = since.clamp(RENEWED_EVERY, RENEWED_AT_LEAST_EVERY);
        shared.renewed = Some((now, every));
        every
    }

    /// Notes that a session was left: somebody else may play it before it is played here again.
    pub fn note_left(&self, session: SessionId) {
        let mut sessions = self.sessions();
        let shared = sessions.entry(session).or_default();
        (shared.renewed, shared.is_listed) = (None, false);
        shared.seen.clear();
    }

    /// The time between two renewals of a session; `None` if it isn't played here.
    pub fn every(&self, session: SessionId, now: Instant) -> Option<Duration> {
        let (renewed, every) = self.sessions().get(&session)?.renewed?;
        (now.saturating_duration_since(renewed) <= SILENT).then_some(every)
    }

    /// Returns true if all is known that is shared of a session that is played here.
    pub fn is_listed(&self, session: SessionId) -> bool {
        self.sessions().get(&session).is_some_and(|shared| shared.is_listed)
    }

    /// Notes a document that was looked at.
    pub fn note_seen(&self, session: SessionId, document: Path) {
        self.sessions().entry(session).or_default().seen.insert(document);
    }

    /// Returns true if a document was looked at, or is one of this process's.
    pub fn is_known(&self, session: SessionId, document: &Path) -> bool {
        self.sessions().get(&session).is_some_and(|shared| {
            let is_own = || shared.all.iter().any(|share| share.document == *document);
            shared.seen.contains(document) || is_own()
        })
    }

    pub fn note_listed(&self, session: SessionId) {
        self.sessions().entry(session).or_default().is_listed = true;
    }

    /// Notes whether the documents of a session are up to date. Returns true if they aren't any more.
    pub fn note_lag(&self, session: SessionId, lags: bool) -> bool {
        let mut sessions = self.sessions();
        let shared = sessions.entry(session).or_default();
        let lagged = std::mem::replace(&mut shared.lags, lags);
        lags && !lagged
    }

    /// The shares of a session whose time isn't over. Those that were missed are first.
    pub fn of(&self, session: SessionId) -> Vec<Arc<Share>> {
        let mut sessions = self.sessions();
        let Some(shared) = sessions.get_mut(&session) else { return Vec::new() };
        shared.all.retain(|share| !share.end.left().is_zero());
        let mut all = shared.all.clone();
        all.sort_by_key(|share| share.written().at);
        all
    }

    /// The turn of one who writes; `None` while another ends something, if nobody waits for that.
    pub async fn turn_to_write(&self, waits: bool) -> Option<RwLockReadGuard<'_, ()>> {
        if waits { Some(self.turns.read().await) } else { self.turns.try_read().ok() }
    }

    /// The turn of one who ends something.
    pub async fn turn_to_end(&self) -> RwLockWriteGuard<'_, ()> {
        self.turns.write().await
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, Shared>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_name_the_time_between_the_last_two_renewals_and_no_outage() {
        let (shares, session, begin) = (Shares::default(), SessionId::random(), Instant::now());
        let mut now = begin;
        assert_eq!(shares.every(session, now), None, "nobody plays it");
        for (since, expected) in [
            (0, 30),
            (30, 30),
            (100, 100),
            // An owner whose line was away, and came back.
            (600, 300),
            (7_200, 30),
            (30, 30),
            (3, 30),
        ] {
            now += Duration::from_secs(since);
            let expected = Duration::from_secs(expected);
            assert_eq!(shares.note_renewal(session, now), expected, "{since}");
            assert_eq!(shares.every(session, now + Duration::from_secs(600)), Some(expected));
        }
        let later = now + SILENT + Duration::from_secs(1);
        assert_eq!(shares.every(session, later), None, "another may play it by now");
        shares.note_left(session);
        assert_eq!(shares.every(session, now), None);
        assert_eq!(shares.note_renewal(session, later), RENEWED_EVERY);
    }
}
