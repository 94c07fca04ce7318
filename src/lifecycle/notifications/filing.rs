//! Notifications about the metadata of sessions, and about where they are kept.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session_journal::{
    AuditEntry, CleanupOutcome, ErasureReceipt, RequestError, SessionId, ShelfPlace, Ticket,
};

use super::notifications;
use crate::lifecycle::requests::SessionRequest;

notifications! {
    /// The session's name, description, fields or other metadata changed.
    SessionUpdated {
        /// The session.
        session: SessionId,
    }

    /// A session was planned, durably: it is a [`draft`](crate::SessionMetadata::draft).
    SessionDrafted {
        /// The session.
        session: SessionId,
    }

    /// A session was copied, durably.
    SessionCopied {
        /// The session that it is a copy of.
        from: SessionId,
        /// The copy.
        session: SessionId,
    }

    /// A scenario and its world were written, durably.
    ScenarioSaved {
        /// The file of the scenario, as the game named it.
        path: PathBuf,
        /// Bytes of its world.
        bytes: u64,
    }

    /// A session was moved to the trash or the archive, or was brought back, durably. If it was
    /// there already, `from` and `to` are the same.
    SessionMoved {
        /// The session.
        session: SessionId,
        /// Where it was.
        from: ShelfPlace,
        /// Where it is now.
        to: ShelfPlace,
    }

    /// A request by [`edit_all`](crate::library::LibraryCommands::edit_all) or
    /// [`prune`](crate::library::LibraryCommands::prune) is done, as far as it could be. The
    /// outcome for each session was reported before.
    SessionsEdited {
        /// The request.
        request: SessionRequest,
        /// The number of sessions that are now as requested, including those that already were.
        edited: usize,
        /// The number of sessions that were skipped, since they have changed since the preview.
        passed_over: usize,
        /// The sessions for which it failed, and why. A [`RequestRejected`](crate::RequestRejected)
        /// was sent for each.
        refused: Vec<(SessionId, RequestError)>,
        /// Bytes that were freed.
        freed: u64,
    }

    /// Everything that is kept of a player is in a file, durably.
    PlayerExported {
        /// The file, as the game named it.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
    }

    /// A player was [erased](crate::library::LibraryCommands::erase_player), durably. A
    /// [`SessionPurged`](crate::library::SessionPurged) was sent for each session.
    PlayerErased {
        /// The player, as the game named them.
        player: String,
        /// What was removed and what remains.
        receipt: ErasureReceipt,
    }

    /// The audit log was [read](crate::library::LibraryCommands::audit).
    AuditRead {
        /// The newest entries, the oldest of them first.
        entries: Vec<AuditEntry>,
        /// The number of entries that are kept.
        total: usize,
        /// The request.
        ticket: Ticket,
    }

    /// A cleanup is done: one that [`clean_up`](crate::library::LibraryCommands::clean_up) asked
    /// for, or one that was due. A change of profile ends it early.
    CleanupFinished {
        /// The sessions that were changed or removed, each with the reason, those that were refused, and leftovers.
        outcome: CleanupOutcome,
        /// The request, if there was one.
        ticket: Option<Ticket>,
    }
}
