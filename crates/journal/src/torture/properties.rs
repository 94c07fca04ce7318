//! The properties that must hold for every trace, with any failure in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::disk::simulated_disk::{FileId, Trace, What};

/// A journal that has a name, and how much of it is durable.
#[derive(Clone, Debug)]
struct Journal {
    directory: PathBuf,
    process: u32,
    has_unsynced_bytes: bool,
    has_unsynced_name: bool,
}

/// Checks a trace, and returns the first error in words.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn check(trace: &Trace) -> Result<(), String> {
    let mut files = Files::default();
    for (position, step) in trace.steps.iter().enumerate() {
        let followed = files.follow(step.process, &step.what);
        followed.map_err(|wrong| format!("after {position} steps: {wrong}: {}", step.what))?;
    }
    Ok(())
}

/// The state of the files after some steps.
#[derive(Default)]
struct Files {
    created: BTreeMap<FileId, u32>,
    failed: BTreeSet<FileId>,
    journals: BTreeMap<FileId, Journal>,
    unsynced: BTreeSet<FileId>,
    slots: BTreeSet<FileId>,
    archives: BTreeMap<FileId, PathBuf>,
}

impl Files {
    fn follow(&mut self, process: u32, what: &What) -> Result<(), &'static str> {
        match what {
            What::Create { file, path } => {
                self.create(process, *file, path.path());
                Ok(())
            }
            What::Append { file, succeeded, .. } => self.append(process, *file, *succeeded),
            What::Sync { file, succeeded } => self.sync(*file, *succeeded),
            What::SyncDirectory { path, succeeded: true } => {
                self.sync_directory(path.path());
                Ok(())
            }
            What::Remove { path, file } if is_archive(path.path()) => {
                self.remove_archive(path.path(), *file)
            }
            What::Remove { path, file } if is_journal(path.path()) => {
                self.remove_journal(process, path.path(), *file)
            }
            What::Rename { from, to, file } => self.rename(from.path(), to.path(), *file),
            What::CreateDirectory { .. }
            | What::SyncDirectory { .. }
            | What::Remove { .. }
            | What::RemoveDirectory { .. } => Ok(()),
        }
    }

    fn create(&mut self, process: u32, file: FileId, path: &Path) {
        self.created.insert(file, process);
        if is_journal(path) {
            let directory = path.parent().unwrap_or(path).to_path_buf();
            let (has_unsynced_bytes, has_unsynced_name) = (false, true);
            let journal = Journal { directory, process, has_unsynced_bytes, has_unsynced_name };
            self.journals.insert(file, journal);
        }
    }

    fn append(&mut self, process: u32, file: FileId, succeeded: bool) -> Result<(), &'static str> {
        if self.failed.contains(&file) {
            return Err("an append to a file that failed");
        }
        if self.created.get(&file) != Some(&process) {
            return Err("an append to a file that another process created");
        }
        if self.slots.contains(&file) {
            return Err("an append to a slot that is in its place");
        }
        note_failure(&mut self.failed, file, succeeded);
        self.unsynced.insert(file);
        if let Some(journal) = self.journals.get_mut(&file) {
            journal.has_unsynced_bytes = true;
        }
        Ok(())
    }

    fn sync(&mut self, file: FileId, succeeded: bool) -> Result<(), &'static str> {
        if self.failed.contains(&file) {
            return Err("a sync of a file that failed");
        }
        note_failure(&mut self.failed, file, succeeded);
        if succeeded {
            self.unsynced.remove(&file);
        }
        if let Some(journal) = self.journals.get_mut(&file).filter(|_| succeeded) {
            journal.has_unsynced_bytes = false;
        }
        Ok(())
    }

    fn sync_directory(&mut self, path: &Path) {
        self.archives.retain(|_, directory| *directory != *path);
        for journal in self.journals.values_mut() {
            journal.has_unsynced_name &= journal.directory != *path;
        }
    }

    /// Returns true if an archive in the directory of this file isn't durable.
    fn waits_for_an_archive(&self, path: &Path) -> bool {
        self.archives.values().any(|directory| path.parent() == Some(directory))
    }

    fn remove_archive(&mut self, path: &Path, file: FileId) -> Result<(), &'static str> {
        if self.archives.remove(&file).is_none() && self.waits_for_an_archive(path) {
            return Err("an archive is removed while the one for it isn't durable");
        }
        Ok(())
    }

    fn remove_journal(
        &mut self,
        process: u32,
        path: &Path,
        file: FileId,
    ) -> Result<(), &'static str> {
        if self.waits_for_an_archive(path) {
            return Err("a journal is removed while an archive isn't durable");
        }
        let removed = self.journals.remove(&file);
        let was_durable = removed.is_none_or(|removed| removed.is_durable());
        // The last one is the one that the process continues with. One before it that isn't durable was given up, and
        // could not be removed.
        let successor = self.journals.iter().rfind(|(other, journal)| {
            let is_beside = path.parent() == Some(&*journal.directory);
            is_beside && journal.process == process && !self.failed.contains(other)
        });
        if was_durable && successor.is_some_and(|(_, journal)| !journal.is_durable()) {
            return Err("a journal is removed while the one for it isn't durable");
        }
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path, file: FileId) -> Result<(), &'static str> {
        let is_durable = !self.unsynced.contains(&file) && !self.failed.contains(&file);
        if is_slot(to) {
            if !is_durable {
                return Err("a slot takes its place before it is durable");
            }
            self.slots.insert(file);
        }
        if is_archive(to) {
            if !is_durable {
                return Err("an archive takes its place before it is durable");
            }
            self.archives.insert(file, to.parent().unwrap_or(to).to_path_buf());
            self.slots.insert(file);
        }
        if is_journal(from) || is_journal(to) {
            return Err("a journal is renamed or replaced");
        }
        Ok(())
    }
}

impl Journal {
    fn is_durable(&self) -> bool {
        !self.has_unsynced_bytes && !self.has_unsynced_name
    }
}

/// Returns true if a file is part of a session.
pub fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "journal")
}

/// Returns true if a file is an archive of a session.
pub fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "archive")
}

/// Returns true if a file is a slot.
fn is_slot(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "save")
}

fn note_failure(failed: &mut BTreeSet<FileId>, file: FileId, succeeded: bool) {
    if !succeeded {
        failed.insert(file);
    }
}
