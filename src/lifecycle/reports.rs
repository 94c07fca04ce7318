//! Takes in what the writer reports, and tells the game.

use std::time::Duration;

use bevy::platform::collections::HashSet;
use bevy::prelude::*;
use tracing::{debug, error, info, warn};

use super::PreviousRun;
use super::activity::set_activity;
use super::crash_report::crash_report_written;
use super::notifications::{
    AttachmentRead, CheckpointDrifted, CheckpointFailed, CheckpointSaved, CorruptionDetected,
    RecoveryDeclined, RecoveryFailed, RequestRejected, SavingResumed, SavingStopped, SessionClosed,
    SessionEnded, SessionForgotten, SessionStarted, SessionsFound, TypeFailed, notify,
};
use super::runtime::{MAKE_UP_FIRST, Playing, Preparing, RuntimeParts, Transition};
use super::slots::note_refusal;
use super::{
    CurrentSession, LastCheckpoint, RecoveryOffers, Request, SessionCatalog, SessionSettings,
};
use crate::capture::Placed;
use crate::content::{ContentOrder, ContentReport, Order, Report};
use crate::journal::SessionId;
use crate::recovery::{Found, SessionEntry, SlotEntry};
use crate::session::SessionContext;
use crate::session::{
    NewSession, RecoveryError, RequestError, RestoreFrom, RestoreReason, StopReason,
};
use crate::writer::{News, Saved};

impl RuntimeParts {
    /// Takes in everything that was reported.
    pub(super) fn handle_reports(&mut self, world: &mut World) {
        while let Some(report) = self.link.report() {
            self.handle_report(world, report);
        }
    }

    pub(super) fn handle_report(&mut self, world: &mut World, report: Report) {
        match report {
            Report::News(news) => self.handle_news(world, news),
            Report::Content(report) => self.handle_content(world, report),
            Report::Prepared(prepared) => self.leave_and_restore(world, *prepared),
            Report::WorkedOff { emptied } => {
                if let (Some(playing), Some(emptied)) = (&mut self.playing, emptied) {
                    playing.recorder.recycle(emptied);
                }
            }
        }
    }

    fn handle_content(&mut self, world: &mut World, report: ContentReport) {
        match report {
            ContentReport::Claimed(claimed) => self.claimed(world, *claimed),
            ContentReport::Drifted { types } => {
                self.need_full();
                if let Some(playing) = &mut self.playing {
                    playing.has_drifted = true;
                }
                let Some(session) = self.session() else { return };
                warn!(%session, ?types, "a change left no trace; a full checkpoint follows");
                notify(world, CheckpointDrifted { session, types });
            }
            ContentReport::TypeFailed { type_path, message } => {
                let Some(session) = self.session() else { return };
                error!(%session, type_path, message, "a type could not be written");
                notify(world, TypeFailed { session, type_path, message });
            }
        }
    }

    fn handle_news(&mut self, world: &mut World, news: News) {
        match news {
            News::Detected { found, gone, slots, previous } => {
                // What was known of it already was known before its session was taken up here.
                let known = world.get_resource::<PreviousRun>().map(|known| known.died_at);
                if let Some(previous) = previous.filter(|told| known != Some(told.died_at)) {
                    world.insert_resource(PreviousRun::from(*previous));
                }
                if let Some(slots) = slots {
                    world.get_resource_or_init::<SessionCatalog>().list_slots(slots);
                }
                self.detected(world, found, &gone);
            }
            News::ProfileChanged { profile } => self.profile_changed(world, profile),
            News::Described { path, result } => crash_report_written(world, path, result),
            News::TakenUp { session, context } => self.taken_up(world, session, context),
            News::NotPrepared { error } => self.not_prepared(world, error),
            News::Damaged(found) => self.damaged(world, *found),
            News::Unrecoverable { session, error } => self.unrecoverable(world, session, error),
            News::Saved(saved) => self.saved(world, &saved),
            News::Failed { checkpoint, error, retry_in } => {
                let Some(session) = self.session() else { return };
                error!(%session, %checkpoint, ?error, ?retry_in, "checkpoint not saved");
                notify(world, CheckpointFailed { session, checkpoint, error, retry_in });
            }
            News::NeedFull => {
                self.need_full();
                if let Some(playing) = &mut self.playing {
                    playing.make_up = true;
                }
            }
            News::PowerCutsNotCovered => {
                set_activity(world, |activity| activity.power_cuts_not_covered = true);
            }
            News::SavingStopped(reason) => self.saving_stopped(world, reason),
            News::SavingResumed => self.saving_resumed(world),
            News::Left { session, complete, bytes } => {
                self.left(world, session, complete, bytes);
            }
            News::Declined { session, result } => self.declined(world, session, result),
            News::Forgotten { session, result } => self.forgotten(world, session, result),
            News::Slot { order, result } => self.slot_done(world, order, result),
            News::AttachmentRead { of, name, result } => {
                notify(world, AttachmentRead { of, name, result });
            }
        }
    }

