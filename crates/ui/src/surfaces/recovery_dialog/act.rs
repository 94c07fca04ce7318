//! Actions in the dialog, and answers to them.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy::ui_widgets::Activate;
use bevy_session::external::{
    ExternalOperationFinished, ExternalOutcome, ExternalRequest, OfferedBackup,
};
use bevy_session::presentation::{may_ask_about_crashes, wall_clock};
use bevy_session::recovery::{
    CorruptionDetected, OfferedSession, Proposal, RestoreCancelled, RestoreStalled,
};
use bevy_session::reports::ReportWritten;
use bevy_session::requests::{Request, SessionRequest};
use bevy_session::{
    CurrentSession, PreviousRun, RecoveryAvailable, RecoveryFailed, RecoveryOffer, RecoveryOffers,
    RequestRejected, SessionActivity, SessionCommandsExt, SessionRestored, SessionStarted, Ticket,
    internal,
};
use directories::UserDirs;
use jiff::Timestamp;

use super::OpenRecoveryDialog;
use super::fork::LocalZone;
use super::state::{
    Choice, Does, Failure, LostSession, OfferId, RecoveryDialog, Report, ReportPlace, Stage, id,
    restore_from,
};
use super::view::{DialogView, Facts};
use crate::surfaces::focus::{GoBack, ScrollRows};
use crate::surfaces::lists::ROW;
use crate::surfaces::look::Look;
use crate::surfaces::surface::{Surface, show};
use crate::surfaces::widgets;

/// A crashed session can be had back, and the game lets the player be asked now.
pub(super) fn recovery_available(
    available: On<RecoveryAvailable>,
    mut dialog: ResMut<RecoveryDialog>,
) {
    let session = available.offer.session.id;
    if !dialog.announced.contains(&session) {
        dialog.announced.push(session);
    }
    dialog.ask();
}

/// Notes that nothing of a session can be restored, for the dialog to show.
pub(super) fn recovery_failed(
    failed: On<RecoveryFailed>,
    catalog: Res<bevy_session::SessionCatalog>,
    mut dialog: ResMut<RecoveryDialog>,
) {
    let session = failed.session;
    // One of the game's own backups is loaded in its place.
    let goes_on = failed.ticket.is_none() && dialog.is_restoring(session);
    dialog.announced.retain(|known| *known != session);
    let name = catalog.get(session).map(|entry| entry.session.name.clone());
    let (error, slots) = (failed.error.clone(), failed.slots.clone());
    dialog.lost = Some(LostSession { session, name, error, slots });
    dialog.failure = None;
    // Shown in answer to the player, or, like everything else, where the game lets the player be asked.
    if dialog.is_open() && !goes_on {
        dialog.stage = Some(Stage::Asking);
    }
}

/// The game asks again.
pub(super) fn reopen(
    _: On<OpenRecoveryDialog>,
    offers: Res<RecoveryOffers>,
    mut dialog: ResMut<RecoveryDialog>,
) {
    if dialog.is_open() || offers.is_empty() {
        return;
    }
    dialog.announced = offers.offers().iter().map(|offer| offer.session.id).collect();
    dialog.ask();
}

/// Shows that a request failed.
pub(super) fn request_rejected(
    rejected: On<RequestRejected>,
    offers: Res<RecoveryOffers>,
    mut dialog: ResMut<RecoveryDialog>,
) {
    match &rejected.request {
        Request::Report { path, .. } if dialog.report == Report::Writing(path.clone()) => {
            dialog.report = Report::Failed(rejected.error.clone());
        }
        Request::Session(
            SessionRequest::Recover(session, _)
            | SessionRequest::TakeOption { offered: OfferedSession { session, .. }, .. },
        )
        | Request::External(ExternalRequest::Recover { session, .. })
            if dialog.is_restoring(*session) =>
        {
            let failure = Failure::Rejected(rejected.error.clone());
            dialog.fail(*session, failure, &offers);
        }
        _ if rejected.ticket.is_some() => {
            let is_this = |(ticket, _): &mut (Ticket, OfferId)| rejected.ticket == Some(*ticket);
            let Some((_, of)) = dialog.declining.extract_if(.., is_this).next() else { return };
            let failure = Failure::NotDeclined(rejected.error.clone());
            if let Some(offer) = offers.offers().iter().find(|offer| id(offer) == of) {
                dialog.ask_again(offer, failure, &offers);
            }
        }
        _ => {}
    }
}

