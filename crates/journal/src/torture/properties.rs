//! What must hold for every trace, whatever went wrong in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::store::simulated_disk::{FileId, Trace, What};

/// A journal that has a name, and how much of it is durable.
#[derive(Clone, Debug)]
struct Journal {
    directory: PathBuf,
    process: u32,
    has_unsynced_bytes: bool,
    has_unsynced_name: bool,
}

/// What is wrong with a trace, in words.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn check(trace: &Trace) -> Result<(), String> {
    let mut created: BTreeMap<FileId, u32> = BTreeMap::new();
    let mut failed: BTreeSet<FileId> = BTreeSet::new();
    let mut journals: BTreeMap<FileId, Journal> = BTreeMap::new();
    let mut unsynced: BTreeSet<FileId> = BTreeSet::new();
    let mut slots: BTreeSet<FileId> = BTreeSet::new();
    let mut archives: BTreeMap<FileId, PathBuf> = BTreeMap::new();
    for (position, step) in trace.steps.iter().enumerate() {
        let wrong = |what: &str| Err(format!("after {position} steps: {what}: {}", step.what));
        match &step.what {
            What::Create { file, path } => {
                created.insert(*file, step.process);
                if is_journal(path.path()) {
                    let directory = path.path().parent().unwrap_or(path.path()).to_path_buf();
                    let process = step.process;
                    let (has_unsynced_bytes, has_unsynced_name) = (false, true);
                    let journal =
                        Journal { directory, process, has_unsynced_bytes, has_unsynced_name };
                    journals.insert(*file, journal);
                }
            }
            What::Append { file, succeeded, .. } => {
                if failed.contains(file) {
                    return wrong("an append to a file that failed");
                }
                if created.get(file) != Some(&step.process) {
                    return wrong("an append to a file that another process created");
                }
                if slots.contains(file) {
                    return wrong("an append to a slot that is in its place");
                }
                note_failure(&mut failed, *file, *succeeded);
                unsynced.insert(*file);
                if let Some(journal) = journals.get_mut(file) {
                    journal.has_unsynced_bytes = true;
                }
            }
            What::Sync { file, succeeded } => {
                if failed.contains(file) {
                    return wrong("a sync of a file that failed");
                }
                note_failure(&mut failed, *file, *succeeded);
                if *succeeded {
                    unsynced.remove(file);
                }
                if let Some(journal) = journals.get_mut(file).filter(|_| *succeeded) {
                    journal.has_unsynced_bytes = false;
                }
            }
            What::SyncDirectory { path, succeeded: true } => {
                archives.retain(|_, directory| *directory != **path.path());
                for journal in journals.values_mut() {
                    journal.has_unsynced_name &= journal.directory != **path.path();
                }
            }
            What::Remove { path, file } if is_archive(path.path()) => {
                let own = archives.remove(file);
                let is_waited_for = |directory: &PathBuf| path.path().parent() == Some(directory);
                if own.is_none() && archives.values().any(is_waited_for) {
                    return wrong("an archive is removed while the one for it isn't durable");
                }
            }
            What::Remove { path, file } if is_journal(path.path()) => {
                let is_waited_for = |directory: &PathBuf| path.path().parent() == Some(directory);
                if archives.values().any(is_waited_for) {
                    return wrong("a journal is removed while an archive isn't durable");
                }
                let removed = journals.remove(file);
                let was_durable = removed.is_none_or(|removed| removed.is_durable());
                let directory = path.path().parent();
                // The last one is what the process goes on with. One before it that isn't durable was
                // given up, and could not be removed.
                let successor = journals.iter().rfind(|(other, journal)| {
                    let is_beside = directory == Some(&*journal.directory);
                    is_beside && journal.process == step.process && !failed.contains(other)
                });
                if was_durable && successor.is_some_and(|(_, journal)| !journal.is_durable()) {
                    return wrong("a journal is removed while the one for it isn't durable");
                }
            }
            What::Rename { from, to, file } => {
                if is_slot(to.path()) {
                    if unsynced.contains(file) || failed.contains(file) {
                        return wrong("a slot takes its place before it is durable");
                    }
                    slots.insert(*file);
                }
                if is_archive(to.path()) {
                    if unsynced.contains(file) || failed.contains(file) {
                        return wrong("an archive takes its place before it is durable");
                    }
                    let directory = to.path().parent().unwrap_or(to.path()).to_path_buf();
                    archives.insert(*file, directory);
                    slots.insert(*file);
                }
                if [from, to].iter().any(|place| is_journal(place.path())) {
                    return wrong("a journal is renamed or replaced");
                }
            }
            What::CreateDirectory { .. }
            | What::SyncDirectory { .. }
            | What::Remove { .. }
            | What::RemoveDirectory { .. } => {}
        }
    }
    Ok(())
}

impl Journal {
    fn is_durable(&self) -> bool {
        !self.has_unsynced_bytes && !self.has_unsynced_name
    }
}

/// Whether a file is part of a session.
pub fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "journal")
}

/// Whether a file is an archive of a session.
pub fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "archive")
}

/// Whether a file is a slot.
fn is_slot(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "save")
}

fn note_failure(failed: &mut BTreeSet<FileId>, file: FileId, succeeded: bool) {
    if !succeeded {
        failed.insert(file);
    }
}
