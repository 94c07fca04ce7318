//! Handles the game's requests, in order.

use std::collections::VecDeque;

use bevy::prelude::*;
use tracing::{info_span, warn};

use super::notifications::{
    RequestRejected, RestoreCancelled, SessionPaused, SessionResumed, SessionUpdated, notify,
};
use super::requests::{Request, SessionUpdate};
use super::runtime::{Playing, Preparing, RuntimeParts, Transition};
use super::{CurrentSession, RecoveryPolicy, SessionCatalog, SessionSettings};
use crate::capture::{Carried, KeyedIds, Placed};
use crate::clock;
use crate::content::{Order, Start, TakeUp};
use crate::journal::{CheckpointKind, Lineage, Record, RunId, SaveId, SessionId, limits};
use crate::recovery::Wanted;
use crate::session::RestoreReason;
use crate::session::{EndReason, Move, NewSession, SessionStatus};
use crate::session::{RequestError, RestoreFrom};
use crate::writer::Leave;

/// Requests that wait for the end of the frame, or for the one before them to be finished.
#[derive(Resource, Default)]
pub(crate) struct RequestQueue(pub(super) VecDeque<Request>);

impl RequestQueue {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl RuntimeParts {
    /// Handles requests until one has to wait for the writer.
    pub(super) fn handle_requests(&mut self, world: &mut World) {
        if matches!(self.transition, Some(Transition::Preparing(_)))
            && self.take_cancellation(world)
        {
            self.cancel_preparing(world);
        }
        while self.transition.is_none() {
            let Some(mut queue) = world.get_resource_mut::<RequestQueue>() else { return };
            let must_know_sessions = matches!(queue.0.front(), Some(Request::StartOrContinue(_)));
            if must_know_sessions && !self.detected {
                return;
            }
            if queue.0.front().is_some_and(|request| self.must_wait_for_slots(request)) {
                return;
            }
            let Some(request) = queue.0.pop_front() else { return };
            let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
            let _span = info_span!("session_request", ?session).entered();
            if let Err(error) = self.handle(world, &request) {
                warn!(?request, %error, "request rejected");
                notify(world, RequestRejected { request, error });
            }
        }
        self.refuse_change_of_profile(world);
    }

    fn handle(&mut self, world: &mut World, request: &Request) -> Result<(), RequestError> {
        match request {
            Request::Start(session) => self.start(world, session, request),
            Request::StartOrContinue(session) => self.start_or_continue(world, session, request),
            Request::Pause => self.pause(world),
            Request::Resume => self.resume(world),
            Request::Update(update) => self.update(world, update),
            Request::Checkpoint { label, kind } => self.checkpoint_on_request(world, label, *kind),
            Request::Close => self.leave(world, Move::Close, None),
            Request::End(reason) => self.leave(world, Move::End(*reason), Some(*reason)),
            Request::Continue(session) => {
                self.require_no_session()?;
                self.prepare(*session, RestoreFrom::Latest, RestoreReason::Continued, None);
                Ok(())
            }
            Request::Recover(session, from) => self.recover(world, *session, *from),
            Request::Decline(session) => self.file(*session, Order::Decline(*session), request),
            Request::Forget(session) => self.file(*session, Order::Forget(*session), request),
            Request::Save(slot) => self.save_slot(world, slot),
            Request::Load(slot) => self.load(world, *slot),
            Request::QuickLoad => self.quick_load(world),
            Request::CopySlot { slot, name } => self.copy_slot(*slot, name),
            Request::RenameSlot { slot, name } => self.rename_slot(*slot, name),
            Request::DeleteSlot(slot) => self.delete_slot(*slot),
            Request::Attach { checkpoint, attachment } => self.attach(*checkpoint, attachment),
            Request::ReadAttachment { of, name } => self.read_attachment(*of, name),
            Request::Find => {
                self.start_up.asked();
                self.order(Order::Detect);
                Ok(())
            }
            Request::CancelRestore => Err(RequestError::NothingToCancel),
            Request::UseProfile(profile) => self.use_profile(world, profile),
            Request::WriteCrashReport(path) => self.write_crash_report(world, path),
            Request::ForgetKeys(prefix) => {
                self.require_session()?;
                if let Some(mut placed) = world.get_resource_mut::<Placed>() {
                    placed.release_all(prefix);
                }
                Ok(())
            }
            Request::ForgetKey(key) => {
                self.require_session()?;
                if let Some(mut placed) = world.get_resource_mut::<Placed>() {
                    placed.release(key.clone());
                }
                Ok(())
            }
        }
    }