/// The game could not load the backup that was chosen.
pub(super) fn backup_not_loaded(
    finished: On<ExternalOperationFinished>,
    offers: Res<RecoveryOffers>,
    mut dialog: ResMut<RecoveryDialog>,
) {
    let operation = &finished.operation;
    let has_failed =
        matches!(operation.outcome, ExternalOutcome::Failed { .. } | ExternalOutcome::TimedOut);
    if has_failed && dialog.is_restoring(operation.session) {
        dialog.fail(operation.session, Failure::NotLoaded, &offers);
    }
}

/// Shows that the chosen save is damaged. No request is rejected then: another offer comes.
pub(super) fn corruption_detected(
    found: On<CorruptionDetected>,
    offers: Res<RecoveryOffers>,
    mut dialog: ResMut<RecoveryDialog>,
) {
    if dialog.is_restoring(found.session) {
        dialog.fail(found.session, Failure::Damaged, &offers);
    }
}

pub(super) fn restore_stalled(_: On<RestoreStalled>, mut dialog: ResMut<RecoveryDialog>) {
    if let Some(Stage::Restoring { stalled }) = &mut dialog.stage {
        *stalled = true;
    }
}

pub(super) fn restore_cancelled(_: On<RestoreCancelled>, mut dialog: ResMut<RecoveryDialog>) {
    if matches!(dialog.stage, Some(Stage::Restoring { .. })) {
        dialog.stage = Some(Stage::Asking);
    }
}

pub(super) fn session_restored(_: On<SessionRestored>, mut dialog: ResMut<RecoveryDialog>) {
    dialog.close();
}

/// A new session begins with the backup of one that is lost.
pub(super) fn session_started(_: On<SessionStarted>, mut dialog: ResMut<RecoveryDialog>) {
    if matches!(dialog.stage, Some(Stage::Restoring { .. })) {
        dialog.close();
    }
}

pub(super) fn report_written(written: On<ReportWritten>, mut dialog: ResMut<RecoveryDialog>) {
    if dialog.report == Report::Writing(written.path.clone()) {
        dialog.report = Report::Written(written.path.clone());
    }
}

/// Keeps what is shown among what is offered, and closes when nothing is left to ask.
pub(super) fn offers_changed(
    offers: Option<Res<RecoveryOffers>>,
    session: Option<Res<CurrentSession>>,
    mut dialog: ResMut<RecoveryDialog>,
) {
    let Some(offers) = offers.filter(|_| dialog.is_open()) else { return };
    let is_restoring = matches!(dialog.stage, Some(Stage::Restoring { .. }));
    let took_option = matches!(dialog.chosen, Choice::Option(_));
    if is_restoring && !took_option {
        return;
    }
    // The game has started something else.
    if session.is_some() {
        return dialog.close();
    }
    if dialog.shown(&offers).is_some() {
        return;
    }
    if is_restoring {
        // What the game does now is its own.
        return dialog.close();
    }
    let next = dialog.asked(&offers).first().copied().cloned();
    match next {
        Some(offer) => {
            let is_same = dialog.offer.is_some_and(|(session, _)| session == offer.session.id);
            dialog.turn_to(&offer, &offers);
            if !is_same {
                dialog.failure = None;
                dialog.stage = Some(Stage::Asking);
            }
        }
        None if dialog.lost.is_some() => {
            dialog.offer = None;
            dialog.stage = Some(Stage::Asking);
        }
        None => dialog.close(),
    }
}