    /// Nothing that is captured is written any more: only what is asked for is still tried.
    pub(super) fn saving_stopped(&mut self, world: &mut World, reason: StopReason) {
        let session = self.session();
        error!(?session, %reason, "nothing is saved now");
        if let Some(playing) = &mut self.playing {
            playing.is_stopped = true;
        }
        notify(world, SavingStopped { session, reason });
    }

    fn saving_resumed(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        playing.is_stopped = false;
        notify(world, SavingResumed { session: playing.session });
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        self.playing.as_ref().map(|playing| playing.session)
    }

    pub(super) fn need_full(&mut self) {
        if let Some(playing) = &mut self.playing {
            playing.base = None;
        }
    }

    fn detected(&mut self, world: &mut World, mut found: Vec<Found>, gone: &[SessionId]) {
        self.detected = true;
        self.start_up.detected();
        let playing = self.session();
        let entries = found
            .iter_mut()
            .filter(|found| !self.start_up.hides(found.session))
            .filter_map(|found| found.entry.take())
            .collect();
        let mut catalog = world.get_resource_or_init::<SessionCatalog>();
        for session in gone.iter().filter(|session| Some(**session) != playing) {
            catalog.remove(*session);
        }
        catalog.put_all(entries);
        let mut offers = world.get_resource_or_init::<RecoveryOffers>();
        gone.iter().for_each(|session| offers.remove(*session));
        for found in found {
            if !self.start_up.hides(found.session) {
                self.tell_found(world, found);
            }
        }
        let sessions = world.get_resource_or_init::<SessionCatalog>().sessions.len();
        let offers = world.get_resource_or_init::<RecoveryOffers>().offers.len();
        info!(sessions, offers, "sessions on this machine");
        notify(world, SessionsFound { sessions, offers });
    }

