//! The bytes that the made-up game lays beside its checkpoints.

use crate::ids::CheckpointId;
use crate::session::Attachment;

/// What attachments are called.
pub const NAME: &str = "note";

/// An attachment of a checkpoint. A later version takes the place of an earlier one.
pub fn attachment(checkpoint: CheckpointId, version: u32) -> Attachment {
    Attachment::new(NAME.to_owned(), content(checkpoint, version))
}

/// The version of what was read as an attachment of a checkpoint. What never was one has a version that
/// never was.
pub fn version_of(checkpoint: CheckpointId, bytes: &[u8]) -> u32 {
    let first = std::str::from_utf8(bytes).ok().and_then(|text| text.split(' ').next());
    let version = first.and_then(|first| first.parse().ok());
    let is_whole = |version: &u32| content(checkpoint, *version) == bytes;
    version.filter(is_whole).unwrap_or(u32::MAX)
}

fn content(checkpoint: CheckpointId, version: u32) -> Vec<u8> {
    let filling = "and so on, ".repeat(20);
    format!("{version} of {checkpoint}, {filling}").into_bytes()
}
