//! The interface between a digester and the sessions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::format::RecordedEvent;
use crate::model::ids::SessionId;
use crate::read::recovery::{HistoryLosses, SessionFacts};

/// Reduces the history of a session to a small value: the number of its player's deaths, the time that each level took.
///
/// All events of the session's newest line are handed over in their order, and then the session's entry. It runs beside
/// the game, between the checkpoints, and only if a session's files have changed. A value must follow from this input
/// alone. If this code panics, the session's value is the default one, and [`Digested::has_failed`] is set.
///
/// ```
/// use bevy_session_journal::{RecordedEvent, SessionDigester, SessionFacts};
/// use serde::{Deserialize, Serialize};
///
/// struct Jumps;
///
/// #[derive(Default, Clone, Serialize, Deserialize)]
/// struct Jumped {
///     jumps: u64,
///     player: Option<String>,
/// }
///
/// impl SessionDigester for Jumps {
///     type Value = Jumped;
///     const NAME: &'static str = "jumps";
///
///     fn take_event(&self, value: &mut Jumped, event: &RecordedEvent) {
///         value.jumps += u64::from(&*event.event_type.path == "game::Jumped");
///     }
///
///     fn take_facts(&self, value: &mut Jumped, facts: &SessionFacts) {
///         value.player = facts.entry.session.player.clone();
///     }
/// }
/// ```
pub trait SessionDigester: Send + Sync + 'static {
    /// The digest of a session.
    type Value: Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Its name, and that of its file.
    const NAME: &'static str;

    /// The version of this digester: raise it when it makes other values of the same history. Values of another
    /// version, or by another version of the game, are thrown away. Defaults to 0.
    fn version(&self) -> u64 {
        0
    }

    /// Takes up the next thing that happened.
    fn take_event(&self, value: &mut Self::Value, event: &RecordedEvent);

    /// Takes up what is known of the session beside that. Called once, after all events, unless no checkpoint of the
    /// session can be read.
    fn take_facts(&self, value: &mut Self::Value, facts: &SessionFacts) {
        let _ = (value, facts);
    }
}

/// The digest of one session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Digested<T> {
    /// The session.
    pub session: SessionId,
    /// The value that the digester made.
    pub value: T,
    /// The parts of the history that it doesn't include.
    pub losses: HistoryLosses,
    /// True if the digester's own code panicked, so that the value is the default one.
    pub has_failed: bool,
}

impl<T> Digested<T> {
    /// A value that was made of a session, and what of the history it doesn't include.
    #[must_use]
    pub fn new(session: SessionId, value: T, losses: HistoryLosses) -> Self {
        Self { session, value, losses, has_failed: false }
    }

    /// Returns true if the value includes all of the session's history.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.losses.is_none() && !self.has_failed
    }
}

/// The digests of all sessions, in the order of their ids, so the oldest first. A clone of it is as cheap as one of a
/// pointer, so that a task of the game can go through all of them.
#[derive(Debug)]
pub struct DigestedSessions<T>(Arc<[Arc<Digested<T>>]>);

impl<T> Clone for DigestedSessions<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for DigestedSessions<T> {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

/// In any order; of two of one session the later counts.
impl<T> FromIterator<Arc<Digested<T>>> for DigestedSessions<T> {
    fn from_iter<I: IntoIterator<Item = Arc<Digested<T>>>>(digests: I) -> Self {
        let digests = digests.into_iter().map(|digested| (digested.session, digested));
        Self::of(digests.collect::<BTreeMap<SessionId, Arc<Digested<T>>>>().into_values())
    }
}

impl<T> DigestedSessions<T> {
    /// The digests of these values, which are sorted by session.
    pub(super) fn of(sorted: impl Iterator<Item = Arc<Digested<T>>>) -> Self {
        Self(sorted.collect())
    }

    /// The digest of one session; `None` if it has none.
    #[must_use]
    pub fn get(&self, session: SessionId) -> Option<&Digested<T>> {
        let place = self.0.binary_search_by_key(&session, |known| known.session).ok()?;
        self.0.get(place).map(Arc::as_ref)
    }

    /// All digests, those of the oldest sessions first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Digested<T>> {
        self.0.iter().map(Arc::as_ref)
    }

    /// The number of sessions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The work that bringing digests up to date took.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct DigestFigures {
    /// Sessions of which something is known.
    pub sessions: usize,
    /// Sessions whose files were read. The values of all others were kept.
    pub read: usize,
    /// The time that the writer's thread worked on it.
    pub work: Duration,
}