    pub(super) fn start(
        &mut self,
        world: &mut World,
        session: &NewSession,
        request: &Request,
    ) -> Result<(), RequestError> {
        let texts = [&session.name, &session.description, &session.session_type];
        texts.into_iter().chain(&session.player).try_for_each(|text| check_text(text))?;
        if self.playing.is_some() && session.replaces_current {
            let mut queue = world.get_resource_or_init::<RequestQueue>();
            queue.0.push_front(Request::Start(session.clone()));
            queue.0.push_front(Request::Close);
            return Ok(());
        }
        self.require_no_session()?;
        let run = RunId::random();
        let metadata = session.begin(SessionId::random(), self.now.wall);
        self.order(Order::TakeUp(Box::new(TakeUp {
            metadata: metadata.clone(),
            run,
            lineage: Lineage::default(),
            start: Start {
                next_save_id: SaveId::FIRST,
                seeds: Vec::new(),
                carried: Carried::default(),
                gone: KeyedIds::default(),
            },
            unknown_frames: Vec::new(),
        })));
        let fields = session.fields.clone();
        let (metadata, request) = (Box::new(metadata), request.clone());
        self.transition = Some(Transition::Opening { metadata, fields, run, request });
        Ok(())
    }

    fn start_or_continue(
        &mut self,
        world: &mut World,
        new: &NewSession,
        request: &Request,
    ) -> Result<(), RequestError> {
        self.require_no_session()?;
        let policy = world.get_resource_or_init::<SessionSettings>().recovery;
        let recovers = policy != RecoveryPolicy::Never;
        let known = world.get_resource_or_init::<SessionCatalog>();
        let mut same = known
            .sessions()
            .iter()
            .filter(|entry| entry.session.name == new.name && entry.session.player == new.player);
        // A second process beside the first would split the one world into two.
        if same.clone().any(|entry| entry.in_use) {
            return Err(RequestError::SessionInUse);
        }
        let same = same.find(|entry| entry.can_go_on() && (recovers || !entry.has_crashed()));
        match same.map(|entry| (entry.session.id, entry.has_crashed())) {
            None => self.start(world, new, request),
            Some((session, crashed)) => {
                let reason =
                    if crashed { RestoreReason::Recovered } else { RestoreReason::Continued };
                match self.start_up.proposed(session, policy).restore_from() {
                    Some(from) => {
                        self.prepare(session, from, reason, Some(new.clone()));
                        Ok(())
                    }
                    None => self.start_safely(world, session, new, request),
                }
            }
        }
    }

    pub(super) fn pause(&mut self, world: &mut World) -> Result<(), RequestError> {
        let session = self.step(world, Move::Pause)?;
        if self.saves_by_itself(world) && self.may_capture() {
            self.take_checkpoint(world, CheckpointKind::Pause, None);
        }
        self.write_status(world);
        notify(world, SessionPaused { session });
        Ok(())
    }

    pub(super) fn resume(&mut self, world: &mut World) -> Result<(), RequestError> {
        let session = self.step(world, Move::Resume)?;
        self.write_status(world);
        notify(world, SessionResumed { session });
        Ok(())
    }

