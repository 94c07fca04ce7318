//! Attachments of checkpoints, as small files beside the journal.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::Attempt;
use super::sealed::{SealKind, seal_for, unseal};
use super::{DirectoryStore, Disk, Layout, StoreAction, StoreError, StoredSession};
use crate::model::ids::{CheckpointId, SessionId, limits};
use crate::model::session::{Attachment, AttachmentError};

pub(super) const KIND: SealKind = SealKind { magic: *b"bvyatta\x1a", version: 1 };
/// The extension of attachments.
pub(super) const EXTENSION: &str = "attachment";
/// The most bytes around the content of an attachment.
pub(super) const MOST_AROUND: usize = 1 << 10;

/// The content of an attachment's file.
#[derive(Serialize, Deserialize)]
struct AttachmentFile {
    session: SessionId,
    checkpoint: CheckpointId,
    attachment: Attachment,
}

impl DirectoryStore {
    /// Writes an attachment, durably, in place of one of the same name.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The attachment from before is there then.
    pub fn write_attachment(
        &self,
        session: SessionId,
        checkpoint: CheckpointId,
        attachment: &Attachment,
    ) -> Result<(), StoreError> {
        let path = self.layout().attachment(session, checkpoint, &attachment.name);
        let file = AttachmentFile { session, checkpoint, attachment: attachment.clone() };
        let bytes = seal_for(&path, KIND, &file)?;
        self.disk().replace(&path, &bytes).attempt(StoreAction::Replace, &path)
    }

    /// Reads an attachment.
    ///
    /// # Errors
    ///
    /// [`AttachmentError`].
    pub fn read_attachment(
        &self,
        session: SessionId,
        checkpoint: CheckpointId,
        name: &str,
    ) -> Result<Attachment, AttachmentError> {
        let directory = self.layout().session(session);
        read_attachment(&**self.disk(), &directory, session, checkpoint, name)
    }

    /// All attachments of a checkpoint that can be read.
    pub fn attachments(&self, session: SessionId, checkpoint: CheckpointId) -> Vec<Attachment> {
        let Ok(entries) = self.disk().list(&self.layout().session(session)) else {
            return Vec::new();
        };
        let names = entries.iter().filter_map(|entry| Layout::attachment_of(&entry.name));
        let own = names.filter(|(of, _)| *of == checkpoint);
        own.filter_map(|(_, name)| self.read_attachment(session, checkpoint, name).ok()).collect()
    }

    /// Removes the attachments of checkpoints that `is_gone` names.
    pub fn remove_attachments(&self, session: SessionId, is_gone: impl Fn(CheckpointId) -> bool) {
        let directory = self.layout().session(session);
        let Ok(entries) = self.disk().list(&directory) else { return };
        for entry in entries.iter().filter(|entry| entry.is_file) {
            if Layout::attachment_of(&entry.name).is_some_and(|(checkpoint, _)| is_gone(checkpoint))
            {
                // One that can't be removed is tried again with the next.
                let _ = self.disk().remove(&directory.join(&entry.name));
            }
        }
    }
}

impl StoredSession {
    /// Removes the attachments that lay beside a checkpoint which isn't there any more. One that was written since the
    /// session was opened stays: its checkpoint isn't known here.
    pub fn remove_left_attachments(&self, disk: &dyn Disk) {
        // A file that can't be read now may hold the checkpoint.
        if !self.is_complete() || !self.index().problems().is_empty() {
            return;
        }
        let is_left = |checkpoint: CheckpointId| self.index().commit(checkpoint).is_none();
        for (checkpoint, name) in self.beside().iter().filter(|(of, _)| is_left(*of)) {
            // One that can't be removed is tried again with the next generation.
            let _ = disk.remove(&self.directory().join(file_name(*checkpoint, name)));
        }
    }

    /// The attachments of a checkpoint that can be read.
    pub fn attachments_of(&self, disk: &dyn Disk, checkpoint: CheckpointId) -> Vec<Attachment> {
        let own = self.beside().iter().filter(|(of, _)| *of == checkpoint);
        own.filter_map(|(_, name)| self.attachment(disk, checkpoint, name)).collect()
    }

