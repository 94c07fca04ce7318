//! The files that the one file of an archived session takes the place of.

use std::path::PathBuf;

use super::history::{is_damaged, speaks_of_a_head};
use crate::disk::StoredSession;
use crate::format::Head;

/// The one checkpoint of an archived session. If a file can't be read now, nothing is known.
pub(crate) fn archived_head(stored: &StoredSession) -> Option<&Head> {
    let [head] = stored.index().heads() else { return None };
    let is_known = stored.index().unreadable_file().is_none() && stored.newer_format().is_none();
    Some(head).filter(|head| is_known && head.metadata.place.is_archived())
}

/// The files of the runs before. Damaged files stay, and so do later statements.
pub(crate) fn superseded(stored: &StoredSession, head: &Head) -> Vec<PathBuf> {
    let index = stored.index();
    let segments = index.segments().iter().enumerate();
    let numbers = segments
        .filter(|(_, segment)| segment.header.is_archive() || segment.header.run != head.id.run)
        .map(|(number, _)| number)
        .filter(|number| !is_damaged(stored, *number) && !speaks_of_a_head(index, *number));
    numbers.filter_map(|number| stored.path_of(number)).map(PathBuf::from).collect()
}
