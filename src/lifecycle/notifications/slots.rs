//! Notifications about slots and attachments.

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
        /// The request, of two for the same slot the first; `None` for the slot that is saved at an exit.
        ticket: Option<Ticket>,
    }

    /// A slot could not be saved. If it was to replace another one, that is intact or, if only the
    /// last sync failed, already replaced by the new one.
    SlotFailed {
        /// The session.
        session: SessionId,
        /// The slot as it was requested.
        slot: SaveSlot,
        /// The request; `None` if there was none.
        ticket: Option<Ticket>,
        /// The checkpoint of which it was to be a copy, which is safe in its session; `None` if not
        /// even that could be written.
        checkpoint: Option<CheckpointId>,
        /// The error.
        error: SlotError,
    }

    /// A slot has another name.
    SlotRenamed {
        /// The slot.
        slot: SlotEntry,
        /// The request; `None` if there was none.
        ticket: Option<Ticket>,
    }

    /// A slot was copied.
    SlotCopied {
        /// The slot that it is a copy of.
        from: SlotId,
        /// The copy.
        slot: SlotEntry,
        /// The request; `None` if there was none.
        ticket: Option<Ticket>,
    }

    /// An exported session was imported as a slot.
    SlotImported {
        /// The file that it came from.
        path: PathBuf,
        /// The slot.
        slot: SlotEntry,
        /// The request; `None` if there was none.
        ticket: Option<Ticket>,
    }

    /// A slot was deleted.
    SlotDeleted {
        /// The slot.
        slot: SlotId,
        /// The request; `None` if there was none.
        ticket: Option<Ticket>,
    }

    /// An attachment was saved beside its checkpoint, durably.
    AttachmentSaved {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The attachment's name.
        name: String,
    }

    /// An attachment was saved for a session itself, durably. Older versions that aren't kept are
    /// gone.
    SessionAttachmentSaved {
        /// The session.
        session: SessionId,
        /// The attachment, with its version.
        attachment: AttachmentVersion,
    }

    /// An attachment of a session itself was removed, with all its versions.
    SessionAttachmentRemoved {
        /// The session.
        session: SessionId,
        /// The attachment's name.
        name: String,
    }

    /// An attachment was read, as [`read`](crate::attachments::AttachmentCommands::read) requested.
    AttachmentRead {
        /// The session or checkpoint that it is attached to.
        of: AttachmentOf,
        /// The attachment's name.
        name: String,
        /// The attachment, or the error.
        result: Result<Attachment, AttachmentError>,
    }
}
