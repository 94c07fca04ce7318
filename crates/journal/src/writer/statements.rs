//! Clears away what was said about a session that isn't played, and was said again since.
//!
//! Each time is a file of its own, since files are never written over. Without this, a session that is renamed every
//! day would be nothing but names one day.

use std::mem::discriminant;

use tracing::debug;

use super::retention::is_damaged;
use crate::ids::CheckpointId;
use crate::journal::{Record, SessionIndex};
use crate::store::{DirectoryStore, StoredSession, with_sources};

/// Of what was said before of one kind about the same checkpoints, the last one stays: should the newest turn out to
/// be damaged, that one holds again.
const KEPT_BEFORE: usize = 1;

/// Removes what a record takes the place of, which is durable now. `stored` is the session as it was before, with its
/// lock held. Whatever is interrupted or fails, the newest statement is there and holds.
pub(super) fn clear_repeated(
    store: &DirectoryStore,
    stored: &StoredSession,
    about: &[CheckpointId],
    said: &Record,
) {
    let index = stored.index();
    let numbers = 0..index.segments().len();
    let mut repeated: Vec<usize> =
        numbers.filter(|number| is_repeated(stored, *number, about, said)).collect();
    repeated.sort_by_key(|number| {
        index.segments().get(*number).map(|segment| (segment.header.created, segment.header.run))
    });
    repeated.truncate(repeated.len().saturating_sub(KEPT_BEFORE));
    for path in repeated.into_iter().filter_map(|number| stored.path_of(number)) {
        if let Err(error) = store.remove_segment(path) {
            debug!(path = %path.display(), error = %with_sources(&error), "an old statement stays behind");
        }
    }
}

/// Whether a file holds nothing but a record of this kind, about no checkpoint that isn't meant here.
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
    let is_statement = scan.groups.is_empty() && scan.broken.is_empty() && !segment.header.archive;
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

/// Whether nothing else is left of the run that wrote a file.
fn is_alone(index: &SessionIndex, number: usize) -> bool {
    let run = index.segments().get(number).map(|segment| segment.header.run);
    let of_run = index.segments().iter().filter(|segment| Some(segment.header.run) == run);
    of_run.count() == 1
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::Timestamp;

    use crate::journal::Record;
    use crate::journal::sample::{SegmentBytes, commit, header, session, values};
    use crate::recovery::SessionFinder;
    use crate::session::{Leaving, SessionStatus, SessionUpdate};
    use crate::store::{Layout, LocalStore, MemoryDisk};
    use crate::writer::filing::edit;

    /// Edits a session that was closed, so often, and says how many files it has then.
    fn files_after(edits: u64) -> usize {
        let disk = MemoryDisk::default();
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let mut segment = SegmentBytes::new(&header(1, 0));
        segment.group(vec![values("game::Health", &[(2, b"ten")])], &commit(1, None));
        segment.record(&Record::End {
            status: SessionStatus::Closed,
            reason: None,
            leaving: Leaving::default(),
            time: Timestamp::UNIX_EPOCH,
            play_time: Duration::ZERO,
        });
        disk.put(&layout.segment(&header(1, 0)), &segment.bytes);
        let local = Arc::new(LocalStore::new(Arc::new(disk.clone()), layout.clone()));
        let mut finder = SessionFinder::new(local, Vec::new(), Duration::ZERO);
        for number in 0..edits {
            let update = SessionUpdate::default().name(format!("Name {number}"));
            let update = update.field("number", &number).unwrap();
            edit(&mut finder, session(), update, Timestamp::UNIX_EPOCH).unwrap();
        }
        let stored = finder.store().open_session(session()).unwrap();
        let head = &stored.index().heads()[0];
        assert_eq!(head.metadata.name, format!("Name {}", edits - 1));
        let number = head.fields.as_ref().and_then(|fields| fields.get::<u64>("number"));
        assert_eq!(number, Some(edits - 1));
        let directory = layout.session(session());
        disk.paths().iter().filter(|path| path.starts_with(&directory)).count()
    }

    #[test]
    fn a_session_that_is_edited_again_and_again_has_few_files() {
        let files = files_after(200);
        assert!(files <= 8, "{files}");
    }

    /// `cargo test --release -p bevy_session_journal --lib -- statements --ignored`
    #[test]
    #[ignore = "takes a minute"]
    fn a_session_that_is_edited_a_hundred_thousand_times_has_few_files() {
        let files = files_after(100_000);
        assert!(files <= 8, "{files}");
    }
}
