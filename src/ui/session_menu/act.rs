//! What the player does in the menu.

use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::input_focus::InputFocus;
use bevy::prelude::*;
use bevy::text::{EditableText, TextEditChange};
use bevy::ui_widgets::Activate;

use super::chosen::leave_form;
use super::facts::{KnownFacts, rows_shown};
use super::form::Form;
use super::state::{Does, EntryId, SessionMenu, UndoTime};
use super::view::MenuView;
use super::{CloseSessionMenu, OpenSessionMenu};
use crate::lifecycle::{CurrentSession, SessionCommandsExt};
use crate::ui::SessionTimeline;
use crate::ui::field::typed;
use crate::ui::focus::{GoBack, ScrollRows};
use crate::ui::surface::Surface;
use crate::ui::widgets;

pub(super) fn open_menu(_: On<OpenSessionMenu>, mut menu: ResMut<SessionMenu>) {
    if !menu.is_open {
        menu.reset(true);
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

/// Nothing can be undone any more.
pub(super) fn end_toast(menu: &mut SessionMenu, commands: &mut Commands) {
    if let Some(slot) = menu.doomed() {
        commands.session().delete_slot(slot);
    }
    menu.toast = None;
}

/// Lets what was done be read, and undone, for a while.
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

/// What pressing a button may need.
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
        Does::Choose(entry) => acting.choose(&mut menu, *entry),
        Does::Search => acting.choose_first(&mut menu),
        Does::ClearSearch => search_for(&mut menu, String::new()),
        Does::Show(tab) => {
            menu.tab = *tab;
            menu.failure = None;
            menu.list_again();
        }
        Does::Sort(sort) => {
            menu.sort = *sort;
            menu.first_row = 0;
        }
        Does::Scroll(rows) => acting.scroll(&mut menu, *rows),
        Does::More => menu.shows_more = !menu.shows_more,
        Does::Undo => acting.undo(&mut menu),
        Does::NewName | Does::Confirm => acting.confirm(&mut menu),
        Does::Back => leave_form(&mut menu),
        Does::Cancel => acting.commands.session().cancel_restore(),
        Does::Close => close(&mut menu, &mut acting.commands),
        Does::Timeline => acting.open_timeline(&mut menu),
        _ => acting.act_on_chosen(&mut menu, does),
    }
}

impl Acting<'_, '_> {
    fn choose(&mut self, menu: &mut SessionMenu, entry: EntryId) {
        let facts = self.known.facts();
        let chosen = menu.chosen_of(&menu.entries(facts.catalog), facts);
        let is_chosen = chosen.is_some_and(|chosen| chosen.id() == entry);
        menu.wants_focus = Some(if is_chosen { Does::Play } else { Does::Choose(entry) });
        menu.chosen = Some(entry);
    }

    /// From the search field to what it found first.
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
        let last = menu.entries(facts.catalog).len().saturating_sub(facts.rows);
        menu.first_row = moved(menu.first_row, rows).min(last);
    }

    fn open_timeline(&mut self, menu: &mut SessionMenu) {
        let Some(play_time) = self.session.as_ref().map(|session| session.play_time()) else {
            return;
        };
        if let Some(timeline) = &mut self.timeline {
            close(menu, &mut self.commands);
            timeline.open(play_time, true);
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
            if let Some(Form::Rename { name, .. }) = &mut menu.form {
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
    let entries = menu.entries(&known.catalog);
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
    } else if !menu.search.is_empty() {
        search_for(&mut menu, String::new());
    } else if menu.shows_more {
        menu.shows_more = false;
    } else {
        close(&mut menu, &mut commands);
    }
}
