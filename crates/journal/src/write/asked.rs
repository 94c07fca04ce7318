//! The requests about slots, a session's attachments and many sessions, and their outcomes: plain data.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::model::ids::{CheckpointId, SessionId, SlotId};
use crate::model::session::{Attachment, AttachmentQuota, RequestError, SaveSlot, SessionEdit};
use crate::read::recovery::SlotEntry;

/// Something to be done with slots.
#[derive(Clone, Debug)]
pub enum SlotOrder {
    /// Make a slot of a checkpoint, once that is durable.
    Save { slot: SaveSlot, session: SessionId, checkpoint: CheckpointId },
    /// Make another slot of one.
    Copy { slot: SlotId, name: String },
    /// Call it something else.
    Rename { slot: SlotId, name: String },
    /// Neither overwrite nor delete it from now on, or do so again.
    Protect { slot: SlotId, protected: bool },
    /// Make a slot of a report, or of a session that was handed on.
    Import { path: PathBuf },
    /// Delete it.
    Delete { slot: SlotId },
    /// Lay bytes of the game's own beside a checkpoint, and into the slots that were made of it.
    Attach { session: SessionId, checkpoint: CheckpointId, attachment: Attachment },
    /// Write a slot again, with what was laid beside its checkpoint since. The writer orders this itself.
    Refresh { slot: SlotId },
}

/// The outcome of a request about slots.
#[derive(Debug)]
pub enum SlotDone {
    Written {
        /// The slot.
        entry: Box<SlotEntry>,
        /// The slot that isn't there any more because of it.
        replaced: Option<SlotId>,
    },
    Deleted,
    Attached,
}

/// Something to be done with the attachments of a session itself.
#[derive(Clone, Debug)]
pub enum SessionAttachmentOrder {
    /// Write the next version of one.
    Attach { session: SessionId, attachment: Attachment, quota: AttachmentQuota },
    /// Remove all versions of one.
    Detach { session: SessionId, name: String },
}

impl SessionAttachmentOrder {
    /// The session that it is about.
    pub fn session(&self) -> SessionId {
        match self {
            Self::Attach { session, .. } | Self::Detach { session, .. } => *session,
        }
    }
}

/// An edit of many sessions.
#[derive(Clone, PartialEq, Debug)]
pub struct EditMany {
    /// The sessions.
    pub sessions: VecDeque<OneOfMany>,
    /// The edit of each.
    pub edit: SessionEdit,
}

/// One of many sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OneOfMany {
    /// The session.
    pub session: SessionId,
    /// Its newest checkpoint when it was chosen. If the session has been continued since, was pinned or moved, it is
    /// passed over. `None` if it was not chosen by its state.
    pub newest: Option<CheckpointId>,
}

/// The outcome of an edit of many sessions.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EditedMany {
    /// With how many of them it was done.
    pub edited: usize,
    /// The number of those that were passed over, since they are no longer what they were when they were chosen.
    pub passed_over: usize,
    /// With which of them it could not be done, and why.
    pub refused: Vec<(SessionId, RequestError)>,
    /// Bytes of files that are gone.
    pub freed: u64,
}