    fn taken_up(&mut self, world: &mut World, session: SessionId, context: SessionContext) {
        // A restore has begun its run already; only a start waits for its lock.
        let Some(Transition::Opening { mut metadata, fields, run, .. }) =
            self.transition.take_if(|transition| matches!(transition, Transition::Opening { .. }))
        else {
            return;
        };
        metadata.context = context;
        self.start_up.note_own(session);
        world.get_resource_or_init::<SessionCatalog>().put(SessionEntry::begun(&metadata));
        world.insert_resource(CurrentSession::new(*metadata, fields));
        let mut playing = Playing::new(session, run, 0, self.recorder(world));
        playing.gate_was_open = self.gate_is_open(world);
        self.playing = Some(playing);
        self.paused_by_state = false;
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            placed.begin(HashSet::default(), HashSet::default());
        }
        info!(%session, "session started");
        notify(world, SessionStarted { session });
    }

    /// The writer has answered what it was asked to prepare, unless an exit came before.
    pub(super) fn end_preparing(&mut self) -> Option<Preparing> {
        let preparing =
            |transition: &mut Transition| matches!(transition, Transition::Preparing(_));
        match self.transition.take_if(preparing) {
            Some(Transition::Preparing(preparing)) => Some(preparing),
            _ => None,
        }
    }

    /// The chosen checkpoint is damaged. What is offered instead is the answer to the request; who
    /// only wanted to go on, whatever it takes, goes on with that.
    fn damaged(&mut self, world: &mut World, found: Found) {
        let session = found.session;
        let is_offered = !found.offers.is_empty();
        let preparing = self.end_preparing();
        self.tell_found(world, found);
        let Some(preparing) = preparing else { return };
        match preparing.otherwise {
            None => {}
            Some(otherwise) if is_offered && preparing.tries_left > 0 => {
                let policy = world.get_resource_or_init::<SessionSettings>().recovery;
                let proposed = self.start_up.proposed(session, policy);
                let Some(from) = proposed.restore_from() else {
                    return self.start_instead(world, &otherwise);
                };
                let reason = RestoreReason::Recovered;
                self.prepare(session, from, reason, Some(otherwise));
                if let Some(Transition::Preparing(again)) = &mut self.transition {
                    again.tries_left = preparing.tries_left - 1;
                }
            }
            Some(otherwise) => self.start_instead(world, &otherwise),
        }
    }

    fn unrecoverable(&mut self, world: &mut World, session: SessionId, error: RecoveryError) {
        error!(%session, ?error, "no checkpoint can be restored");
        let all_damaged = error == RecoveryError::AllDamaged;
        let slots = slots_of(world, session);
        notify(world, RecoveryFailed { session, error, slots });
        let otherwise = self.end_preparing().and_then(|preparing| preparing.otherwise);
        // What can't be read now may be readable later; a new session would hide it.
        if let Some(otherwise) = otherwise.filter(|_| all_damaged) {
            self.start_instead(world, &otherwise);
        }
    }

    fn start_instead(&mut self, world: &mut World, session: &NewSession) {
        info!(name = session.name, "nothing can be restored: a new session is started");
        let request = Request::StartOrContinue(session.clone());
        if let Err(error) = self.start(world, session, &request) {
            notify(world, RequestRejected { request, error });
        }
    }

    fn not_prepared(&mut self, world: &mut World, error: RequestError) {
        let Some(preparing) = self.end_preparing() else { return };
        note_refusal(world, preparing.from, &error);
        let request = preparing.request();
        warn!(?request, %error, "request rejected");
        notify(world, RequestRejected { request, error });
    }

    fn saved(&mut self, world: &mut World, saved: &Saved) {
        let Some(playing) = &mut self.playing else { return };
        if playing.run != saved.id.run {
            return;
        }
        playing.saved = playing.saved.max(saved.id.counter);
        playing.make_up_after = MAKE_UP_FIRST;
        let session = playing.session;
        if let Some(mut current) = world.get_resource_mut::<CurrentSession>() {
            let last =
                LastCheckpoint { id: saved.id, kind: saved.kind, play_time: saved.play_time };
            current.last_checkpoint = Some(last);
        }
        debug!(%session, checkpoint = %saved.id, bytes = saved.bytes, "checkpoint saved");
        let notification = CheckpointSaved {
            session,
            checkpoint: saved.id,
            kind: saved.kind,
            bytes: saved.bytes,
            write_time: saved.write_time,
        };
        notify(world, notification);
        self.keep_to_write_rate(world, saved);
    }

    /// Answers what the writer was asked for and will never answer, now that it is gone.
    pub(super) fn answer_for_writer(&mut self, world: &mut World) {
        // Nobody will look at the sessions any more, so nothing waits for that.
        self.detected = true;
        if matches!(self.transition, Some(Transition::Leaving { .. })) {
            return self.leave_without_waiting(world);
        }
        let request = match self.transition.take() {
            None | Some(Transition::Leaving { .. } | Transition::Claiming) => return,
            // What was read already can still be put back.
            Some(restoring @ Transition::Restoring(_)) => {
                self.transition = Some(restoring);
                return;
            }
            Some(
                Transition::Opening { request, .. }
                | Transition::Filing(request)
                | Transition::ChangingProfile(request),
            ) => request,
            Some(Transition::Preparing(preparing)) => preparing.request(),
        };
        let error = RequestError::WriterGone;
        warn!(?request, %error, "request rejected");
        notify(world, RequestRejected { request, error });
    }

    /// Takes the run for left, although its end isn't on disk: the exit's patience is over.
    pub(super) fn leave_without_waiting(&mut self, world: &mut World) {
        // Dropping the link would be the next to wait.
        self.link.patience = Duration::ZERO;
        match self.session() {
            Some(session) => self.left(world, session, false, None),
            None => self.transition = None,
        }
    }

    fn left(&mut self, world: &mut World, session: SessionId, complete: bool, bytes: Option<u64>) {
        let Some(Transition::Leaving { end, .. }) =
            self.transition.take_if(|transition| matches!(transition, Transition::Leaving { .. }))
        else {
            return;
        };
        if let Some(playing) = self.playing.take() {
            self.order(Order::Content(ContentOrder::Free(Box::new(playing.recorder))));
        }
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            placed.end();
        }
        if let Some(current) = world.remove_resource::<CurrentSession>() {
            world.get_resource_or_init::<SessionCatalog>().note_left(&current, bytes);
        }
        info!(%session, ?end, complete, "session left");
        match end {
            None => notify(world, SessionClosed { session, complete }),
            Some(reason) => notify(world, SessionEnded { session, reason, complete }),
        }
        self.restore_loaded(world);
    }

    fn declined(
        &mut self,
        world: &mut World,
        session: SessionId,
        result: Result<(), RequestError>,
    ) {
        self.transition.take_if(|transition| matches!(transition, Transition::Filing(_)));
        match result {
            Ok(()) => {
                world.get_resource_or_init::<RecoveryOffers>().remove(session);
                if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session)
                {
                    entry.declined = true;
                }
                notify(world, RecoveryDeclined { session });
            }
            Err(error) => {
                notify(world, RequestRejected { request: Request::Decline(session), error });
            }
        }
    }

    fn forgotten(
        &mut self,
        world: &mut World,
        session: SessionId,
        result: Result<(), RequestError>,
    ) {
        self.transition.take_if(|transition| matches!(transition, Transition::Filing(_)));
        match result {
            Ok(()) => {
                world.get_resource_or_init::<RecoveryOffers>().remove(session);
                world.get_resource_or_init::<SessionCatalog>().remove(session);
                notify(world, SessionForgotten { session });
            }
            Err(error) => {
                notify(world, RequestRejected { request: Request::Forget(session), error });
            }
        }
    }
}

