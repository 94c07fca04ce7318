//! Notifications about chapters.

use bevy::prelude::*;
use bevy_session_journal::{ChapterId, ChapterOutcome, ChapterSummary, SessionId};

use super::notifications;

notifications! {
    /// A chapter has begun. It is the innermost one of
    /// [`CurrentSession::chapters`](crate::CurrentSession::chapters), and its first checkpoint
    /// follows, which includes entities that an observer spawns.
    ChapterBegun {
        /// The session.
        session: SessionId,
        /// The chapter.
        chapter: ChapterId,
    }

    /// A chapter has ended. The entities that are [`InChapter`](crate::chapters::InChapter) are despawned when all
    /// observers have run.
    ChapterEnded {
        /// The session.
        session: SessionId,
        /// The chapter.
        chapter: ChapterId,
        /// Success, failure, or another outcome that the game gave.
        outcome: ChapterOutcome,
        /// Its duration and counts.
        summary: ChapterSummary,
    }
}
