//! Failures of a run: of the disk, of its files, or of its right to write.
//!
//! An append or a sync that fails retires the file for good: pending frames go into a new one that names the checkpoint
//! that it continues from. The failed file can often still be read, from memory, and retention counts on none of it:
//! frames that are in the new file as well stay there for as long as the failed one does.

use std::time::Duration;

use tracing::{error, warn};

use super::RunJournal;
use super::ending::Phase;
use super::housekeeping::PruneFor;
use crate::disk::with_sources;
use crate::format::SegmentHeader;
use crate::model::clock::Moment;
use crate::model::ids::CheckpointId;
use crate::model::session::{CheckpointError, FailureCause, StopReason};
use crate::write::News;
use crate::write::open_segment::WriteFailure;
use crate::write::pruning::logged;
use crate::write::retention::history::PruneTo;

impl RunJournal {
    /// Looks whether the session is still this process's to write; if it isn't, whether it is again.
    pub fn check_hold(&mut self, now: Moment, reports: &mut Vec<News>) {
        let (session, newest) = (self.session(), self.newest_on_line());
        let store = &self.local.store;
        if self.hold.is_lost() {
            if !self.is_leaving() && self.hold.try_again(store, session, newest, now.elapsed) {
                reports.push(News::SavingResumed);
            }
            return;
        }
        match self.hold.check(store, session, newest) {
            Ok(()) => {}
            Err(WriteFailure::InUse) => self.lose_hold(now, reports),
            // It is asked again before anything is acknowledged.
            Err(failure) => {
                warn!(error = %with_sources(&failure), "the session's lock can't be checked");
            }
        }
    }

    /// Returns true if the session is still this process's to change. Work that merges, gathers or removes files asks
    /// before each slice; if that can't be known, all of it is given up until the next segment.
    pub(super) fn is_still_ours(&mut self, now: Moment, reports: &mut Vec<News>) -> bool {
        let (session, newest) = (self.session(), self.newest_on_line());
        match self.hold.check(&self.local.store, session, newest) {
            Ok(()) => return true,
            Err(WriteFailure::InUse) => self.lose_hold(now, reports),
            Err(failure) => {
                warn!(error = %with_sources(&failure), "the session's lock can't be checked");
                self.merging.abandon(&self.local.store);
                self.merging.schedule.rotation_failed(now.elapsed);
                self.housekeeping.give_up(&self.local.store);
            }
        }
        false
    }

    /// The newest durable checkpoint on the line that is played, by this run or the one before.
    pub(super) fn newest_on_line(&self) -> Option<CheckpointId> {
        let own = self.acknowledged().map(|counter| self.id(counter));
        own.or(self.identity.lineage.ancestors.first().copied())
    }

    /// Another process has the session: nothing of this run is written any more.
    pub(super) fn lose_hold(&mut self, now: Moment, reports: &mut Vec<News>) {
        error!(session = %self.session(), "another process took the session over: nothing of it is saved here");
        let newest = self.pending.checkpoints().next_back().map(|newest| newest.commit.counter);
        self.hold.lose(now.elapsed);
        self.segments.drop_open(&self.local.store);
        self.events.retire(&self.local.store, reports);
        self.merging.abandon(&self.local.store);
        self.housekeeping.give_up(&self.local.store);
        self.room.reserve.stop(&self.local.store);
        self.pending.give_up_checkpoints();
        self.backoff.succeeded();
        if let Some(newest) = newest {
            reports.push(lost(self.id(newest)));
        }
        reports.extend([News::NeedFull, News::SavingStopped(StopReason::LockLost)]);
    }

