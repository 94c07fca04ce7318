//! One run of one session, as it is being written.

mod ending;
#[cfg(test)]
mod event_tests;
mod events;
mod failures;
mod finished;
mod gathering;
mod headers;
mod housekeeping;
mod merging;
mod pruning;
mod room;
mod segments;
#[cfg(test)]
mod tests;
mod timeline;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use self::ending::{Ending, Phase};
pub(in crate::write) use self::events::waits_for_first_checkpoint;
use self::failures::lost;
use self::housekeeping::{Housekeeping, PruneFor};
use self::merging::Merging;
use self::room::Room;
use self::segments::Segments;
use self::timeline::TimelineState;
use super::backoff::Backoff;
use super::event_log::EventLog;
use super::hold::Hold;
use super::pending::{Item, Pending, PendingCheckpoint};
use super::type_bytes::TypeBytes;
use super::{EventStart, Leave, News};
use crate::disk::LocalStore;
use crate::disk::process::ProcessGuard;
use crate::format::{Begun, FrameKind, Lineage, Record};
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::{CheckpointError, SessionMetadata};
use crate::write::retention::Quota;

/// Packed bytes that may wait for a disk that doesn't take them. Beyond, they are given up, and a full
/// capture is asked for.
const MAX_PENDING: usize = 512 << 20;
/// The parts of the headers that are the same in all of a run's segments.
#[derive(Clone)]
pub struct RunIdentity {
    pub metadata: SessionMetadata,
    pub run: RunId,
    pub lineage: Lineage,
    pub begun: Option<Begun>,
    pub game_version: String,
    pub schema: u64,
    /// Frames that this version doesn't know and that every new generation repeats.
    pub unknown_frames: Vec<(FrameKind, Vec<u8>)>,
    /// True if the game records events of its own.
    pub records_events: bool,
}

/// One run of one session, as it is being written. Holds the session's lock.
pub struct RunJournal {
    local: Arc<LocalStore>,
    process: ProcessGuard,
    identity: RunIdentity,
    /// The part of its lineage that has no room in a header.
    further_lineage: Vec<Record>,
    /// The last change of status, which every new generation repeats.
    status: Option<Record>,
    hold: Hold,
    segments: Segments,
    /// Rows of a checkpoint are packed here before it is handed over.
    pub(in crate::write) pending: Pending,
    /// The events that aren't durable yet.
    pub(in crate::write) events: EventLog,
    newest: Option<Acknowledged>,
    backoff: Backoff,
    merging: Merging,
    /// The bytes that the run has encoded, by type.
    type_bytes: TypeBytes,
    phase: Phase,
    pub(super) room: Room,
    housekeeping: Housekeeping,
    timeline: TimelineState,
}

/// The newest durable checkpoint of a run.
struct Acknowledged {
    counter: u64,
    time: Timestamp,
    play_time: Duration,
    /// The last event that it holds.
    events_through: u64,
}

impl RunJournal {
    /// Begins a run. Nothing is written yet, and of a new session the lock isn't taken: no other
    /// process knows its id.
    pub fn new(
        local: Arc<LocalStore>,
        process: ProcessGuard,
        identity: RunIdentity,
        hold: impl Into<Hold>,
        quota: Quota,
        now: Moment,
    ) -> Self {
        process.hold(identity.metadata.id, identity.run);
        let further_lineage = identity.lineage.in_records();
        Self {
            further_lineage,
            local,
            process,
            identity,
            status: None,
            hold: hold.into(),
            segments: Segments::default(),
            pending: Pending::default(),
            events: EventLog::default(),
            newest: None,
            backoff: Backoff::default(),
            merging: Merging::new(now.elapsed),
            type_bytes: TypeBytes::default(),
            phase: Phase::Played,
            room: Room::new(quota, now.elapsed),
            housekeeping: Housekeeping::default(),
            timeline: TimelineState::default(),
        }
    }

    pub fn session(&self) -> SessionId {
        self.identity.metadata.id
    }

    pub fn run(&self) -> RunId {
        self.identity.run
    }

