//! The files of an export: JSON and pictures.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::disk::{StoreAction, StoreError};
use crate::model::session::{Attachment, FailureCause, RequestError};
use crate::read::report::TarParts;

pub(super) fn add_attachment(
    parts: &mut TarParts,
    place: &str,
    number: usize,
    attachment: &Attachment,
) -> Result<(), RequestError> {
    let extension = match &*attachment.bytes {
        [0x89, b'P', b'N', b'G', ..] => ".png",
        [0xff, 0xd8, 0xff, ..] => ".jpg",
        [b'R', b'I', b'F', b'F', ..] => ".webp",
        _ => "",
    };
    let name = format!("{place}/attachments/{number}{extension}");
    let added = parts.add(&name, attachment.bytes.to_vec());
    added.map_err(|error| refused(Path::new(&name), error))
}

pub(super) fn to_json(value: &impl Serialize) -> Result<Value, RequestError> {
    serde_json::to_value(value).map_err(|error| RequestError::Store(FailureCause::new(error)))
}

pub(super) fn add_json(
    parts: &mut TarParts,
    name: &str,
    value: &Value,
) -> Result<(), RequestError> {
    let written = serde_json::to_vec_pretty(value);
    let bytes = written.map_err(|error| RequestError::Store(FailureCause::new(error)))?;
    parts.add(name, bytes).map_err(|error| refused(Path::new(name), error))
}

pub(super) fn refused(path: &Path, source: std::io::Error) -> RequestError {
    StoreError::Disk { action: StoreAction::Append, path: path.to_owned(), source }.into()
}
