//! The tickets that requests are identified by.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A request of this process. It distinguishes the request's answers from those of others.
///
/// Each method of `SessionCommands` returns that of its request, except `chapters().begin`, which returns the chapter's id, and
/// those of digests. Notifications about checkpoints, slots and restores have it as `ticket`. Each request gets exactly one last
/// word, which has it too: `RequestDone`, `RequestRejected`, `CheckpointFailed` without another try,
/// `SlotFailed`, `RestoreCancelled`, `RecoveryFailed` or `CorruptionDetected`.
///
/// It is no id of anything that is stored: the next process begins again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Ticket(u64);

impl Ticket {
    /// A ticket that no other request of this process has.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no two of them are alike")]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.0)
    }
}
