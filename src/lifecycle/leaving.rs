//! Leaves the session that is being played.

use std::time::Duration;

use bevy::prelude::*;
use tracing::info;

use super::notifications::{SessionClosed, SessionEnded, notify};
use super::recording::trigger_of;
use super::requests::{check_text, finish_if_asked};
use super::runtime::{RuntimeParts, Transition};
use super::summary::SessionSummary;
use super::take_up::Taken;
use super::{CurrentSession, SessionCatalog};
use crate::capture::Placed;
use crate::content::{ContentOrder, Order};
use crate::external_saves::ExternalSaveReason;
use crate::ids::Ticket;
use crate::journal::{CheckpointKind, SessionId};
use crate::session::{CheckpointError, EndReason, Leaving, Move, RequestError, SessionStatus};
use crate::writer::Leave;

/// How a session is left.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Departure {
    /// Why it ends for good; `None` if it is closed.
    pub end: Option<EndReason>,
    pub leaving: Leaving,
    /// The request, if it is one for nothing else.
    pub ticket: Option<Ticket>,
}

impl Departure {
    /// The session can be continued.
    pub(super) fn close(leaving: impl Into<Leaving>) -> Self {
        Self { end: None, leaving: leaving.into(), ticket: None }
    }

    /// The session is over for good.
    pub(super) fn end(reason: EndReason, leaving: Leaving) -> Self {
        Self { end: Some(reason), leaving, ticket: None }
    }

    /// The same, as it was asked for.
    pub(super) fn asked_for(self, ticket: Ticket) -> Self {
        Self { ticket: Some(ticket), ..self }
    }

    fn step(&self) -> Move {
        self.end.map_or(Move::Close, Move::End)
    }
}

/// A session that is being left, whose end the writer was asked to write.
pub(crate) struct LeavingSession {
    departure: Departure,
    /// What was read meanwhile of another session, to go on from there.
    pub then: Option<Box<Taken>>,
}

impl RuntimeParts {
    /// Begins to leave the session: first the game's own systems run, then the last checkpoint of the run
    /// is taken, and its end ordered.
    pub(super) fn leave(
        &mut self,
        world: &mut World,
        departure: Departure,
    ) -> Result<(), RequestError> {
        check_text(&departure.leaving.words)?;
        let session = self.step(world, departure.step())?;
        self.begin_ending(world, session, departure);
        Ok(())
    }

    /// Takes the last checkpoint of the run, and orders its end.
    pub(super) fn leave_now(
        &mut self,
        world: &mut World,
        departure: Departure,
        then: Option<Box<Taken>>,
    ) {
        if self.may_capture() {
            self.take_deferred(world);
        }
        self.give_up_deferred(world);
        self.end_chapters_with_session(world, &departure);
        // Behind a closed gate the world is no longer the session's: the checkpoint that was taken as
        // the gate closed is the last one.
        let mut before = None;
        self.note_departure(world, &departure);
        if self.may_capture() {
            self.ask_external_now(world, ExternalSaveReason::Exit, None);
            before = self.newest_captured();
            self.take_checkpoint(world, CheckpointKind::Exit, None);
        }
        if departure.end.is_none() {
            self.save_exit_slot(world, before);
        }
        let status = departure.end.map_or(SessionStatus::Closed, EndReason::status);
        // A hook may have taken it away.
        let current = world.get_resource::<CurrentSession>();
        let play_time = current.map_or(Duration::ZERO, |current| current.play_time);
        let (reason, leaving) = (departure.end, departure.leaving.clone());
        let time = self.time.now().wall;
        self.order(Order::Leave(Leave { status, reason, leaving, time, play_time }));
        self.transition = Some(Transition::Leaving(Box::new(LeavingSession { departure, then })));
    }

    fn note_departure(&mut self, world: &mut World, departure: &Departure) {
        let status = departure.end.map_or(SessionStatus::Closed, EndReason::status);
        let subtype = if departure.end.is_some() { "ended" } else { "closed" };
        let Leaving { cause, words, .. } = &departure.leaving;
        self.note_lifecycle(subtype, trigger_of(*cause), |event| {
            let event = event.of_status(SessionStatus::Active, status);
            if words.is_empty() { event } else { event.details(words) }
        });
        // Also where no checkpoint is taken any more.
        self.take_events(world);
    }

    /// Takes the run for left, although its end isn't on disk: the exit's patience is over.
    pub(super) fn leave_without_waiting(&mut self, world: &mut World) {
        self.leave_after_hooks(world);
        // Dropping the link would be the next to wait.
        self.writer.be_patient_for(Duration::ZERO);
        match self.session() {
            Some(session) => self.left(world, session, false, None, Vec::new()),
            None => self.transition = None,
        }
    }

    /// The run is over. What was read meanwhile of another session is restored now.
    pub(super) fn left(
        &mut self,
        world: &mut World,
        session: SessionId,
        complete: bool,
        bytes: Option<u64>,
        types: Vec<(String, u64)>,
    ) {
        let Some(Transition::Leaving(left)) =
            self.transition.take_if(|transition| matches!(transition, Transition::Leaving(_)))
        else {
            return;
        };
        let LeavingSession { departure: Departure { end, leaving, ticket }, then } = *left;
        self.give_up_asked(world, u64::MAX, &CheckpointError::WriterBehind);
        self.claims.clear();
        self.has_failed = false;
        let mut summary = SessionSummary::default();
        let current = world.remove_resource::<CurrentSession>();
        if let Some(playing) = self.playing.take() {
            if let Some(current) = &current {
                summary = playing.figures.sum_up(current, self.time.now(), types);
            }
            self.order(Order::Content(ContentOrder::Free(Box::new(playing.recorder))));
        }
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            placed.end();
        }
        if let Some(current) = current {
            let mut catalog = world.get_resource_or_init::<SessionCatalog>();
            catalog.note_left(&current, leaving.clone(), bytes);
        }
        let Leaving { cause, words, .. } = &leaving;
        info!(%session, ?end, ?cause, words, complete, "session left");
        match end {
            None => notify(world, SessionClosed { session, leaving, complete, summary }),
            Some(reason) => {
                notify(world, SessionEnded { session, reason, leaving, complete, summary });
            }
        }
        finish_if_asked(world, ticket);
        if let Some(taken) = then {
            self.restore_taken(world, *taken);
        }
    }
}