    fn update(&mut self, world: &mut World, update: &SessionUpdate) -> Result<(), RequestError> {
        self.require_session()?;
        let texts = [&update.name, &update.player, &update.description, &update.session_type];
        texts.into_iter().flatten().try_for_each(|text| check_text(text))?;
        let now = self.now.wall;
        let Some(mut current) = world.get_resource_mut::<CurrentSession>() else {
            return Err(RequestError::NoSession);
        };
        let (bytes, limit) = (current.fields.bytes() + update.fields.bytes(), limits::FRAME_BYTES);
        if bytes > limit {
            return Err(RequestError::TextTooLong { bytes, limit });
        }
        let before = current.metadata.clone();
        let update = update.clone();
        let metadata = &mut current.metadata;
        metadata.name = update.name.unwrap_or_else(|| before.name.clone());
        metadata.player = update.player.or_else(|| before.player.clone());
        metadata.description = update.description.unwrap_or_else(|| before.description.clone());
        metadata.session_type = update.session_type.unwrap_or_else(|| before.session_type.clone());
        metadata.priority = update.priority.unwrap_or(before.priority);
        metadata.autosave = update.autosave.unwrap_or(before.autosave);
        metadata.recovery = update.recovery.unwrap_or(before.recovery);
        let metadata = (before != *metadata).then(|| metadata.clone());
        current.fields_changed |= !update.fields.is_empty();
        current.fields.extend(update.fields);
        current.updated = now;
        let session = current.id();
        if let Some(metadata) = metadata {
            self.order(Order::Write(Record::Metadata(Box::new(metadata))));
        }
        notify(world, SessionUpdated { session });
        Ok(())
    }

    fn checkpoint_on_request(
        &mut self,
        world: &mut World,
        label: &str,
        kind: CheckpointKind,
    ) -> Result<(), RequestError> {
        self.require_session()?;
        check_text(label)?;
        match &mut self.playing {
            Some(playing) if !playing.gate_was_open => {
                playing.deferred.push((label.to_owned(), kind));
            }
            _ => self.take_checkpoint(world, kind, Some(label.to_owned())),
        }
        Ok(())
    }

