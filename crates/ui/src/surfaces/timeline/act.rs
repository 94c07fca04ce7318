//! Actions of the player in the timeline, and answers to them.

use bevy::input_focus::InputFocus;
use bevy::prelude::*;
use bevy::ui_widgets::Activate;
use bevy_session::presentation::wall_clock;
use bevy_session::recovery::{CorruptionDetected, RestoreCancelled};
use bevy_session::requests::{CurrentRequest, Request};
use bevy_session::{
    CurrentSession, RecoveryFailed, RequestRejected, RewindTo, SessionActivity, SessionCommandsExt,
    SessionRestored,
};
use jiff::Timestamp;

use super::rows::RowFacts;
use super::state::{Does, Failure, SessionTimeline};
use super::view::{Facts, TimelineView, first_choice};
use super::{CloseSessionTimeline, OpenSessionTimeline};
use crate::surfaces::OpenSessionMenu;
use crate::surfaces::asking::asked_by;
use crate::surfaces::focus::{GoBack, ScrollRows};
use crate::surfaces::lists::ROW;
use crate::surfaces::look::Look;
use crate::surfaces::surface::{Surface, show};
use crate::surfaces::widgets;

pub(super) fn open_timeline(
    open: On<OpenSessionTimeline>,
    session: Option<Res<CurrentSession>>,
    mut timeline: ResMut<SessionTimeline>,
) {
    if let Some(session) = session {
        timeline.open(session.play_time(), open.by.clone(), false);
    }
}

pub(super) fn close_timeline(_: On<CloseSessionTimeline>, mut timeline: ResMut<SessionTimeline>) {
    timeline.close();
}

pub(super) fn session_restored(_: On<SessionRestored>, mut timeline: ResMut<SessionTimeline>) {
    timeline.close();
}

pub(super) fn restore_cancelled(_: On<RestoreCancelled>, mut timeline: ResMut<SessionTimeline>) {
    timeline.asked = None;
}

pub(super) fn request_rejected(
    rejected: On<RequestRejected>,
    mut timeline: ResMut<SessionTimeline>,
) {
    let Request::Current(request) = &rejected.request else { return };
    if timeline.asked.as_ref() == Some(request) {
        timeline.fail(Failure::Rejected(rejected.error.clone()));
    }
}

/// The checkpoint turned out to be damaged. No request is rejected then.
pub(super) fn corruption_detected(
    found: On<CorruptionDetected>,
    session: Option<Res<CurrentSession>>,
    mut timeline: ResMut<SessionTimeline>,
) {
    let is_it = session.is_some_and(|session| session.id() == found.session);
    if is_it && timeline.is_going_to_checkpoint() {
        timeline.fail(Failure::Damaged);
    }
}

/// Shows that nothing can be restored. No request is rejected then.
pub(super) fn recovery_failed(
    failed: On<RecoveryFailed>,
    session: Option<Res<CurrentSession>>,
    mut timeline: ResMut<SessionTimeline>,
) {
    let is_it = session.is_some_and(|session| session.id() == failed.session);
    if is_it && timeline.asked.is_some() {
        timeline.fail(Failure::Unrecoverable(failed.error.clone()));
    }
}

/// A button was pressed.
pub(super) fn act(
    activate: On<Activate>,
    buttons: Query<&widgets::Does<Does>>,
    session: Option<Res<CurrentSession>>,
    look: Res<Look>,
    mut timeline: ResMut<SessionTimeline>,
    mut commands: Commands,
) {
    let Ok(widgets::Does(does)) = buttons.get(activate.entity) else { return };
    match does {
        Does::Choose(checkpoint) => {
            let is_chosen = timeline.chosen == Some(*checkpoint);
            timeline.wants_focus = Some(if is_chosen { Does::GoBack } else { does.clone() });
            timeline.chosen = Some(*checkpoint);
        }
        Does::GoBack => {
            if let Some(chosen) = timeline.chosen {
                let to = RewindTo::Checkpoint(chosen);
                ask(&mut timeline, CurrentRequest::Rewind(to), &mut commands);
            }
        }
        Does::UndoRewind => {
            ask(&mut timeline, CurrentRequest::Rewind(RewindTo::BeforeRewind), &mut commands);
        }
        Does::UndoLoad => {
            ask(&mut timeline, CurrentRequest::Rewind(RewindTo::BeforeLoad), &mut commands);
        }
        Does::Close => leave(&mut timeline, &mut commands),
        Does::Cancel => {
            commands.session().cancel_restore();
        }
        Does::Scroll(rows) => {
            let Some(session) = session else { return };
            let total = SessionTimeline::listed(row_facts(&session, &timeline, &look)).len();
            let last = total.saturating_sub(rows_shown(&look, &timeline));
            timeline.first_row = moved(timeline.first_row, *rows).min(last);
        }
    }
}

