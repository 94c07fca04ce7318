//! The files of a session that this device has put into the folder.

use std::path::{Path, PathBuf};

use super::{EXTENSION, device, entries_of};
use crate::disk::{Layout, LocalStore};
use crate::model::ids::{RunId, SessionId};
use crate::write::cloud_news::CloudError;
use crate::write::sweeping::is_only_process;

/// The files of a session that this device has put into the folder: one, unless what an earlier one has was lost here.
pub(super) struct OwnFiles {
    directory: PathBuf,
    /// The beginning of their names.
    name: String,
    pub(super) files: Vec<PathBuf>,
    /// Those that were being written when a process of this device died.
    unfinished: Vec<PathBuf>,
}

impl OwnFiles {
    pub(super) fn of(
        local: &LocalStore,
        directory: &Path,
        session: SessionId,
    ) -> Result<Self, CloudError> {
        let device = device(local)
            .map_err(|error| CloudError::here_at(&local.store.layout().state, error))?;
        let name = format!("{session}-{device:016x}");
        let entries = entries_of(local, directory);
        let entries = entries.map_err(|error| CloudError::folder(directory, error))?;
        let (mut files, mut unfinished) = (Vec::new(), Vec::new());
        for entry in entries.iter().filter(|entry| entry.is_file) {
            if is_named(&entry.name, &name) {
                files.push(directory.join(&entry.name));
            } else if Layout::place_of_unfinished(&entry.name)
                .is_some_and(|place| is_named(place, &name))
            {
                unfinished.push(directory.join(&entry.name));
            }
        }
        files.sort_unstable();
        Ok(Self { directory: directory.to_owned(), name, files, unfinished })
    }

    /// A place that no file has: the usual one, or one that is named by the run.
    pub(super) fn free_place(&self, run: RunId) -> PathBuf {
        let usual = self.directory.join(format!("{}.{EXTENSION}", self.name));
        match self.files.contains(&usual) {
            false => usual,
            true => self.directory.join(format!("{}-{run}.{EXTENSION}", self.name)),
        }
    }

    /// Removes what a process of this device was writing there when it died.
    pub(super) fn remove_unfinished(&self, local: &LocalStore) {
        if !self.unfinished.is_empty() && is_only_process(&local.store) {
            for path in &self.unfinished {
                // Otherwise it is tried again with the next file.
                let _ = local.outside.remove(path);
            }
        }
    }
}

fn is_named(name: &str, own: &str) -> bool {
    let rest = name.strip_prefix(own).and_then(|rest| rest.strip_suffix(EXTENSION));
    rest.is_some_and(|rest| rest == "." || rest.starts_with('-') && rest.ends_with('.'))
}
