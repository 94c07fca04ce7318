//! Writes what is pending, a batch at a time, and acknowledges it.

use tracing::debug;

use super::{Acknowledged, RunJournal};
use crate::disk::{SessionCard, with_sources};
use crate::format::{Commit, Record};
use crate::model::clock::Moment;
use crate::model::session::SessionStatus;
use crate::write::open_segment::{OpenSegment, Preamble, WriteFailure};
use crate::write::pending::{Item, PendingCheckpoint};
use crate::write::{News, Saved};

impl RunJournal {
    pub(super) fn flush(&mut self, now: Moment, reports: &mut Vec<News>) {
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
        let first = self.pending.batch().find_map(Item::checkpoint);
        let first = first.map(PendingCheckpoint::is_snapshot);
        match first {
            // A snapshot begins a segment of its own.
            Some(true) => self.segments.open = None,
            Some(false) if self.acknowledged().is_none() => {
                // A delta without a durable base is of no use.
                self.pending.give_up_checkpoints();
                reports.push(News::NeedFull);
                return Ok(());
            }
            None if self.acknowledged().is_none() => {
                // A session that was left before its first checkpoint never was.
                self.pending.drop_batch();
                return Ok(());
            }
            _ => {}
        }
        let is_new = self.segments.open.is_none();
        self.ensure_segment(first == Some(true), now)?;
        self.sync_events(now, reports);
        let Some(segment) = &mut self.segments.open else { return Ok(()) };
        let (count, sizes) = match append_all(segment, self.pending.batch()) {
            Err(WriteFailure::Full { path, .. }) if !is_new => {
                debug!(path = %path.display(), "full: another segment goes on");
                self.segments.drop_open(&self.local.store);
                self.merging.abandon(&self.local.store);
                return Ok(());
            }
            appended => appended?,
        };
        segment.sync(&self.local.store)?;
        let end = segment.durable_end();
        self.segments.note_durable(end);
        // A process that takes the lock from here on finds what was written.
        self.hold.check(&self.local.store, self.session(), self.newest_on_line())?;
        self.acknowledge(count, &sizes, now, reports);
        Ok(())
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
                Item::Record(status @ Record::Status { .. }) => self.status = Some(status.clone()),
                Item::Record(Record::End { status, .. }) => {
                    self.write_card(*status);
                    self.note_own_files();
                }
                Item::Record(_) => {}
            }
            if let Some(rotation) = &mut self.merging.rotation {
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
        let label = checkpoint.commit.label.clone();
        let id = self.id(counter);
        let events_through = checkpoint.commit.events_through;
        let newest = Acknowledged { counter, time, play_time, events_through };
        let is_first = self.newest.replace(newest).is_none();
        if checkpoint.is_snapshot() {
            self.housekeeping.generation_begun();
        }
        self.room.found();
        self.process.acknowledged(self.session(), id, now.wall);
        let write_time = checkpoint.handed_over.elapsed();
        reports.push(News::Saved(Saved { id, kind, label, time, play_time, bytes, write_time }));
        if is_first {
            self.timeline.is_stale = true;
            self.write_card(SessionStatus::Active);
        }
        if self.merging.rotation.is_none() {
            self.merging.schedule.checkpoint_written();
        }
    }

    /// Writes the card for people who look into the directory. Nothing depends on it.
    fn write_card(&self, status: SessionStatus) {
        let Some(newest) = &self.newest else { return };
        let card = SessionCard {
            metadata: self.identity.metadata.clone(),
            status,
            newest_checkpoint: Some(self.id(newest.counter)),
            saved: Some(newest.time),
            play_time: newest.play_time,
        };
        if let Err(error) = self.local.store.write_session_card(&card) {
            debug!(error = %with_sources(&error), "session.ron can't be written");
        }
    }

    fn ensure_segment(&mut self, snapshot: bool, now: Moment) -> Result<(), WriteFailure> {
        if self.segments.open.is_some() {
            return Ok(());
        }
        self.hold.ensure(&self.local.store, self.session(), self.newest_on_line())?;
        let base = if snapshot { None } else { self.acknowledged() };
        let header = self.next_header(base, now);
        // One that continues from a base can't do without the segments before it anyway.
        let preamble = if snapshot { self.preamble() } else { Preamble::default() };
        self.segments.open = Some(OpenSegment::begin(&self.local.store, &header, preamble)?);
        self.merging.schedule.segment_begun(now.elapsed);
        // A full capture has made a merge of what was before it useless.
        if snapshot {
            self.merging.abandon(&self.local.store);
        }
        Ok(())
    }
}

/// Appends a batch, up to an item that can't be encoded: that fails by itself, when it is the first. Returns the number of
/// items that were appended, and the bytes that each checkpoint took.
fn append_all<'a>(
    segment: &mut OpenSegment,
    batch: impl Iterator<Item = &'a Item>,
) -> Result<(usize, Vec<u64>), WriteFailure> {
    let mut count = 0;
    let mut sizes = Vec::new();
    for item in batch {
        match item {
            Item::Checkpoint(checkpoint) => match segment.append_checkpoint(checkpoint) {
                Err(WriteFailure::Encode(_)) if count > 0 => break,
                appended => sizes.push(appended?),
            },
            Item::Record(record) => segment.append_record(record)?,
        }
        count += 1;
    }
    Ok((count, sizes))
}