    /// Notes that a batch could not be written: what becomes of its segment, what is reported, and
    /// when it is tried again.
    pub(super) fn failed(&mut self, failure: WriteFailure, now: Moment, reports: &mut Vec<News>) {
        if let WriteFailure::Encode(_) | WriteFailure::Full { .. } = &failure {
            let newest = self.pending.newest_of_batch().or(self.acknowledged());
            let checkpoint = self.id(newest.unwrap_or_default());
            self.give_up(&failure, reports);
            let error = CheckpointError::TooLarge(failure.into());
            reports.push(News::Failed { checkpoint, error, retry_in: None });
            return;
        }
        let newest = self.pending.checkpoints().next_back().map(|newest| newest.commit.counter);
        let checkpoint = self.id(newest.or(self.acknowledged()).unwrap_or_default());
        if let WriteFailure::InUse = failure {
            self.phase.note_incomplete();
            self.lose_hold(now, reports);
            return;
        }
        // After any failure, the file isn't touched again: after a failed sync its pages may be marked clean without
        // being on disk, and a second sync would lie.
        self.segments.drop_open(&self.local.store);
        self.merging.abandon(&self.local.store);
        self.housekeeping.drop_gathering(&self.local.store);
        if let WriteFailure::Vanished { path } = &failure {
            warn!(
                path = %path.display(),
                "the session's files were removed while it is played; they are written again"
            );
            self.events.retire(&self.local.store, reports);
            self.newest = None;
            self.segments.durable_end = None;
            // The lock may have vanished with them. It is taken again with the next write.
            self.hold.let_go();
            self.pending.give_up_checkpoints();
            self.phase.note_incomplete();
            let error = CheckpointError::StoreVanished;
            reports.push(News::Failed { checkpoint, error, retry_in: None });
            reports.push(News::NeedFull);
            return;
        }
        let cause = FailureCause::from(failure);
        let is_full = cause.refusal().is_lack_of_room();
        self.room.short_of = is_full.then(|| cause.clone());
        let has_room = is_full && self.make_room();
        let is_known = match &mut self.phase {
            Phase::Leaving(ending) => ending.was_reported(),
            Phase::Played | Phase::AppIsGone => false,
        };
        let retry_in = match self.phase.is_last_chance() {
            true if has_room => self.backoff.wait(now.elapsed, Duration::ZERO),
            // The exit waits for us: try again soon, until its patience is over.
            true => self.backoff.wait(now.elapsed, Duration::from_millis(100)),
            false => self.backoff.failed(now.elapsed),
        };
        if is_known {
            return;
        }
        let error = CheckpointError::Disk(cause);
        reports.push(News::Failed { checkpoint, error, retry_in: Some(retry_in) });
    }

    fn give_up(&mut self, failure: &WriteFailure, reports: &mut Vec<News>) {
        error!(error = %failure, "a checkpoint can't be written");
        if let WriteFailure::Full { .. } = failure {
            // Not even an empty segment has room for it.
            self.segments.drop_open(&self.local.store);
            self.merging.abandon(&self.local.store);
        }
        self.pending.give_up_batch();
        self.phase.note_incomplete();
        reports.push(News::NeedFull);
    }

    /// Makes room on a full disk: history is pruned, between the checkpoints, and if that isn't enough, the oldest
    /// named checkpoints as well. At an exit nothing else waits, so it is done at once; and what was kept free for this
    /// is given up before anything that has a name. Returns true if there is more room now.
    fn make_room(&mut self) -> bool {
        let acknowledged = self.newest.as_ref().map_or(0, |newest| newest.events_through);
        self.events.close_if_held(acknowledged);
        if !self.phase.is_last_chance() {
            // Not if nothing may be removed: it would be done once that is allowed again, on a disk that has room by then.
            if self.room.quota.removes {
                self.housekeeping.prune(PruneFor::Room);
            }
            return false;
        }
        self.housekeeping.pruning = None;
        let is_thinner = self.thin_at_once(0);
        let is_released = self.room.reserve.release(&self.local.store);
        // Once there is nothing left to prune, another try at once would fail as well.
        is_thinner || is_released || self.thin_at_once(self.pending.bytes_wanted())
    }

    /// Prunes the session until this number of bytes is freed. Returns true if any are.
    fn thin_at_once(&self, freeing: u64) -> bool {
        if !self.room.quota.removes {
            return false;
        }
        let bytes = || self.local.store.session_bytes(self.session()).unwrap_or_default();
        let before = bytes();
        let pruning = self.begin_pruning(PruneTo::Bone { freeing });
        let failed = |header: &SegmentHeader| self.has_failed(header);
        logged(self.session(), pruning.finish(&self.local.store, failed));
        bytes() < before
    }

    /// From now on, what can't be written is lost: the app is gone.
    pub fn begin_last_turn(&mut self) {
        if let Phase::Played = self.phase {
            self.phase = Phase::AppIsGone;
        }
        self.room.reserve.stop(&self.local.store);
        self.events.try_at_once();
        // Items that failed before are tried once more.
        self.backoff.succeeded();
    }
}

/// The report of a checkpoint that isn't this process's to write any more.
pub(super) fn lost(checkpoint: CheckpointId) -> News {
    News::Failed { checkpoint, error: CheckpointError::LockLost, retry_in: None }
}
