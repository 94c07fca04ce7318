//! The events of a run, on their way to the disk.
//!
//! Nothing here ever holds a checkpoint back or fails one. Events that were appended and aren't synced are kept in
//! memory: after a failure, another file holds it again.
//!
//! Events are in files of their own beside the segments (`docs/FORMAT.md`, *Events*), so that they can never cost a
//! checkpoint. `Order::Events` hands them over; the content encodes the values (`Content::encode_events`), and the
//! run's `EventLog` (`write/event_log.rs`) appends them in its turn, without a sync. It keeps what isn't durable, so
//! that after a failed append or sync another file holds it again, with a backoff of its own. `RunJournal::write_batch`
//! syncs what a commit names before it appends the commit, and if that fails, writes the commit all the same:
//! `events_through` stays what it is, for it says what the world holds, not what the disk has. Numbers are the main
//! thread's. They rise along a line, so a page's cursor is a number, and a frame's header names its last one, so that a
//! page looks into the frames that it needs only.
//!
//! A line of events is written, not found out: each file names the parts of the runs before it (`EventStretch`),
//! since retention removes their checkpoints long before their events. After a crash, `read/recovery/event_line.rs`
//! reads what the newest checkpoint doesn't hold (`EventsAt::after`); the new run takes it over
//! (`EventStart::replayed`), durable before its first commit, so a crash in between hands it out again and a crash
//! after the first checkpoint that holds it doesn't. Files go whole (`write/retention/events.rs`), with the pruning
//! of the session: when they are over `Quota::event_bytes`, and on a full disk before history.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use tracing::{debug, warn};

use super::backoff::Backoff;
use super::open_segment::{OpenSegment, WriteFailure};
use super::orders::EventStart;
use super::{EventsDropCause, News};
use crate::disk::{DirectoryStore, with_sources};
use crate::format::{
    EncodedBatch, EventBatch, EventColumn, EventPayload, EventStretch, RecordedEvent, encode_events,
};
use crate::model::session::FailureCause;

/// Bytes after which a file is followed by another. It is synced before.
const FILE_BYTES: u64 = if cfg!(test) { 2 << 10 } else { 4 << 20 };
/// Bytes, before they are packed, that are synced without being asked for.
const SYNC_EVERY: usize = if cfg!(test) { 2 << 10 } else { 4 << 20 };
/// Bytes, before they are packed, that are kept for a disk that doesn't take them.
const KEPT_BYTES: usize = if cfg!(test) { 8 << 10 } else { 16 << 20 };

/// The events of a run that aren't durable yet, and the file that they go to.
#[derive(Default)]
pub(super) struct EventLog {
    /// The stretches of events on the line before the run.
    line: Vec<EventStretch>,
    /// The events that aren't durable, the oldest first.
    kept: VecDeque<Kept>,
    kept_bytes: usize,
    /// Bytes of those that are handed out again: there is room for them beside all others.
    replayed_bytes: usize,
    /// The number of those that are in the file, from the oldest on.
    appended: usize,
    /// Events that are in the file alone, and not durable there.
    in_file_alone: u64,
    file: Option<OpenSegment>,
    /// The last event in the file.
    file_through: u64,
    files_begun: u32,
    /// The durable length of each of its files.
    durable_ends: BTreeMap<u32, u64>,
    /// The last number so far.
    newest: u64,
    /// The last of the numbers that are durable.
    synced_through: u64,
    /// The last of the events that are handed out again.
    replayed_through: u64,
    backoff: Backoff,
    /// A file that failed before anything in it was durable, and the last event that it may hold.
    retired: Option<(PathBuf, u64)>,
    /// True if a further file was begun since it was asked.
    has_begun_file: bool,
    last_failure: Option<FailureCause>,
}

struct Kept {
    payload: EventPayload,
    durable: bool,
}

impl Kept {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.payload.bytes.len()
    }
}

