//! Handles the writer's reports.

use std::sync::Arc;

use bevy::prelude::*;
use bevy_session_journal::internal::write::News;
use bevy_session_journal::{LastRun, RequestError, SessionId, Timeline};
use tracing::{error, warn};

use crate::capture::Placed;
use crate::content::{ContentReport, Report};
use crate::lifecycle::activity::set_activity;
use crate::lifecycle::attachments::handle_attachment_news;
use crate::lifecycle::checkpoints::outcomes::{
    checkpoint_failed, saved, saving_resumed, saving_stopped,
};
use crate::lifecycle::clouds::heard_of_cloud;
use crate::lifecycle::consent::following as consent;
use crate::lifecycle::library::editing_many::{Edits, edited_many};
use crate::lifecycle::library::{cleanup, digests, filing, players};
use crate::lifecycle::notifications::{CheckpointDrifted, SessionPurged, TypeFailed, notify};
use crate::lifecycle::recording::{EventLoss, EventsDropped, events_dropped, handle_event_news};
use crate::lifecycle::reporting::reported;
use crate::lifecycle::requests::{RequestQueue, finish_if_asked, reject, reject_all};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::Transition;
use crate::lifecycle::slots::slot_done;
use crate::lifecycle::start_up::found;
use crate::lifecycle::transitions::drafts;
use crate::lifecycle::transitions::leaving::{self, leave_without_waiting};
use crate::lifecycle::transitions::profiles::profile_changed;
use crate::lifecycle::transitions::starting::taken_up;
use crate::lifecycle::transitions::take_up::{self, not_prepared};
use crate::lifecycle::{CurrentSession, PreviousRun, SessionCatalog, placed, replicas};
use crate::recording::NotWritten;

/// Handles all reports.
pub(in crate::lifecycle) fn handle_reports(parts: &mut RuntimeParts, world: &mut World) {
    while let Some(report) = parts.writer.link.report() {
        handle_report(parts, world, report);
    }
}

pub(in crate::lifecycle) fn handle_report(
    parts: &mut RuntimeParts,
    world: &mut World,
    report: Report,
) {
    match report {
        Report::News(news) => handle_news(parts, world, news),
        Report::Content(report) => handle_content(parts, world, report),
        Report::Prepared { prepared, ticket } => take_up::prepared(parts, world, *prepared, ticket),
        Report::WorkedOff { emptied } => {
            if let (Some(playing), Some(emptied)) = (&mut parts.playing, emptied) {
                playing.recorder.recycle(emptied);
            }
        }
    }
}

