//! What the game is notified of about cleanups, about what is kept of players, and about who did what with it.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session_journal::{AuditEntry, CleanedUp, ErasureReceipt, Ticket};

use super::notifications;

notifications! {
    /// A cleanup is done: one that [`clean_up`](crate::library::LibraryCommands::clean_up) asked for, or for which the
    /// time had come.
    CleanupFinished {
        /// What went where, and why.
        done: CleanedUp,
        /// The request, if there was one.
        ticket: Option<Ticket>,
    }

    /// A player was erased, durably, or as far as that can be done now:
    /// [`ErasureReceipt::pending`](crate::players::ErasureReceipt::pending) says what the next cleanups do.
    PlayerErased {
        /// What was done.
        receipt: ErasureReceipt,
        /// The request; `None` where an earlier process had begun with it.
        ticket: Option<Ticket>,
    }

    /// All that is kept of a player is in a file, durably.
    PlayerExported {
        /// The file, as the game named it.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
    }

    /// The newest entries of the audit log, as [`read_audit`](crate::library::LibraryCommands::read_audit) asked for.
    AuditRead {
        /// The entries, the oldest first.
        entries: Vec<AuditEntry>,
        /// How many entries there are.
        total: usize,
        /// The request.
        ticket: Ticket,
    }
}
