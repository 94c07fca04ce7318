//! Operations on the files that are appended to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::DirectoryStore;
use crate::disk::error::Attempt;
use crate::disk::{AppendFile, StoreAction, StoreError};
use crate::format::{SegmentEncoder, SegmentHeader};
use crate::model::ids::SessionId;

/// A segment that was just begun.
#[derive(Debug)]
pub struct CreatedSegment {
    /// Its file.
    pub path: PathBuf,
    /// The file, with the header appended and nothing synced.
    pub file: Box<dyn AppendFile>,
    /// The encoder of its frames.
    pub encoder: SegmentEncoder,
    /// The directories that must be synced, by [`DirectoryStore::sync_directories`], before
    /// anything in the file counts as durable.
    pub unsynced_directories: Vec<PathBuf>,
}

impl DirectoryStore {
    /// Begins a segment: its directories, its file, its header.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A file that was created may be left behind, without a header that holds.
    pub fn create_segment(&self, header: &SegmentHeader) -> Result<CreatedSegment, StoreError> {
        let directory = self.layout.session(header.session);
        let mut unsynced: BTreeSet<PathBuf> = self.create_directory(&directory)?;
        let mut created = self.create_file(self.layout.segment(header), header)?;
        // Not by the number: a segment may follow others of which nothing became durable, nor did the
        // directories that were made for them.
        match header.predecessor {
            None => unsynced.extend(self.directories_of(header.session)),
            Some(_) => drop(unsynced.insert(directory)),
        }
        created.unsynced_directories = unsynced.into_iter().collect();
        Ok(created)
    }

    /// Makes the directory of a session that begins with a file beside its place. The directories on the way to it are
    /// synced with that file.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn create_session_directory(&self, session: SessionId) -> Result<(), StoreError> {
        self.create_directory(&self.layout.session(session)).map(drop)
    }

    /// A session's directory, and those that lead to it: they may have been made by a process that stopped
    /// before it synced them, or by this one on the way to its state directory.
    pub(in crate::disk) fn directories_of(&self, session: SessionId) -> BTreeSet<PathBuf> {
        let above = self.layout.data.ancestors().skip(1).map(Path::to_owned);
        let own = [self.layout.session(session)];
        own.into_iter().chain(self.layout.directories_to_sessions()).chain(above).collect()
    }

    /// Begins a file of events: its directories, its file, its header. `in_durable` says that the session's
    /// directory is durable, so that only the file's own entry is to be synced.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A file that was created may be left behind, without a header that holds.
    pub fn create_event_file(
        &self,
        header: &SegmentHeader,
        in_durable: bool,
    ) -> Result<CreatedSegment, StoreError> {
        if !in_durable {
            return self.create_segment(header);
        }
        let mut created = self.create_file(self.layout.segment(header), header)?;
        created.unsynced_directories = vec![self.layout.session(header.session)];
        Ok(created)
    }

    /// Creates a file that begins with a header.
    pub(in crate::disk) fn create_file(
        &self,
        path: PathBuf,
        header: &SegmentHeader,
    ) -> Result<CreatedSegment, StoreError> {
        let (encoder, bytes) = SegmentEncoder::new(header)
            .map_err(|source| StoreError::Header { path: path.clone(), source })?;
        let mut file = self.disk.create_new(&path).attempt(StoreAction::CreateFile, &path)?;
        if let Err(error) = file.append(&bytes) {
            // On a full disk one would be left behind with each try.
            drop(file);
            let _ = self.disk.remove(&path);
            return Err(error).attempt(StoreAction::Append, &path);
        }
        Ok(CreatedSegment { path, file, encoder, unsynced_directories: Vec::new() })
    }

    /// Appends to a file that isn't a segment.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn append_to(
        &self,
        file: &mut dyn AppendFile,
        bytes: &[u8],
        path: &Path,
    ) -> Result<(), StoreError> {
        file.append(bytes).attempt(StoreAction::Append, path)
    }

    /// Makes such a file durable and puts it in its place.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn finish_file(
        &self,
        file: &mut dyn AppendFile,
        path: &Path,
        place: &Path,
    ) -> Result<(), StoreError> {
        file.sync().attempt(StoreAction::Sync, path)?;
        self.disk.put_in_place(path, place).attempt(StoreAction::Replace, place)
    }

    /// Returns true if a file is still where it was put. A writer keeps writing without noticing into a file whose
    /// directory was deleted, or replaced by a copy, so it asks before it acknowledges.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that can't be known.
    pub fn is_still_there(&self, file: &dyn AppendFile, path: &Path) -> Result<bool, StoreError> {
        file.is_at(path).attempt(StoreAction::LookFor, path)
    }

    /// Removes a segment.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn remove_segment(&self, path: &Path) -> Result<(), StoreError> {
        self.disk.remove(path).attempt(StoreAction::RemoveFile, path)
    }
}
