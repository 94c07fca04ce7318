//! One run of one session, as it is being written.

mod failures;
mod gathering;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tracing::{debug, warn};

use super::backoff::Backoff;
use super::gathering::Gathering;
use super::hold::Hold;
use super::open_segment::{OpenSegment, Preamble, WriteFailure};
use super::pending::{Item, Pending, PendingCheckpoint};
use super::pruning::{PruneFailure, Pruning, told};
use super::pruning_others::PruningOthers;
use super::reserve::Reserve;
use super::retention::{PruneTo, Quota};
use super::rotation::{Progress, Rotation, Schedule};
use super::type_bytes::TypeBytes;
use super::{Leave, News, Saved};
use crate::clock::Moment;
use crate::ids::{CheckpointId, RunId, SessionId, random_u64};
use crate::journal::{Commit, FrameKind, Lineage, Predecessor, Record, SegmentHeader};
use crate::process::ProcessGuard;
use crate::session::{CheckpointError, SessionMetadata, SessionStatus};
use crate::store::{LocalStore, SessionCard, with_sources};

/// Raw bytes that may wait for a disk that doesn't take them. Beyond, they are given up, and a full
/// capture is asked for.
const MAX_PENDING: usize = 512 << 20;
/// How long the end of a run is tried before it is reported as incomplete.
///
/// Only the next session waits for it. An exit has a patience of its own.
const LEAVE_PATIENCE: Duration = Duration::from_secs(30);

/// What stays the same in the headers of a run's segments.
#[derive(Clone)]
pub struct RunIdentity {
    pub metadata: SessionMetadata,
    pub run: RunId,
    pub lineage: Lineage,
    pub game_version: String,
    pub schema: u64,
    /// Frames that this version doesn't know and that every new generation repeats.
    pub unknown_frames: Vec<(FrameKind, Vec<u8>)>,
}

/// One run of one session, as it is being written. Holds the session's lock.
pub struct RunJournal {
    local: Arc<LocalStore>,
    process: ProcessGuard,
    identity: RunIdentity,
    /// What of its lineage has no room in a header.
    further_lineage: Vec<Record>,
    /// The last change of status, which every new generation repeats.
    status: Option<Record>,
    hold: Hold,
    segments_begun: u32,
    /// The numbers of the segments that hold anything durable.
    durable: BTreeSet<u32>,
    /// The segment that was written last, by its number, and how much of it is durable.
    durable_end: Option<(u32, Predecessor)>,
    segment: Option<OpenSegment>,
    pending: Pending,
    /// The newest durable checkpoint of this run.
    acknowledged: Option<u64>,
    /// Date and play time of that checkpoint.
    newest: Option<(Timestamp, Duration)>,
    backoff: Backoff,
    schedule: Schedule,
    rotation: Option<Rotation>,
    /// What the run has encoded.
    type_bytes: TypeBytes,
    leaving: Option<Duration>,
    /// Whether a failure was told since the end was asked for. Further tries are the same failure.
    told_at_exit: bool,
    /// Whether the last checkpoint had to be given up.
    lost_at_exit: bool,
    quota: Quota,
    /// Whether a new generation is durable, so that an older one may go.
    prune_is_due: bool,
    pruning: Option<Pruning>,
    /// Whether a new generation is durable since checkpoints were gathered.
    may_gather: bool,
    gathering: Option<Box<Gathering>>,
    /// Whether the room of all sessions together was looked at; once a run is enough.
    others_pruned: bool,
    pruning_others: Option<PruningOthers>,
    /// Whether the disk was full, so that all history goes that may.
    is_making_room: bool,
    /// Whether that is done, and no checkpoint was written since.
    is_without_history: bool,
    reserve: Reserve,
    /// Whether the app is gone, so that there is no later try.
    is_last_turn: bool,
}

