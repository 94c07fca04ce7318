//! The sessions that have been in the trash for long enough.

use std::time::Duration;

use jiff::Timestamp;

use crate::format::SessionIndex;
use crate::model::session::{ProvenTime, ShelfPlace};

/// Returns true if a session has been in the trash for so long that it goes. `time` is a lower bound of the current
/// time, and `clock` is the time by the clock: a wrong clock empties no trash.
pub(crate) fn has_lain_long(
    index: &SessionIndex,
    keep: Duration,
    (time, clock): (ProvenTime, Timestamp),
) -> bool {
    trashed_at(index).is_some_and(|since| time.has_passed(since, keep, clock))
}

/// The time since which a session has been in the trash, if it is there. If the clock was behind when it was put there,
/// the play before shows that it can't have been earlier.
fn trashed_at(index: &SessionIndex) -> Option<Timestamp> {
    let ShelfPlace::Trash { since } = index.heads().first()?.metadata.place else { return None };
    let ends = index.heads().iter().filter_map(|head| head.end.as_ref()).map(|end| end.time);
    let last_written = index.heads().iter().map(|head| head.time).chain(ends);
    Some(last_written.fold(since, Timestamp::max))
}
