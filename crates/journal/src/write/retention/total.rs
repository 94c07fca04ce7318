//! The order in which sessions lose history if all together take too much room.
//!
//! First all of them lose their history: those of low priority before those of normal and of high
//! priority, and among equals the least recently played one before the others. Only then named
//! checkpoints go, in the same order, the oldest first and no more than is needed.

use jiff::Timestamp;

use crate::disk::DirectoryStore;
use crate::model::ids::SessionId;
use crate::model::session::SessionPriority;

/// The loss of a session, in the order in which it goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    History,
    Named,
}

/// The rank of a session among the others: the least one loses first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub priority: SessionPriority,
    pub last_played: Option<Timestamp>,
    pub session: SessionId,
}

/// The standing of a session beside the one that is played.
pub(crate) enum Standing {
    /// It is to lose something when its turn comes.
    Ranked(Rank),
    /// It belongs to another game, in a place that several share: its room is none of this one's.
    OfAnotherGame,
    /// It can't be read.
    Unreadable,
}

/// The standing of a session for this game.
pub(crate) fn standing(store: &DirectoryStore, session: SessionId, game: &str) -> Standing {
    let Ok(stored) = store.open_session(session) else { return Standing::Unreadable };
    let head = stored.index().heads().first();
    if head.is_some_and(|head| head.metadata.context.is_of_another_game(game)) {
        return Standing::OfAnotherGame;
    }
    Standing::Ranked(Rank {
        priority: head.map(|head| head.metadata.priority).unwrap_or_default(),
        last_played: head.map(|head| head.time),
        session,
    })
}

/// The losses of these sessions in order, the first one last.
pub(crate) fn order(ranked: &[Rank]) -> Vec<(Loss, Rank)> {
    let losses = [Loss::History, Loss::Named].into_iter();
    let mut waiting: Vec<_> =
        losses.flat_map(|loss| ranked.iter().map(move |rank| (loss, *rank))).collect();
    waiting.sort_by(|one, other| other.cmp(one));
    waiting
}
