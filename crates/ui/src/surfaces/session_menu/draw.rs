//! The menu as a tree.

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;
use bevy_session::attachments::AttachmentOf;

use super::facts::height_of_list;
use super::form::{FormView, ScenarioView};
use super::state::Does;
use super::view::{Body, Chip, MenuLine, MenuRow, MenuView, Status};
use crate::surfaces::focus::{EdgeRow, WheelList};
use crate::surfaces::lists::ROW;
use crate::surfaces::look::{Look, TextSize};
use crate::surfaces::parts::Entry;
use crate::surfaces::pictures::Pictures;
use crate::surfaces::surface::View;
use crate::surfaces::widgets::{self, ButtonKind, Ink, button_node};

/// The width of the dialog, in pixels of the design.
pub(super) const WIDTH: f32 = 1000.0;
/// The width of what is beside the list.
const SIDE: f32 = 216.0;

/// The height of the buttons for what can be done with a session, and the gap between them: five of them have to fit
/// into the smallest window.
fn size_of_actions(look: &Look) -> (f32, f32) {
    if look.is_compact() { (36.0, 4.0) } else { (44.0, 8.0) }
}

impl View for MenuView {
    type Action = Does;
    const IS_MODAL: bool = true;
    const LAYER: i32 = 20;

    fn first_focus(&self) -> Option<Does> {
        if let Body::Form(FormView { field: Some(_), .. }) = &self.body {
            return Some(Does::NewName);
        }
        let primary = self.buttons.iter().find(|(_, _, is_primary)| *is_primary);
        primary.or(self.buttons.last()).map(|(does, _, _)| does.clone())
    }

    fn pictures(&self) -> Vec<AttachmentOf> {
        let lines = match &self.body {
            Body::List { lines, .. } => lines.as_slice(),
            _ => &[],
        };
        let picture = |line: &MenuLine| match line {
            MenuLine::Heading(..) => None,
            MenuLine::Row(row) => row.picture,
        };
        lines.iter().filter_map(picture).chain(self.picture).collect()
    }

    fn draw(&self, look: &Look, pictures: &Pictures, root: &mut ChildSpawner) {
        look.dialog(root, WIDTH, |dialog| {
            self.draw_head(look, dialog);
            if self.shows_more {
                let body = Node { row_gap: look.px(4.0), ..look.body() };
                dialog.spawn(body).with_children(|body| {
                    body.spawn(look.row(12.0)).with_children(|line| {
                        self.draw_search(look, line);
                        self.draw_chips(look, line);
                    });
                    body.spawn(spread(look)).with_children(|line| {
                        self.draw_choice(look, line, &self.sorts);
                        self.draw_groups(look, line);
                    });
                    self.draw_actions(look, body);
                });
            } else {
                self.draw_middle(look, pictures, dialog);
            }
            self.draw_foot(look, dialog);
        });
    }
}

impl MenuView {
    fn draw_head(&self, look: &Look, parent: &mut ChildSpawner) {
        let head =
            Node { flex_shrink: 0.0, ..look.column(if look.is_compact() { 8.0 } else { 12.0 }) };
        parent.spawn(head).with_children(|head| {
            let has_list = !self.tabs.is_empty();
            if !look.is_compact() || !has_list {
                head.spawn(spread(look)).with_children(|line| {
                    line.spawn(look.text(&self.title, look.title(), Ink::Text));
                    let frame = Node { width: look.px(380.0), ..look.row(0.0) };
                    line.spawn(frame).with_children(|frame| self.draw_search(look, frame));
                });
            }
            if !has_list {
                return;
            }
            head.spawn(spread(look)).with_children(|line| {
                self.draw_choice(look, line, &self.tabs);
                if look.is_tiny() {
                    if let Some(label) = &self.new {
                        look.button(line, ButtonKind::Secondary, label, widgets::Does(Does::New));
                    }
                    return;
                }
                line.spawn(look.row(12.0)).with_children(|sorts| {
                    if !look.is_compact() {
                        sorts.spawn(look.line(&self.sort_by, TextSize::Small, Ink::Muted));
                    }
                    self.draw_choice(look, sorts, &self.sorts);
                });
            });
            if look.is_tiny() {
                return;
            }
            if look.is_compact() {
                head.spawn(look.row(0.0)).with_children(|line| self.draw_search(look, line));
            }
            head.spawn(look.row(16.0)).with_children(|line| {
                // On the left, where the way up and down between list and tabs leads past it.
                self.draw_groups(look, line);
                self.draw_chips(look, line);
            });
        });
    }

