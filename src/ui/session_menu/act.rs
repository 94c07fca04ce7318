//! What happens in the menu.

use std::time::Duration;

use bevy::input_focus::InputFocus;
use bevy::prelude::*;
use bevy::ui_widgets::Activate;
use jiff::Timestamp;

use super::state::{Does, Doomed, EntryId, Failure, SessionMenu, UndoTime};
use super::view::{Facts, Listed, MenuView};
use super::{CloseSessionMenu, OpenSessionMenu};
use crate::clock;
use crate::journal::SessionId;
use crate::lifecycle::{
    CorruptionDetected, CurrentSession, RecoveryFailed, Request, RequestRejected, RestoreCancelled,
    Runtime, SessionActivity, SessionCatalog, SessionCommandsExt, SessionRequest, SessionRestored,
    SlotRequest,
};
use crate::session::RestoreFrom;
use crate::ui::SessionTimeline;
use crate::ui::focus::{GoBack, ScrollRows};
use crate::ui::lists::ROW;
use crate::ui::look::Look;
use crate::ui::surface::{Surface, show};
use crate::ui::widgets;

pub(super) fn open_menu(_: On<OpenSessionMenu>, mut menu: ResMut<SessionMenu>) {
    if !menu.is_open {
        *menu = SessionMenu { is_open: true, sort: menu.sort, ..default() };
        menu.wants_focus = Some(Does::Play);
    }
}

pub(super) fn close_menu(
    _: On<CloseSessionMenu>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    close(&mut menu, &mut commands);
}

/// Closes the menu. What was to be deleted is deleted now.
fn close(menu: &mut SessionMenu, commands: &mut Commands) {
    delete_doomed(menu, commands);
    *menu = SessionMenu { sort: menu.sort, ..default() };
}

fn delete_doomed(menu: &mut SessionMenu, commands: &mut Commands) {
    match menu.doomed.take().map(|doomed| doomed.entry) {
        Some(EntryId::Session(session)) => commands.session().forget(session),
        Some(EntryId::Slot(slot)) => commands.session().delete_slot(slot),
        None => {}
    }
}

/// Deletes what was not wanted back.
pub(super) fn count_down(
    time: Res<Time<Real>>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    let Some(doomed) = &mut menu.bypass_change_detection().doomed else { return };
    doomed.left = doomed.left.saturating_sub(time.delta());
    if doomed.left == Duration::ZERO {
        delete_doomed(&mut menu, &mut commands);
    }
}

pub(super) fn session_restored(
    _: On<SessionRestored>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    close(&mut menu, &mut commands);
}

pub(super) fn restore_cancelled(_: On<RestoreCancelled>, mut menu: ResMut<SessionMenu>) {
    menu.loading = None;
}

pub(super) fn request_rejected(rejected: On<RequestRejected>, mut menu: ResMut<SessionMenu>) {
    if !menu.is_open {
        return;
    }
    let was_asked_for = menu.loading.as_ref() == Some(&rejected.request);
    let is_deletion = matches!(
        rejected.request,
        Request::Session(SessionRequest::Forget(_)) | Request::Slot(SlotRequest::Delete(_))
    );
    if was_asked_for || is_deletion {
        menu.fail(Failure::Rejected(rejected.error.clone()));
    }
}

/// What is being loaded turned out to be damaged. No request is rejected then.
pub(super) fn corruption_detected(found: On<CorruptionDetected>, mut menu: ResMut<SessionMenu>) {
    if menu.is_loading(found.session) {
        menu.fail(Failure::Damaged);
    }
}

/// Nothing of what is being loaded can be restored. No request is rejected then.
pub(super) fn recovery_failed(failed: On<RecoveryFailed>, mut menu: ResMut<SessionMenu>) {
    if menu.is_loading(failed.session) {
        menu.fail(Failure::Unrecoverable(failed.error.clone()));
    }
}

/// A button was pressed.
pub(super) fn act(
    activate: On<Activate>,
    buttons: Query<&widgets::Does<Does>>,
    catalog: Res<SessionCatalog>,
    session: Option<Res<CurrentSession>>,
    timeline: Option<ResMut<SessionTimeline>>,
    undo_time: Res<UndoTime>,
    look: Res<Look>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    let Ok(widgets::Does(does)) = buttons.get(activate.entity) else { return };
    let playing = session.as_ref().map(|session| session.id());
    let facts = facts(&catalog, playing, &look, &menu);
    let (listed, shown) = (menu.listed(facts), facts.rows);
    let chosen = listed.iter().find(|entry| Some(entry.id()) == menu.chosen);
    let chosen = chosen.or(listed.first()).copied();
    match does {
        Does::Choose(entry) => {
            let is_chosen = chosen.is_some_and(|chosen| chosen.id() == *entry);
            menu.wants_focus = Some(if is_chosen { Does::Play } else { does.clone() });
            menu.chosen = Some(*entry);
        }
        Does::Play => {
            if let Some(chosen) = chosen {
                play(&mut menu, chosen, &mut commands);
            }
        }
        Does::Delete => {
            let Some(chosen) = chosen else { return };
            let place = listed.iter().position(|entry| entry.id() == chosen.id());
            let next = place.and_then(|place| {
                listed.get(place + 1).or(place.checked_sub(1).and_then(|place| listed.get(place)))
            });
            let next = next.map(|next| next.id());
            let doomed =
                Doomed { entry: chosen.id(), name: chosen.name(&look.words), left: undo_time.0 };
            delete_doomed(&mut menu, &mut commands);
            menu.chosen = next;
            menu.doomed = Some(doomed);
            menu.failure = None;
            menu.wants_focus = Some(Does::Undo);
        }
        Does::Undo => {
            menu.chosen = menu.doomed.take().map(|doomed| doomed.entry);
            menu.wants_focus = menu.chosen.map(Does::Choose);
        }
        Does::Timeline => {
            if let Some((mut timeline, session)) = timeline.zip(session) {
                close(&mut menu, &mut commands);
                timeline.open(session.play_time(), true);
            }
        }
        Does::Close => close(&mut menu, &mut commands),
        Does::Cancel => commands.session().cancel_restore(),
        Does::Sort(sort) => {
            menu.sort = *sort;
            menu.first_row = 0;
        }
        Does::Scroll(rows) => {
            let total = listed.len();
            menu.first_row = moved(menu.first_row, *rows).min(total.saturating_sub(shown));
        }
    }
}

