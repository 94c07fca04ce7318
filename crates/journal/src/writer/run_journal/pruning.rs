//! How a run thins its session, and others, between its own checkpoints.

use super::RunJournal;
use crate::clock::Moment;
use crate::journal::SegmentHeader;
use crate::writer::open_segment::OpenSegment;
use crate::writer::pruning::{Own, Pruned, Pruning, logged};
use crate::writer::pruning_others::PruningOthers;
use crate::writer::retention::PruneTo;
use crate::writer::rotation::Rotation;

impl RunJournal {
    pub(super) fn has_to_prune(&self) -> bool {
        let is_gathering = self.gathering.is_some() || self.gathering_events.is_some();
        let is_under_way = self.pruning.is_some() || is_gathering;
        let has_to = self.prune_is_due || is_under_way || self.pruning_others.is_some();
        // What is due waits until something may be removed again.
        self.quota.removes && has_to
    }

    /// Prunes a part of this session, gathers a part of what is named, or prunes one of the others.
    pub(super) fn prune(&mut self, now: Moment) {
        if std::mem::take(&mut self.prune_is_due) {
            let extent = match std::mem::take(&mut self.is_making_room) {
                true => PruneTo::Bone { freeing: self.named_to_free() },
                false => PruneTo::Quota,
            };
            self.pruning = Some(self.begin_pruning(extent));
        }
        let store = &self.local.store;
        if let Some(mut pruning) = self.pruning.take() {
            let stepped = pruning.step(store, |header| self.has_failed(header));
            match logged(self.session(), stepped) {
                Some(None) => self.pruning = Some(pruning),
                Some(Some(Pruned { gather, gather_events, is_to_the_bone })) => {
                    self.is_without_history |= is_to_the_bone;
                    self.has_changed = true;
                    self.begin_gathering(gather, now);
                    self.begin_gathering_events(gather_events);
                }
                None => {}
            }
        } else if let Some(gathering) = self.gathering.take() {
            self.gather(gathering);
        } else if let Some(gathering) = self.gathering_events.take() {
            self.gather_events(gathering, now);
        } else if self.pruning_others.as_mut().is_some_and(|others| !others.step(store)) {
            self.pruning_others = None;
        }
        let store = &self.local.store;
        if self.pruning.is_none() && !std::mem::replace(&mut self.others_pruned, true) {
            self.pruning_others = PruningOthers::begin(store, self.session(), self.quota);
        }
    }

    /// Gives up what goes by another quota than the one from now on, and lets go of other sessions. It is begun again
    /// once that may be.
    pub(super) fn stop_pruning(&mut self) {
        self.prune_is_due |= self.pruning.take().is_some();
        self.is_making_room = false;
        if self.pruning_others.take().is_some() {
            self.others_pruned = false;
        }
    }

    /// Lets go of a session that is being thinned, since it is wanted.
    pub fn let_go_of_others(&mut self) {
        if let Some(others) = &mut self.pruning_others {
            others.let_go();
        }
    }

    /// Bytes to be freed on a full disk even of named checkpoints: none while there is history without
    /// a name.
    fn named_to_free(&self) -> u64 {
        if self.is_without_history { self.bytes_wanted() } else { 0 }
    }

    /// Bytes that what is pending takes, about. Each further try frees as many.
    pub(super) fn bytes_wanted(&self) -> u64 {
        (self.pending.raw_bytes() as u64).max(1)
    }

    pub(super) fn begin_pruning(&self, extent: PruneTo) -> Pruning {
        let own = Some(Own { run: self.identity.run, bytes_wanted: self.bytes_wanted() });
        Pruning::new(&self.local.store, self.session(), self.quota, extent, own)
    }

    /// Whether nothing of a segment ever became durable, and nothing will.
    pub(super) fn has_failed(&self, header: &SegmentHeader) -> bool {
        let open = self.segment.as_ref().map(OpenSegment::number);
        let merging = self.rotation.as_ref().map(Rotation::segment);
        let number = Some(header.segment);
        let is_own = header.run == self.identity.run;
        let is_being_written = open == number || merging == number;
        is_own && !is_being_written && !self.durable.contains(&header.segment)
    }
}