fn ask(timeline: &mut SessionTimeline, request: CurrentRequest, commands: &mut Commands) {
    asked_by(commands.session(), &timeline.by).request(request.clone());
    timeline.asked = Some(request);
    timeline.failure = None;
}

/// Closes the timeline, and leads back to where it was opened.
fn leave(timeline: &mut SessionTimeline, commands: &mut Commands) {
    if timeline.is_from_menu {
        commands.trigger(OpenSessionMenu { by: timeline.by.take() });
    }
    timeline.close();
}

/// Scrolls the list, with the focus if there is one to take along.
pub(super) fn scroll(
    event: On<ScrollRows>,
    surface: Option<Res<Surface<TimelineView>>>,
    session: Option<Res<CurrentSession>>,
    look: Res<Look>,
    buttons: Query<&widgets::Does<Does>>,
    focus: Option<Res<InputFocus>>,
    mut timeline: ResMut<SessionTimeline>,
) {
    if surface.and_then(|surface| surface.root) != Some(event.entity) {
        return;
    }
    let Some(session) = session else { return };
    let shown = rows_shown(&look, &timeline);
    let listed = SessionTimeline::listed(row_facts(&session, &timeline, &look));
    let last = listed.len().saturating_sub(shown);
    timeline.first_row = moved(timeline.first_row.min(last), event.rows).min(last);
    let focused = focus.and_then(|focus| focus.get());
    let focused = focused.and_then(|focused| buttons.get(focused).ok());
    let Some(widgets::Does(Does::Choose(row))) = focused.filter(|_| event.with_focus) else {
        return;
    };
    let at = listed.iter().position(|other| other == row).unwrap_or_default();
    let target = moved(at, event.rows).min(listed.len().saturating_sub(1));
    let highest = target.saturating_sub(shown.saturating_sub(1));
    timeline.first_row = timeline.first_row.clamp(highest, target);
    timeline.wants_focus = listed.get(target).copied().map(Does::Choose);
}

fn moved(place: usize, rows: i32) -> usize {
    place.saturating_add_signed(rows as isize)
}

/// Escape closes the timeline, or stops what is being restored.
pub(super) fn go_back(
    event: On<GoBack>,
    surface: Option<Res<Surface<TimelineView>>>,
    mut timeline: ResMut<SessionTimeline>,
    mut commands: Commands,
) {
    if surface.and_then(|surface| surface.root) != Some(event.entity) {
        return;
    }
    match timeline.asked {
        Some(_) => {
            commands.session().cancel_restore();
        }
        None => leave(&mut timeline, &mut commands),
    }
}

/// Brings what is on the screen up to date.
pub(super) fn show_timeline(world: &mut World) {
    let has_root =
        world.get_resource::<Surface<TimelineView>>().is_some_and(|surface| surface.root.is_some());
    if !world.resource::<SessionTimeline>().is_open && !has_root {
        return;
    }
    let now = wall_clock(world);
    let Some(session) = world.get_resource::<CurrentSession>() else {
        world.resource_mut::<SessionTimeline>().close();
        return show::<TimelineView>(world, None);
    };
    let first = first_choice(session.timeline());
    let mut timeline = world.resource_mut::<SessionTimeline>();
    if timeline.is_open && timeline.chosen.is_none() {
        timeline.chosen = first;
    }
    let wants_focus = timeline.wants_focus.take();
    let activity = world.get_resource::<SessionActivity>().copied().unwrap_or_default();
    let (look, timeline) = (world.resource::<Look>(), world.resource::<SessionTimeline>());
    let Some(session) = world.get_resource::<CurrentSession>() else { return };
    let rows = RowFacts { now, ..row_facts(session, timeline, look) };
    let room = rows_shown(look, timeline);
    let view = timeline.view(Facts { rows, activity, room });
    if wants_focus.is_some() {
        world.get_resource_or_init::<Surface<TimelineView>>().wants_focus = wants_focus;
    }
    show(world, view);
}

fn row_facts<'a>(
    session: &'a CurrentSession,
    timeline: &SessionTimeline,
    look: &'a Look,
) -> RowFacts<'a> {
    let played = session.timeline();
    let newest = played.lines.first().and_then(|line| played.get(line.end));
    let newest = newest.map(|checkpoint| checkpoint.play_time).unwrap_or_default();
    RowFacts {
        session: session.id(),
        timeline: played,
        // Play time goes on while the timeline is open, and so do checkpoints.
        play_time: newest.max(timeline.opened_at),
        words: &look.words,
        now: Timestamp::UNIX_EPOCH,
    }
}

/// The number of rows of the list that fit.
fn rows_shown(look: &Look, timeline: &SessionTimeline) -> usize {
    let used = if look.is_compact() { 190.0 } else { 288.0 };
    let failure = if timeline.failure.is_some() { 88.0 } else { 0.0 };
    look.rows(ROW, used + failure)
}
