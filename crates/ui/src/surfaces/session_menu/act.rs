//! Actions of the player in the menu.

use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::input_focus::InputFocus;
use bevy::prelude::*;
use bevy::text::{EditableText, TextEditChange};
use bevy::ui_widgets::Activate;
use bevy_session::slots::SlotRequest;
use bevy_session::{CurrentSession, SessionCommandsExt};

use super::chosen::leave_form;
use super::facts::{KnownFacts, rows_shown};
use super::form::Form;
use super::grouped::{Line, last_first, shown_from};
use super::starting::ask_for_new;
use super::state::{Does, EntryId, SessionMenu, UndoTime};
use super::view::MenuView;
use super::{CloseSessionMenu, OpenSessionMenu};
use crate::surfaces::SessionTimeline;
use crate::surfaces::field::typed;
use crate::surfaces::focus::{GoBack, ScrollRows};
use crate::surfaces::surface::Surface;
use crate::surfaces::widgets;

pub(super) fn open_menu(open: On<OpenSessionMenu>, mut menu: ResMut<SessionMenu>) {
    if !menu.is_open {
        menu.reset(true);
        menu.by.clone_from(&open.by);
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

/// Closes the menu. A slot that was to be deleted is deleted now.
pub(super) fn close(menu: &mut SessionMenu, commands: &mut Commands) {
    end_toast(menu, commands);
    menu.reset(false);
}

/// Ends the time in which the last action can be undone.
pub(super) fn end_toast(menu: &mut SessionMenu, commands: &mut Commands) {
    if let Some(slot) = menu.doomed() {
        menu.ask(SlotRequest::Delete(slot), commands);
    }
    menu.toast = None;
}

/// Counts down the time for which a toast can be read, and the action undone.
pub(super) fn count_down(
    time: Res<Time<Real>>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    let Some(toast) = &mut menu.bypass_change_detection().toast else { return };
    toast.left = toast.left.saturating_sub(time.delta());
    if toast.left == Duration::ZERO {
        end_toast(&mut menu, &mut commands);
    }
}

/// The system parameters that pressing a button may need.
#[derive(SystemParam)]
pub(super) struct Acting<'w, 's> {
    pub known: KnownFacts<'w>,
    session: Option<Res<'w, CurrentSession>>,
    timeline: Option<ResMut<'w, SessionTimeline>>,
    pub undo_time: Res<'w, UndoTime>,
    pub commands: Commands<'w, 's>,
}

/// A button was pressed, or Enter in a field.
pub(super) fn act(
    activate: On<Activate>,
    buttons: Query<&widgets::Does<Does>>,
    mut menu: ResMut<SessionMenu>,
    mut acting: Acting,
) {
    let Ok(widgets::Does(does)) = buttons.get(activate.entity) else { return };
    match does {
        Does::Choose(entry, copy) => acting.choose(&mut menu, *entry, *copy),
        Does::Search => acting.choose_first(&mut menu),
        Does::ClearSearch => list_all(&mut menu),
        Does::Tag(tag) => toggle_tag(&mut menu, tag),
        Does::ChooseGroups => {
            menu.form = Some(Form::Groups { now: menu.grouping });
            menu.wants_focus = Some(Does::Group(menu.grouping));
        }
        Does::Group(by) => {
            menu.grouping = *by;
            menu.first_line = 0;
            leave_form(&mut menu);
        }
        Does::Show(tab) => {
            menu.tab = *tab;
            menu.failure = None;
            menu.list_again();
        }
        Does::Sort(sort) => {
            menu.sort = *sort;
            menu.first_line = 0;
        }
        Does::Scroll(rows) => acting.scroll(&mut menu, *rows),
        Does::More => menu.shows_more = !menu.shows_more,
        Does::Undo => acting.undo(&mut menu),
        Does::New => ask_for_new(&mut menu),
        Does::Scenario(forward) => acting.step_scenario(&mut menu, *forward),
        Does::NewName | Does::Confirm => acting.confirm(&mut menu),
        Does::Back => leave_form(&mut menu),
        Does::Cancel => {
            acting.commands.session().cancel_restore();
        }
        Does::Close => close(&mut menu, &mut acting.commands),
        Does::Timeline => acting.open_timeline(&mut menu),
        _ => acting.act_on_chosen(&mut menu, does),
    }
}

impl Acting<'_, '_> {
    fn choose(&mut self, menu: &mut SessionMenu, entry: EntryId, copy: usize) {
        let facts = self.known.facts();
        let chosen = menu.chosen_of(&menu.entries(facts.catalog), facts);
        let is_chosen = chosen.is_some_and(|chosen| chosen.id() == entry);
        menu.wants_focus = Some(if is_chosen { Does::Play } else { Does::Choose(entry, copy) });
        menu.chosen = Some(entry);
    }

    /// Moves the focus from the search field to the first entry that was found.
    fn choose_first(&mut self, menu: &mut SessionMenu) {
        let facts = self.known.facts();
        if let Some(first) = menu.entries(facts.catalog).first() {
            menu.chosen = Some(*first);
            menu.shows_more = false;
            menu.wants_focus = Some(Does::Play);
        }
    }

    fn scroll(&mut self, menu: &mut SessionMenu, rows: i32) {
        let facts = self.known.facts();
        let last = last_first(&menu.lines(facts.catalog), facts.rows);
        menu.first_line = moved(menu.first_line, rows).min(last);
    }

    fn open_timeline(&mut self, menu: &mut SessionMenu) {
        let Some(play_time) = self.session.as_ref().map(|session| session.play_time()) else {
            return;
        };
        if let Some(timeline) = &mut self.timeline {
            let by = menu.by.clone();
            close(menu, &mut self.commands);
            timeline.open(play_time, by, true);
        }
    }
}

/// Shows what is found by this.
fn search_for(menu: &mut SessionMenu, search: String) {
    if menu.search != search {
        menu.search = search;
        menu.list_again();
    }
}

/// Shows everything again.
fn list_all(menu: &mut SessionMenu) {
    menu.search.clear();
    menu.tags.clear();
    menu.list_again();
}

/// Shows only what has this tag too, or no longer.
fn toggle_tag(menu: &mut SessionMenu, tag: &str) {
    match menu.tags.iter().position(|chosen| chosen == tag) {
        Some(place) => _ = menu.tags.remove(place),
        None => menu.tags.push(tag.to_owned()),
    }
    menu.list_again();
}

/// Follows what is typed.
pub(super) fn follow_typing(
    change: On<TextEditChange>,
    fields: Query<(&EditableText, &widgets::Does<Does>)>,
    mut menu: ResMut<SessionMenu>,
) {
    let Ok((text, widgets::Does(does))) = fields.get(change.event_target()) else { return };
    match does {
        Does::Search => search_for(&mut menu, typed(text)),
        Does::NewName => {
            if let Some(name) = menu.form.as_mut().and_then(Form::name) {
                *name = typed(text);
            }
        }
        _ => {}
    }
}

/// Scrolls the list, with the focus if there is one to take along.
pub(super) fn scroll(
    event: On<ScrollRows>,
    surface: Option<Res<Surface<MenuView>>>,
    known: KnownFacts,
    buttons: Query<&widgets::Does<Does>>,
    focus: Option<Res<InputFocus>>,
    mut menu: ResMut<SessionMenu>,
) {
    if surface.and_then(|surface| surface.root) != Some(event.entity) {
        return;
    }
    let shown = rows_shown(&known.look);
    let lines = menu.lines(&known.catalog);
    let last = last_first(&lines, shown);
    let focused = focus.and_then(|focus| focus.get());
    let focused = focused.and_then(|focused| buttons.get(focused).ok());
    let Some(widgets::Does(Does::Choose(entry, copy))) = focused.filter(|_| event.with_focus)
    else {
        menu.first_line = moved(menu.first_line.min(last), event.rows).min(last);
        return;
    };
    let row = Line::Row { entry: *entry, copy: *copy };
    let rows: Vec<usize> = (0..lines.len())
        .filter(|at| lines.get(*at).is_some_and(|it| it.entry().is_some()))
        .collect();
    let at = rows.iter().position(|at| lines.get(*at) == Some(&row)).unwrap_or_default();
    let Some(target) = rows.get(moved(at, event.rows).min(rows.len().saturating_sub(1))) else {
        return;
    };
    menu.first_line = first_to_show(&lines, *target, menu.first_line.min(last), shown);
    if let Some(Line::Row { entry, copy }) = lines.get(*target) {
        menu.wants_focus = Some(Does::Choose(*entry, *copy));
    }
}

/// The first line of a list that is scrolled just so far that this one is shown, with a heading right above it.
fn first_to_show(lines: &[Line], target: usize, first: usize, rows: usize) -> usize {
    let above = target
        .checked_sub(1)
        .filter(|above| lines.get(*above).is_some_and(|line| line.entry().is_none()));
    let mut first = first.min(above.unwrap_or(target));
    while first < target && first + shown_from(lines, first, rows) <= target {
        first += 1;
    }
    first
}

fn moved(place: usize, rows: i32) -> usize {
    place.saturating_add_signed(rows as isize)
}

/// Escape stops what is being loaded, leaves a form, clears the search, and then closes the menu.
pub(super) fn go_back(
    event: On<GoBack>,
    surface: Option<Res<Surface<MenuView>>>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    if surface.and_then(|surface| surface.root) != Some(event.entity) {
        return;
    }
    if menu.loading.is_some() {
        commands.session().cancel_restore();
    } else if menu.form.is_some() {
        leave_form(&mut menu);
    } else if menu.is_narrowed() || !menu.search.is_empty() {
        list_all(&mut menu);
    } else if menu.shows_more {
        menu.shows_more = false;
    } else {
        close(&mut menu, &mut commands);
    }
}