    /// One of them, if it is there and can be read.
    pub fn attachment(
        &self,
        disk: &dyn Disk,
        checkpoint: CheckpointId,
        name: &str,
    ) -> Option<Attachment> {
        read_attachment(disk, self.directory(), self.id(), checkpoint, name).ok()
    }

    /// Reads the attachments beside its segments, and returns the file of each, with true if it is good. Those that
    /// were removed since the session was opened are left out.
    pub fn check_attachments(
        &self,
        disk: &dyn Disk,
    ) -> Vec<(PathBuf, Result<(), AttachmentError>)> {
        let of_checkpoints = self.beside().iter().map(|(checkpoint, name)| {
            let path = self.directory().join(file_name(*checkpoint, name));
            (path, read_attachment(disk, self.directory(), self.id(), *checkpoint, name).map(drop))
        });
        let checked = of_checkpoints.chain(self.check_own_attachments(disk));
        checked.filter(|(_, read)| !matches!(read, Err(AttachmentError::Missing))).collect()
    }
}

fn read_attachment(
    disk: &dyn Disk,
    directory: &Path,
    session: SessionId,
    checkpoint: CheckpointId,
    name: &str,
) -> Result<Attachment, AttachmentError> {
    let path = directory.join(file_name(checkpoint, name));
    let is_it = |file: &AttachmentFile| {
        (file.session, file.checkpoint, &*file.attachment.name) == (session, checkpoint, name)
    };
    Ok(read_sealed(disk, path, is_it)?.attachment)
}

/// Reads a small file with an attachment. One that says something else than its name is damaged.
pub(super) fn read_sealed<T: DeserializeOwned>(
    disk: &dyn Disk,
    path: PathBuf,
    is_it: impl FnOnce(&T) -> bool,
) -> Result<T, AttachmentError> {
    let read = disk.read(&path, limits::ATTACHMENT_BYTES + MOST_AROUND);
    let bytes = read.map_err(|source| match source.kind() {
        ErrorKind::NotFound => AttachmentError::Missing,
        ErrorKind::FileTooLarge => AttachmentError::Damaged { path: path.clone() },
        _ => StoreError::Disk { action: StoreAction::Read, path: path.clone(), source }.into(),
    })?;
    unseal(KIND, &bytes).ok().filter(is_it).ok_or(AttachmentError::Damaged { path })
}

fn file_name(checkpoint: CheckpointId, name: &str) -> String {
    let CheckpointId { run, counter } = checkpoint;
    format!("{run}-{counter}-{name}.{EXTENSION}")
}

impl Layout {
    /// The file of an attachment.
    pub fn attachment(&self, session: SessionId, checkpoint: CheckpointId, name: &str) -> PathBuf {
        self.session(session).join(file_name(checkpoint, name))
    }

    /// The checkpoint of an attachment's file, and the attachment's name.
    pub fn attachment_of(file: &str) -> Option<(CheckpointId, &str)> {
        let stem = Path::new(file).extension().filter(|found| *found == EXTENSION);
        let stem = stem.and_then(|_| file.strip_suffix(EXTENSION)?.strip_suffix('.'))?;
        let (run, rest) = stem.split_once('-')?;
        let (counter, name) = rest.split_once('-')?;
        let run = u64::from_str_radix(run, 16).ok().filter(|_| run.len() == 16)?;
        let checkpoint =
            CheckpointId { run: crate::model::ids::RunId(run), counter: counter.parse().ok()? };
        Some((checkpoint, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::{at, session};

    #[test]
    fn the_file_name_of_an_attachment_gives_its_checkpoint_and_name() {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let path = layout.attachment(session(), at(0xab, 17), "mod-list");
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(Layout::attachment_of(name), Some((at(0xab, 17), "mod-list")));
        for other in ["00ab-17-x.attachment", "x.attachment", "session.ron", "-1-x.attachment"] {
            assert_eq!(Layout::attachment_of(other), None, "{other}");
        }
    }
}
