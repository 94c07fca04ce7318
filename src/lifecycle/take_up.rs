//! Takes up a session that exists: goes on with it, recovers it, loads a slot of it, or goes back to an
//! earlier moment of the one that is being played.
//!
//! All of them take the same way. The checkpoint is read and decoded while the game goes on. Only when
//! that turned out well is another session, which is being played, closed with its last checkpoint. So
//! damage changes nothing, and nothing that was played is lost.

use bevy::prelude::*;
use tracing::{error, warn};

use super::external::WantedBackup;
use super::leaving::Departure;
use super::notifications::{RecoveryFailed, RestoreCancelled, notify};
use super::requests::{SessionRequest, close, reject};
use super::runtime::{Becomes, Preparing, RuntimeParts, Transition};
use super::{RecoveryPolicy, SessionCatalog, SessionSettings};
use crate::clock;
use crate::content::{Order, Prepared};
use crate::ids::Ticket;
use crate::journal::{CheckpointKind, SessionId, Validity};
use crate::recovery::{FoundSession, PROBATION, SessionEntry, Wanted};
use crate::session::{
    LeaveCause, NewSession, RecoveryError, RequestError, RestoreFrom, RestoreReason, SlotError,
    StopReason,
};

/// How often what is offered instead of a damaged checkpoint is tried, for who wants to go on whatever
/// it takes.
const TRIES: u32 = 8;

/// A checkpoint that was read, to go on from.
pub(crate) struct Taken {
    pub preparing: Preparing,
    pub prepared: Prepared,
}

impl RuntimeParts {
    pub(super) fn handle_session_request(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        request: &SessionRequest,
    ) -> Result<(), RequestError> {
        match request {
            SessionRequest::Start(session) => self.start(world, ticket, session),
            SessionRequest::StartIn { session, world: file } => {
                self.start_in(world, ticket, (session, file))
            }
            SessionRequest::StartOrContinue(session) => {
                self.start_or_continue(world, ticket, session)
            }
            SessionRequest::Continue(session) => self.continue_session(world, ticket, *session),
            SessionRequest::Recover(session, from) => self.recover(world, ticket, *session, *from),
            SessionRequest::CancelRestore => Err(RequestError::NothingToCancel),
            SessionRequest::Decline(session) => self.decline(*session, ticket),
            SessionRequest::Forget(session) => self.forget(*session, ticket),
            SessionRequest::TakeOption { session, option } => {
                self.take_option(world, *session, option)
            }
            SessionRequest::Update(session, update) => self.edit(world, ticket, *session, update),
            SessionRequest::Draft(session) => self.draft(world, ticket, session),
            SessionRequest::Copy { session, name } => self.copy(*session, name, ticket),
            SessionRequest::Shelve(session, how) => self.shelve(*session, *how, ticket),
            SessionRequest::EditAll(query, edit) => {
                self.edit_all(world, ticket, query, edit);
                Ok(())
            }
            SessionRequest::Tidy(preview) => {
                self.tidy(ticket, preview);
                Ok(())
            }
            SessionRequest::Find => {
                self.start_up.asked();
                self.order(Order::Detect { ticket: Some(ticket) });
                Ok(())
            }
        }
    }

    fn continue_session(
        &mut self,
        world: &World,
        ticket: Ticket,
        session: SessionId,
    ) -> Result<(), RequestError> {
        if self.session() == Some(session) {
            return Err(RequestError::SessionRunning { current: session });
        }
        let wanted = (session, RestoreFrom::Latest, RestoreReason::Continued);
        self.prepare(world, ticket, wanted, None);
        Ok(())
    }

