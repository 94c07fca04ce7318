//! Attachments: bytes of the game's own beside a checkpoint.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FailureCause, SlotError};
use crate::ids::{CheckpointId, SessionId, SlotId, limits};

/// Where an attachment is.
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
    use crate::session::bytes;
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

    /// What the game calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes.
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

/// Whether an attachment may be called so: it is part of a file's name.
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

/// Why an attachment could not be written or read.
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
    /// There is no attachment of this name.
    #[error("there is no attachment of this name")]
    Missing,
    /// The file is damaged. It stays where it is.
    #[error("{path} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The disk refused an operation. The checkpoint and its slots are as they were.
    #[error(transparent)]
    Disk(FailureCause),
    /// Another process works on the slots, and doesn't come to an end.
    #[error("another process works on the slots")]
    InUse,
}
