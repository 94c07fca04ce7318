//! What the game is notified of about what sessions say of themselves, and where they stand.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session_journal::{RequestError, SessionId, ShelfPlace};

use super::notifications;
use crate::lifecycle::requests::SessionRequest;

notifications! {
    /// Name, description, fields or the like of the session changed.
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

    /// A session was put into the trash or the archive, or was brought back, durably. Where it was there
    /// already, both places are the same.
    SessionMoved {
        /// The session.
        session: SessionId,
        /// Where it was.
        from: ShelfPlace,
        /// Where it is now.
        to: ShelfPlace,
    }

    /// What was asked for with [`edit_all`](crate::library::LibraryCommands::edit_all) or
    /// [`prune`](crate::library::LibraryCommands::prune) was done, as far as it could be. What became of each session was
    /// reported before.
    SessionsEdited {
        /// The request.
        request: SessionRequest,
        /// With how many sessions it was done. Those that were so already are among them.
        edited: usize,
        /// How many were passed over, since they are not any more what they were in the preview.
        passed_over: usize,
        /// With which it could not be done, and why. A [`RequestRejected`](crate::RequestRejected) was sent for each.
        refused: Vec<(SessionId, RequestError)>,
        /// Bytes that were freed.
        freed: u64,
    }
}
