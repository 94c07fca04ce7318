//! The leftovers of a session that was archived, beside the one file that holds it.

use std::collections::HashSet;
use std::path::PathBuf;

use tracing::{debug, warn};

use crate::disk::{DirectoryStore, StoreError, StoredSession, with_sources};
use crate::format::{GroupRef, Plan, ReadError};
use crate::model::ids::{CheckpointId, SessionId};
use crate::write::retention::put_away::{archived_head, superseded};

/// Removes the files that the one file of an archived session takes the place of, but for the `damaged` ones. The
/// session's lock is held, and that file was read. A failure costs nothing but room, and a later look tries again.
pub(in crate::write) fn remove_leftovers(
    store: &DirectoryStore,
    session: SessionId,
    damaged: &HashSet<PathBuf>,
) {
    let opened = store.open_session(session);
    if let Err(error) = opened.and_then(|stored| clear(store, &stored, damaged)) {
        let error = with_sources(&error);
        warn!(%session, %error, "the former files of an archived session can't be removed");
    }
}

/// The files in which damage was found when they were read.
pub(in crate::write) fn damaged_files(stored: &StoredSession) -> HashSet<PathBuf> {
    let segments = stored.index().damaged_groups().map(|group| group.segment);
    segments.filter_map(|segment| stored.path_of(segment)).map(PathBuf::from).collect()
}

/// Reads all leftovers, to find the damaged ones.
///
/// # Errors
///
/// [`ReadError`] if some of it can't be read now.
pub(in crate::write) fn read_leftovers(stored: &mut StoredSession) -> Result<(), ReadError> {
    let mut plans = Vec::new();
    for (segment, summary) in stored.index().segments().iter().enumerate() {
        for (group, entry) in summary.scan.groups.iter().enumerate() {
            let (run, counter) = (summary.header.run, entry.commit.counter);
            let groups = vec![GroupRef { segment, group }];
            plans.push(Plan { checkpoint: CheckpointId { run, counter }, groups });
        }
    }
    plans.iter().try_for_each(|plan| stored.verify(plan).map(drop))
}

fn clear(
    store: &DirectoryStore,
    stored: &StoredSession,
    damaged: &HashSet<PathBuf>,
) -> Result<(), StoreError> {
    let Some(head) = archived_head(stored) else { return Ok(()) };
    let session = stored.id();
    // A process may have stopped before it made the file's name durable.
    store.sync_session(session)?;
    for path in superseded(stored, head).into_iter().filter(|path| !damaged.contains(path)) {
        debug!(%session, path = %path.display(), "removed, since its session is archived");
        store.remove_segment(&path)?;
    }
    for file in store.event_files(session)?.iter() {
        store.remove_segment(file.segment().path())?;
    }
    store.remove_attachments(session, |checkpoint| checkpoint != head.id);
    Ok(())
}
