//! Writes down how far the session's files go.

use super::RunJournal;
use crate::disk::{FinishedFile, Layout, StoredSession};
use crate::format::good_end;

impl RunJournal {
    /// Writes down what is finished of this run: nothing is appended that would have to be there.
    pub(super) fn note_own_files(&self) {
        let (session, run) = (self.session(), self.run());
        let newest = self.acknowledged().map(|counter| self.id(counter));
        let segment = self.segments.durable_end.map(|(number, end)| FinishedFile {
            name: Layout::segment_name(run, number),
            bytes: Some(end.length),
        });
        let events = self.events.durable_ends().map(|(number, length)| FinishedFile {
            name: Layout::events_name(run, number),
            bytes: Some(length),
        });
        self.local.store.note_finished(session, newest, segment.into_iter().chain(events));
    }

    /// Writes down how far the files of the runs before go: no process appends to them any more.
    pub(in crate::write) fn note_files_of_others(&self, stored: &StoredSession) {
        if self.hold.is_lost() {
            return;
        }
        let of_others = stored.index().segments().iter();
        let of_others = of_others.filter(|segment| segment.header.run != self.run());
        let finished = of_others.map(|segment| FinishedFile {
            name: Layout::name_of(&segment.header),
            bytes: Some(good_end(segment)),
        });
        let newest = self.acknowledged().map(|counter| self.id(counter));
        self.local.store.note_finished(self.session(), newest, finished);
    }
}