    /// Returns true if its end was asked for.
    pub fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving(_))
    }

    /// The newest durable checkpoint of this run.
    fn acknowledged(&self) -> Option<u64> {
        self.newest.as_ref().map(|newest| newest.counter)
    }

    /// Returns true if the run's own snapshot is durable.
    pub fn has_begun(&self) -> bool {
        self.acknowledged().is_some()
    }

    /// Returns true if a checkpoint of this run, or one after it, is durable.
    pub fn has_saved(&self, counter: u64) -> bool {
        self.acknowledged().is_some_and(|acknowledged| acknowledged >= counter)
    }

    /// Returns true if a checkpoint, or one after it, waits to be written, and may be.
    pub fn is_on_its_way(&self, counter: u64) -> bool {
        let mut waiting = self.pending.checkpoints();
        !self.hold.is_lost() && waiting.any(|waiting| waiting.commit.counter >= counter)
    }

    /// Says what its events begin with.
    pub fn begin_events(&mut self, start: EventStart, reports: &mut Vec<News>) {
        self.events = EventLog::new(start, reports);
    }

    /// Sets the quota from now on. If it is smaller than before, history is pruned at once, as far as it is in segments
    /// of its own, and not with the next segment.
    pub fn set_quota(&mut self, quota: Quota) {
        let is_stricter = quota.session_bytes < self.room.quota.session_bytes;
        let is_milder = quota.session_bytes > self.room.quota.session_bytes || !quota.removes;
        if is_milder {
            self.housekeeping.stop_pruning();
        }
        if is_stricter && self.has_begun() {
            self.housekeeping.prune(PruneFor::Quota);
        }
        self.room.quota = quota;
    }

    /// Returns true if another process took the session over.
    pub fn is_lost(&self) -> bool {
        self.hold.is_lost()
    }

    /// Ends the run without a word on disk and hands the right to write on, for a run that takes its place. Lost
    /// checkpoints stay lost.
    pub fn into_hold(mut self, now: Moment, reports: &mut Vec<News>) -> Hold {
        self.events.try_at_once();
        self.write_events(now, reports);
        self.give_up_events(reports);
        self.room.reserve.stop(&self.local.store);
        let newest = self.pending.checkpoints().next_back().map(|newest| newest.commit.counter);
        // It was reported that this is tried again.
        if let Some(newest) = newest.filter(|_| self.backoff.has_failed()) {
            let (checkpoint, error) = (self.id(newest), CheckpointError::WriterBehind);
            reports.push(News::Failed { checkpoint, error, retry_in: None });
        }
        self.hold
    }

    pub fn checkpoint(&mut self, checkpoint: PendingCheckpoint, reports: &mut Vec<News>) {
        let id = self.id(checkpoint.commit.counter);
        if self.hold.is_lost() {
            reports.extend([lost(id), News::NeedFull]);
            return;
        }
        let newest = self.pending.checkpoints().next_back().map(|newest| newest.commit.counter);
        if !checkpoint.is_snapshot() && checkpoint.commit.base != newest.or(self.acknowledged()) {
            // Its base was given up after it had been captured.
            let error = CheckpointError::WriterBehind;
            reports.push(News::Failed { checkpoint: id, error, retry_in: None });
            reports.push(News::NeedFull);
            return;
        }
        if let Ok(group) = &checkpoint.group {
            self.type_bytes.count(group);
        }
        self.pending.push(Item::Checkpoint(Box::new(checkpoint)));
        if self.pending.bytes() <= MAX_PENDING {
            return;
        }
        self.pending.coalesce();
        if self.pending.bytes() > MAX_PENDING {
            self.pending.give_up_checkpoints();
            let error = CheckpointError::WriterBehind;
            reports.push(News::Failed { checkpoint: id, error, retry_in: None });
            reports.push(News::NeedFull);
        }
    }

    pub fn record(&mut self, record: Record) {
        if let Record::Metadata(metadata) = &record {
            self.identity.metadata = (**metadata).clone();
        }
        self.pending.push(Item::Record(record));
    }

    /// The bytes of each type that the run has encoded, the largest first.
    pub fn type_bytes(&self) -> Vec<(String, u64)> {
        self.type_bytes.largest_first()
    }

    /// Ends the run as soon as everything before is durable.
    pub fn leave(&mut self, leave: Leave, now: Moment) {
        let Leave { status, reason, leaving, time, play_time } = leave;
        let end = Record::End { status, reason, leaving, time, play_time };
        self.pending.push(Item::Record(end));
        self.phase = Phase::Leaving(Ending::begin(now.elapsed));
        self.merging.abandon(&self.local.store);
        self.housekeeping.drop_gathering(&self.local.store);
        self.room.reserve.stop(&self.local.store);
        self.events.try_at_once();
        // The end isn't kept waiting by failures of the past.
        self.backoff.succeeded();
    }

    /// Writes what is pending.
    pub fn turn(&mut self, now: Moment, reports: &mut Vec<News>) {
        if self.hold.is_lost() {
            return;
        }
        self.write_events(now, reports);
        if self.hold.is_lost() {
            return;
        }
        let is_due = self.can_write_pending() && self.backoff.remaining(now.elapsed).is_zero();
        if !self.pending.is_empty() {
            self.flush(now, reports);
            // With the first checkpoint there is a session that they belong to.
            self.write_events(now, reports);
        }
        self.housekeeping.count_turn(is_due);
    }

    /// Does what can wait until nothing has to be written. In how much time there is more of it, at the latest.
    pub fn upkeep(&mut self, now: Moment, reports: &mut Vec<News>) -> Duration {
        self.work_in_between(now, reports);
        reports.extend(self.read_timeline());
        if self.has_upkeep() { Duration::ZERO } else { Duration::MAX }
    }

    fn has_upkeep(&self) -> bool {
        let is_merging = self.merging.rotation.is_some() || self.room.reserve.is_being_made();
        let may_merge = self.pending.is_empty() && !self.is_leaving();
        let is_reading = self.timeline.reading.is_some();
        !self.hold.is_lost() && (self.has_to_prune() || is_reading || is_merging && may_merge)
    }

    /// Continues pruning or merging by one slice; captures that came meanwhile are written before the next. There is a
    /// slice now and then even if each turn has something to write, so that files don't grow without end.
    fn work_in_between(&mut self, now: Moment, reports: &mut Vec<News>) {
        if self.hold.is_lost() || !self.housekeeping.has_its_turn() {
            return;
        }
        let is_changing = self.has_to_prune() || self.has_to_rotate(now);
        if is_changing && !self.is_still_ours(now, reports) {
            return;
        }
        if self.has_to_prune() {
            self.prune(now);
        } else if self.pending.is_empty() && !self.is_leaving() {
            self.rotate_slice(now, reports);
            let is_at_rest = self.merging.rotation.is_none() && self.acknowledged().is_some();
            if is_at_rest && !self.phase.is_last_chance() {
                self.room.reserve.step(
                    &self.local.store,
                    self.room.quota.reserve_bytes,
                    now.elapsed,
                );
            }
        }
    }

    /// Returns the outcome once the run is over: its end is durable, or was tried for long enough.
    pub fn has_left(&self, now: Moment) -> Option<Left> {
        let Phase::Leaving(ending) = &self.phase else { return None };
        if self.hold.is_lost() {
            return Some(Left { complete: false });
        }
        if self.pending.is_empty() {
            let complete = self.has_begun() && !ending.is_incomplete;
            return Some(Left { complete });
        }
        (now.elapsed >= ending.deadline).then_some(Left { complete: false })
    }

    /// Time until there is something to write.
    pub fn wake(&self, now: Moment) -> Option<Duration> {
        if self.hold.is_lost() {
            return None;
        }
        let may_write_events = self.acknowledged().is_some() && self.room.short_of.is_none();
        let events = (self.events.is_waiting() && may_write_events)
            .then(|| self.events.remaining(now.elapsed));
        if self.can_write_pending() {
            let checkpoints = self.backoff.remaining(now.elapsed);
            return Some(events.map_or(checkpoints, |events| events.min(checkpoints)));
        }
        events
    }

    pub fn id(&self, counter: u64) -> CheckpointId {
        CheckpointId { run: self.identity.run, counter }
    }

    /// Records alone don't begin a run: without a checkpoint there is nothing that they are about.
    fn can_write_pending(&self) -> bool {
        let has_checkpoint =
            self.acknowledged().is_some() || self.pending.checkpoints().next().is_some();
        !self.pending.is_empty() && (has_checkpoint || self.is_leaving())
    }
}

/// The outcome of leaving a run.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    pub complete: bool,
}
