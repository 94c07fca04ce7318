//! Reads what there is of the session that is written.

use tracing::debug;

use super::RunJournal;
use crate::disk::{DirectoryStore, SessionOpening, StoreError, StoredSession, with_sources};
use crate::model::ids::SessionId;
use crate::read::recovery::Timeline;
use crate::write::News;
use crate::write::slices::open_slice;

/// The state of the session's timeline.
#[derive(Default)]
pub(super) struct TimelineState {
    /// True if the session's files have changed otherwise than by what is reported of each checkpoint.
    pub is_stale: bool,
    pub reading: Option<TimelineReading>,
}

/// The session while it is opened for its timeline.
pub(super) struct TimelineReading {
    opening: SessionOpening,
    /// The newest durable checkpoint when that began.
    acknowledged: Option<u64>,
    /// True if it had begun before, and a checkpoint became durable meanwhile.
    is_second: bool,
}

impl RunJournal {
    /// Reads a part of the session where what there is of it isn't known from what was reported, and says so at the
    /// end. An exit doesn't wait for it.
    pub(super) fn read_timeline(&mut self) -> Option<News> {
        if self.is_leaving() {
            self.timeline.reading = None;
            return None;
        }
        let mut reading = match self.timeline.reading.take() {
            Some(reading) => reading,
            None if std::mem::take(&mut self.timeline.is_stale) => {
                let opening = self.local.store.opening(self.session());
                let acknowledged = self.acknowledged();
                TimelineReading { opening, acknowledged, is_second: false }
            }
            None => return None,
        };
        match reading.open(&self.local.store, self.session(), self.acknowledged()) {
            Ok(None) => self.timeline.reading = Some(reading),
            Ok(Some(stored)) => {
                self.note_files_of_others(&stored);
                let timeline = Box::new(Timeline::of(&stored));
                return Some(News::Timeline { session: self.session(), timeline });
            }
            Err(error) => debug!(error = %with_sources(&error), "the timeline can't be read"),
        }
        None
    }
}

impl TimelineReading {
    /// Opens a part of the session; all of it once the newest checkpoint became another one twice meanwhile.
    fn open(
        &mut self,
        store: &DirectoryStore,
        session: SessionId,
        acknowledged: Option<u64>,
    ) -> Result<Option<StoredSession>, StoreError> {
        // Files that are open already may lack a checkpoint that was reported, which a timeline must not take back.
        if std::mem::replace(&mut self.acknowledged, acknowledged) != acknowledged {
            if self.is_second {
                return store.open_session(session).map(Some);
            }
            self.opening = store.opening(session);
            self.is_second = true;
        }
        open_slice(&mut self.opening, store)
    }
}
