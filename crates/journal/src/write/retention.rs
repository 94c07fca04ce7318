//! What goes: every rule by which something is removed.
//!
//! A rule decides and removes nothing by itself, but for files of events. Who carries it out stands beside it, in the
//! order in which a process comes to it:
//!
//! | rule | goes | carried out |
//! | --- | --- | --- |
//! | `events` | files of recorded events, the oldest first | by the run that is played, once a new generation is durable: `write/pruning.rs` |
//! | `history`, `archives` | generations, branches, named checkpoints, and with them what is attached to them | after that, by the same |
//! | `attachments` | older versions of what is attached to a session | with each newer version: `write/session_attachments.rs` |
//! | `statements` | what was said of a session that isn't played, and was said again | with each edit and move: `write/statements.rs` |
//! | `trash` | sessions that were deleted long ago | once a process, after its first checkpoint: `write/shelf_sweeping.rs` |
//! | `put_away` | what the file of an archived session takes the place of | with the move, and by the same sweep |
//! | `total` | history of sessions that aren't played, then their named checkpoints | once a run, after all that: `write/pruning_others.rs` |
//! | `sessions` | sessions by the game's own rules | when the game asks: `write/editing_many.rs` |
//!
//! Files of logs are none of a session's, and are bounded where they are written (`disk/process/log_writer.rs`). What a
//! process leaves behind that dies in the middle of something goes by no rule: it is swept (`write/sweeping.rs`).

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

/// What sessions may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Whether anything is removed at all.
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
    /// How long a session lies in the trash; `None` for ever.
    pub trash: Option<Duration>,
    /// How long a crash waits for an answer; `None` for ever.
    pub unanswered_crashes: Option<Duration>,
    /// How long entries of the audit log are kept.
    pub audit: Duration,
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
            audit: Duration::from_secs(365 * 24 * 60 * 60),
        }
    }
}
