//! Recording a run's events, beside its checkpoints.

use super::RunJournal;
use super::housekeeping::PruneFor;
use crate::format::{EventBatch, EventFileHeader, EventStretch, FileKind, SegmentHeader};
use crate::model::clock::Moment;
use crate::model::session::{SessionContext, SessionMetadata};
use crate::write::News;
use crate::write::event_log::EventLog;
use crate::write::open_segment::{OpenSegment, Preamble, WriteFailure};
use crate::write::pending::Item;

impl RunJournal {
    /// Takes in events. Those that memory has no room for are written at once, if the disk takes them.
    pub fn record_events(&mut self, batch: &EventBatch, now: Moment, reports: &mut Vec<News>) {
        self.events.push(batch, reports);
        if self.events.is_over() {
            self.write_events(now, reports);
            self.events.drop_oldest(reports);
        }
    }

    /// Appends what happened. Before the run's own snapshot is durable there is no session that it belongs
    /// to.
    pub fn write_events(&mut self, now: Moment, reports: &mut Vec<News>) {
        let is_due = self.events.is_waiting() && self.events.remaining(now.elapsed).is_zero();
        let is_held_back = self.hold.is_lost() || self.room.short_of.is_some();
        if !is_due || self.acknowledged().is_none() || is_held_back {
            return;
        }
        match self.hold.check(&self.local.store, self.session(), self.newest_on_line()) {
            Ok(()) => {}
            Err(WriteFailure::InUse) => return self.lose_hold(now, reports),
            // It is asked again with the next try.
            Err(failure) => {
                return self.events.put_off(failure.into(), now.elapsed, reports);
            }
        }
        self.with_events(|log, this| {
            let begin = |log: &EventLog, first| this.begin_event_file(log, first, now);
            log.append(&this.local.store, begin, now.elapsed, reports);
        });
    }

    /// Makes durable what the checkpoints name that are written next, and before the first of the run also
    /// what is handed out again. If the disk doesn't take it, the checkpoints are written all the same.
    pub(super) fn sync_events(&mut self, now: Moment, reports: &mut Vec<News>) {
        let checkpoints = self.pending.batch().filter_map(Item::checkpoint);
        let named = checkpoints.map(|checkpoint| checkpoint.commit.events_through);
        let named = named.max().unwrap_or_default();
        let through = match self.acknowledged() {
            // An exit waits for all of them.
            _ if self.is_leaving() => u64::MAX,
            None => named.max(self.events.replayed_through()),
            Some(_) => named,
        };
        if let Some(cause) = &self.room.short_of {
            return self.events.hold_back(through, cause, now.elapsed, reports);
        }
        self.with_events(|log, this| {
            let begin = |log: &EventLog, first| this.begin_event_file(log, first, now);
            log.sync_through(through, &this.local.store, begin, now.elapsed, reports);
        });
    }

    /// The stretches of events on the line that is played.
    pub fn event_line(&self) -> Vec<EventStretch> {
        let own = EventStretch { run: self.identity.run, through: u64::MAX };
        std::iter::once(own).chain(self.events.line().iter().copied()).collect()
    }

    /// Lets go of events that aren't in a file, since the run is over.
    pub fn give_up_events(&mut self, reports: &mut Vec<News>) {
        self.events.give_up(self.hold.is_lost(), self.acknowledged().is_some(), reports);
    }

    /// Works on the log beside all else.
    fn with_events(&mut self, work: impl FnOnce(&mut EventLog, &Self)) {
        let mut log = std::mem::take(&mut self.events);
        work(&mut log, self);
        // Files that together are over the quota go with the next pruning.
        if log.take_has_begun_file() && self.has_begun() {
            self.housekeeping.prune(PruneFor::Quota);
        }
        self.events = log;
    }

    fn begin_event_file(
        &self,
        log: &EventLog,
        first: u64,
        now: Moment,
    ) -> Result<OpenSegment, WriteFailure> {
        let number = log.next_file();
        let header = SegmentHeader {
            ancestors: Vec::new(),
            supersedes: Vec::new(),
            predecessor: None,
            metadata: name_of(&self.identity.metadata),
            kind: FileKind::Events(EventFileHeader {
                first,
                line: log.line().to_vec(),
                gathered: Vec::new(),
            }),
            ..self.header(number, None, now)
        };
        let is_durable = self.acknowledged().is_some();
        let created = self.local.store.create_event_file(&header, is_durable)?;
        OpenSegment::of(created, number, Preamble::default())
    }
}

/// The metadata that names a session, without its description and context.
pub(super) fn name_of(metadata: &SessionMetadata) -> SessionMetadata {
    let (description, context) = (String::new(), SessionContext::default());
    SessionMetadata { description, context, ..metadata.clone() }
}

/// Returns true if the events of a run can be read once its first checkpoint is durable, and not before: then there is no
/// session yet, or what was recorded is still in memory. A session that was resumed has events on the disk, which don't
/// wait for a checkpoint that nobody has taken.
pub(in crate::write) fn waits_for_first_checkpoint(run: &RunJournal) -> bool {
    let is_new = run.identity.lineage.ancestors.is_empty();
    let is_captured = run.pending.checkpoints().next().is_some();
    !run.has_begun() && !run.is_lost() && (is_new || is_captured)
}
