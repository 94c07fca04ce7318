//! The game's rules of retention, as plain values, and the sessions that would go by them.

mod keep;
mod preview;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::model::session::{Archived, SessionStatus};
use crate::read::recovery::SessionEntry;
pub use keep::Keep;
pub use preview::{RetentionPreview, RetentionReason, WouldGo};

/// The way in which a session was left, for [`Retention`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum LeftAs {
    /// It was closed, and can be continued.
    Closed,
    /// The player reached its goal.
    Completed,
    /// The player lost, or the game could not continue.
    Failed,
    /// The player gave it up.
    Abandoned,
    /// It crashed, and the player doesn't want it back.
    DeclinedCrash,
}

/// The place for sessions that no rule keeps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum LetGo {
    /// Into the trash, from which they can be had back for a while.
    #[default]
    Trash,
    /// Into the archive, where this much of it is kept.
    Archive(Archived),
}

/// Rules by which sessions are kept. Without a rule nothing goes.
///
/// No rule ever touches these: sessions that are pinned, in use, forked, drafts, or of a newer version of the game,
/// crashes that the player hasn't declined, what is in the archive or the trash already, and the session that was left
/// last. Sessions that can't be read aren't listed, so no rule knows of them.
///
/// ```
/// use bevy_session_journal::{Keep, LeftAs, Retention};
/// use std::time::Duration;
///
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
///
/// let retention = Retention::default()
///     .keep(LeftAs::Completed, Keep::within(90 * DAY))
///     .keep(LeftAs::Failed, Keep::within(7 * DAY).or_newest(5))
///     .keep(LeftAs::Closed, Keep::newest_of(100).or_weekly(10))
///     .total_bytes(4 << 30);
/// # let _ = retention;
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Retention {
    rules: BTreeMap<LeftAs, Keep>,
    total_bytes: Option<u64>,
    let_go: LetGo,
}

impl Retention {
    /// Keeps sessions that were left in this way by the rule `keep`, and removes the others of them.
    #[must_use]
    pub fn keep(mut self, left: LeftAs, keep: Keep) -> Self {
        self.rules.insert(left, keep);
        self
    }

    /// Lets the sessions go that were left longest ago, however they were left, where all that are at hand take
    /// more bytes together.
    #[must_use]
    pub fn total_bytes(mut self, total_bytes: u64) -> Self {
        self.total_bytes = Some(total_bytes);
        self
    }

    /// Sets the place for sessions that no rule keeps. The trash by default.
    #[must_use]
    pub fn let_go(mut self, let_go: LetGo) -> Self {
        self.let_go = let_go;
        self
    }
}

impl LeftAs {
    /// The way in which a session was left; `None` of one that is played, hasn't begun, or whose crash waits for an
    /// answer.
    #[must_use]
    pub fn of(entry: &SessionEntry) -> Option<Self> {
        match entry.status {
            _ if entry.in_use || entry.session.draft => None,
            SessionStatus::Closed => Some(Self::Closed),
            SessionStatus::Completed => Some(Self::Completed),
            SessionStatus::Failed => Some(Self::Failed),
            SessionStatus::Abandoned => Some(Self::Abandoned),
            SessionStatus::Active | SessionStatus::Paused => {
                entry.declined.then_some(Self::DeclinedCrash)
            }
        }
    }
}