impl Preparing {
    /// The request that asked for it.
    pub(super) fn request(self) -> Request {
        if let Some(session) = self.otherwise {
            return Request::StartOrContinue(session);
        }
        match self.reason {
            RestoreReason::Continued => Request::Continue(self.session),
            _ => match self.from {
                RestoreFrom::Slot(slot) => Request::Load(slot),
                from => Request::Recover(self.session, from),
            },
        }
    }
}

fn slots_of(world: &mut World, session: SessionId) -> Vec<SlotEntry> {
    world.get_resource_or_init::<SessionCatalog>().slots_of(session).cloned().collect()
}

impl RuntimeParts {
    /// Puts what was found about a session into the catalogue and the offers, and tells the game.
    fn tell_found(&mut self, world: &mut World, found: Found) {
        let session = found.session;
        self.start_up.note_ladder(&found);
        if let Some(entry) = found.entry {
            world.get_resource_or_init::<SessionCatalog>().put(entry);
        }
        world.get_resource_or_init::<RecoveryOffers>().remove(session);
        self.withheld.retain(|offer| offer.session.id != session);
        if let Some(corruption) = found.corruption {
            warn!(%session, lost = ?corruption.lost, files = ?corruption.files, "damaged files");
            notify(
                world,
                CorruptionDetected {
                    session,
                    lost: corruption.lost,
                    newest_intact: corruption.newest_intact,
                    lost_play_time: corruption.lost_play_time,
                    files: corruption.files,
                },
            );
        }
        if let Some(error) = found.failure {
            error!(%session, ?error, "no checkpoint can be restored");
            let slots = slots_of(world, session);
            notify(world, RecoveryFailed { session, error, slots });
        }
        for offer in found.offers {
            self.offer(world, offer);
        }
    }
}
