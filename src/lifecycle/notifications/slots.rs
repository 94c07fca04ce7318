//! What the game is notified of about slots and attachments.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session_journal::{
    Attachment, AttachmentError, AttachmentOf, AttachmentVersion, CheckpointId, SaveSlot,
    SessionId, SlotEntry, SlotError, SlotId, Ticket,
};

use super::notifications;

notifications! {
    /// A slot was saved: it is durable, and complete in itself.
    SlotSaved {
        /// The slot.
        slot: SlotEntry,
    }

    /// A slot could not be saved. If it was to replace another one, that is intact, or, where only the
    /// last sync failed, the new one is in its place already.
    SlotFailed {
        /// The session.
        session: SessionId,
        /// What was asked for.
        slot: SaveSlot,
        /// The request, if it was one.
        ticket: Option<Ticket>,
        /// The checkpoint that it was to be a copy of, which is safe in its session; `None` if not even
        /// that could be written.
        checkpoint: Option<CheckpointId>,
        /// What went wrong.
        error: SlotError,
    }

    /// A slot has another name.
    SlotRenamed {
        /// The slot.
        slot: SlotEntry,
    }

    /// A slot was copied.
    SlotCopied {
        /// The slot that it is a copy of.
        from: SlotId,
        /// The copy.
        slot: SlotEntry,
    }

    /// A session that was handed on is a slot now.
    SlotImported {
        /// The file that it came from.
        path: PathBuf,
        /// The slot.
        slot: SlotEntry,
    }

    /// A slot was deleted.
    SlotDeleted {
        /// The slot.
        slot: SlotId,
    }

    /// An attachment lies beside its checkpoint, durably.
    AttachmentSaved {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// What it is called.
        name: String,
    }

    /// Something was attached to a session itself, durably. Older versions that aren't kept are gone.
    SessionAttachmentSaved {
        /// The session.
        session: SessionId,
        /// What was attached, with its version.
        attachment: AttachmentVersion,
    }

    /// What was attached to a session itself was removed, all versions of it.
    SessionAttachmentRemoved {
        /// The session.
        session: SessionId,
        /// What it was called.
        name: String,
    }

    /// An attachment was read, as
    /// [`read`](crate::attachments::AttachmentCommands::read) asked for.
    AttachmentRead {
        /// Where it is.
        of: AttachmentOf,
        /// What it is called.
        name: String,
        /// The bytes, or what is in the way.
        result: Result<Attachment, AttachmentError>,
    }
}