impl EventLog {
    /// The log of a run that begins. Events that are handed out again are its first.
    pub(super) fn new(start: EventStart, reports: &mut Vec<News>) -> Self {
        let EventStart { replayed, line, records: _ } = start;
        let mut log = Self { line, ..Self::default() };
        for batch in batches_of(&replayed) {
            log.push(&batch, reports);
        }
        log.replayed_through = log.newest;
        log.replayed_bytes = log.kept_bytes;
        log
    }

    /// The stretches of events on the line before the run.
    pub(super) fn line(&self) -> &[EventStretch] {
        &self.line
    }

    /// The last number so far.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// The durable length of each file of the run, by its number.
    pub(super) fn durable_ends(&self) -> impl Iterator<Item = (u32, u64)> {
        self.durable_ends.iter().map(|(number, length)| (*number, *length))
    }

    /// The number that the next file has in its run.
    pub(super) fn next_file(&self) -> u32 {
        self.files_begun
    }

    /// The events that must be durable before the first commit of the run: those that are handed out
    /// again.
    pub(super) fn replayed_through(&self) -> u64 {
        self.replayed_through
    }

    /// Takes in what happened. However much that is, [`drop_oldest`](Self::drop_oldest) keeps it within bounds.
    pub(super) fn push(&mut self, batch: &EventBatch, reports: &mut Vec<News>) {
        let EncodedBatch { payloads, too_large } = encode_events(batch);
        if let Some(type_path) = too_large.first().cloned() {
            let count = too_large.len() as u64;
            dropped(count, EventsDropCause::TooLarge { type_path }, reports);
        }
        let mut out_of_order = 0;
        for payload in payloads {
            if payload.first <= self.newest {
                out_of_order += payload.count;
                continue;
            }
            self.newest = payload.last;
            let kept = Kept { payload, durable: batch.durable };
            self.kept_bytes += kept.bytes();
            self.kept.push_back(kept);
        }
        if out_of_order > 0 {
            dropped(out_of_order, EventsDropCause::OutOfOrder, reports);
        }
    }

    /// Returns true if more is kept than there is room for in memory, unless the disk takes it.
    pub(super) fn is_over(&self) -> bool {
        self.kept_bytes > KEPT_BYTES + self.replayed_bytes
    }

    /// Keeps no more than there is room for in memory. The disk was asked before.
    pub(super) fn drop_oldest(&mut self, reports: &mut Vec<News>) {
        let mut lost = 0;
        while self.is_over() {
            let Some(kept) = self.kept.pop_front() else { break };
            self.kept_bytes -= kept.bytes();
            match self.appended.checked_sub(1) {
                // It is in the file, and is counted once that fails.
                Some(appended) => {
                    self.appended = appended;
                    self.in_file_alone += kept.payload.count;
                }
                None => lost += kept.payload.count,
            }
        }
        if lost > 0 {
            let cause = self.last_failure.clone();
            let cause = cause.map_or(EventsDropCause::NeverBegun, EventsDropCause::Disk);
            dropped(lost, cause, reports);
        }
    }

    /// Returns true if there is something that isn't in a file.
    pub(super) fn is_waiting(&self) -> bool {
        self.appended < self.kept.len()
    }

    /// Time until a failure was long enough ago.
    pub(super) fn remaining(&self, now: Duration) -> Duration {
        self.backoff.remaining(now)
    }

    /// Forgets the failures of the past: this is the last try.
    pub(super) fn try_at_once(&mut self) {
        self.backoff.succeeded();
    }

    /// Returns true if a further file was begun since this was asked, so that older ones may have to go.
    pub(super) fn take_has_begun_file(&mut self) -> bool {
        std::mem::take(&mut self.has_begun_file)
    }

    /// Appends what isn't in a file, and syncs where that is due. `begin` begins a file whose first event
    /// has a number.
    pub(super) fn append(
        &mut self,
        store: &DirectoryStore,
        begin: impl Fn(&Self, u64) -> Result<OpenSegment, WriteFailure>,
        now: Duration,
        reports: &mut Vec<News>,
    ) {
        if self.is_waiting()
            && self.backoff.remaining(now).is_zero()
            && let Err(failure) = self.try_append(store, begin)
        {
            self.failed(store, failure, now, reports);
        }
    }

