//! Gathering a session's named checkpoints, between the run's own.

use std::ops::ControlFlow::{Break, Continue};

use tracing::warn;

use super::RunJournal;
use super::events::name_of;
use super::housekeeping::{Housekeeping, PruneFor};
use crate::disk::{DirectoryStore, with_sources};
use crate::format::{FileKind, SegmentHeader};
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, RunId};
use crate::write::event_gathering::EventGathering;
use crate::write::gathering::Gathering;

impl Housekeeping {
    /// Begins to gather checkpoints, once for each new generation: what can't be gathered now can't
    /// a moment later.
    pub(super) fn begin_gathering(
        &mut self,
        checkpoints: Vec<CheckpointId>,
        store: &DirectoryStore,
        archive: SegmentHeader,
    ) {
        if checkpoints.is_empty() || !self.checkpoints.may_begin() {
            return;
        }
        match Gathering::begin(store, checkpoints, archive) {
            Ok(gathering) => self.checkpoints.under_way = Some(gathering),
            Err(failure) => {
                warn!(error = %with_sources(&failure), "named checkpoints can't be copied into an archive file");
            }
        }
    }

    /// Goes on gathering. Once the archive is durable, what it makes dispensable is pruned.
    pub(super) fn gather(&mut self, gathering: Box<Gathering>, store: &DirectoryStore) {
        match gathering.step(store) {
            Ok(Continue(gathering)) => self.checkpoints.under_way = Some(gathering),
            Ok(Break(0)) => {}
            Ok(Break(_)) => self.prune(PruneFor::Quota),
            Err(failure) => warn!(
                error = %with_sources(&failure),
                "copying named checkpoints into an archive file failed; it is tried again later"
            ),
        }
    }

    /// Begins to gather files of events, once for each new generation as well.
    pub(super) fn begin_gathering_events(&mut self, gathering: Option<EventGathering>) {
        if gathering.is_some() && self.events.may_begin() {
            self.events.under_way = gathering;
        }
    }

    /// Goes on gathering files of events. Once what was gathered is durable, they are removed.
    pub(super) fn gather_events(
        &mut self,
        mut gathering: EventGathering,
        store: &DirectoryStore,
        archive: SegmentHeader,
    ) {
        let metadata = name_of(&archive.metadata);
        let header = |events| SegmentHeader { metadata, kind: FileKind::Events(events), ..archive };
        match gathering.step(store, header) {
            Ok(None) => self.events.under_way = Some(gathering),
            Ok(Some(files)) if files > 0 => {
                self.prune(PruneFor::Quota);
                // There may be more than one takes in.
                self.events.renew();
            }
            Ok(Some(_)) => {}
            Err(failure) => {
                warn!(error = %with_sources(&failure), "files of events can't be merged");
            }
        }
    }
}

impl RunJournal {
    pub(super) fn archive_header(&self, now: Moment) -> SegmentHeader {
        SegmentHeader {
            run: RunId::random(),
            ancestors: Vec::new(),
            supersedes: Vec::new(),
            begun: None,
            segment: 0,
            predecessor: None,
            kind: FileKind::Archive,
            ..self.header(0, None, now)
        }
    }
}