/// A button was pressed.
pub(super) fn answer(
    activate: On<Activate>,
    buttons: Query<&widgets::Does<Does>>,
    offers: Res<RecoveryOffers>,
    place: Res<ReportPlace>,
    mut dialog: ResMut<RecoveryDialog>,
    mut commands: Commands,
) {
    let Ok(widgets::Does(does)) = buttons.get(activate.entity) else { return };
    let offer = dialog.shown(&offers).cloned();
    match does {
        Does::Recover => recover(&mut dialog, offer.as_ref(), &offers, &mut commands),
        Does::StartFresh => {
            if let Some(offer) = offer {
                dialog.declining.push((commands.session().decline(&offer), id(&offer)));
                // The other side of a fork is asked about next.
                if offer.fork.is_none() {
                    dialog.announced.retain(|known| *known != offer.session.id);
                }
                dialog.failure = None;
            } else {
                dialog.lost = None;
            }
            dialog.wants_focus = Some(Does::Recover);
        }
        Does::Details => {
            dialog.stage = Some(Stage::Details);
            dialog.wants_focus = Some(Does::SaveReport);
        }
        Does::Back => {
            dialog.stage = Some(Stage::Asking);
            dialog.wants_focus = Some(Does::Details);
        }
        Does::SaveReport => {
            let path = report_path(&place, offer.as_ref(), internal::timestamp());
            commands
                .session()
                .library()
                .report(bevy_session::reports::Report::of_last_run(), path.clone());
            dialog.report = Report::Writing(path);
            dialog.wants_focus = Some(Does::Back);
        }
        Does::Cancel => {
            commands.session().cancel_restore();
        }
        Does::Choose(choice) => {
            // Who chooses what is chosen already wants to go on.
            dialog.wants_focus =
                Some(if dialog.chosen == *choice { Does::Recover } else { does.clone() });
            dialog.chosen = *choice;
        }
        Does::Scroll(rows) => scroll_by(&mut dialog, &offers, *rows, usize::MAX),
        Does::Turn(forward) => turn(&mut dialog, &offers, *forward),
    }
}

fn recover(
    dialog: &mut RecoveryDialog,
    offer: Option<&RecoveryOffer>,
    offers: &RecoveryOffers,
    commands: &mut Commands,
) {
    if let (Choice::Option(place), Some(offer)) = (dialog.chosen, offer) {
        let Some(option) = offer.options.get(place) else { return };
        commands.session().external().take_option(offer, option.id.clone());
        dialog.stage = Some(Stage::Restoring { stalled: false });
        return;
    }
    let session = offer.map(|offer| offer.session.id);
    let session = session.or(dialog.lost.as_ref().map(|lost| lost.session));
    let is_chosen = |backup: &&OfferedBackup| Choice::Backup(backup.number) == dialog.chosen;
    if let (Some(session), Some(backup)) = (session, offers.backups().iter().find(is_chosen)) {
        commands.session().external().recover(session, &backup.save.slot);
        dialog.stage = Some(Stage::Restoring { stalled: false });
        return;
    }
    let from = restore_from(dialog.chosen, offer);
    if let (Some(session), Some(from)) = (session, from) {
        commands.session().recover(session, from);
        dialog.stage = Some(Stage::Restoring { stalled: false });
    }
}

/// Shows the offer after or before this one.
fn turn(dialog: &mut RecoveryDialog, offers: &RecoveryOffers, forward: bool) {
    let asked = dialog.asked(offers);
    let place = asked.iter().position(|offer| Some(id(offer)) == dialog.offer).unwrap_or_default();
    let count = asked.len().max(1);
    let step = if forward { 1 } else { count - 1 };
    let next = asked.get((place + step) % count).copied().cloned();
    if let Some(next) = next {
        dialog.turn_to(&next, offers);
        dialog.failure = None;
    }
}

/// Scrolls the list, with the focus if there is one to take along.
pub(super) fn scroll(
    event: On<ScrollRows>,
    surface: Option<Res<Surface<DialogView>>>,
    offers: Res<RecoveryOffers>,
    look: Res<Look>,
    buttons: Query<&widgets::Does<Does>>,
    focus: Option<Res<bevy::input_focus::InputFocus>>,
    mut dialog: ResMut<RecoveryDialog>,
) {
    if surface.and_then(|surface| surface.root) != Some(event.entity) {
        return;
    }
    let shown = rows_shown(&look, &dialog, &offers);
    scroll_by(&mut dialog, &offers, event.rows, shown);
    if !event.with_focus {
        return;
    }
    let focused = focus.and_then(|focus| focus.get());
    let focused = focused.and_then(|focused| buttons.get(focused).ok());
    let Some(widgets::Does(Does::Choose(choice))) = focused else { return };
    let count = dialog.row_count(&offers);
    let at = (0..count).find(|row| dialog.choice_at(&offers, *row) == Some(*choice));
    let target = moved(at.unwrap_or_default(), event.rows).min(count.saturating_sub(1));
    // The nearest row in that direction that can be chosen.
    let ahead: Vec<usize> = match event.rows > 0 {
        true => (target..count).collect(),
        false => (0..=target).rev().collect(),
    };
    let found = ahead.into_iter().find_map(|row| {
        let choice = dialog.choice_at(&offers, row)?;
        Some((row, choice))
    });
    if let Some((row, choice)) = found {
        let last = row.saturating_sub(shown.saturating_sub(1));
        dialog.first_row = dialog.first_row.clamp(last.min(row), row);
        dialog.wants_focus = Some(Does::Choose(choice));
    }
}