    /// Tags. One that is pressed narrows the list, and widens it when it is pressed again.
    fn draw_chips(&self, look: &Look, parent: &mut ChildSpawner) {
        let line = Node { flex_shrink: 0.0, ..look.row(8.0) };
        parent.spawn(line).with_children(|line| {
            for chip in &self.chips {
                draw_chip(look, chip, line);
            }
        });
    }

    fn draw_groups(&self, look: &Look, parent: &mut ChildSpawner) {
        let does = widgets::Does(Does::ChooseGroups);
        look.button_of_height(parent, 36.0, ButtonKind::Secondary, &self.groups, does);
    }

    fn draw_search(&self, look: &Look, parent: &mut ChildSpawner) {
        if let Some(search) = &self.search {
            look.field(parent, search, widgets::Does(Does::Search));
        }
    }

    /// Buttons of which one is chosen.
    fn draw_choice(&self, look: &Look, parent: &mut ChildSpawner, all: &[(Does, String, bool)]) {
        parent.spawn(look.row(4.0)).with_children(|line| {
            for (does, label, is_chosen) in all {
                let kind = match is_chosen {
                    true => ButtonKind::Row { chosen: true },
                    false => ButtonKind::Quiet,
                };
                look.button(line, kind, label, widgets::Does(does.clone()));
            }
        });
    }

    fn draw_middle(&self, look: &Look, pictures: &Pictures, dialog: &mut ChildSpawner) {
        let line = Node {
            align_items: AlignItems::Stretch,
            column_gap: look.px(20.0),
            flex_direction: FlexDirection::Row,
            // However many rows there are: the search field stays where it is while one types.
            height: if self.tabs.is_empty() { Val::Auto } else { look.px(height_of_list(look)) },
            ..look.body()
        };
        dialog.spawn((line, WheelList)).with_children(|line| {
            let main = Node { flex_grow: 1.0, flex_basis: Val::ZERO, ..look.column(16.0) };
            line.spawn(main).with_children(|main| self.draw_body(look, pictures, main));
            if !self.actions.is_empty() && !look.is_tiny() {
                self.draw_side(look, pictures, line);
            }
        });
    }

    fn draw_body(&self, look: &Look, pictures: &Pictures, main: &mut ChildSpawner) {
        match &self.body {
            Body::List { lines, first, total } => {
                let shown = *first..*first + lines.len();
                let ends = (*first > 0, shown.end < *total);
                look.list(main, shown, *total, Does::Scroll, |list| {
                    draw_lines(look, pictures, lines, ends, list);
                });
            }
            Body::Nothing { text, button } => {
                main.spawn(look.text(text, TextSize::Body, Ink::Muted));
                if let Some((does, label)) = button {
                    main.spawn(look.row(0.0)).with_children(|line| {
                        let does = widgets::Does(does.clone());
                        look.button(line, ButtonKind::Secondary, label, does);
                    });
                }
            }
            Body::Progress { share, text } => {
                main.spawn(look.text(text, TextSize::Body, Ink::Text));
                look.bar(main, *share);
            }
            Body::Form(form) => draw_form(look, form, main),
        }
    }

    /// Draws the side: the chosen entry's picture, facts and actions.
    fn draw_side(&self, look: &Look, pictures: &Pictures, line: &mut ChildSpawner) {
        let side = Node { width: look.px(SIDE), flex_shrink: 0.0, ..look.column(12.0) };
        line.spawn(side).with_children(|side| {
            if look.room().y >= 760.0 && !look.is_compact() {
                let picture = self.picture.and_then(|picture| pictures.get(picture));
                look.picture(side, picture, SIDE);
                let about = Node {
                    overflow: Overflow::clip(),
                    flex_shrink: 1.0,
                    min_height: Val::ZERO,
                    ..look.column(2.0)
                };
                side.spawn(about).with_children(|about| {
                    for text in &self.about {
                        about.spawn(look.text(text, TextSize::Small, Ink::Muted));
                    }
                });
            }
            let (height, gap) = size_of_actions(look);
            let actions = Node { flex_shrink: 0.0, ..look.column(gap) };
            side.spawn(actions).with_children(|actions| {
                for (does, label) in &self.actions {
                    let does = widgets::Does(does.clone());
                    look.button_of_height(actions, height, ButtonKind::Secondary, label, does);
                }
            });
        });
    }