    fn recover(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        session: SessionId,
        from: RestoreFrom,
    ) -> Result<(), RequestError> {
        let is_played = self.session() == Some(session);
        let policy = world.get_resource_or_init::<SessionSettings>().recovery;
        let catalog = world.get_resource_or_init::<SessionCatalog>();
        let known = catalog.get(session);
        let may_have_crashed = !is_played && known.is_none_or(SessionEntry::has_crashed);
        if policy == RecoveryPolicy::Never && may_have_crashed {
            return Err(RequestError::RecoveryIsOff);
        }
        if let RestoreFrom::Slot(slot) = from {
            let reason = if is_played { RestoreReason::Loaded } else { RestoreReason::Recovered };
            return self.recover_from_slot(world, ticket, (session, slot), reason);
        }
        let reason = if is_played { RestoreReason::Rewound } else { RestoreReason::Recovered };
        self.prepare_after_capture(world, ticket, (session, from, reason))
    }

    /// Has a checkpoint read. If it is of the session that is being played, what was played since the
    /// last checkpoint is taken first; another session is closed later, with a checkpoint.
    ///
    /// # Errors
    ///
    /// If the writer can't take a checkpoint now.
    pub(super) fn prepare_after_capture(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        (session, from, reason): (SessionId, RestoreFrom, RestoreReason),
    ) -> Result<(), RequestError> {
        let tail = self.capture_tail(world, session)?;
        self.order_preparation(world, ticket, (session, from, reason, tail), None);
        Ok(())
    }

    /// Takes a checkpoint of what is being left, where a session goes back to an earlier moment of
    /// its own; its number, if there was anything to take.
    fn capture_tail(
        &mut self,
        world: &mut World,
        session: SessionId,
    ) -> Result<Option<u64>, RequestError> {
        if self.session() != Some(session) || !self.may_capture() {
            return Ok(None);
        }
        if self.writer.is_behind() {
            return Err(RequestError::WriterBehind);
        }
        let before = self.newest_captured();
        self.take_checkpoint(world, CheckpointKind::Rewind, None);
        let taken = self.newest_captured().filter(|taken| Some(*taken) != before);
        Ok(taken.map(|checkpoint| checkpoint.counter))
    }

    /// Has a checkpoint read. `otherwise` is the session to start if nothing can be restored, for who
    /// asked to start or continue.
    pub(super) fn prepare(
        &mut self,
        world: &World,
        ticket: Ticket,
        (session, from, reason): (SessionId, RestoreFrom, RestoreReason),
        otherwise: Option<NewSession>,
    ) {
        self.order_preparation(world, ticket, (session, from, reason, None), otherwise);
    }

    fn order_preparation(
        &mut self,
        world: &World,
        ticket: Ticket,
        (session, from, reason, tail): (SessionId, RestoreFrom, RestoreReason, Option<u64>),
        otherwise: Option<NewSession>,
    ) {
        let settings = world.get_resource::<SessionSettings>();
        let probation = settings.map_or(PROBATION, |settings| settings.probation);
        let played = None;
        let wanted = Wanted { session, from, reason, tail, played, probation };
        self.order(Order::Prepare { wanted, ticket });
        self.transition = Some(Transition::Preparing(Box::new(Preparing {
            ticket,
            session,
            from,
            reason,
            asked_at: clock::instant(),
            becomes: Becomes::ItsSession,
            otherwise,
            tries_left: TRIES,
            backup: None,
        })));
    }

    /// A session of its own begins with the checkpoint that is being read.
    pub(super) fn make_branch_of_it(&mut self, session: &NewSession) {
        if let Some(Transition::Preparing(preparing)) = &mut self.transition {
            preparing.becomes = Becomes::Branch(Box::new(session.clone()));
        }
    }

    /// Gives up the checkpoint that is being read, if the game wants it no more.
    pub(super) fn cancel_preparing_if_asked(&mut self, world: &mut World) {
        let is_preparing = matches!(
            &self.transition,
            Some(Transition::Preparing(preparing)) if !preparing.takes_cancellation_back()
        );
        if is_preparing && self.take_cancellation(world) {
            self.give_up_preparing(world);
        }
    }