fn scroll_by(dialog: &mut RecoveryDialog, offers: &RecoveryOffers, rows: i32, shown: usize) {
    let last = dialog.row_count(offers).saturating_sub(shown.min(dialog.row_count(offers)).max(1));
    dialog.first_row = moved(dialog.first_row.min(last), rows).min(last);
}

fn moved(place: usize, rows: i32) -> usize {
    place.saturating_add_signed(rows as isize)
}

/// Escape: back from the details, out of a restore, or out of the dialog without an answer.
pub(super) fn go_back(
    event: On<GoBack>,
    surface: Option<Res<Surface<DialogView>>>,
    mut dialog: ResMut<RecoveryDialog>,
    mut commands: Commands,
) {
    if surface.and_then(|surface| surface.root) != Some(event.entity) {
        return;
    }
    match dialog.stage {
        Some(Stage::Details) => {
            dialog.stage = Some(Stage::Asking);
            dialog.wants_focus = Some(Does::Details);
        }
        Some(Stage::Restoring { .. }) => {
            commands.session().cancel_restore();
        }
        Some(Stage::Asking) => dialog.close(),
        None => {}
    }
}

/// Brings what is on the screen up to date.
pub(super) fn show_dialog(world: &mut World) {
    let dialog = world.resource::<RecoveryDialog>();
    if dialog.lost.is_some() && !dialog.is_open() && may_ask_about_crashes(world) {
        world.resource_mut::<RecoveryDialog>().ask();
    }
    let is_open = world.resource::<RecoveryDialog>().is_open();
    let has_root =
        world.get_resource::<Surface<DialogView>>().is_some_and(|surface| surface.root.is_some());
    if !is_open && !has_root {
        return;
    }
    let now = wall_clock(world);
    let activity = world.get_resource::<SessionActivity>().copied().unwrap_or_default();
    let wants_focus = world.resource_mut::<RecoveryDialog>().wants_focus.take();
    let look = world.resource::<Look>();
    let none = RecoveryOffers::default();
    let offers = world.get_resource::<RecoveryOffers>().unwrap_or(&none);
    let dialog = world.resource::<RecoveryDialog>();
    let (words, is_compact) = (&look.words, look.is_compact());
    let (rows, zone) = (rows_shown(look, dialog, offers), world.resource::<LocalZone>());
    let previous = world.get_resource::<PreviousRun>();
    let facts = Facts { offers, previous, words, now, zone, activity, is_compact, rows };
    let view = dialog.view(facts);
    if wants_focus.is_some() {
        world.get_resource_or_init::<Surface<DialogView>>().wants_focus = wants_focus;
    }
    show(world, view);
}

/// The number of rows of the list that fit.
fn rows_shown(look: &Look, dialog: &RecoveryDialog, offers: &RecoveryOffers) -> usize {
    let has_advice = dialog.shown(offers).is_none_or(|offer| offer.proposed != Proposal::Newest);
    let has_notice = dialog.failure.is_some() || has_advice;
    let used = match (look.is_compact(), has_notice) {
        (true, false) => 292.0,
        (true, true) => 320.0,
        (false, false) => 424.0,
        (false, true) => 512.0,
    };
    let forked = dialog.shown(offers).is_some_and(|offer| offer.fork.is_some());
    look.rows(ROW, used + if forked { 48.0 } else { 0.0 })
}

/// Where a report goes: into the game's own place for them, the player's documents, or, where the
/// platform knows neither, beside the session.
#[expect(clippy::disallowed_methods, reason = "the player's documents are no part of the store")]
fn report_path(place: &ReportPlace, offer: Option<&RecoveryOffer>, now: Timestamp) -> PathBuf {
    let documents = || {
        let user = UserDirs::new()?;
        let documents = user.document_dir().filter(|documents| documents.is_dir());
        Some(documents.unwrap_or(user.home_dir()).to_owned())
    };
    let beside = || offer.map(|offer| offer.directory.clone()).unwrap_or_default();
    let directory = place.0.clone().or_else(documents).unwrap_or_else(beside);
    directory.join(format!("crash-report-{}.tar", now.strftime("%Y-%m-%d-%H%M%S")))
}
