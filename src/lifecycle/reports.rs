//! Takes in what the writer reports.

use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use tracing::{debug, error, warn};

use super::activity::set_activity;
use super::attachments::handle_attachment_news;
use super::notifications::{
    CheckpointDrifted, CheckpointFailed, CheckpointSaved, SavingResumed, SavingStopped,
    SessionForgotten, TypeFailed, notify,
};
use super::recording::{EventLoss, EventsDropped, events_dropped};
use super::reporting::reported;
use super::requests::{RequestQueue, close, finish_if_asked, reject_all};
use super::runtime::{RuntimeParts, Transition};
use super::{CurrentSession, LastCheckpoint, PreviousRun, SessionCatalog};
use crate::content::{ContentReport, Report};
use crate::journal::{CheckpointId, CheckpointKind, SessionId};
use crate::process::LastRun;
use crate::recording::NotWritten;
use crate::recovery::{Timeline, TimelineCheckpoint};
use crate::session::{CheckpointError, RequestError, StopReason};
use crate::writer::{News, Saved};

impl RuntimeParts {
    /// Takes in everything that was reported.
    pub(super) fn handle_reports(&mut self, world: &mut World) {
        while let Some(report) = self.writer.link.report() {
            self.handle_report(world, report);
        }
    }

    pub(super) fn handle_report(&mut self, world: &mut World, report: Report) {
        match report {
            Report::News(news) => self.handle_news(world, news),
            Report::Content(report) => self.handle_content(world, report),
            Report::Prepared { prepared, ticket } => self.prepared(world, *prepared, ticket),
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
            ContentReport::EventsNotWritten(NotWritten { type_path, count, message }) => {
                let Some(session) = self.session() else { return };
                let (type_path, cause) =
                    (Some(type_path.to_string()), EventLoss::Unwritable(message));
                events_dropped(world, EventsDropped { session, type_path, count, cause });
            }
            ContentReport::TypeFailed { type_path, message } => {
                let Some(session) = self.session() else { return };
                error!(%session, type_path, message, "a type could not be written");
                notify(world, TypeFailed { session, type_path, message });
            }
        }
    }

    fn handle_news(&mut self, world: &mut World, news: News) {
        if let Some(stopwatch) = &mut self.writer.stopwatch {
            stopwatch.note_answer(&news);
        }
        if let Some((session, ticket)) = news.filed() {
            self.filings.end(session, ticket);
        }
        match news {
            news @ News::Detected { .. } => self.handle_listing(world, news),
            News::Remembered(sessions) => self.remembered(world, *sessions),
            News::ProfileChanged { profile, ticket } => {
                self.profile_changed(world, profile, ticket);
            }
            News::Described { order, result, ticket } => reported(world, *order, (result, ticket)),
            News::TakenUp { session, context } => self.taken_up(world, session, *context),
            News::NotPrepared { error, ticket } => self.not_prepared(world, error, ticket),
            News::Damaged { found, ticket } => self.damaged(world, *found, ticket),
            News::Unrecoverable { session, error, ticket } => {
                self.unrecoverable(world, session, error, ticket);
            }
            News::Saved(saved) => self.saved(world, &saved),
            News::Failed { checkpoint, error, retry_in } => {
                self.checkpoint_failed(world, checkpoint, error, retry_in);
            }
            News::Timeline { session, timeline } => show_timeline(world, session, *timeline),
            News::NeedFull => {
                self.need_full();
                if let Some(playing) = &mut self.playing {
                    playing.pace.make_up_for_loss();
                }
            }
            News::PowerCutsNotCovered => {
                set_activity(world, |activity| activity.power_cuts_not_covered = true);
            }
            News::SavingStopped(reason) => self.saving_stopped(world, reason),
            News::SavingResumed => self.saving_resumed(world),
            News::Left { session, complete, bytes, types } => {
                self.left(world, session, complete, bytes, types);
            }
            news @ (News::Declined { .. }
            | News::Forgotten { .. }
            | News::Copied { .. }
            | News::Drafted { .. }
            | News::Shelved { .. }
            | News::Emptied { .. }
            | News::Edited { .. }
            | News::EditedMany { .. }) => handle_filing(self, world, news),
            News::Slot { order, result, ticket } => self.slot_done(world, order, result, ticket),
            news @ (News::EventsFailed { .. }
            | News::EventsDropped { .. }
            | News::EventsRead { .. }
            | News::EventsValidated { .. }) => self.handle_event_news(world, news),
            News::Digested { name, digests, figures, ticket } => {
                self.digested(world, name, &digests, figures, ticket);
            }
            // The stopwatch has it.
            News::Measured(_) => {}
            news @ (News::SessionAttachment { .. } | News::AttachmentRead { .. }) => {
                handle_attachment_news(world, news);
            }
        }
    }