/// Continues, recovers or loads.
fn play(menu: &mut SessionMenu, chosen: Listed, commands: &mut Commands) {
    let request: Request = match chosen {
        Listed::Session(entry) if entry.has_crashed() => {
            SessionRequest::Recover(entry.session.id, RestoreFrom::Latest).into()
        }
        Listed::Session(entry) => SessionRequest::Continue(entry.session.id).into(),
        Listed::Slot(slot) => SlotRequest::Load(slot.id).into(),
        Listed::Unreadable(_) => return,
    };
    commands.session().request(request.clone());
    menu.loading = Some(request);
    menu.failure = None;
}

/// Scrolls the list, with the focus if there is one to take along.
pub(super) fn scroll(
    event: On<ScrollRows>,
    surface: Option<Res<Surface<MenuView>>>,
    catalog: Res<SessionCatalog>,
    session: Option<Res<CurrentSession>>,
    look: Res<Look>,
    buttons: Query<&widgets::Does<Does>>,
    focus: Option<Res<InputFocus>>,
    mut menu: ResMut<SessionMenu>,
) {
    if surface.and_then(|surface| surface.root) != Some(event.entity) {
        return;
    }
    let facts = facts(&catalog, session.map(|session| session.id()), &look, &menu);
    let shown = facts.rows;
    let entries: Vec<EntryId> = menu.listed(facts).into_iter().map(Listed::id).collect();
    let last = entries.len().saturating_sub(shown);
    menu.first_row = moved(menu.first_row.min(last), event.rows).min(last);
    let focused = focus.and_then(|focus| focus.get());
    let focused = focused.and_then(|focused| buttons.get(focused).ok());
    let Some(widgets::Does(Does::Choose(entry))) = focused.filter(|_| event.with_focus) else {
        return;
    };
    let at = entries.iter().position(|other| other == entry).unwrap_or_default();
    let target = moved(at, event.rows).min(entries.len().saturating_sub(1));
    menu.first_row = menu.first_row.clamp(target.saturating_sub(shown.saturating_sub(1)), target);
    menu.wants_focus = entries.get(target).copied().map(Does::Choose);
}

fn moved(place: usize, rows: i32) -> usize {
    place.saturating_add_signed(rows as isize)
}

/// Escape closes the menu, or stops what is being loaded.
pub(super) fn go_back(
    event: On<GoBack>,
    surface: Option<Res<Surface<MenuView>>>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    if surface.and_then(|surface| surface.root) != Some(event.entity) {
        return;
    }
    match menu.loading {
        Some(_) => commands.session().cancel_restore(),
        None => close(&mut menu, &mut commands),
    }
}

/// Brings what is on the screen up to date.
pub(super) fn show_menu(world: &mut World) {
    let is_open = world.resource::<SessionMenu>().is_open;
    let has_root =
        world.get_resource::<Surface<MenuView>>().is_some_and(|surface| surface.root.is_some());
    if !is_open && !has_root {
        return;
    }
    let now = world.get_resource_mut::<Runtime>().and_then(|mut runtime| runtime.wall_clock());
    let now = now.unwrap_or_else(clock::timestamp);
    let wants_focus = world.resource_mut::<SessionMenu>().wants_focus.take();
    let playing = world.get_resource::<CurrentSession>().map(CurrentSession::id);
    let activity = world.get_resource::<SessionActivity>().copied().unwrap_or_default();
    let has_timeline = playing.is_some() && world.contains_resource::<SessionTimeline>();
    let look = world.resource::<Look>();
    let Some(catalog) = world.get_resource::<SessionCatalog>() else { return };
    let menu = world.resource::<SessionMenu>();
    let view =
        menu.view(Facts { now, activity, has_timeline, ..facts(catalog, playing, look, menu) });
    if wants_focus.is_some() {
        world.get_resource_or_init::<Surface<MenuView>>().wants_focus = wants_focus;
    }
    show(world, view);
}

fn facts<'a>(
    catalog: &'a SessionCatalog,
    playing: Option<SessionId>,
    look: &'a Look,
    menu: &SessionMenu,
) -> Facts<'a> {
    let (words, rows) = (&look.words, rows_shown(look, menu));
    let (activity, has_timeline) = (SessionActivity::default(), false);
    let now = Timestamp::UNIX_EPOCH;
    Facts { catalog, playing, words, now, activity, rows, has_timeline }
}

/// How many rows of the list there is room for.
fn rows_shown(look: &Look, menu: &SessionMenu) -> usize {
    let used = if look.is_compact() { 190.0 } else { 320.0 };
    let doomed = if menu.doomed.is_some() { 76.0 } else { 0.0 };
    let failure = if menu.failure.is_some() { 88.0 } else { 0.0 };
    look.rows(ROW, used + doomed + failure)
}
