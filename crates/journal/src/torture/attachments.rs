//! The bytes that the made-up game lays beside its checkpoints, and attaches to its sessions.

use std::fmt::Display;

use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::Attachment;

/// The name of attachments.
pub const NAME: &str = "note";

/// The name of a session's own attachment.
pub const MAP: &str = "map";

/// A drawing of the map of a session.
pub fn map(session: SessionId, drawing: u32) -> Attachment {
    Attachment::new(MAP.to_owned(), content(session, drawing))
}

/// The drawing in the map of a session that was read; `None` if it never was one.
pub fn drawing_of(session: SessionId, bytes: &[u8]) -> Option<u32> {
    version_in(session, bytes)
}

/// An attachment of a checkpoint. A later version takes the place of an earlier one.
pub fn attachment(checkpoint: CheckpointId, version: u32) -> Attachment {
    Attachment::new(NAME.to_owned(), content(checkpoint, version))
}

/// The version of the bytes that were read as an attachment of a checkpoint. Bytes that never were one have a version
/// that never was.
pub fn version_of(checkpoint: CheckpointId, bytes: &[u8]) -> u32 {
    version_in(checkpoint, bytes).unwrap_or(u32::MAX)
}

fn version_in(owner: impl Display + Copy, bytes: &[u8]) -> Option<u32> {
    let first = std::str::from_utf8(bytes).ok().and_then(|text| text.split(' ').next());
    let version = first.and_then(|first| first.parse().ok());
    version.filter(|version| content(owner, *version) == bytes)
}

fn content(owner: impl Display, version: u32) -> Vec<u8> {
    let filling = "and so on, ".repeat(20);
    format!("{version} of {owner}, {filling}").into_bytes()
}
