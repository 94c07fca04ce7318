//! Operations on the files of archives.

use std::path::Path;

use super::error::Attempt;
use super::{CreatedSegment, DirectoryStore, FinishedFile, Layout, StoreAction, StoreError};
use crate::format::SegmentHeader;
use crate::model::ids::SessionId;

impl DirectoryStore {
    /// Begins an archive, under another name beside its place: a file in its place is always whole and durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Nothing is left behind then, unless it can't be removed.
    pub fn create_archive(&self, header: &SegmentHeader) -> Result<CreatedSegment, StoreError> {
        let place = self.layout().segment(header);
        self.create_file(Layout::unfinished(&place), header)
    }

    /// Begins a segment under another name beside its place.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Nothing is left behind then, unless it can't be removed.
    pub fn create_segment_beside(
        &self,
        header: &SegmentHeader,
    ) -> Result<CreatedSegment, StoreError> {
        let place = self.layout().segment(header);
        let created = self.create_file(Layout::unfinished(&place), header)?;
        let unsynced_directories = self.directories_of(header.session).into_iter().collect();
        Ok(CreatedSegment { unsynced_directories, ..created })
    }

    /// Puts an archive that was written and synced in its place, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. It may be in its place all the same, and isn't durable there before
    /// [`Self::sync_session`].
    pub fn put_archive_in_place(
        &self,
        written: &Path,
        header: &SegmentHeader,
    ) -> Result<(), StoreError> {
        let place = self.layout().segment(header);
        self.disk().put_in_place(written, &place).attempt(StoreAction::Replace, &place)?;
        self.sync_session(header.session)?;
        self.note_finished(header.session, None, [FinishedFile::whole(header)]);
        Ok(())
    }

    /// Makes the names of a session's files durable, so that one may be removed because of another.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn sync_session(&self, session: SessionId) -> Result<(), StoreError> {
        self.sync_directories(&[self.layout().session(session)])
    }

    /// Removes what was left of archives whose process stopped while it wrote them. The session's
    /// lock is held.
    pub fn sweep_archives(&self, session: SessionId) {
        let directory = self.layout().session(session);
        let Ok(entries) = self.disk().list(&directory) else { return };
        let is_unfinished = |name: &str| Layout::is_unfinished_archive(name);
        for entry in entries.iter().filter(|entry| !entry.is_dir && is_unfinished(&entry.name)) {
            // One that can't be removed does no harm.
            let _ = self.disk().remove(&directory.join(&entry.name));
        }
    }
}
