//! Attachments: bytes of the game's own beside a checkpoint, or of a session itself.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FailureCause, SlotError};
use crate::model::ids::{CheckpointId, SessionId, SlotId, limits};

/// The place of an attachment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
pub enum AttachmentOf {
    /// Beside a checkpoint in its session.
    Checkpoint {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
    },
    /// In a slot.
    Slot(SlotId),
    /// Of a session itself: restores of its world don't change it.
    Session {
        /// The session.
        session: SessionId,
        /// Its version; `None` for the newest.
        version: Option<u32>,
    },
}

/// A version of an attachment of a session itself, as it is listed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub struct AttachmentVersion {
    /// The attachment's name, which the game chose.
    pub name: String,
    /// Counts from 1, and rises each time it is replaced.
    pub version: u32,
    /// Bytes of its file, which has a few more than were attached.
    pub bytes: u64,
}

impl AttachmentVersion {
    #[doc(hidden)]
    pub fn new(name: String, version: u32, bytes: u64) -> Self {
        Self { name, version, bytes }
    }
}

/// The quota for the attachments of the session itself. Those beside its checkpoints go with these, and are counted
/// with them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct AttachmentQuota {
    /// Bytes of all their files together. More is refused, once older versions have made room. 16 MiB by default.
    pub bytes: u64,
    /// The number of versions kept of each, the newest ones; 1 at least. 3 by default.
    pub versions: usize,
}

impl Default for AttachmentQuota {
    fn default() -> Self {
        Self { bytes: 16 << 20, versions: 3 }
    }
}

impl AttachmentQuota {
    /// Bytes of all files together, in place of 16 MiB.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Keeps this number of versions of each, in place of 3.
    #[must_use]
    pub fn versions(mut self, versions: usize) -> Self {
        self.versions = versions;
        self
    }
}

/// Bytes of the game's own, and what the game calls them. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
pub struct Attachment {
    #[doc(hidden)]
    pub name: String,
    #[serde(with = "shared_bytes")]
    #[doc(hidden)]
    pub bytes: Arc<[u8]>,
}

mod shared_bytes {
    use super::Arc;
    use crate::model::session::bytes;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        bytes::serialize(value, serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
        bytes::deserialize(deserializer).map(Arc::from)
    }
}

impl Attachment {
    #[doc(hidden)]
    pub fn new(name: String, bytes: Vec<u8>) -> Self {
        Self { name, bytes: bytes.into() }
    }

    /// Its name, which the game chose.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content, as the game gave it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Checks it against the limits.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), AttachmentError> {
        check_attachment_name(&self.name)?;
        let (bytes, limit) = (self.bytes.len(), limits::ATTACHMENT_BYTES);
        if bytes > limit {
            return Err(AttachmentError::TooLarge { bytes, limit });
        }
        Ok(())
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A picture in a log is of no use.
        write!(formatter, "Attachment({:?}, {} bytes)", self.name, self.bytes.len())
    }
}

/// Returns an error if an attachment can't have this name, which becomes a part of a file's name: 1 to 40 of the
/// characters `a` to `z`, `0` to `9`, `_` and `-`.
pub fn check_attachment_name(name: &str) -> Result<(), AttachmentError> {
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'_' | b'-');
    let fits = (1..=limits::ATTACHMENT_NAME_BYTES).contains(&name.len());
    if fits && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(AttachmentError::BadName)
}

impl From<SlotError> for AttachmentError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::CheckpointNotSaved => Self::UnknownCheckpoint,
            SlotError::Disk(cause) => Self::Disk(cause),
            SlotError::InUse => Self::InUse,
            _ => Self::UnknownSlot,
        }
    }
}

/// The error of writing or reading an attachment.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum AttachmentError {
    /// The name isn't 1 to 40 of `a` to `z`, `0` to `9`, `_` and `-`.
    #[error("an attachment's name is 1 to 40 of a to z, 0 to 9, _ and -")]
    BadName,
    /// There are more bytes than an attachment may have.
    #[error("an attachment of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// The session that is being played has no such checkpoint: it was never saved under its own number,
    /// or it is gone.
    #[error("there is no such checkpoint")]
    UnknownCheckpoint,
    /// There is no such slot, or its file can't be used.
    #[error("there is no such slot")]
    UnknownSlot,
    /// There is no attachment of this name, or not that version.
    #[error("there is no attachment of this name")]
    Missing,
    /// The attachments of the session itself would take more than they may. Nothing was changed.
    #[error("attachments of {bytes} bytes are over the session's quota of {quota}")]
    OverQuota {
        /// The bytes that the newest version of each would take, this one included.
        bytes: u64,
        /// The bytes that they may take, [`AttachmentQuota::bytes`].
        quota: u64,
    },
    /// The session isn't on the disk yet, and was left before it was.
    #[error("the session was never saved")]
    NotSaved,
    /// The file is damaged. It stays where it is.
    #[error("{path} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The disk refused an operation. The checkpoint and its slots are as they were.
    #[error(transparent)]
    Disk(FailureCause),
    /// Another process works on the slots, and doesn't finish.
    #[error("another process is changing the slots")]
    InUse,
}
