//! The removal of a session, which can be continued after an interruption.

use std::path::{Path, PathBuf};

use super::DirectoryStore;
use crate::disk::error::Attempt;
use crate::disk::{StoreAction, StoreError};
use crate::format::{FileProblemKind, Record, Segment};
use crate::model::ids::SessionId;

impl DirectoryStore {
    /// Removes a session with everything in its directory.
    ///
    /// Segments that say that it was forgotten go last, so that what an interrupted removal leaves
    /// is still known to be unwanted. Before them go those that can't be read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first file that can't be removed.
    pub fn remove_session(&self, session: SessionId) -> Result<(), StoreError> {
        let directory = self.layout.session(session);
        let unreadable_and_last = self.segments_to_spare(session)?;
        self.remove_content(&directory, &unreadable_and_last.concat())?;
        for segments in unreadable_and_last.iter().filter(|segments| !segments.is_empty()) {
            // Removals may become durable in any order, and without what says that it was forgotten
            // the rest would be a session again, of an older state.
            self.sync_directories(std::slice::from_ref(&directory))?;
            segments.iter().try_for_each(|path| self.remove_segment(path))?;
        }
        self.remove_directory(&directory)?;
        self.sync_directories(&[self.layout.sessions()])
    }

    fn remove_content(&self, directory: &Path, spared: &[PathBuf]) -> Result<(), StoreError> {
        let entries = self.disk.list(directory).attempt(StoreAction::List, directory)?;
        for entry in entries {
            let path = directory.join(entry.name);
            if entry.is_dir {
                self.remove_content(&path, &[])?;
                self.remove_directory(&path)?;
            } else if !spared.contains(&path) {
                self.remove_segment(&path)?;
            }
        }
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> Result<(), StoreError> {
        self.disk.remove_dir(path).attempt(StoreAction::RemoveDirectory, path)
    }

    /// The segments that can't be read, and those that say that the session is being
    /// deleted.
    fn segments_to_spare(&self, session: SessionId) -> Result<[Vec<PathBuf>; 2], StoreError> {
        let stored = self.open_session(session)?;
        let problems = stored.index().problems().iter();
        let unreadable = problems
            .filter(|problem| matches!(problem.kind, FileProblemKind::Unreadable { .. }))
            .map(|problem| problem.path.clone());
        let summaries = stored.index().segments().iter();
        let says_so = |(_, record): &(u64, Record)| matches!(record, Record::Forgotten);
        let forgetting = summaries.zip(stored.segments());
        let forgetting = forgetting
            .filter(|(summary, _)| summary.scan.records.iter().any(says_so))
            .map(|(_, segment): (_, &Segment)| segment.path().to_owned());
        Ok([unreadable.collect(), forgetting.collect()])
    }
}