    /// The same on lines, if there is no room beside the list.
    fn draw_actions(&self, look: &Look, body: &mut ChildSpawner) {
        let (height, gap) = size_of_actions(look);
        let line = Node { flex_wrap: FlexWrap::Wrap, row_gap: look.px(gap), ..look.row(8.0) };
        body.spawn(line).with_children(|line| {
            for (does, label) in &self.actions {
                let does = widgets::Does(does.clone());
                look.button_of_height(line, height, ButtonKind::Secondary, label, does);
            }
        });
    }

    /// Draws the foot: the last status, and the buttons beside it. Nothing moves when it comes or goes.
    fn draw_foot(&self, look: &Look, parent: &mut ChildSpawner) {
        let foot = Node { flex_shrink: 0.0, min_height: look.px(44.0), ..look.row(16.0) };
        parent.spawn(foot).with_children(|foot| {
            let left = Node { flex_grow: 1.0, flex_basis: Val::ZERO, ..look.row(12.0) };
            foot.spawn(left).with_children(|left| {
                if let Some(status) = &self.status {
                    draw_status(look, status, left);
                }
            });
            let buttons = Node { flex_shrink: 0.0, ..look.row(12.0) };
            let waits = matches!(&self.body, Body::Form(form) if form.waits);
            foot.spawn(buttons).with_children(|line| {
                for (does, label, is_primary) in &self.buttons {
                    if *is_primary && waits {
                        draw_disabled(look, label, line);
                        continue;
                    }
                    let kind = match is_primary {
                        true => ButtonKind::Primary,
                        false => ButtonKind::Secondary,
                    };
                    look.button(line, kind, label, widgets::Does(does.clone()));
                }
            });
        });
    }
}

/// A line whose ends are apart.
fn spread(look: &Look) -> Node {
    Node { justify_content: JustifyContent::SpaceBetween, ..look.row(24.0) }
}

/// The list, of which more is above or below.
fn draw_lines(
    look: &Look,
    pictures: &Pictures,
    lines: &[MenuLine],
    (is_more_above, is_more_below): (bool, bool),
    list: &mut ChildSpawner,
) {
    let is_row = |line: &MenuLine| matches!(line, MenuLine::Row(_));
    let (first, last) = (lines.iter().position(is_row), lines.iter().rposition(is_row));
    for (place, line) in lines.iter().enumerate() {
        match line {
            MenuLine::Heading(text, count) => draw_heading(look, text, count, list),
            MenuLine::Row(row) => {
                let entity = draw_row(look, pictures, row, list);
                let edge = EdgeRow {
                    more_above: is_more_above && first == Some(place),
                    more_below: is_more_below && last == Some(place),
                };
                list.world_mut().entity_mut(entity).insert(edge);
            }
        }
    }
}

/// Half as high as a row, with the gap below it.
fn draw_heading(look: &Look, text: &str, count: &str, list: &mut ChildSpawner) {
    let line = Node {
        height: look.px(ROW / 2.0 - 8.0),
        padding: UiRect::horizontal(look.px(8.0)),
        flex_shrink: 0.0,
        overflow: Overflow::clip(),
        ..look.row(8.0)
    };
    list.spawn((line, Pickable::IGNORE)).with_children(|line| {
        line.spawn(look.line(text, TextSize::Body, Ink::Text));
        line.spawn(look.line(count, TextSize::Small, Ink::Muted));
    });
}

fn draw_chip(look: &Look, chip: &Chip, line: &mut ChildSpawner) {
    let node = Node {
        height: look.px(36.0),
        padding: UiRect::horizontal(look.px(12.0)),
        flex_shrink: 0.0,
        ..look.row(6.0)
    };
    let kind = match chip.is_chosen {
        true => ButtonKind::Row { chosen: true },
        false => ButtonKind::Secondary,
    };
    let does = widgets::Does(Does::Tag(chip.tag.clone()));
    let said = format!("{}, {}", chip.tag, chip.count);
    look.pressable(line, kind, &said, node, Some(does), |button| {
        button.spawn(look.line(&chip.label, TextSize::Small, Ink::Text));
        button.spawn(look.line(&chip.count, TextSize::Small, Ink::Muted));
    });
}

