//! Attachments as they stand in a slot.

use super::{EncodeError, FrameKind};
use crate::model::session::Attachment;

/// An attachment as a frame.
///
/// # Errors
///
/// [`EncodeError::Unwritable`], which nothing in an attachment gives rise to.
pub fn encode_attachment(attachment: &Attachment) -> Result<(FrameKind, Vec<u8>), EncodeError> {
    let payload = rmp_serde::to_vec_named(attachment).map_err(EncodeError::Unwritable)?;
    Ok((FrameKind::ATTACHMENT, payload))
}

/// The attachment in a frame, if it is one.
pub fn decode_attachment(payload: &[u8]) -> Option<Attachment> {
    rmp_serde::from_slice(payload).ok()
}
