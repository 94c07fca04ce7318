//! The files that hold nothing but statements that were repeated since.

use std::mem::discriminant;

use super::history::is_damaged;
use crate::disk::StoredSession;
use crate::format::{Record, SessionIndex};
use crate::model::ids::CheckpointId;

/// Of earlier statements of one kind about the same checkpoints, the last one stays: should the newest turn out to be
/// damaged, that one holds again.
const KEPT_BEFORE: usize = 1;

/// The files that a record takes the place of, which is durable now. `stored` is the session as it was before.
pub(crate) fn repeated(
    stored: &StoredSession,
    about: &[CheckpointId],
    said: &Record,
) -> Vec<usize> {
    let index = stored.index();
    let numbers = 0..index.segments().len();
    let mut repeated: Vec<usize> =
        numbers.filter(|number| is_repeated(stored, *number, about, said)).collect();
    repeated.sort_by_key(|number| {
        index.segments().get(*number).map(|segment| (segment.header.created, segment.header.run))
    });
    repeated.truncate(repeated.len().saturating_sub(KEPT_BEFORE));
    repeated
}

/// Returns true if a file holds nothing but a record of this kind, about no checkpoint but these.
fn is_repeated(
    stored: &StoredSession,
    number: usize,
    about: &[CheckpointId],
    said: &Record,
) -> bool {
    let index = stored.index();
    let Some(segment) = index.segments().get(number) else { return false };
    let scan = &segment.scan;
    let is_whole = scan.tail.is_none() && scan.carried.is_empty() && !is_damaged(stored, number);
    let is_statement =
        scan.groups.is_empty() && scan.broken.is_empty() && !segment.header.is_archive();
    let is_of_kind = match (&*scan.records, said) {
        ([(_, record)], Record::Metadata(_) | Record::Fields(_)) => {
            discriminant(record) == discriminant(said)
        }
        _ => false,
    };
    let is_meant = |seen: &CheckpointId| {
        about.iter().any(|meant| meant.run == seen.run && meant.counter >= seen.counter)
    };
    is_whole
        && is_statement
        && is_of_kind
        && is_alone(index, number)
        && segment.header.supersedes.iter().all(is_meant)
}

/// Returns true if nothing else is left of the run that wrote a file.
fn is_alone(index: &SessionIndex, number: usize) -> bool {
    let run = index.segments().get(number).map(|segment| segment.header.run);
    let of_run = index.segments().iter().filter(|segment| Some(segment.header.run) == run);
    of_run.count() == 1
}
