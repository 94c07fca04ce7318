//! Which session loses something first where all together take too much room.
//!
//! First all of them lose their history: those of low priority before those of normal and of high
//! priority, and among equals the least recently played one before the others. Only then named
//! checkpoints go, in the same order, the oldest first and no more than is needed.

use jiff::Timestamp;

use crate::disk::DirectoryStore;
use crate::model::ids::SessionId;
use crate::model::session::SessionPriority;

/// What a session is to lose, in the order in which it goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    History,
    Named,
}

/// Where a session stands among the others: the least one loses first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub priority: SessionPriority,
    pub last_played: Option<Timestamp>,
    pub session: SessionId,
}

/// Where a session stands; `None` if it can't be read.
pub(crate) fn rank(store: &DirectoryStore, session: SessionId) -> Option<Rank> {
    let stored = store.open_session(session).ok()?;
    let head = stored.index().heads().first();
    Some(Rank {
        priority: head.map(|head| head.metadata.priority).unwrap_or_default(),
        last_played: head.map(|head| head.time),
        session,
    })
}

/// What each of these loses, the first one last.
pub(crate) fn order(ranked: &[Rank]) -> Vec<(Loss, Rank)> {
    let losses = [Loss::History, Loss::Named].into_iter();
    let mut waiting: Vec<_> =
        losses.flat_map(|loss| ranked.iter().map(move |rank| (loss, *rank))).collect();
    waiting.sort_by(|one, other| other.cmp(one));
    waiting
}
