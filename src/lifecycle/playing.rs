//! What is asked of the session that is being played.

use bevy::prelude::*;

use super::CurrentSession;
use super::asked_checkpoints::WantedCheckpoint;
use super::leaving::Departure;
use super::notifications::{SessionPaused, SessionResumed, SessionUpdated, notify};
use super::requests::{CurrentRequest, check_text};
use super::runtime::RuntimeParts;
use crate::capture::Placed;
use crate::content::Order;
use crate::external_saves::ExternalSaveReason;
use crate::ids::Ticket;
use crate::journal::{CheckpointKind, Record, SessionId};
use crate::session::{
    EventTrigger, Move, RequestError, RestoreFrom, RestoreReason, SessionStatus, SessionUpdate,
};

impl RuntimeParts {
    pub(super) fn handle_current_request(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        request: &CurrentRequest,
    ) -> Result<(), RequestError> {
        match request {
            CurrentRequest::Pause => self.pause(world),
            CurrentRequest::Resume => self.resume(world),
            CurrentRequest::Update(update) => self.update(world, update),
            CurrentRequest::Checkpoint { label, kind } => {
                let (label, ticket) = (Some(label.clone()), Some(ticket));
                self.checkpoint_on_request(world, WantedCheckpoint { kind: *kind, label, ticket })
            }
            CurrentRequest::Close(leaving) => {
                self.leave(world, Departure::close(leaving.clone()).asked_for(ticket))
            }
            CurrentRequest::End { reason, leaving } => {
                self.leave(world, Departure::end(*reason, leaving.clone()).asked_for(ticket))
            }
            CurrentRequest::ForgetKey(key) => {
                self.change_placed(world, |placed| placed.release(key.clone()))
            }
            CurrentRequest::ForgetKeys(prefix) => {
                self.change_placed(world, |placed| placed.release_all(prefix))
            }
            CurrentRequest::Rewind(to) => self.rewind(world, ticket, *to),
            CurrentRequest::UndoRewind => {
                let to = (RestoreFrom::BeforeRewind, RestoreReason::Undone);
                self.go_back(world, ticket, to)
            }
            CurrentRequest::BranchOff { checkpoint, session } => {
                self.branch_off(world, ticket, *checkpoint, session)
            }
            CurrentRequest::UndoLoad => {
                let to = (RestoreFrom::BeforeLoad, RestoreReason::Undone);
                self.go_back(world, ticket, to)
            }
            CurrentRequest::BeginChapter { id, chapter } => self.begin_chapter(world, *id, chapter),
            CurrentRequest::EndChapter { chapter, outcome } => {
                self.end_chapter(world, *chapter, *outcome)
            }
            CurrentRequest::EndCurrentChapter(outcome) => self.end_current_chapter(world, *outcome),
        }
    }

    pub(super) fn pause(&mut self, world: &mut World) -> Result<(), RequestError> {
        let session = self.step(world, Move::Pause)?;
        if self.saves_by_itself(world) && self.may_capture() {
            self.want_external_save(ExternalSaveReason::Pause, None);
            self.take_checkpoint(world, CheckpointKind::Pause, None);
        }
        self.write_status(world);
        self.note_step(world, "paused", SessionStatus::Active);
        notify(world, SessionPaused { session });
        Ok(())
    }

    pub(super) fn resume(&mut self, world: &mut World) -> Result<(), RequestError> {
        let session = self.step(world, Move::Resume)?;
        self.write_status(world);
        self.note_step(world, "resumed", SessionStatus::Paused);
        notify(world, SessionResumed { session });
        Ok(())
    }

    pub(super) fn update(
        &mut self,
        world: &mut World,
        update: &SessionUpdate,
    ) -> Result<(), RequestError> {
        let now = self.time.now().wall;
        let current = &mut *self.played_session(world)?;
        update.check(&current.metadata, &current.fields)?;
        let (metadata_changes, fields_change) =
            update.clone().apply(&mut current.metadata, &mut current.fields);
        current.fields_changed |= fields_change;
        current.updated = now;
        let (session, metadata) = (current.id(), current.metadata.clone());
        if metadata_changes {
            self.order(Order::Write(Record::Metadata(Box::new(metadata))));
        }
        notify(world, SessionUpdated { session });
        Ok(())
    }

    fn checkpoint_on_request(
        &mut self,
        world: &mut World,
        wanted: WantedCheckpoint,
    ) -> Result<(), RequestError> {
        self.require_session()?;
        check_text(wanted.label.as_deref().unwrap_or_default())?;
        self.take_or_defer(world, wanted);
        Ok(())
    }

    fn change_placed(
        &self,
        world: &mut World,
        change: impl FnOnce(&mut Placed),
    ) -> Result<(), RequestError> {
        self.require_session()?;
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            change(&mut placed);
        }
        Ok(())
    }

    /// Whether the world is one of which checkpoints may be taken.
    pub(super) fn may_capture(&self) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.gate_was_open)
    }

    pub(super) fn require_no_session(&self) -> Result<(), RequestError> {
        match self.session() {
            Some(current) => Err(RequestError::SessionRunning { current }),
            None => Ok(()),
        }
    }

    fn require_session(&self) -> Result<(), RequestError> {
        self.session().map(|_| ()).ok_or(RequestError::NoSession)
    }

    /// The session that is being played, as the game sees it.
    pub(super) fn played_session<'w>(
        &self,
        world: &'w mut World,
    ) -> Result<Mut<'w, CurrentSession>, RequestError> {
        self.require_session()?;
        world.get_resource_mut::<CurrentSession>().ok_or(RequestError::NoSession)
    }

    /// Moves the session that is being played to another status, if that is legal.
    pub(super) fn step(
        &mut self,
        world: &mut World,
        step: Move,
    ) -> Result<SessionId, RequestError> {
        let now = self.time.now().wall;
        let mut current =
            world.get_resource_mut::<CurrentSession>().ok_or(RequestError::NoSession)?;
        current.status = current.status.after(step)?;
        current.updated = now;
        Ok(current.id())
    }

    fn note_step(&mut self, world: &World, subtype: &str, previous: SessionStatus) {
        let Some(current) = world.get_resource::<CurrentSession>() else { return };
        let by_state = self.playing.as_ref().is_some_and(|playing| playing.paused_by_state);
        let trigger = if by_state { EventTrigger::State } else { EventTrigger::Player };
        let status = current.status;
        self.note_lifecycle(subtype, trigger, |event| event.of_status(previous, status));
    }

    fn write_status(&mut self, world: &World) {
        let Some(current) = world.get_resource::<CurrentSession>() else { return };
        let (status, play_time) = (current.status, current.play_time);
        debug_assert!(matches!(status, SessionStatus::Active | SessionStatus::Paused));
        self.order(Order::Write(Record::Status { status, time: self.time.now().wall, play_time }));
    }
}
