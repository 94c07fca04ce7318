//! The orders of lists.

use std::cmp::Ordering;

use super::SearchText;
use crate::read::recovery::SessionEntry;

/// The order of a list of sessions. Sessions that are equal in it follow each other by their ids, so that no page of a
/// list shows one twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum SortBy {
    /// The time of its last play: the newest first.
    #[default]
    Updated,
    /// Its name, without case and accents: in the order of the alphabet.
    Name,
    /// Its play time: the longest first.
    PlayTime,
    /// The time of its start: the newest first.
    Started,
    /// The player's progress: the furthest first, and sessions without one last, also where the order is reversed.
    Progress,
    /// Its bytes on disk: the largest first.
    Bytes,
}

/// A session that was found, with its texts and where it stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a, 't> {
    pub entry: &'a SessionEntry,
    pub text: &'t SearchText,
    pub position: usize,
}

/// Compares by `by`, and then by id.
fn compare(by: SortBy, reversed: bool, a: &Found, b: &Found) -> Ordering {
    let (left, right) = (a.entry, b.entry);
    let order = match by {
        SortBy::Updated => right.updated.cmp(&left.updated),
        SortBy::Name => a.text.name(left).cmp(b.text.name(right)),
        SortBy::PlayTime => right.play_time.cmp(&left.play_time),
        SortBy::Started => right.session.started.cmp(&left.session.started),
        SortBy::Progress => by_progress(reversed, left, right),
        SortBy::Bytes => right.bytes.cmp(&left.bytes),
    };
    let is_turned = reversed && by != SortBy::Progress;
    let order = if is_turned { order.reverse() } else { order };
    order.then_with(|| left.session.id.cmp(&right.session.id))
}

fn by_progress(reversed: bool, a: &SessionEntry, b: &SessionEntry) -> Ordering {
    match (a.summary.progress(), b.summary.progress()) {
        (Some(a), Some(b)) if reversed => a.total_cmp(&b),
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Sorts as many of the first ones as are asked for, and leaves the others in any order.
pub(super) fn sort_first(by: SortBy, reversed: bool, found: &mut [Found], wanted: usize) {
    let compare = |a: &Found, b: &Found| compare(by, reversed, a, b);
    // A shelf has them in the order that most lists go by.
    if wanted == 0 || found.is_sorted_by(|a, b| compare(a, b).is_le()) {
        return;
    }
    let mut first = found;
    if wanted < first.len() {
        let (before, _, _) = first.select_nth_unstable_by(wanted, compare);
        first = before;
    }
    first.sort_unstable_by(compare);
}
