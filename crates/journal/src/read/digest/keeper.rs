//! The digests of one digester: read once, believed where nothing about a session's files changed, and made again
//! where something has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tracing::debug;

use super::panics::survives;
use super::{
    DigestFigures, Digested, DigestedSessions, ErasedDigests, KeepDigests, PlayedLine,
    SessionDigester,
};
use crate::disk::{CatalogIndex, IndexBuild, IndexedSession, StoreError, with_sources};
use crate::model::clock;
use crate::model::ids::SessionId;
use crate::read::recovery::{KnownTypes, SessionFinder, SessionHistory};

/// Keeps the digests of one digester.
pub struct DigestKeeper<D: SessionDigester> {
    digester: D,
    /// The build that the file must be of to be used; `None` until it is read.
    build: Option<IndexBuild>,
    /// The digests from the file that weren't asked for yet.
    packed: HashMap<SessionId, IndexedSession>,
    known: BTreeMap<SessionId, Known<D::Value>>,
    under_way: Option<UnderWay<D::Value>>,
    /// True if the file differs from what is known.
    is_stale: bool,
    figures: DigestFigures,
    /// The two lists that were handed over last: freeing one takes time, so this thread must be the one that drops its
    /// last handle.
    shown: [DigestedSessions<D::Value>; 2],
}

struct Known<T> {
    /// `None` where it is to be made again at the next opportunity.
    stamp: Option<u64>,
    digest: Arc<Digested<T>>,
}

/// Digests as they are brought up to date.
struct UnderWay<T> {
    /// The sessions that weren't looked at yet, the next one last, with the stamp of their files if it is known.
    waiting: Vec<(SessionId, Option<u64>)>,
    /// Those that this process may have changed since that stamp was known.
    changed: BTreeSet<SessionId>,
    played: Option<PlayedLine>,
    /// The digests from before that aren't confirmed yet.
    before: BTreeMap<SessionId, Known<T>>,
    reading: Option<(SessionHistory, Digested<T>)>,
}

impl<D: SessionDigester> fmt::Debug for DigestKeeper<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DigestKeeper").field("name", &D::NAME).finish_non_exhaustive()
    }
}

impl<D: SessionDigester> DigestKeeper<D> {
    /// Keeps what this one makes of sessions.
    pub fn new(digester: D) -> Self {
        Self {
            digester,
            build: None,
            packed: HashMap::new(),
            known: BTreeMap::new(),
            under_way: None,
            is_stale: false,
            figures: DigestFigures::default(),
            shown: Default::default(),
        }
    }

    /// Reads the file, the first time.
    fn recall(&mut self, finder: &SessionFinder) {
        if self.build.is_some() {
            return;
        }
        let build = finder.build_with(self.digester.version());
        let read = finder.store().index().read_digests(D::NAME).unwrap_or_else(|error| {
            debug!(name = D::NAME, error = %with_sources(&error), "the file of digests is of no use");
            None
        });
        if let Some(CatalogIndex { sessions, .. }) = read.filter(|read| read.build == build) {
            self.packed = sessions.into_iter().map(|session| (session.id, session)).collect();
        }
        self.build = Some(build);
    }

    /// Keeps what is known of a session, or begins to read it.
    fn look_at(
        &mut self,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        session: SessionId,
        stamp: Option<u64>,
    ) {
        if !self.confirm(session, stamp) {
            self.open(finder, types, session);
        }
    }

    /// Keeps what is known of a session if its files are as they were. Returns true if they were.
    fn confirm(&mut self, session: SessionId, stamp: Option<u64>) -> bool {
        let Some(under_way) = &mut self.under_way else { return false };
        if let Some(known) = under_way.before.remove(&session) {
            let is_as_before = stamp.is_some() && known.stamp == stamp;
            if is_as_before {
                self.known.insert(session, known);
            }
            return is_as_before;
        }
        let Some(IndexedSession { stamp: then, entry, .. }) = self.packed.remove(&session) else {
            return false;
        };
        let digest = rmp_serde::from_slice(&entry).ok().filter(|_| stamp == Some(then));
        let Some(digest) = digest else { return false };
        self.known.insert(session, Known { stamp, digest: Arc::new(digest) });
        true
    }

    /// Begins to read a session.
    fn open(&mut self, finder: &mut SessionFinder, types: &dyn KnownTypes, session: SessionId) {
        self.is_stale = true;
        let Some(under_way) = &mut self.under_way else { return };
        let played = under_way.played.as_ref().filter(|played| played.session == session);
        let line = played.map(|played| played.line.as_slice());
        match SessionHistory::open(finder, types, session, line) {
            Ok(Some(history)) => {
                let value = D::Value::default();
                let digest = Digested::new(session, value, history.losses());
                under_way.reading = Some((history, digest));
                self.figures.read += 1;
            }
            Ok(None) => {}
            Err(error) => {
                debug!(%session, error = %with_sources(&error), "the session can't be read");
                let mut digest = Digested::new(session, D::Value::default(), Default::default());
                digest.losses.unreadable_files = 1;
                self.known.insert(session, Known { stamp: None, digest: Arc::new(digest) });
            }
        }
    }