    /// Gives up the checkpoint that is being read, if there is one.
    pub(super) fn give_up_preparing(&mut self, world: &mut World) {
        if let Some(preparing) = self.end_preparing() {
            self.give_up_prepared(world, preparing.session, preparing.ticket);
        }
    }

    /// Lets go of what was read, or is being read, of a session.
    pub(super) fn give_up_prepared(
        &mut self,
        world: &mut World,
        session: SessionId,
        ticket: Ticket,
    ) {
        self.order(Order::Release(session));
        close(world, ticket);
        notify(world, RestoreCancelled { session, ticket, began: false });
    }

    fn end_preparing(&mut self) -> Option<Preparing> {
        let preparing =
            |transition: &mut Transition| matches!(transition, Transition::Preparing(_));
        match self.transition.take_if(preparing) {
            Some(Transition::Preparing(preparing)) => Some(*preparing),
            _ => None,
        }
    }

    /// The writer has answered what it was asked to prepare; `None` if that was given up meanwhile.
    fn answered(&mut self, ticket: Ticket) -> Option<Preparing> {
        match &self.transition {
            Some(Transition::Preparing(preparing)) if preparing.ticket == ticket => {
                self.end_preparing()
            }
            _ => None,
        }
    }

    /// A checkpoint was read. If another session is being played, that is closed first.
    pub(super) fn prepared(&mut self, world: &mut World, prepared: Prepared, ticket: Ticket) {
        let Some(preparing) = self.answered(ticket) else { return };
        let session = prepared.metadata.id;
        let mut catalog = world.get_resource_or_init::<SessionCatalog>();
        if let RestoreFrom::Slot(slot) = preparing.from {
            catalog.note_slot(slot, Validity::Verified);
        }
        if catalog.get(session).is_none() && !preparing.begins_session() {
            // Nothing but the slot was left of it.
            catalog.put(SessionEntry::begun(&prepared.metadata));
        }
        let mut taken = Taken { preparing, prepared };
        if let Some(backup) = taken.preparing.backup.take() {
            return self.load_backup(world, ticket, session, *backup, Some(taken));
        }
        // While there is nothing to be taken back.
        let Some(taken) = self.approve(world, taken) else { return };
        let Some(taken) = self.as_asked(world, taken) else { return };
        let session = taken.prepared.metadata.id;
        if self.session().is_none_or(|playing| playing == session) {
            return self.begin_restore(world, taken);
        }
        if let Err(error) = self.leave(world, Departure::close(LeaveCause::Replaced)) {
            warn!("the session that is played can't be closed, so it goes on");
            self.order(Order::Release(session));
            return reject(world, ticket, error);
        }
        self.restore_when_left(taken);
    }

    /// The session before was left: goes on with what was read meanwhile, unless that isn't wanted
    /// any more.
    pub(super) fn restore_taken(&mut self, world: &mut World, taken: Taken) {
        if self.exit.was_seen() || self.take_cancellation(world) {
            let (session, ticket) = (taken.prepared.metadata.id, taken.preparing.ticket);
            return self.give_up_prepared(world, session, ticket);
        }
        self.begin_restore(world, taken);
    }

    /// The chosen checkpoint is damaged. What is offered instead is the answer to the request; who
    /// only wanted to go on, whatever it takes, goes on with that.
    pub(super) fn damaged(&mut self, world: &mut World, found: FoundSession, ticket: Ticket) {
        let session = found.session;
        let is_offered = !found.offers.is_empty();
        let preparing = self.answered(ticket);
        let is_last_word = preparing.as_ref().is_some_and(|it| it.otherwise.is_none());
        self.report_found(world, found, Some(ticket).filter(|_| is_last_word));
        let Some(preparing) = preparing else { return };
        self.say_if_world_is_lost(world, &preparing);
        match preparing.otherwise {
            None => {}
            Some(otherwise) if is_offered && preparing.tries_left > 0 => {
                let policy = world.get_resource_or_init::<SessionSettings>().recovery;
                let proposed = self.start_up.proposed(session, policy);
                let Some(from) = proposed.restore_from() else {
                    return self.go_on_without(
                        world,
                        otherwise,
                        preparing.backup,
                        (session, ticket),
                    );
                };
                let wanted = (session, from, RestoreReason::Recovered);
                self.prepare(world, ticket, wanted, Some(otherwise));
                if let Some(Transition::Preparing(again)) = &mut self.transition {
                    again.tries_left = preparing.tries_left - 1;
                    again.backup = preparing.backup;
                }
            }
            Some(otherwise) => {
                self.go_on_without(world, otherwise, preparing.backup, (session, ticket));
            }
        }
    }