    fn handle_listing(&mut self, world: &mut World, news: News) {
        let News::Detected {
            settled,
            found,
            gone,
            slots,
            previous,
            is_asked_for,
            index,
            time,
            ticket,
        } = news
        else {
            return;
        };
        note_previous_run(world, previous);
        let mut catalog = world.get_resource_or_init::<SessionCatalog>();
        // When it was looked is no news: a list is made again where what it shows has changed.
        let unseen = catalog.bypass_change_detection();
        unseen.index = index;
        unseen.looked_at = Some((time, self.time.now().wall));
        if let Some(mut slots) = slots {
            slots.slots.retain(|slot| !self.start_up.hides(slot.session.id));
            if catalog.listing != *slots {
                catalog.list_slots(*slots);
            }
        }
        if is_asked_for {
            self.start_up.all_found();
            self.detected(world, *settled, found, &gone);
        } else {
            self.refreshed(world, *settled, found, &gone);
        }
        finish_if_asked(world, ticket);
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

    pub(super) fn saving_resumed(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        playing.is_stopped = false;
        notify(world, SavingResumed { session: playing.session });
    }

    pub(super) fn need_full(&mut self) {
        if let Some(playing) = &mut self.playing {
            playing.line.need_full();
        }
    }

    fn saved(&mut self, world: &mut World, saved: &Saved) {
        let Some(playing) = &mut self.playing else { return };
        if !playing.line.note_durable(saved.id) {
            return;
        }
        playing.pace.note_durable();
        playing.figures.note_saved();
        let session = playing.session;
        let ticket = playing.line.asked.durable(saved.id.counter);
        // They are written in order: what is older and was not saved won't be.
        self.give_up_asked(world, saved.id.counter, &CheckpointError::WriterBehind);
        if let Some(mut current) = world.get_resource_mut::<CurrentSession>() {
            let last =
                LastCheckpoint { id: saved.id, kind: saved.kind, play_time: saved.play_time };
            current.last_checkpoint = Some(last);
            let next = TimelineCheckpoint::saved(saved.id, saved.kind, saved.time, saved.play_time);
            let chapters = current.chapters.listed_at(saved.play_time);
            let next = next.called(saved.label.clone()).within(chapters);
            Arc::make_mut(&mut current.timeline).follow(next);
        }
        debug!(%session, checkpoint = %saved.id, bytes = saved.bytes, "checkpoint saved");
        let notification = CheckpointSaved {
            session,
            checkpoint: saved.id,
            kind: saved.kind,
            label: saved.label.clone(),
            ticket,
            bytes: saved.bytes,
            write_time: saved.write_time,
        };
        notify(world, notification);
        finish_if_asked(world, ticket);
        if saved.kind == CheckpointKind::Auto
            && let Some(playing) = &mut self.playing
        {
            playing.pace.note_written(saved.bytes);
            self.keep_to_write_rate(world);
        }
    }

    /// A checkpoint isn't durable. Without another try, a chapter that began with it begins with the next.
    pub(super) fn checkpoint_failed(
        &mut self,
        world: &mut World,
        checkpoint: CheckpointId,
        error: CheckpointError,
        retry_in: Option<Duration>,
    ) {
        let Some(playing) = &mut self.playing else { return };
        let session = playing.session;
        let is_lost = retry_in.is_none();
        let line = &mut playing.line;
        // The last words of the run before may come when its place was taken.
        let (label, ticket) = match checkpoint.run == line.run() {
            true => line.asked.failed(checkpoint.counter, &error, is_lost),
            false => Default::default(),
        };
        error!(%session, %checkpoint, label, ?error, ?retry_in, "checkpoint not saved");
        // The next one has what this one would have had.
        self.has_failed |= is_lost
            && checkpoint.run == line.run()
            && playing.after_failure == Some(checkpoint.counter);
        if is_lost && let Some(mut current) = world.get_resource_mut::<CurrentSession>() {
            current.chapters_changed |= current.chapters.forget_checkpoint(checkpoint);
        }
        // Unless it was answered before: then it is nobody's any more.
        let ticket = ticket.filter(|ticket| !is_lost || !close(world, *ticket).is_empty());
        notify(world, CheckpointFailed { session, checkpoint, label, ticket, error, retry_in });
    }

    /// What was asked for before this checkpoint isn't written any more: for the reason for which a newer one
    /// was given up, or for this one.
    pub(super) fn give_up_asked(&mut self, world: &mut World, before: u64, why: &CheckpointError) {
        let Some(line) = self.playing.as_ref().map(|playing| &playing.line) else { return };
        let run = line.run();
        for (counter, error) in line.asked.before(before) {
            let error = error.unwrap_or_else(|| why.clone());
            self.checkpoint_failed(world, CheckpointId { run, counter }, error, None);
        }
    }

    /// Answers what the writer was asked for and will never answer, now that it is gone.
    pub(super) fn answer_for_writer(&mut self, world: &mut World) {
        // No one will look at the sessions any more, so nothing waits for that.
        self.start_up.expect_no_sessions();
        self.edits.clear();
        self.filings.give_up();
        if self.is_leaving() {
            self.leave_without_waiting(world);
        }
        // What was read already can still be put back.
        self.transition.take_if(|at| !matches!(at, Transition::Restoring(_)));
        let restoring = self.transition.as_ref().and_then(Transition::restores_for);
        world.get_resource_or_init::<RequestQueue>().drop_steps();
        if let Some(playing) = &mut self.playing {
            drop(std::mem::take(&mut playing.deferred));
        }
        reject_all(world, restoring, &RequestError::WriterGone);
    }
}

/// Takes in what was done with sessions that aren't played.
fn handle_filing(parts: &mut RuntimeParts, world: &mut World, news: News) {
    match news {
        News::Declined { session, result, ticket } => {
            parts.declined(world, session, result, ticket);
        }
        News::Forgotten { session, result, ticket } => {
            parts.forgotten(world, session, (result, ticket));
        }
        News::Copied { session, result, ticket } => {
            parts.copied(world, session, result, ticket);
        }
        News::Drafted { result, ticket } => parts.drafted(world, result, ticket),
        News::Shelved { session, how, result, ticket } => {
            parts.shelved(world, session, how, (result, ticket));
        }
        News::Emptied { session, .. } => {
            world.get_resource_or_init::<SessionCatalog>().remove(session);
            notify(world, SessionForgotten { session });
        }
        News::Edited { session, update, result, ticket } => {
            parts.edited(world, session, *update, (result, ticket));
        }
        News::EditedMany { edited, ticket } => parts.edited_many(world, *edited, ticket),
        _ => {}
    }
}

/// Notes how the process before this one ended. What was known of it already was known before its
/// session was taken up here.
fn note_previous_run(world: &mut World, previous: Option<Box<LastRun>>) {
    let known = world.get_resource::<PreviousRun>().map(|known| known.died_at);
    if let Some(previous) = previous.filter(|previous| known != Some(previous.died_at)) {
        world.insert_resource(PreviousRun::from(*previous));
    }
}

fn show_timeline(world: &mut World, session: SessionId, timeline: Timeline) {
    let current = world.get_resource_mut::<CurrentSession>();
    if let Some(mut current) = current.filter(|current| current.id() == session) {
        current.timeline = Arc::new(timeline);
    }
}