    /// Whether the world is one of which checkpoints may be taken.
    pub(super) fn may_capture(&self) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.gate_was_open)
    }

    fn cancel_preparing(&mut self, world: &mut World) {
        let Some(preparing) = self.end_preparing() else { return };
        self.order(Order::Release(preparing.session));
        notify(world, RestoreCancelled { session: preparing.session, began: false });
    }

    /// Takes the last checkpoint of the run, and orders its end.
    pub(super) fn leave(
        &mut self,
        world: &mut World,
        step: Move,
        end: Option<EndReason>,
    ) -> Result<(), RequestError> {
        self.step(world, step)?;
        if self.may_capture() {
            self.take_deferred(world);
        }
        self.give_up_deferred(world);
        // Behind a closed gate the world is no longer the session's: the checkpoint that was taken as
        // the gate closed is the last one.
        if self.may_capture() {
            let before = self.newest_captured();
            self.take_checkpoint(world, CheckpointKind::Exit, None);
            if step == Move::Close {
                self.save_exit_slot(world, before);
            }
        }
        let Some(current) = world.get_resource::<CurrentSession>() else {
            return Err(RequestError::NoSession);
        };
        let leave = Leave {
            status: current.status,
            reason: end,
            time: self.now.wall,
            play_time: current.play_time,
        };
        self.order(Order::Leave(leave));
        self.transition = Some(Transition::Leaving { end });
        Ok(())
    }

    fn recover(
        &mut self,
        world: &mut World,
        session: SessionId,
        from: RestoreFrom,
    ) -> Result<(), RequestError> {
        let policy = world.get_resource_or_init::<SessionSettings>().recovery;
        if policy == RecoveryPolicy::Never {
            return Err(RequestError::RecoveryIsOff);
        }
        let reason = match &self.playing {
            Some(playing) if playing.session == session => RestoreReason::Rewound,
            Some(playing) => {
                return Err(RequestError::SessionRunning { current: playing.session });
            }
            None => RestoreReason::Recovered,
        };
        if let RestoreFrom::Slot(slot) = from {
            return self.recover_from_slot(world, session, slot, reason);
        }
        let tail = self.capture_tail(world, session)?;
        self.prepare_beside(Wanted { session, from, reason, tail }, None);
        Ok(())
    }

    /// Takes a checkpoint of what is being left, where a session goes back to an earlier moment of
    /// its own; its number, if there was anything to take.
    ///
    /// # Errors
    ///
    /// If the writer can't take it now.
    pub(super) fn capture_tail(
        &mut self,
        world: &mut World,
        session: SessionId,
    ) -> Result<Option<u64>, RequestError> {
        let is_played = |playing: &&Playing| playing.session == session && playing.gate_was_open;
        let Some(before) = self.playing.as_ref().filter(is_played).map(|playing| playing.counter)
        else {
            return Ok(None);
        };
        if self.is_writer_behind() {
            return Err(RequestError::WriterBehind);
        }
        self.take_checkpoint(world, CheckpointKind::Rewind, None);
        Ok(self.playing.as_ref().map(|playing| playing.counter).filter(|taken| *taken > before))
    }

    pub(super) fn prepare(
        &mut self,
        session: SessionId,
        from: RestoreFrom,
        reason: RestoreReason,
        otherwise: Option<NewSession>,
    ) {
        self.prepare_beside(Wanted { session, from, reason, tail: None }, otherwise);
    }

    /// Has a checkpoint read, while the game goes on.
    pub(super) fn prepare_beside(&mut self, wanted: Wanted, otherwise: Option<NewSession>) {
        let Wanted { session, from, reason, .. } = wanted;
        self.order(Order::Prepare(wanted));
        let asked_at = clock::instant();
        let tries_left = 8;
        let preparing = Preparing { session, from, reason, asked_at, otherwise, tries_left };
        self.transition = Some(Transition::Preparing(preparing));
    }

    fn file(
        &mut self,
        session: SessionId,
        order: Order,
        request: &Request,
    ) -> Result<(), RequestError> {
        if self.playing.as_ref().is_some_and(|playing| playing.session == session) {
            return Err(RequestError::SessionRunning { current: session });
        }
        self.order(order);
        self.transition = Some(Transition::Filing(request.clone()));
        Ok(())
    }

    fn require_no_session(&self) -> Result<(), RequestError> {
        match &self.playing {
            Some(playing) => Err(RequestError::SessionRunning { current: playing.session }),
            None => Ok(()),
        }
    }

    fn require_session(&self) -> Result<(), RequestError> {
        self.playing.as_ref().map(|_| ()).ok_or(RequestError::NoSession)
    }

    /// Moves the session that is being played to another status, if that is legal.
    fn step(&mut self, world: &mut World, step: Move) -> Result<SessionId, RequestError> {
        let now = self.now.wall;
        let mut current =
            world.get_resource_mut::<CurrentSession>().ok_or(RequestError::NoSession)?;
        current.status = current.status.after(step)?;
        current.updated = now;
        Ok(current.id())
    }

    fn write_status(&mut self, world: &World) {
        let Some(current) = world.get_resource::<CurrentSession>() else { return };
        let (status, play_time) = (current.status, current.play_time);
        debug_assert!(matches!(status, SessionStatus::Active | SessionStatus::Paused));
        self.order(Order::Write(Record::Status { status, time: self.now.wall, play_time }));
    }
}

pub(super) fn check_text(text: &str) -> Result<(), RequestError> {
    let (bytes, limit) = (text.len(), limits::STRING_BYTES);
    if bytes > limit { Err(RequestError::TextTooLong { bytes, limit }) } else { Ok(()) }
}
