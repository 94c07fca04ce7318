//! The work of a run on the session's files between its checkpoints: due, and under way.

use crate::disk::DirectoryStore;
use crate::write::event_gathering::EventGathering;
use crate::write::gathering::Gathering;
use crate::write::pruning::Pruning;

/// Turns in a row that may have something to write before a slice is done behind it all the same.
const TURNS_WITHOUT_PAUSE: u32 = 4;

/// The work on files beside the checkpoints, a slice at a time, in this order.
#[derive(Default)]
pub(super) struct Housekeeping {
    /// Turns in a row that had something to write and no slice.
    turns_without_pause: u32,
    due: Option<PruneFor>,
    pub pruning: Option<Pruning>,
    /// Checkpoints with a name, into archives.
    pub checkpoints: OnceAGeneration<Box<Gathering>>,
    /// Files of events, into fewer of them.
    pub events: OnceAGeneration<EventGathering>,
}

/// The reason for which the session is to be pruned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PruneFor {
    /// The session has to fit into the quota.
    Quota,
    /// The disk is full, so that all history goes that may.
    Room,
}

/// Something that is gathered once for each generation: what can't be now can't a moment later.
pub(super) struct OnceAGeneration<T> {
    is_due: bool,
    pub under_way: Option<T>,
}

impl Housekeeping {
    /// Counts a turn, which had something to write or not.
    pub(super) fn count_turn(&mut self, had_to_write: bool) {
        let turns = if had_to_write { self.turns_without_pause + 1 } else { 0 };
        self.turns_without_pause = turns % TURNS_WITHOUT_PAUSE;
    }

    /// Returns true if a slice is done in the turn that was counted last: in a pause, and each time that there was none
    /// for long enough.
    pub(super) fn has_its_turn(&self) -> bool {
        self.turns_without_pause == 0
    }

    /// The session is to be pruned, with the next slice.
    pub(super) fn prune(&mut self, why: PruneFor) {
        self.due = self.due.max(Some(why));
    }

    /// Returns the reason if the session is to be pruned, which begins now.
    pub(super) fn take_due(&mut self) -> Option<PruneFor> {
        self.due.take()
    }

    /// Returns true if there is anything to do.
    pub(super) fn has_work(&self) -> bool {
        let is_gathering = self.checkpoints.under_way.is_some() || self.events.under_way.is_some();
        self.due.is_some() || self.pruning.is_some() || is_gathering
    }

    /// A new generation is durable, so older ones may go.
    pub(super) fn generation_begun(&mut self) {
        self.prune(PruneFor::Quota);
        self.checkpoints.renew();
        self.events.renew();
    }

    /// Gives up what goes by another quota than the one from now on. It is begun again once that may be.
    pub(super) fn stop_pruning(&mut self) {
        let was_due = self.due.take().is_some();
        if self.pruning.take().is_some() || was_due {
            self.prune(PruneFor::Quota);
        }
    }

    /// Gives all of it up, until the next generation.
    pub(super) fn give_up(&mut self, store: &DirectoryStore) {
        self.drop_gathering(store);
        self.pruning = None;
        self.due = None;
    }

    pub(super) fn drop_gathering(&mut self, store: &DirectoryStore) {
        self.events.under_way = None;
        if let Some(gathering) = self.checkpoints.under_way.take() {
            gathering.abandon(store);
        }
    }
}

impl<T> OnceAGeneration<T> {
    /// There may be something to gather again.
    pub(super) fn renew(&mut self) {
        self.is_due = true;
    }

    /// Returns true if it may begin, which counts as begun.
    pub(super) fn may_begin(&mut self) -> bool {
        self.under_way.is_none() && std::mem::take(&mut self.is_due)
    }
}

impl<T> Default for OnceAGeneration<T> {
    fn default() -> Self {
        Self { is_due: false, under_way: None }
    }
}