fn draw_row(look: &Look, pictures: &Pictures, row: &MenuRow, list: &mut ChildSpawner) -> Entity {
    let entry = Entry {
        title: &row.title,
        detail: &row.detail,
        aside: &row.played,
        mark: row.mark.as_deref(),
        picture: row.picture.and_then(|picture| pictures.get(picture)),
        chosen: row.is_chosen,
        shape: Some(row.shape),
        has_star: row.is_favourite,
        tags: &row.tags,
        progress: row.progress,
    };
    look.entry(list, Some(widgets::Does(Does::Choose(row.entry, row.copy))), entry)
}

fn draw_form(look: &Look, form: &FormView, main: &mut ChildSpawner) {
    main.spawn(look.text(&form.text, TextSize::Body, Ink::Text));
    if !form.choices.is_empty() {
        let line = Node { flex_wrap: FlexWrap::Wrap, row_gap: look.px(8.0), ..look.row(8.0) };
        main.spawn(line).with_children(|line| {
            for (does, label, holds) in &form.choices {
                let kind = match holds {
                    true => ButtonKind::Row { chosen: true },
                    false => ButtonKind::Secondary,
                };
                look.button(line, kind, label, widgets::Does(does.clone()));
            }
        });
    }
    let Some(field) = &form.field else { return };
    main.spawn((look.column(6.0), Pickable::IGNORE)).with_children(|main| {
        look.field(main, field, widgets::Does(Does::NewName));
        // Its line is there from the beginning, so that nothing moves.
        let error = form.error.as_deref().unwrap_or(" ");
        main.spawn(look.text(error, TextSize::Small, Ink::Danger));
    });
    if let Some(scenario) = &form.scenario {
        draw_scenario(look, scenario, main);
    }
    if let Some(note) = &form.note {
        main.spawn(look.text(note, TextSize::Small, Ink::Muted));
    }
}

/// Draws the choice of a scenario on one line, however many there are. Its buttons stand before the name, so that
/// they stay where they are.
fn draw_scenario(look: &Look, scenario: &ScenarioView, main: &mut ChildSpawner) {
    main.spawn((look.column(6.0), Pickable::IGNORE)).with_children(|main| {
        main.spawn(look.row(8.0)).with_children(|line| {
            for (does, label) in &scenario.steps {
                look.button(line, ButtonKind::Secondary, label, widgets::Does(does.clone()));
            }
            let cut = Node { overflow: Overflow::clip(), flex_shrink: 1.0, ..look.column(0.0) };
            let (text, ink) = match &scenario.error {
                Some(error) => (error, Ink::Danger),
                None => (&scenario.name, Ink::Text),
            };
            line.spawn(cut).with_child(look.line(text, TextSize::Body, ink));
        });
        for line in &scenario.about {
            main.spawn(look.text(line, TextSize::Small, Ink::Muted));
        }
    });
}

/// A button that can't be pressed yet.
fn draw_disabled(look: &Look, label: &str, line: &mut ChildSpawner) {
    let node = button_node(look, 44.0);
    let nothing = None::<widgets::Does<Does>>;
    look.pressable(line, ButtonKind::Secondary, label, node, nothing, |button| {
        button.spawn(look.line(label, TextSize::Body, Ink::Muted));
    });
}

fn draw_status(look: &Look, status: &Status, left: &mut ChildSpawner) {
    let cut = Node {
        overflow: Overflow::clip(),
        flex_shrink: 1.0,
        flex_grow: if status.undo.is_some() { 0.0 } else { 1.0 },
        max_height: look.px(44.0),
        ..look.column(0.0)
    };
    left.spawn(cut).with_children(|cut| match status.is_failure {
        true => _ = cut.spawn(look.text(&status.text, TextSize::Small, Ink::Danger)),
        false => _ = cut.spawn(look.line(&status.text, TextSize::Body, Ink::Text)),
    });
    if let Some(undo) = &status.undo {
        look.button(left, ButtonKind::Secondary, undo, widgets::Does(Does::Undo));
    }
}