fn handle_content(parts: &mut RuntimeParts, world: &mut World, report: ContentReport) {
    match report {
        ContentReport::Claimed(claimed) => placed::claimed(parts, world, *claimed),
        ContentReport::Drifted { types } => {
            parts.need_full();
            parts.captured.give_up();
            if let Some(playing) = &mut parts.playing {
                playing.has_drifted = true;
            }
            let Some(session) = parts.session() else { return };
            warn!(%session, ?types, "values changed without change detection; a full checkpoint follows");
            notify(world, CheckpointDrifted { session, types });
        }
        ContentReport::EventsNotWritten(NotWritten { type_path, count, message }) => {
            let Some(session) = parts.session() else { return };
            let (type_path, cause) = (Some(type_path.to_string()), EventLoss::Unwritable(message));
            events_dropped(world, EventsDropped { session, type_path, count, cause });
        }
        ContentReport::TypeFailed { type_path, message } => {
            let Some(session) = parts.session() else { return };
            error!(%session, type_path, message, "values of a type can't be encoded, so they aren't in the checkpoint");
            notify(world, TypeFailed { session, type_path, message });
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one row for each answer")]
fn handle_news(parts: &mut RuntimeParts, world: &mut World, news: News) {
    if let Some(stopwatch) = &mut parts.writer.stopwatch {
        stopwatch.note_answer(&news);
    }
    if let Some((session, ticket)) = news.filed() {
        parts.filings.end(session, ticket);
    }
    match news {
        news @ News::Detected { .. } => handle_listing(parts, world, news),
        News::Remembered(sessions) => found::remembered(parts, world, *sessions),
        News::ProfileChanged { profile, consents, ticket } => {
            consent::profile_changed(parts, world, &profile, consents);
            cleanup::profile_changed(parts, world);
            profile_changed(parts, world, profile, ticket);
        }
        News::Described { order, result, ticket } => reported(world, *order, (result, ticket)),
        News::TakenUp { session, context } => taken_up(parts, world, session, *context),
        News::NotPrepared { error, ticket } => not_prepared(parts, world, error, ticket),
        News::Damaged { found, ticket } => take_up::damaged(parts, world, *found, ticket),
        News::Unrecoverable { session, error, ticket } => {
            take_up::unrecoverable(parts, world, session, error, ticket);
        }
        News::Saved(checkpoint) => saved(parts, world, &checkpoint),
        News::Failed { checkpoint, error, retry_in } => {
            checkpoint_failed(parts, world, checkpoint, error, retry_in);
        }
        News::Timeline { session, timeline } => show_timeline(world, session, *timeline),
        News::NeedFull => {
            parts.need_full();
            if let Some(playing) = &mut parts.playing {
                playing.pace.make_up_for_loss();
            }
        }
        News::PowerCutsNotCovered => {
            set_activity(world, |activity| activity.power_cuts_not_covered = true);
        }
        News::SavingStopped(reason) => saving_stopped(parts, world, reason),
        News::SavingResumed => saving_resumed(parts, world),
        News::Left { session, complete, bytes, types } => {
            leaving::left(parts, world, session, complete, bytes, types);
        }
        news @ (News::Declined { .. }
        | News::Forgotten { .. }
        | News::Copied { .. }
        | News::Drafted { .. }
        | News::Shelved { .. }
        | News::Emptied { .. }
        | News::Edited { .. }
        | News::EditedMany { .. }
        | News::GivenUp { .. }
        | News::PlayerExported { .. }
        | News::SlotsErased { .. }
        | News::ConsentErased { .. }
        | News::PlayerErased { .. }
        | News::AuditRead { .. }
        | News::CleanedUp { .. }) => handle_filing(parts, world, news),
        News::Slot { order, result, ticket } => slot_done(world, order, result, ticket),
        news @ (News::EventsFailed { .. }
        | News::EventsDropped { .. }
        | News::EventsRead { .. }
        | News::EventsValidated { .. }) => handle_event_news(parts, world, news),
        News::Digested { name, digests, figures, ticket } => {
            digests::digested(world, name, &digests, figures, ticket);
        }
        News::Cloud(news) => heard_of_cloud(world, news),
        // The stopwatch has it.
        News::Measured(_) => {}
        news @ (News::SessionAttachment { .. } | News::AttachmentRead { .. }) => {
            handle_attachment_news(world, news);
        }
    }
}

fn handle_listing(parts: &mut RuntimeParts, world: &mut World, news: News) {
    let News::Detected {
        settled,
        found,
        gone,
        slots,
        previous,
        is_asked_for,
        index,
        time,
        failure,
        ticket,
    } = news
    else {
        return;
    };
    let failure = failure.map(|failure| *failure);
    note_previous_run(parts, world, previous);
    let mut catalog = world.get_resource_or_init::<SessionCatalog>();
    // When it was looked is no news: a list is made again where what it shows has changed.
    let unseen = catalog.bypass_change_detection();
    unseen.index = index;
    unseen.looked_at = Some((time, parts.time.now().wall));
    if let Some(mut slots) = slots {
        slots.slots.retain(|slot| !parts.start_up.hides(slot.session.id));
        if catalog.listing != *slots {
            catalog.list_slots(*slots);
        }
    }
    match &failure {
        // What changed meanwhile is found later.
        Some(_) if !is_asked_for => {}
        Some(failure) => {
            if parts.start_up.note_unlisted(failure.clone(), parts.time.now()) {
                error!(%failure, "the sessions on this machine can't be listed; it is tried again");
            }
        }
        None if is_asked_for => {
            let unread = found::unread(&parts.start_up, &found);
            parts.start_up.all_found(unread, parts.time.now());
            found::detected(parts, world, *settled, found, &gone);
        }
        None => found::refreshed(parts, world, *settled, found, &gone),
    }
    match (ticket, failure) {
        (Some(ticket), Some(failure)) => reject(world, ticket, RequestError::Store(failure)),
        (ticket, _) => finish_if_asked(world, ticket),
    }
}

/// Answers the requests that the writer will never answer, now that it is gone.
pub(in crate::lifecycle) fn answer_for_writer(parts: &mut RuntimeParts, world: &mut World) {
    // No one will look at the sessions any more, so nothing waits for that.
    parts.start_up.expect_no_sessions();
    Edits::give_up(world);
    parts.filings.give_up();
    if parts.is_leaving() {
        leave_without_waiting(parts, world);
    }
    // What was read already can still be put back.
    parts.transition.take_if(|at| !matches!(at, Transition::Restoring(_)));
    if parts.playing.is_none()
        && let Some(mut placed) = world.get_resource_mut::<Placed>()
    {
        placed.end();
    }
    let restoring = parts.transition.as_ref().and_then(Transition::restores_for);
    world.get_resource_or_init::<RequestQueue>().drop_steps();
    if let Some(playing) = &mut parts.playing {
        drop(std::mem::take(&mut playing.deferred));
    }
    reject_all(world, restoring, &RequestError::WriterGone);
}

/// Handles the results of operations on sessions that aren't played.
fn handle_filing(parts: &mut RuntimeParts, world: &mut World, news: News) {
    match news {
        News::Declined { decline, result, ticket } => {
            filing::declined(parts, world, decline, result, ticket);
        }
        News::Forgotten { session, result, ticket } => {
            if ticket.is_none() {
                // An erasure goes on that was interrupted.
                replicas::erase(parts);
            }
            filing::forgotten(parts, world, session, (result, ticket));
        }
        News::Copied { session, result, ticket } => {
            filing::copied(world, session, result, ticket);
        }
        News::Drafted { result, ticket } => drafts::drafted(world, result, ticket),
        News::Shelved { session, how, result, ticket } => {
            filing::shelved(parts, world, session, how, (result, ticket));
        }
        News::Emptied { session, .. } => {
            world.get_resource_or_init::<SessionCatalog>().remove(session);
            notify(world, SessionPurged { session });
        }
        News::Edited { session, update, result, ticket } => {
            filing::edited(world, session, *update, (result, ticket));
        }
        News::EditedMany { edited, ticket } => edited_many(world, *edited, ticket),
        News::GivenUp { session, cause, left } => {
            cleanup::given_up(parts, world, session, (cause, left));
        }
        News::PlayerExported { path, result, ticket } => {
            players::exported(world, path, result, ticket);
        }
        News::SlotsErased { slots } => {
            world.get_resource_or_init::<SessionCatalog>().remove_slots(&slots);
        }
        News::ConsentErased { profile, erased } => {
            players::consent_erased(world, &profile, &erased);
        }
        News::PlayerErased { player, result, ticket } => {
            replicas::erase(parts);
            players::erased(world, player, result, ticket);
        }
        News::AuditRead { result, ticket } => players::audit_read(world, result, ticket),
        News::CleanedUp { outcome, ticket } => {
            // It has removed what an earlier erasure had left.
            replicas::erase(parts);
            cleanup::cleaned_up(world, *outcome, ticket);
        }
        _ => {}
    }
}

/// Notes the end of the previous process. What was known of it was known before its session was
/// resumed here.
fn note_previous_run(parts: &RuntimeParts, world: &mut World, previous: Option<Box<LastRun>>) {
    let known = world.get_resource::<PreviousRun>().map(|known| known.died_at);
    if let Some(previous) = previous.filter(|previous| known != Some(previous.died_at)) {
        let is_development = parts.start_up.is_development();
        world.insert_resource(PreviousRun::of(*previous, is_development));
    }
}

fn show_timeline(world: &mut World, session: SessionId, timeline: Timeline) {
    let current = world.get_resource_mut::<CurrentSession>();
    if let Some(mut current) = current.filter(|current| current.id() == session) {
        current.timeline = Arc::new(timeline);
    }
}