    /// Makes everything up to a number durable, if the disk takes it.
    pub(super) fn sync_through(
        &mut self,
        through: u64,
        store: &DirectoryStore,
        begin: impl Fn(&Self, u64) -> Result<OpenSegment, WriteFailure>,
        now: Duration,
        reports: &mut Vec<News>,
    ) {
        let is_named = self.kept.front().is_some_and(|kept| kept.payload.first <= through);
        if !is_named || !self.backoff.remaining(now).is_zero() {
            return;
        }
        let written = self.try_append(store, begin).and_then(|()| self.try_sync(store));
        if let Err(failure) = written {
            self.failed(store, failure, now, reports);
        }
    }

    /// The disk has no room left, and what there is belongs to checkpoints: events that one of them names
    /// wait.
    pub(super) fn hold_back(
        &mut self,
        through: u64,
        cause: &FailureCause,
        now: Duration,
        reports: &mut Vec<News>,
    ) {
        let is_named = self.kept.front().is_some_and(|kept| kept.payload.first <= through);
        if is_named && self.backoff.remaining(now).is_zero() {
            self.put_off(cause.clone(), now, reports);
        }
    }

    /// Tries again later.
    pub(super) fn put_off(&mut self, cause: FailureCause, now: Duration, reports: &mut Vec<News>) {
        self.last_failure = Some(cause.clone());
        let retry_in = self.backoff.failed(now);
        reports.push(News::EventsFailed { cause, retry_in });
    }

    /// Lets go of the file if a durable checkpoint holds all that is in it, so that it may be removed.
    pub(super) fn close_if_held(&mut self, through: u64) {
        let is_durable = self.appended == 0 && self.in_file_alone == 0;
        if is_durable && self.synced_through <= through {
            self.file = None;
        }
    }

    fn try_append(
        &mut self,
        store: &DirectoryStore,
        begin: impl Fn(&Self, u64) -> Result<OpenSegment, WriteFailure>,
    ) -> Result<(), WriteFailure> {
        let mut is_sync_due = false;
        while let Some(kept) = self.kept.get(self.appended) {
            let mut file = match self.file.take() {
                Some(file) => file,
                None => {
                    let begun = begin(self, kept.payload.first);
                    // A file that can't be begun may stay behind under its name, so the next one has another.
                    let is_first = self.files_begun == 0;
                    self.files_begun += 1;
                    let file = begun?;
                    // With the first one, the run's first checkpoint has everything pruned.
                    self.has_begun_file |= !is_first;
                    file
                }
            };
            let appended = file.append_events(kept.payload.last, &kept.payload.bytes);
            is_sync_due |= kept.durable;
            let is_full = file.length() >= FILE_BYTES;
            self.file = Some(file);
            appended?;
            self.appended += 1;
            self.file_through = kept.payload.last;
            if is_full {
                self.try_sync(store)?;
                self.file = None;
                is_sync_due = false;
            }
        }
        let unsynced: usize = match self.kept_bytes >= SYNC_EVERY {
            true => self.kept.iter().take(self.appended).map(Kept::bytes).sum(),
            false => 0,
        };
        if is_sync_due || unsynced >= SYNC_EVERY {
            self.try_sync(store)?;
        }
        Ok(())
    }

