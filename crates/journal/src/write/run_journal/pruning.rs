//! Pruning a session, between the run's checkpoints.

use super::RunJournal;
use super::housekeeping::PruneFor;
use crate::format::SegmentHeader;
use crate::model::clock::Moment;
use crate::write::pruning::{Own, Pruned, Pruning, logged};
use crate::write::retention::history::PruneTo;
use crate::write::rotation::Rotation;

impl RunJournal {
    /// Returns true if some of the session is to be removed, or to be gathered for that.
    pub(in crate::write) fn has_to_prune(&self) -> bool {
        // Pruning that is due waits until something may be removed again.
        self.room.quota.removes && self.housekeeping.has_work()
    }

    /// Prunes a part of the session, or gathers a part of what is named.
    pub(super) fn prune(&mut self, now: Moment) {
        if let Some(why) = self.housekeeping.take_due() {
            let extent = match why {
                PruneFor::Room => {
                    // Not even of named checkpoints while there is history without a name.
                    let is_bare = self.room.is_without_history;
                    let freeing = if is_bare { self.pending.bytes_wanted() } else { 0 };
                    PruneTo::Bone { freeing }
                }
                PruneFor::Quota => PruneTo::Quota,
            };
            self.housekeeping.pruning = Some(self.begin_pruning(extent));
        }
        let store = &self.local.store;
        if let Some(mut pruning) = self.housekeeping.pruning.take() {
            let stepped = pruning.step(store, |header| self.has_failed(header));
            match logged(self.session(), stepped) {
                Some(None) => self.housekeeping.pruning = Some(pruning),
                Some(Some(Pruned { gather, gather_events, is_to_the_bone })) => {
                    self.room.is_without_history |= is_to_the_bone;
                    self.timeline.is_stale = true;
                    let archive = self.archive_header(now);
                    self.housekeeping.begin_gathering(gather, store, archive);
                    self.housekeeping.begin_gathering_events(gather_events);
                }
                None => {}
            }
        } else if let Some(gathering) = self.housekeeping.checkpoints.under_way.take() {
            self.housekeeping.gather(gathering, store);
        } else if let Some(gathering) = self.housekeeping.events.under_way.take() {
            let archive = self.archive_header(now);
            self.housekeeping.gather_events(gathering, store, archive);
        }
    }

    pub(super) fn begin_pruning(&self, extent: PruneTo) -> Pruning {
        let own = Some(Own { run: self.identity.run, bytes_wanted: self.pending.bytes_wanted() });
        Pruning::new(&self.local.store, self.session(), self.room.quota, extent, own)
    }

    /// Returns true if nothing of a segment ever became durable, and nothing will.
    pub(super) fn has_failed(&self, header: &SegmentHeader) -> bool {
        let merging = self.merging.rotation.as_ref().map(Rotation::segment);
        let is_own = header.run == self.identity.run && merging != Some(header.segment);
        is_own && self.segments.has_failed(header.segment)
    }
}