impl RunJournal {
    /// Begins a run. Nothing is written yet, and of a new session the lock isn't taken: nobody else
    /// knows its id.
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
            segments_begun: 0,
            durable: BTreeSet::new(),
            durable_end: None,
            segment: None,
            pending: Pending::default(),
            acknowledged: None,
            newest: None,
            backoff: Backoff::default(),
            schedule: Schedule::new(now.elapsed),
            rotation: None,
            type_bytes: TypeBytes::default(),
            leaving: None,
            told_at_exit: false,
            lost_at_exit: false,
            quota,
            prune_is_due: false,
            pruning: None,
            may_gather: false,
            gathering: None,
            others_pruned: false,
            pruning_others: None,
            is_making_room: false,
            is_without_history: false,
            reserve: Reserve::new(now.elapsed),
            is_last_turn: false,
        }
    }

    pub fn session(&self) -> SessionId {
        self.identity.metadata.id
    }

    /// Whether its end was asked for.
    pub fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Whether the run's own snapshot is durable.
    pub fn has_begun(&self) -> bool {
        self.acknowledged.is_some()
    }

    /// Whether a checkpoint of this run, or one after it, is durable.
    pub fn has_saved(&self, counter: u64) -> bool {
        self.acknowledged.is_some_and(|acknowledged| acknowledged >= counter)
    }

    pub fn set_quota(&mut self, quota: Quota) {
        self.quota = quota;
    }

    /// Whether another process took the session over.
    pub fn is_lost(&self) -> bool {
        self.hold.is_lost()
    }

    /// Ends the run without a word on disk and hands the right to write on, for a run that takes its
    /// place. What was lost stays lost.
    pub fn into_hold(mut self, reports: &mut Vec<News>) -> Hold {
        self.reserve.stop(&self.local.store);
        let newest = self.pending.checkpoints().next_back().map(|newest| newest.commit.counter);
        // The game was told that it is tried again.
        if let Some(newest) = newest.filter(|_| self.backoff.has_failed()) {
            let (checkpoint, error) = (self.id(newest), CheckpointError::WriterBehind);
            reports.push(News::Failed { checkpoint, error, retry_in: None });
        }
        self.hold
    }

    pub fn checkpoint(&mut self, checkpoint: PendingCheckpoint, reports: &mut Vec<News>) {
        let id = self.id(checkpoint.commit.counter);
        if self.hold.is_lost() {
            reports.extend([self.lost(id.counter), News::NeedFull]);
            return;
        }
        let newest = self.pending.checkpoints().next_back().map(|newest| newest.commit.counter);
        if !checkpoint.is_snapshot() && checkpoint.commit.base != newest.or(self.acknowledged) {
            // What it is the difference to was given up after it had been captured.
            let error = CheckpointError::WriterBehind;
            reports.push(News::Failed { checkpoint: id, error, retry_in: None });
            reports.push(News::NeedFull);
            return;
        }
        self.type_bytes.count(&checkpoint.blocks);
        self.pending.push(Item::Checkpoint(Box::new(checkpoint)));
        if self.pending.raw_bytes() <= MAX_PENDING {
            return;
        }
        self.pending.coalesce();
        if self.pending.raw_bytes() > MAX_PENDING {
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

    /// How many bytes of each type the run has encoded, the largest first.
    pub fn type_bytes(&self) -> Vec<(String, u64)> {
        self.type_bytes.largest_first()
    }

    /// Ends the run as soon as everything before is durable.
    pub fn leave(&mut self, leave: Leave, now: Moment) {
        let Leave { status, reason, leaving, time, play_time } = leave;
        let end = Record::End { status, reason, leaving, time, play_time };
        self.pending.push(Item::Record(end));
        self.leaving = Some(now.elapsed + LEAVE_PATIENCE);
        self.drop_rotation();
        self.drop_gathering();
        self.reserve.stop(&self.local.store);
        // The end isn't kept waiting by failures of the past.
        self.backoff.succeeded();
    }

    /// Writes what is pending; or, if nothing is, goes on with pruning or merging.
    pub fn turn(&mut self, now: Moment, reports: &mut Vec<News>) {
        if self.hold.is_lost() {
            return;
        }
        let is_due = self.can_write_pending() && self.backoff.remaining(now.elapsed).is_zero();
        if !self.pending.is_empty() {
            self.flush(now, reports);
        }
        if !is_due {
            self.work_in_between(now, reports);
        }
    }

    /// Goes on with one piece of what can wait: a slice of it, and then whatever was captured meanwhile
    /// is written first.
    fn work_in_between(&mut self, now: Moment, reports: &mut Vec<News>) {
        if self.has_to_prune() {
            self.prune(now);
        } else if self.pending.is_empty() && self.leaving.is_none() {
            self.rotate(now, reports);
            let is_at_rest = self.rotation.is_none() && self.acknowledged.is_some();
            if is_at_rest && !self.is_last_turn {
                self.reserve.step(&self.local.store, self.quota.reserve_bytes, now.elapsed);
            }
        }
    }

    /// Whether the run is over: its end is durable, or was tried for long enough.
    pub fn has_left(&self, now: Moment) -> Option<Left> {
        let deadline = self.leaving?;
        if self.hold.is_lost() {
            return Some(Left { complete: false });
        }
        if self.pending.is_empty() {
            let complete = self.acknowledged.is_some() && !self.lost_at_exit;
            return Some(Left { complete });
        }
        (now.elapsed >= deadline).then_some(Left { complete: false })
    }

    /// Time until this journal has something to do.
    pub fn wake(&self, now: Moment) -> Option<Duration> {
        if self.hold.is_lost() {
            return None;
        }
        if self.has_to_prune() {
            return Some(Duration::ZERO);
        }
        if self.can_write_pending() {
            return Some(self.backoff.remaining(now.elapsed));
        }
        let has_work = self.rotation.is_some() || self.reserve.is_being_made();
        has_work.then_some(Duration::ZERO)
    }

    pub fn id(&self, counter: u64) -> CheckpointId {
        CheckpointId { run: self.identity.run, counter }
    }

    /// Records alone don't begin a run: without a checkpoint there is nothing that they are about.
    fn can_write_pending(&self) -> bool {
        let has_checkpoint =
            self.acknowledged.is_some() || self.pending.checkpoints().next().is_some();
        !self.pending.is_empty() && (has_checkpoint || self.leaving.is_some())
    }

    fn flush(&mut self, now: Moment, reports: &mut Vec<News>) {
        self.pending.coalesce();
        while self.can_write_pending() && self.backoff.remaining(now.elapsed).is_zero() {
            if let Err(failure) = self.write_batch(now, reports) {
                self.failed(failure, now, reports);
                return;
            }
            self.backoff.succeeded();
        }
    }

    /// Writes what belongs into one segment, syncs it, and acknowledges it.
    fn write_batch(&mut self, now: Moment, reports: &mut Vec<News>) -> Result<(), WriteFailure> {
        self.hold.check(&self.local.store, self.session(), self.newest_on_line())?;
        let first = self.pending.batch().find_map(|item| match item {
            Item::Checkpoint(checkpoint) => Some(checkpoint.is_snapshot()),
            Item::Record(_) => None,
        });
        match first {
            // A snapshot begins a segment of its own.
            Some(true) => self.segment = None,
            Some(false) if self.acknowledged.is_none() => {
                self.drop_orphans(reports);
                return Ok(());
            }
            None if self.acknowledged.is_none() => {
                self.drop_records();
                return Ok(());
            }
            _ => {}
        }
        let is_new = self.segment.is_none();
        self.ensure_segment(first == Some(true), now)?;
        let Some(segment) = &mut self.segment else { return Ok(()) };
        let (count, sizes) = match append_all(segment, self.pending.batch()) {
            Err(WriteFailure::Full { path, .. }) if !is_new => {
                debug!(path = %path.display(), "full: another segment goes on");
                self.drop_segment();
                self.drop_rotation();
                return Ok(());
            }
            appended => appended?,
        };
        segment.sync(&self.local.store)?;
        let end = segment.durable_end();
        self.note_durable(end);
        // Whoever takes the lock from here on finds what was written.
        self.hold.check(&self.local.store, self.session(), self.newest_on_line())?;
        self.acknowledge(count, &sizes, now, reports);
        Ok(())
    }

    fn note_durable(&mut self, end: Option<(u32, Predecessor)>) {
        self.durable.extend(end.map(|(number, _)| number));
        self.durable_end = end;
    }

    fn acknowledge(&mut self, count: usize, sizes: &[u64], now: Moment, reports: &mut Vec<News>) {
        let taken: Vec<Item> = self.pending.take(count).collect();
        let mut sizes = sizes.iter();
        for item in taken {
            match &item {
                Item::Checkpoint(checkpoint) => {
                    let bytes = sizes.next().copied().unwrap_or_default();
                    self.acknowledge_checkpoint(checkpoint, bytes, now, reports);
                }
                Item::Record(record) => self.note_status(record),
            }
            if let Some(rotation) = &mut self.rotation {
                rotation.keep(item);
            }
        }
    }

    fn acknowledge_checkpoint(
        &mut self,
        checkpoint: &PendingCheckpoint,
        bytes: u64,
        now: Moment,
        reports: &mut Vec<News>,
    ) {
        let Commit { counter, kind, time, play_time, .. } = checkpoint.commit;
        let id = self.id(counter);
        let is_first = self.acknowledged.replace(counter).is_none();
        if checkpoint.is_snapshot() {
            self.generation_begun();
        }
        self.newest = Some((time, play_time));
        self.is_without_history = false;
        self.process.acknowledged(self.session(), id, now.wall);
        let write_time = checkpoint.handed_over.elapsed();
        reports.push(News::Saved(Saved { id, kind, play_time, bytes, write_time }));
        if is_first {
            self.write_card(SessionStatus::Active);
        }
        if self.rotation.is_none() {
            self.schedule.checkpoint_written();
        }
    }

    fn note_status(&mut self, record: &Record) {
        match record {
            Record::Status { .. } => self.status = Some(record.clone()),
            Record::End { status, .. } => self.write_card(*status),
            _ => {}
        }
    }

    /// Writes the card for people who look into the directory. Nothing depends on it.
    fn write_card(&self, status: SessionStatus) {
        let Some((saved, play_time)) = self.newest else { return };
        let card = SessionCard {
            metadata: self.identity.metadata.clone(),
            status,
            newest_checkpoint: self.acknowledged.map(|counter| self.id(counter)),
            saved: Some(saved),
            play_time,
        };
        if let Err(error) = self.local.store.write_session_card(&card) {
            debug!(error = %with_sources(&error), "session.ron can't be written");
        }
    }

    fn ensure_segment(&mut self, snapshot: bool, now: Moment) -> Result<(), WriteFailure> {
        if self.segment.is_some() {
            return Ok(());
        }
        self.hold.ensure(&self.local.store, self.session(), self.newest_on_line())?;
        let base = if snapshot { None } else { self.acknowledged };
        let header = self.next_header(base, now);
        // One that goes on from a base can't do without the segments before it anyway.
        let preamble = if snapshot { self.preamble() } else { Preamble::default() };
        self.segment = Some(OpenSegment::begin(&self.local.store, &header, preamble)?);
        self.schedule.segment_begun(now.elapsed);
        // A full capture has made a merge of what was before it useless.
        if snapshot {
            self.drop_rotation();
        }
        Ok(())
    }

    fn preamble(&self) -> Preamble<'_> {
        let unknown_frames = &self.identity.unknown_frames;
        let lineage = &self.further_lineage;
        Preamble { lineage, unknown_frames, status: self.status.as_ref() }
    }

    /// A new generation is durable, so older ones may go.
    fn generation_begun(&mut self) {
        self.prune_is_due = true;
        self.may_gather = true;
    }

    fn next_header(&mut self, base: Option<u64>, now: Moment) -> SegmentHeader {
        let segment = self.segments_begun;
        self.segments_begun += 1;
        self.header(segment, base, now)
    }

    fn header(&self, segment: u32, base: Option<u64>, now: Moment) -> SegmentHeader {
        let identity = &self.identity;
        let Lineage { ancestors, supersedes } = identity.lineage.in_header();
        SegmentHeader {
            required_features: 0,
            optional_features: 0,
            session: identity.metadata.id,
            run: identity.run,
            ancestors,
            supersedes,
            host: self.local.host.id,
            boot: self.local.boot.clone(),
            segment,
            nonce: random_u64(),
            predecessor: self
                .durable_end
                .filter(|(last, _)| last + 1 == segment)
                .map(|(_, end)| end),
            base,
            cipher: 0,
            key_check: 0,
            game_version: identity.game_version.clone(),
            schema: identity.schema,
            created: now.wall,
            metadata: identity.metadata.clone(),
            archive: false,
            slot: None,
        }
    }

    fn rotate(&mut self, now: Moment, reports: &mut Vec<News>) {
        if self.rotation.is_none() {
            self.begin_rotation(now, reports);
        }
        let Some(rotation) = self.rotation.take() else { return };
        match rotation.step(&self.local.store) {
            Ok(Progress::Going(rotation)) => self.rotation = Some(*rotation),
            Ok(Progress::Done { segment, checkpoints }) => {
                self.note_durable(segment.durable_end());
                self.segment = Some(segment);
                self.schedule.rotated(now.elapsed, checkpoints);
                self.generation_begun();
            }
            Err(failure) => {
                warn!(error = %with_sources(&failure), "merging was given up");
                self.schedule.rotation_failed(now.elapsed);
                if failure.is_damage() {
                    reports.push(News::NeedFull);
                }
            }
        }
    }

    fn begin_rotation(&mut self, now: Moment, reports: &mut Vec<News>) {
        let Some(through) = self.acknowledged else { return };
        if self.segment.is_none() || !self.schedule.is_due(now.elapsed) {
            return;
        }
        let header = self.next_header(None, now);
        match Rotation::begin(&self.local.store, &header, self.preamble(), self.id(through)) {
            Ok(rotation) => {
                debug!(through, "merging begins");
                self.rotation = Some(rotation);
            }
            Err(failure) => {
                warn!(error = %with_sources(&failure), "merging can't begin");
                self.schedule.rotation_failed(now.elapsed);
                if failure.is_damage() {
                    reports.push(News::NeedFull);
                }
            }
        }
    }

    fn drop_rotation(&mut self) {
        if let Some(rotation) = self.rotation.take() {
            rotation.abandon(&self.local.store);
        }
    }

    fn has_to_prune(&self) -> bool {
        let is_under_way = self.pruning.is_some() || self.gathering.is_some();
        self.prune_is_due || is_under_way || self.pruning_others.is_some()
    }

    /// Prunes a part of this session, gathers a part of what is named, or prunes one of the others.
    fn prune(&mut self, now: Moment) {
        if std::mem::take(&mut self.prune_is_due) {
            let extent = match std::mem::take(&mut self.is_making_room) {
                true => PruneTo::Bone { freeing: self.named_to_free() },
                false => PruneTo::Quota,
            };
            self.pruning = told(self.session(), self.begin_pruning(extent));
        }
        let store = &self.local.store;
        if let Some(mut pruning) = self.pruning.take() {
            match told(self.session(), pruning.step(store)) {
                Some(true) => self.pruning = Some(pruning),
                Some(false) => {
                    self.is_without_history |= pruning.is_to_the_bone();
                    self.begin_gathering(pruning.into_gathered(), now);
                }
                None => {}
            }
        } else if let Some(gathering) = self.gathering.take() {
            self.gather(gathering);
        } else if self.pruning_others.as_mut().is_some_and(|others| !others.step(store)) {
            self.pruning_others = None;
        }
        let store = &self.local.store;
        if self.pruning.is_none() && !std::mem::replace(&mut self.others_pruned, true) {
            self.pruning_others = PruningOthers::begin(store, self.session(), self.quota);
        }
    }

    /// Lets go of a session that is being thinned, since it is wanted.
    pub fn let_go_of_others(&mut self) {
        if let Some(others) = &mut self.pruning_others {
            others.let_go();
        }
    }

    /// Bytes to be freed on a full disk whatever somebody asked for: none while there is history that
    /// nobody did.
    fn named_to_free(&self) -> u64 {
        if self.is_without_history { self.bytes_wanted() } else { 0 }
    }

    /// Bytes that what is pending takes, about. Each further try frees as many.
    fn bytes_wanted(&self) -> u64 {
        (self.pending.raw_bytes() as u64).max(1)
    }

    fn begin_pruning(&self, extent: PruneTo) -> Result<Pruning, PruneFailure> {
        let open = self.segment.as_ref().map(OpenSegment::number);
        let failed = |header: &SegmentHeader| {
            let number = header.segment;
            let is_own = header.run == self.identity.run;
            is_own && !self.durable.contains(&number) && open != Some(number)
        };
        Pruning::begin(&self.local.store, self.session(), self.quota, extent, failed)
    }
}

/// Appends a batch. How many items that were, and how many bytes each checkpoint took.
fn append_all<'a>(
    segment: &mut OpenSegment,
    batch: impl Iterator<Item = &'a Item>,
) -> Result<(usize, Vec<u64>), WriteFailure> {
    let mut count = 0;
    let mut sizes = Vec::new();
    for item in batch {
        match item {
            Item::Checkpoint(checkpoint) => sizes.push(segment.append_checkpoint(checkpoint)?),
            Item::Record(record) => segment.append_record(record)?,
        }
        count += 1;
    }
    Ok((count, sizes))
}

/// How a run was left.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    pub complete: bool,
}
