//! Retention: every rule by which something is removed.
//!
//! A rule decides and removes nothing by itself, but for files of events. The code that applies it is named beside it,
//! in the order in which a process reaches it:
//!
//! | rule | goes | carried out |
//! | --- | --- | --- |
//! | `events` | files of recorded events, the oldest first | by the run that is played, once a new generation is durable: `write/pruning.rs` |
//! | `history`, `archives` | generations, branches, named checkpoints, and with them what is attached to them | after that, by the same |
//! | `attachments` | older versions of what is attached to a session | with each newer version: `write/session_attachments.rs` |
//! | `statements` | what was said of a session that isn't played, and was said again | with each edit and move: `write/statements.rs` |
//! | `trash` | sessions that were deleted long ago | once a process, after its first checkpoint, and with each cleanup: `write/shelf_sweeping.rs` |
//! | `put_away` | what the file of an archived session takes the place of | with the move, and by the same sweep |
//! | `total` | history of sessions that aren't played, then their named checkpoints | once a run, after all that: `write/pruning_others.rs` |
//! | `sessions` | sessions by the game's own rules | when the game asks: `write/editing_many.rs`; with each cleanup: `write/cleanup.rs` |
//! | `unanswered_crashes` | nothing: sessions end as failed | with each cleanup: `write/cleanup.rs` |
//!
//! Files of logs are none of a session's, and are bounded where they are written (`disk/process/log_writer.rs`).
//! Leftovers of a process that died in the middle of something go by no rule: they are removed by cleanup
//! (`write/sweeping.rs`).

mod archives;
pub(crate) mod attachments;
pub(crate) mod events;
pub(crate) mod history;
pub(crate) mod put_away;
mod sessions;
pub(crate) mod statements;
pub(crate) mod total;
pub(crate) mod trash;

use std::time::Duration;

pub use sessions::{Keep, LeftAs, LetGo, Retention, RetentionPreview, RetentionReason, WouldGo};

/// The limits of the room that sessions take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// True if anything is removed at all.
    pub removes: bool,
    /// Bytes of one session's journal and attachments.
    pub session_bytes: u64,
    /// Bytes of all sessions together.
    pub total_bytes: u64,
    /// Named checkpoints of one session.
    pub named: usize,
    /// Branches of one session: lines that were left by going back.
    pub branches: usize,
    /// Bytes that are kept free for an exit on a full disk.
    pub reserve_bytes: u64,
    /// Bytes of a session's files of events.
    pub event_bytes: u64,
    /// The time that a session stays in the trash; `None` for ever.
    pub trash: Option<Duration>,
    /// The time that a crash waits for an answer; `None` for ever.
    pub unanswered_crashes: Option<Duration>,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            removes: true,
            session_bytes: 256 << 20,
            total_bytes: 1 << 30,
            named: 1000,
            branches: 10,
            reserve_bytes: 4 << 20,
            event_bytes: 64 << 20,
            trash: Some(Duration::from_secs(30 * 24 * 60 * 60)),
            unanswered_crashes: None,
        }
    }
}
