//! Clears away what was said about a session that isn't played, and was said again since.
//!
//! Each change is a new file, since files are never overwritten. Without this, a session that is renamed every day
//! would be nothing but names one day.

use tracing::debug;

use crate::disk::{DirectoryStore, StoredSession, with_sources};
use crate::format::Record;
use crate::model::ids::CheckpointId;
use crate::write::retention::statements::repeated;

/// Removes what a record takes the place of, which is durable now. `stored` is the session as it was before, with its
/// lock held. After any interruption or failure, the newest statement is there and holds.
pub(super) fn clear_repeated(
    store: &DirectoryStore,
    stored: &StoredSession,
    about: &[CheckpointId],
    said: &Record,
) {
    let repeated = repeated(stored, about, said).into_iter();
    for path in repeated.filter_map(|number| stored.path_of(number)) {
        if let Err(error) = store.remove_segment(path) {
            debug!(path = %path.display(), error = %with_sources(&error), "an old statement stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::Timestamp;

    use crate::disk::{Layout, LocalStore, MemoryDisk};
    use crate::format::Record;
    use crate::format::sample::{SegmentBytes, commit, header, session, values};
    use crate::model::session::{Leaving, SessionStatus, SessionUpdate};
    use crate::read::recovery::SessionFinder;
    use crate::write::filing::edit;

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
