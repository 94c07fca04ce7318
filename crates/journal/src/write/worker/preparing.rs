//! Reads sessions that are to be resumed, and plans others.

use std::io::ErrorKind;

use tracing::{debug, debug_span, warn};

use super::Worker;
use crate::disk::{MemoryDisk, SessionLock};
use crate::model::clock::{self, Moment};
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{FailureCause, RequestError, SlotError};
use crate::read::recovery::{self, PrepareFailure, Prepared, SessionFinder, Wanted};
use crate::read::report;
use crate::write::filing_jobs::Draft;
use crate::write::run_journal::RunJournal;
use crate::write::{Content, DraftOrder, News, Report, WorldOrder};

impl<C: Content> Worker<C> {
    pub(super) fn prepare(&mut self, mut wanted: Wanted, ticket: Ticket, now: Moment) {
        let session = wanted.session;
        self.let_go_of(session);
        let _span = debug_span!("prepare_restore", session.id = %session).entered();
        let playing = self.playing.as_ref().map(|(journal, _)| journal);
        let is_playing = playing.is_some_and(|journal| journal.session() == session);
        wanted.played = playing.filter(|_| is_playing).map(RunJournal::run);
        // It was continued without this process, which must not take the place of what it hasn't seen.
        if self.playing.as_ref().is_some_and(|(journal, _)| is_playing && journal.is_lost()) {
            let error = RequestError::SessionInUse;
            return self.report([News::NotPrepared { error, ticket }]);
        }
        if !is_playing && !self.prepared.contains_key(&session) {
            match lock(&mut self.finder, session) {
                Ok(lock) => self.prepared.insert(session, lock),
                Err(error) => return self.report([News::NotPrepared { error, ticket }]),
            };
        }
        let begun = clock::instant();
        let prepared = recovery::prepare(&mut self.finder, &self.content, wanted, now.wall);
        debug!(elapsed = ?begun.elapsed(), "checkpoint read and decoded");
        let failure = match prepared {
            Ok(mut prepared) => {
                if let Some((_, run)) = self.playing.as_ref().filter(|_| is_playing) {
                    self.content.note_played(run, &mut prepared.image);
                }
                if let Some(trial) = prepared.trial.clone() {
                    let is_beside_another = self.playing.is_some() && !is_playing;
                    match is_beside_another {
                        true => self.trials.begin_after_leaving(trial),
                        false => self.trials.begin(trial),
                    }
                }
                let prepared = Box::new(prepared);
                return self.reports.push(Report::Prepared { prepared, ticket });
            }
            Err(failure) => failure,
        };
        self.prepared.remove(&session);
        self.report([match failure {
            PrepareFailure::Rejected(error) => News::NotPrepared { error, ticket },
            PrepareFailure::Damaged(found) => News::Damaged { found, ticket },
            PrepareFailure::Unrecoverable(error) => News::Unrecoverable { session, error, ticket },
        }]);
    }

    /// Lets go of a session that was prepared.
    pub(super) fn release(&mut self, session: SessionId) {
        self.digests.note_changed(session);
        self.trials.give_up(session);
        drop(self.prepared.remove(&session));
    }

    /// Reads a world that a new session begins with. It is in memory already, and no session is locked for it.
    pub(super) fn prepare_world(&mut self, order: &WorldOrder, ticket: Ticket) {
        match self.read_world(order) {
            Ok(prepared) => {
                let prepared = Box::new(prepared);
                self.reports.push(Report::Prepared { prepared, ticket });
            }
            Err(error) => self.report([News::NotPrepared { error: error.into(), ticket }]),
        }
    }

    fn read_world(&self, order: &WorldOrder) -> Result<Prepared<C::Image>, SlotError> {
        let WorldOrder { metadata, session, world } = order;
        let disk = MemoryDisk::default();
        disk.put(world.file(), world.bytes());
        let (game, layout) = (self.finder.slots().game(), self.finder.local().store.layout());
        let opened = report::open(&disk, world.file(), game, layout)?;
        let found = (opened.stored, opened.checkpoint);
        let begun = (metadata.clone(), session);
        recovery::prepare_world(&self.content, found, begun, self.finder.progress())
    }

    /// Writes a session down that begins later.
    pub(super) fn draft(&mut self, mut order: Box<DraftOrder>, ticket: Ticket, now: Moment) {
        let game = std::mem::take(&mut order.metadata.context);
        order.metadata.context = self.context(game);
        let game_version = self.versions.game().to_owned();
        self.file(Draft { order, game_version, ticket }, now);
    }
}

/// Takes a session's lock, so that no other process plays it meanwhile. There is none to take on a
/// file system without locks.
fn lock(
    finder: &mut SessionFinder,
    session: SessionId,
) -> Result<Option<SessionLock>, RequestError> {
    match finder.lock_session(session) {
        Ok(Some(lock)) => Ok(Some(lock)),
        Ok(None) => Err(RequestError::SessionInUse),
        Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => Ok(None),
        Err(error) => {
            let cause = FailureCause::from(error);
            warn!(%session, error = %cause, "the session's lock can't be taken");
            Err(RequestError::Store(cause))
        }
    }
}
