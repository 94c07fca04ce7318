//! The sessions that this process shares: which they are, until when, and who renews their documents.

use std::collections::HashMap;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bevy_session_journal::SessionId;
use object_store::path::Path;

/// The time between two renewals of a session whose renewals weren't seen yet: that of the store's own pace.
const RENEWED_EVERY: Duration = Duration::from_secs(30);

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
    /// The last renewal of a session that is played here.
    renewed: Option<Instant>,
    every: Duration,
    /// True once the bucket was asked what others have shared.
    is_listed: bool,
    /// True while its documents can't be brought up to date.
    lags: bool,
    /// True if its player has withdrawn it, or it was removed.
    is_forgotten: bool,
}

impl Shared {
    /// The time between two of its renewals.
    fn every(&self) -> Duration {
        let since = self.renewed.map(|renewed| renewed.elapsed()).unwrap_or_default();
        RENEWED_EVERY.max(self.every).max(since)
    }
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

    /// Notes a renewal of a session, or that it was left. Returns the time between two of them.
    pub fn note_renewal(&self, session: SessionId, is_left: bool) -> Duration {
        let mut sessions = self.sessions();
        let shared = sessions.entry(session).or_default();
        shared.is_forgotten = false;
        let every = shared.every();
        // Somebody else may play it before it is played here again.
        shared.every = if is_left { Duration::ZERO } else { every };
        shared.renewed = (!is_left).then(Instant::now);
        shared.is_listed &= !is_left;
        every
    }

    /// The time between two renewals of a session; `None` if it isn't played here.
    pub fn every(&self, session: SessionId) -> Option<Duration> {
        let sessions = self.sessions();
        let shared = sessions.get(&session)?;
        shared.renewed.map(|_| shared.every())
    }

    /// Returns true if the bucket was asked what is shared of a session that is played here.
    pub fn is_listed(&self, session: SessionId) -> bool {
        self.sessions().get(&session).is_some_and(|shared| shared.is_listed)
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
    pub fn turn_to_write(&self, waits: bool) -> Option<RwLockReadGuard<'_, ()>> {
        if waits {
            return Some(self.turns.read().unwrap_or_else(PoisonError::into_inner));
        }
        match self.turns.try_read() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The turn of one who ends something.
    pub fn turn_to_end(&self) -> RwLockWriteGuard<'_, ()> {
        self.turns.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, Shared>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