    fn try_sync(&mut self, store: &DirectoryStore) -> Result<(), WriteFailure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if self.appended == 0 && self.in_file_alone == 0 {
            return Ok(());
        }
        file.sync(store)?;
        let end = file.durable_end().map(|(number, end)| (number, end.length));
        self.durable_ends.extend(end);
        self.in_file_alone = 0;
        self.synced_through = self.synced_through.max(self.file_through);
        for kept in self.kept.drain(..self.appended) {
            self.kept_bytes -= kept.bytes();
            self.synced_through = kept.payload.last;
        }
        self.appended = 0;
        self.backoff.succeeded();
        self.last_failure = None;
        if let Some((path, _)) = self.retired.take() {
            // All that it may hold is durable in another file.
            discard(store, &path);
        }
        Ok(())
    }

    /// Gives the file up, for any failure: it isn't written to again. Its content can often still be read, which is
    /// what counts if the process dies before another file holds it.
    fn failed(
        &mut self,
        store: &DirectoryStore,
        failure: WriteFailure,
        now: Duration,
        reports: &mut Vec<News>,
    ) {
        warn!(error = %with_sources(&failure), "events can't be written; checkpoints are still saved");
        let cause = FailureCause::from(failure);
        self.last_failure = Some(cause.clone());
        self.retire(store, reports);
        self.put_off(cause, now, reports);
    }

    /// Lets go of the file. Of two in which nothing is durable, the one that holds more stays: on a full
    /// disk one would be left behind with each try.
    pub(super) fn retire(&mut self, store: &DirectoryStore, reports: &mut Vec<News>) {
        let is_empty = self.appended == 0 && self.in_file_alone == 0;
        let held = if is_empty { 0 } else { self.file_through };
        self.appended = 0;
        let lost = std::mem::take(&mut self.in_file_alone);
        if lost > 0 {
            let cause = self.last_failure.clone();
            dropped(lost, cause.map_or(EventsDropCause::LockLost, EventsDropCause::Disk), reports);
        }
        let Some(file) = self.file.take().filter(|file| file.durable_end().is_none()) else {
            return;
        };
        let path = file.path().to_owned();
        drop(file);
        let (stays, goes) = match self.retired.take() {
            Some(before) if before.1 >= held => (Some(before), Some(path)),
            before if held > 0 => (Some((path, held)), before.map(|(path, _)| path)),
            before => (before, Some(path)),
        };
        self.retired = stays;
        if let Some(path) = goes {
            discard(store, &path);
        }
    }

    /// The run is over. Events that aren't in a file are lost.
    pub(super) fn give_up(&mut self, is_lost: bool, has_begun: bool, reports: &mut Vec<News>) {
        let waiting = self.kept.drain(..).skip(self.appended);
        let count = waiting.map(|kept| kept.payload.count).sum();
        self.appended = 0;
        self.kept_bytes = 0;
        let cause = match self.last_failure.take() {
            _ if is_lost => EventsDropCause::LockLost,
            Some(cause) if has_begun => EventsDropCause::Disk(cause),
            _ => EventsDropCause::NeverBegun,
        };
        if count > 0 {
            dropped(count, cause, reports);
        }
    }
}

fn dropped(count: u64, cause: EventsDropCause, reports: &mut Vec<News>) {
    warn!(count, ?cause, "recorded events are lost");
    reports.push(News::EventsDropped { count, cause });
}

fn discard(store: &DirectoryStore, path: &std::path::Path) {
    if let Err(error) = store.remove_segment(path) {
        debug!(path = %path.display(), error = %with_sources(&error), "a failed file stays behind");
    }
}

/// Events that were read as they are written again: those of one moment together.
pub(super) fn batches_of(events: &[RecordedEvent]) -> Vec<EventBatch> {
    let of_a_moment = events.chunk_by(|one, next| one.moment == next.moment);
    let batch = |events: &[RecordedEvent]| {
        let moment = events.first().map(|event| event.moment).unwrap_or_default();
        let mut columns: Vec<EventColumn> = Vec::new();
        for event in events {
            let of_its_type =
                columns.iter_mut().find(|column| *column.event_type() == event.event_type);
            match of_its_type {
                Some(column) => column.push(event.sequence, &event.data),
                None => {
                    let mut column = EventColumn::new(event.event_type.clone());
                    column.push(event.sequence, &event.data);
                    columns.push(column);
                }
            }
        }
        EventBatch { moment, columns, durable: false }
    };
    of_a_moment.map(batch).collect()
}
