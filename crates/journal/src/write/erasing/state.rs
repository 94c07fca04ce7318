//! What the state directory says of sessions: indexes, which are made again, logs, and records of processes.

use std::collections::BTreeSet;
use std::path::Path;

use super::removing::Removed;
use crate::disk::{DirectoryStore, Disk, Layout, StoreAction, StoreError, log_files, read_all};
use crate::model::ids::SessionId;

/// Removes the index of sessions and the digests of the profile, durably. They are made again from the sessions that
/// are there.
pub(super) fn remove_indexes(store: &DirectoryStore) -> Result<Removed, StoreError> {
    let (layout, disk) = (store.layout(), store.disk());
    let state = &layout.state;
    let mut removed = Removed::default();
    let entries = match disk.list(state) {
        // The tool has none on a machine where the game was never started.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(removed),
        listed => listed.map_err(|source| refused(StoreAction::List, state, source))?,
    };
    for entry in entries.iter().filter(|entry| entry.is_file && layout.is_index_name(&entry.name)) {
        let path = state.join(&entry.name);
        match disk.remove(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            done => {
                done.map_err(|source| refused(StoreAction::RemoveFile, &path, source))?;
                removed.add(1, entry.len);
            }
        }
    }
    store.sync_directories(std::slice::from_ref(state))?;
    Ok(removed)
}

/// Those sessions that this machine has sent to a replica.
pub(super) fn marked(
    disk: &dyn Disk,
    state: &Path,
    sessions: &BTreeSet<SessionId>,
) -> BTreeSet<SessionId> {
    let files = disk.list(state).unwrap_or_default();
    let marked = files.iter().filter_map(|file| Layout::session_of_mark(&file.name));
    marked.filter(|session| sessions.contains(session)).collect()
}

/// The number of log files; `None` if there are none.
pub(super) fn count_logs(disk: &dyn Disk, state: &Path) -> Option<usize> {
    Some(log_files(disk, state).len()).filter(|files| *files > 0)
}

/// The number of records of processes that have texts of the game's, and of last lines; `None` if there are none.
pub(super) fn count_records(disk: &dyn Disk, state: &Path) -> Option<usize> {
    let records = read_all(disk, state).unwrap_or_default();
    let has_texts = records.iter().filter(|found| match &found.record {
        Ok(record) => {
            record.panic.is_some() || record.failure.is_some() || !record.alerts.is_empty()
        }
        Err(_) => true,
    });
    let has_lines =
        records.iter().filter(|found| disk.open(&Layout::process_log(&found.path)).is_ok());
    Some(has_texts.count() + has_lines.count()).filter(|files| *files > 0)
}

fn refused(action: StoreAction, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Disk { action, path: path.to_owned(), source }
}
