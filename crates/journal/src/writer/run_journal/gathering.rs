//! How a run gathers the session's named checkpoints, between its own.

use std::ops::ControlFlow::{Break, Continue};

use tracing::warn;

use super::RunJournal;
use super::events::name_of;
use super::housekeeping::PruneFor;
use crate::clock::Moment;
use crate::ids::{CheckpointId, RunId};
use crate::journal::SegmentHeader;
use crate::store::with_sources;
use crate::writer::event_gathering::EventGathering;
use crate::writer::gathering::Gathering;

impl RunJournal {
    /// Begins to gather checkpoints, once for each new generation: what can't be gathered now can't
    /// a moment later.
    pub(super) fn begin_gathering(&mut self, checkpoints: Vec<CheckpointId>, now: Moment) {
        if checkpoints.is_empty() || !self.housekeeping.checkpoints.may_begin() {
            return;
        }
        let header = self.archive_header(now);
        match Gathering::begin(&self.local.store, checkpoints, header) {
            Ok(gathering) => self.housekeeping.checkpoints.under_way = Some(gathering),
            Err(failure) => {
                warn!(error = %with_sources(&failure), "checkpoints can't be gathered");
            }
        }
    }

    /// Goes on gathering. Once the archive is durable, what it makes dispensable is pruned.
    pub(super) fn gather(&mut self, gathering: Box<Gathering>) {
        match gathering.step(&self.local.store) {
            Ok(Continue(gathering)) => {
                self.housekeeping.checkpoints.under_way = Some(gathering);
            }
            Ok(Break(0)) => {}
            Ok(Break(_)) => self.housekeeping.prune(PruneFor::Quota),
            Err(failure) => warn!(error = %with_sources(&failure), "gathering was given up"),
        }
    }

    /// Begins to gather files of events, once for each new generation as well.
    pub(super) fn begin_gathering_events(&mut self, gathering: Option<EventGathering>) {
        if gathering.is_some() && self.housekeeping.events.may_begin() {
            self.housekeeping.events.under_way = gathering;
        }
    }

    /// Goes on gathering files of events. Once what was gathered is durable, they are removed.
    pub(super) fn gather_events(&mut self, mut gathering: EventGathering, now: Moment) {
        let header = |events| SegmentHeader {
            metadata: name_of(&self.identity.metadata),
            archive: false,
            events: Some(events),
            ..self.archive_header(now)
        };
        match gathering.step(&self.local.store, header) {
            Ok(None) => self.housekeeping.events.under_way = Some(gathering),
            Ok(Some(files)) if files > 0 => {
                self.housekeeping.prune(PruneFor::Quota);
                // There may be more than one takes in.
                self.housekeeping.events.renew();
            }
            Ok(Some(_)) => {}
            Err(failure) => {
                warn!(error = %with_sources(&failure), "files of events can't be gathered");
            }
        }
    }

    fn archive_header(&self, now: Moment) -> SegmentHeader {
        SegmentHeader {
            run: RunId::random(),
            ancestors: Vec::new(),
            supersedes: Vec::new(),
            begun: None,
            segment: 0,
            predecessor: None,
            archive: true,
            ..self.header(0, None, now)
        }
    }
}
