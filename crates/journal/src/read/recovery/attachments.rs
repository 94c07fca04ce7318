//! Reads attachments.

use super::SessionFinder;
use super::slots::find_slot;
use crate::format::ReadError;
use crate::model::session::{Attachment, AttachmentError, AttachmentOf, SlotError};

/// Reads an attachment, from wherever it is.
pub fn read_attachment(
    finder: &mut SessionFinder,
    of: AttachmentOf,
    name: &str,
) -> Result<Attachment, AttachmentError> {
    let slot = match of {
        AttachmentOf::Checkpoint { session, checkpoint } => {
            return finder.store().read_attachment(session, checkpoint, name);
        }
        AttachmentOf::Session { session, version } => {
            return finder.store().read_session_attachment(session, name, version);
        }
        AttachmentOf::Slot(slot) => slot,
    };
    finder.look_at_slots()?;
    let files = find_slot(finder.slots(), slot).map_err(|error| match error {
        SlotError::Damaged { path } => AttachmentError::Damaged { path },
        other => other.into(),
    })?;
    let mut failure = AttachmentError::Missing;
    for file in files {
        let stored = finder.store().slots().open(&file.path, &file.header);
        let mut found = stored.attachments();
        let is_it = |read: &Result<Attachment, ReadError>| {
            read.as_ref().map_or(true, |attachment| attachment.name == name)
        };
        match found.find(is_it) {
            Some(Ok(attachment)) => return Ok(attachment),
            Some(Err(error)) => failure = AttachmentError::Disk(error.into()),
            // The header names it, and it can't be read.
            None if file.slot.attachments.iter().any(|known| known == name) => {
                failure = AttachmentError::Damaged { path: file.path.to_path_buf() };
            }
            None => {}
        }
    }
    Err(failure)
}