    /// Nothing can be read of a session: goes on with the backup that is wanted, or with a new session.
    fn go_on_without(
        &mut self,
        world: &mut World,
        otherwise: NewSession,
        backup: Option<Box<WantedBackup>>,
        (session, ticket): (SessionId, Ticket),
    ) {
        match backup {
            Some(backup) => self.load_backup(world, ticket, session, backup.like(otherwise), None),
            None => self.start_instead(world, ticket, &otherwise),
        }
    }

    /// Where what a cancelled restore had left can't be read, the game stays in a world that isn't the session's.
    fn say_if_world_is_lost(&mut self, world: &mut World, preparing: &Preparing) {
        if preparing.takes_cancellation_back()
            && self.playing.as_ref().is_some_and(|playing| playing.has_left_world)
        {
            self.saving_stopped(world, StopReason::WorldLost);
        }
    }

    /// Nothing of the session can be restored.
    pub(super) fn unrecoverable(
        &mut self,
        world: &mut World,
        session: SessionId,
        error: RecoveryError,
        asked: Ticket,
    ) {
        error!(%session, ?error, "no checkpoint can be restored");
        let all_damaged = error == RecoveryError::AllDamaged;
        let slots = SessionCatalog::slots_left(world, session);
        let preparing = self.answered(asked);
        // What can't be read now may be readable later; a new session would hide it.
        let goes_on = all_damaged && preparing.as_ref().is_some_and(|it| it.otherwise.is_some());
        let ticket = Some(asked).filter(|_| preparing.is_some() && !goes_on);
        if let Some(ticket) = ticket {
            close(world, ticket);
        }
        notify(world, RecoveryFailed { session, ticket, error, slots });
        let Some(preparing) = preparing else { return };
        self.say_if_world_is_lost(world, &preparing);
        let Preparing { otherwise, backup, .. } = preparing;
        if let Some(otherwise) = otherwise.filter(|_| goes_on) {
            self.go_on_without(world, otherwise, backup, (session, asked));
        }
    }

    /// The request can't be granted.
    pub(super) fn not_prepared(&mut self, world: &mut World, error: RequestError, ticket: Ticket) {
        let Some(preparing) = self.answered(ticket) else { return };
        self.say_if_world_is_lost(world, &preparing);
        note_refusal(world, preparing.from, &error);
        reject(world, ticket, error);
    }
}

impl Preparing {
    /// Whether a new session begins with what is read, of which no list says anything yet.
    fn begins_session(&self) -> bool {
        matches!(self.becomes, Becomes::World)
    }

    /// Whether this brings back what a cancelled restore had left. That isn't cancelled before the world has a
    /// level again. What the player takes back names no checkpoint.
    pub(super) fn takes_cancellation_back(&self) -> bool {
        matches!((self.reason, self.from), (RestoreReason::Undone, RestoreFrom::Checkpoint(_)))
    }
}

/// Notes in the catalogue what reading a slot has shown.
fn note_refusal(world: &mut World, from: RestoreFrom, error: &RequestError) {
    if let (RestoreFrom::Slot(slot), RequestError::Slot(SlotError::Damaged { .. })) = (from, error)
    {
        world.get_resource_or_init::<SessionCatalog>().note_slot(slot, Validity::Damaged);
    }
}
