//! The files of a session that this device has put into the folder.

use std::io;
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
        let own = entries.iter().filter(|it| it.is_file && is_named(&it.name, &name));
        let mut files: Vec<PathBuf> = own.map(|entry| directory.join(&entry.name)).collect();
        files.sort_unstable();
        Ok(Self { directory: directory.to_owned(), name, files })
    }

    /// A place that no file has: the usual one, or one that is named by the run.
    pub(super) fn free_place(&self, run: RunId) -> PathBuf {
        let usual = self.directory.join(format!("{}.{EXTENSION}", self.name));
        match self.files.contains(&usual) {
            false => usual,
            true => self.directory.join(format!("{}-{run}.{EXTENSION}", self.name)),
        }
    }
}

/// Removes what a process of this device was writing into the folder when it died, of any session.
pub(super) fn remove_unfinished(local: &LocalStore, directory: &Path) -> io::Result<()> {
    let device = device(local)?;
    let own = [format!("-{device:016x}."), format!("-{device:016x}-")];
    let is_own = |name: &str| {
        let place = Layout::place_of_unfinished(name);
        place.is_some_and(|place| own.iter().any(|own| place.contains(own)))
    };
    let entries = entries_of(local, directory)?;
    let unfinished: Vec<_> =
        entries.iter().filter(|entry| entry.is_file && is_own(&entry.name)).collect();
    if !unfinished.is_empty() && is_only_process(&local.store) {
        for entry in unfinished {
            // Otherwise it is tried again with the next file.
            let _ = local.outside.remove(&directory.join(&entry.name));
        }
    }
    Ok(())
}

fn is_named(name: &str, own: &str) -> bool {
    let rest = name.strip_prefix(own).and_then(|rest| rest.strip_suffix(EXTENSION));
    rest.is_some_and(|rest| rest == "." || rest.starts_with('-') && rest.ends_with('.'))
}
