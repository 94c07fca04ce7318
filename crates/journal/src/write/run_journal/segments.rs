//! The segments of a run: the one that is appended to, and what of them is durable.

use std::collections::BTreeSet;

use crate::disk::DirectoryStore;
use crate::format::Predecessor;
use crate::write::open_segment::OpenSegment;

/// The segments of a run.
#[derive(Default)]
pub(super) struct Segments {
    /// The one that is appended to.
    pub open: Option<OpenSegment>,
    begun: u32,
    /// The numbers of those that hold anything durable.
    durable: BTreeSet<u32>,
    /// The one that was written last, by its number, and how much of it is durable.
    pub durable_end: Option<(u32, Predecessor)>,
}

impl Segments {
    /// The number of segments that were begun.
    #[cfg(test)]
    pub(super) fn begun(&self) -> u32 {
        self.begun
    }

    /// The number of the next one.
    pub(super) fn next_number(&mut self) -> u32 {
        let number = self.begun;
        self.begun += 1;
        number
    }

    /// The durable end of the one before, if that was written last.
    pub(super) fn predecessor_of(&self, number: u32) -> Option<Predecessor> {
        self.durable_end.filter(|(last, _)| last + 1 == number).map(|(_, end)| end)
    }

    /// So much is durable.
    pub(super) fn note_durable(&mut self, end: Option<(u32, Predecessor)>) {
        self.durable.extend(end.map(|(number, _)| number));
        self.durable_end = end;
    }

    /// Returns true if nothing of one ever became durable, and nothing will, since it isn't written any more.
    pub(super) fn has_failed(&self, number: u32) -> bool {
        let open = self.open.as_ref().map(OpenSegment::number);
        open != Some(number) && !self.durable.contains(&number)
    }

    /// Drops the one that is appended to, which failed. If nothing in it was acknowledged, it is of no use.
    pub(super) fn drop_open(&mut self, store: &DirectoryStore) {
        let Some(segment) = self.open.take() else { return };
        if segment.durable_end().is_none() {
            let path = segment.path().to_path_buf();
            drop(segment);
            // If that fails as well, it stays behind, and goes before anything is pruned.
            let _ = store.remove_segment(&path);
        }
    }
}
