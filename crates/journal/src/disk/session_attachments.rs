//! Attachments of a session itself: small files beside its journal, one for each version.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::attachment_file::{EXTENSION, KIND, read_sealed};
use super::error::Attempt;
use super::file_operations::DirEntry;
use super::sealed::seal_for;
use super::{DirectoryStore, Disk, Layout, StoreAction, StoreError, StoredSession};
use crate::model::ids::SessionId;
use crate::model::session::{Attachment, AttachmentError, AttachmentVersion};

/// The prefix of the version in a file's name.
const PREFIX: &str = "session-";

/// The content of the file.
#[derive(Serialize, Deserialize)]
struct SessionAttachmentFile {
    session: SessionId,
    version: u32,
    attachment: Attachment,
}

impl DirectoryStore {
    /// The attachments of a session itself: all versions of each, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed.
    pub fn session_attachments(
        &self,
        session: SessionId,
    ) -> Result<Vec<AttachmentVersion>, StoreError> {
        let directory = self.layout().session(session);
        let entries = self.disk().list(&directory).attempt(StoreAction::List, &directory)?;
        Ok(own_attachments(&entries))
    }

    /// Writes a version of an attachment, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. There is no such version then, or the one that was there before.
    pub fn write_session_attachment(
        &self,
        session: SessionId,
        version: u32,
        attachment: &Attachment,
    ) -> Result<(), StoreError> {
        let path = self.layout().session_attachment(session, &attachment.name, version);
        let file = SessionAttachmentFile { session, version, attachment: attachment.clone() };
        let bytes = seal_for(&path, KIND, &file)?;
        self.disk().replace(&path, &bytes).attempt(StoreAction::Replace, &path)
    }

    /// Reads a version of an attachment, or the newest.
    ///
    /// # Errors
    ///
    /// [`AttachmentError`].
    pub fn read_session_attachment(
        &self,
        session: SessionId,
        name: &str,
        version: Option<u32>,
    ) -> Result<Attachment, AttachmentError> {
        let newest = || -> Result<u32, AttachmentError> {
            let mut all = self.session_attachments(session)?;
            all.retain(|listed| listed.name == name);
            all.last().map(|listed| listed.version).ok_or(AttachmentError::Missing)
        };
        let version = version.map_or_else(newest, Ok)?;
        read(&**self.disk(), &self.layout().session(session), session, name, version)
    }

    /// Removes a version of an attachment, without a sync: what a power cut brings back is removed with the next.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. It is there then.
    pub fn remove_session_attachment(
        &self,
        session: SessionId,
        name: &str,
        version: u32,
    ) -> Result<(), StoreError> {
        let path = self.layout().session_attachment(session, name, version);
        self.disk().remove(&path).attempt(StoreAction::RemoveFile, &path)
    }
}

impl StoredSession {
    /// Reads the attachments of the session itself: the file of each, and whether it is good.
    pub(super) fn check_own_attachments(
        &self,
        disk: &dyn Disk,
    ) -> impl Iterator<Item = (PathBuf, Result<(), AttachmentError>)> {
        self.own_attachments().iter().map(move |AttachmentVersion { name, version, .. }| {
            let path = self.directory().join(file_name(name, *version));
            (path, read(disk, self.directory(), self.id(), name, *version).map(drop))
        })
    }
}

/// Those among the files of a session, by name and then by version.
pub(super) fn own_attachments(entries: &[DirEntry]) -> Vec<AttachmentVersion> {
    let own = entries.iter().filter(|entry| entry.is_file).filter_map(|entry| {
        let (name, version) = Layout::session_attachment_of(&entry.name)?;
        Some(AttachmentVersion::new(name.to_owned(), version, entry.len))
    });
    let mut own: Vec<_> = own.collect();
    own.sort_unstable();
    own
}

fn read(
    disk: &dyn Disk,
    directory: &Path,
    session: SessionId,
    name: &str,
    version: u32,
) -> Result<Attachment, AttachmentError> {
    let is_it = |file: &SessionAttachmentFile| {
        (file.session, file.version, &*file.attachment.name) == (session, version, name)
    };
    Ok(read_sealed(disk, directory.join(file_name(name, version)), is_it)?.attachment)
}

fn file_name(name: &str, version: u32) -> String {
    format!("{PREFIX}{version}-{name}.{EXTENSION}")
}

impl Layout {
    /// The file of a version of an attachment of a session itself.
    pub fn session_attachment(&self, session: SessionId, name: &str, version: u32) -> PathBuf {
        self.session(session).join(file_name(name, version))
    }

    /// The name of a session's own attachment and its version, from a file's name.
    pub fn session_attachment_of(file: &str) -> Option<(&str, u32)> {
        let stem = file.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        let (version, name) = stem.strip_prefix(PREFIX)?.split_once('-')?;
        let number = version.parse().ok().filter(|number: &u32| number.to_string() == version)?;
        Some((name, number))
    }

    /// Returns true if a file is an attachment, of a checkpoint or of a session itself.
    pub fn is_attachment(file: &str) -> bool {
        Self::attachment_of(file).is_some() || Self::session_attachment_of(file).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::session;

    #[test]
    fn a_file_says_which_version_of_which_attachment_it_is() {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let path = layout.session_attachment(session(), "map-2-x", 17);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(Layout::session_attachment_of(name), Some(("map-2-x", 17)));
        assert_eq!(Layout::attachment_of(name), None);
        for other in [
            "session-x-map.attachment",
            "session-+1-map.attachment",
            "session-01-map.attachment",
            "session-1.attachment",
            "session-1-map.ron",
            "session.ron",
        ] {
            assert_eq!(Layout::session_attachment_of(other), None, "{other}");
        }
    }
}