    /// Reads the next piece of the session that is open. Returns true if there was one.
    fn read_on(&mut self) -> bool {
        let Some(under_way) = &mut self.under_way else { return false };
        let Some((history, digest)) = &mut under_way.reading else { return false };
        let digester = &self.digester;
        let mut goes_on = false;
        let survived = survives(D::NAME, || {
            goes_on = history.step(&mut |event| digester.take_event(&mut digest.value, event));
            if !goes_on && let Some(facts) = &history.facts {
                digester.take_facts(&mut digest.value, facts);
            }
        });
        if survived && goes_on {
            return true;
        }
        let Some((history, mut digest)) = under_way.reading.take() else { return true };
        digest.losses = history.losses();
        if !survived {
            digest.value = D::Value::default();
            digest.has_failed = true;
        }
        let known = Known { stamp: Some(history.stamp), digest: Arc::new(digest) };
        self.known.insert(known.digest.session, known);
        true
    }

    /// Gives up what is under way, and keeps what is known so far.
    fn give_up(&mut self) {
        if let Some(UnderWay { before, .. }) = self.under_way.take() {
            for (session, known) in before {
                self.known.entry(session).or_insert(known);
            }
        }
    }

    fn indexed(&self) -> Vec<IndexedSession> {
        let encoded = self.known.iter().filter_map(|(id, known)| {
            let entry = rmp_serde::to_vec_named(&*known.digest).ok()?;
            Some(IndexedSession { id: *id, stamp: known.stamp?, entry })
        });
        encoded.chain(self.packed.values().cloned()).collect()
    }
}

impl<D: SessionDigester> KeepDigests for DigestKeeper<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn begin(&mut self, finder: &SessionFinder, changed: &[SessionId], played: Option<PlayedLine>) {
        self.give_up();
        self.recall(finder);
        self.figures = DigestFigures::default();
        let mut stamps: BTreeMap<SessionId, Option<u64>> = finder.stamps().into_iter().collect();
        let played_session = played.as_ref().map(|played| played.session);
        let changed: BTreeSet<SessionId> = changed.iter().copied().chain(played_session).collect();
        stamps.extend(changed.iter().map(|session| (*session, None)));
        let waiting = stamps.into_iter().rev().collect();
        let before = std::mem::take(&mut self.known);
        self.under_way = Some(UnderWay { waiting, changed, played, before, reading: None });
    }

    fn step(&mut self, finder: &mut SessionFinder, types: &dyn KnownTypes) -> bool {
        let begun = clock::instant();
        if !self.read_on() {
            let Some(under_way) = &mut self.under_way else { return false };
            let Some((session, stamp)) = under_way.waiting.pop() else { return false };
            let looks = under_way.changed.contains(&session);
            let looked = looks.then(|| finder.store().session_stamp(session));
            match looked {
                // It is gone.
                Some(Err(_)) => {}
                Some(Ok(stamp)) => self.look_at(finder, types, session, Some(stamp)),
                None => self.look_at(finder, types, session, stamp),
            }
        }
        self.figures.work += begun.elapsed();
        true
    }

    fn publish(&mut self) -> (ErasedDigests, DigestFigures) {
        let begun = clock::instant();
        let gone = self.under_way.take().is_some_and(|under_way| !under_way.before.is_empty());
        self.is_stale |= gone || !self.packed.is_empty();
        self.packed.clear();
        let digests = self.known.values().map(|known| Arc::clone(&known.digest));
        let shown = DigestedSessions::of(digests);
        self.shown.rotate_right(1);
        self.shown[0] = shown.clone();
        let work = self.figures.work + begun.elapsed();
        self.figures = DigestFigures { sessions: shown.len(), work, ..self.figures };
        (Arc::new(shown), self.figures)
    }

    fn write(&mut self, finder: &SessionFinder, now: Timestamp) {
        self.give_up();
        let Some(build) = self.build.clone().filter(|_| self.is_stale) else { return };
        self.is_stale = false;
        let digests = CatalogIndex { build, written: now, sessions: self.indexed() };
        if let Err(error) = finder.store().index().write_digests(D::NAME, &digests) {
            debug!(name = D::NAME, error = %with_sources(&error), "digests can't be written");
        }
    }

    fn forget(&mut self, finder: &SessionFinder) -> Result<(), StoreError> {
        self.of_another_profile();
        self.figures = DigestFigures { work: Duration::ZERO, ..DigestFigures::default() };
        finder.store().index().remove_digests(D::NAME)
    }

    fn erase(&mut self, sessions: &BTreeSet<SessionId>) {
        self.packed.retain(|session, _| !sessions.contains(session));
        self.known.retain(|session, _| !sessions.contains(session));
        if let Some(under_way) = &mut self.under_way {
            under_way.before.retain(|session, _| !sessions.contains(session));
            under_way.waiting.retain(|(session, _)| !sessions.contains(session));
            under_way.reading.take_if(|(_, digest)| sessions.contains(&digest.session));
        }
        // The file is gone, and what is kept of other sessions is to be written again.
        self.is_stale = self.build.is_some();
    }

    fn of_another_profile(&mut self) {
        self.under_way = None;
        self.known.clear();
        self.packed.clear();
        self.build = None;
        self.is_stale = false;
        self.shown = Default::default();
    }
}
