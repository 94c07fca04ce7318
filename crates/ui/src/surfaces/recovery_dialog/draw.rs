//! The dialog as a tree.

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;
use bevy_session::attachments::AttachmentOf;

use super::state::Does;
use super::view::{Body, Choices, DialogView, Row};
use crate::surfaces::focus::{EdgeRow, WheelList};
use crate::surfaces::look::{Look, TextSize};
use crate::surfaces::parts::Entry;
use crate::surfaces::pictures::Pictures;
use crate::surfaces::surface::View;
use crate::surfaces::widgets::{self, ButtonKind, Ink};

impl View for DialogView {
    type Action = Does;
    const IS_MODAL: bool = true;
    const LAYER: i32 = 30;

    fn first_focus(&self) -> Option<Does> {
        self.first_focus.clone()
    }

    fn pictures(&self) -> Vec<AttachmentOf> {
        let Body::Choices(choices) = &self.body else { return Vec::new() };
        let chosen = choices.chosen.iter();
        let rows = chosen.chain(&choices.rows).filter(|row| !row.is_damaged);
        rows.filter_map(|row| row.picture).collect()
    }

    fn draw(&self, look: &Look, pictures: &Pictures, root: &mut ChildSpawner) {
        look.dialog(root, 920.0, |dialog| {
            self.draw_head(look, dialog);
            dialog.spawn(look.body()).with_children(|body| self.draw_body(look, pictures, body));
            let leads_elsewhere = |does: &Does| matches!(does, Does::Details | Does::Back);
            look.buttons(dialog, &self.buttons, leads_elsewhere);
        });
    }
}

impl DialogView {
    fn draw_head(&self, look: &Look, parent: &mut ChildSpawner) {
        let head = Node { flex_shrink: 0.0, ..look.column(8.0) };
        parent.spawn(head).with_children(|head| {
            head.spawn(look.text(&self.title, look.title(), Ink::Text));
            if !self.story.is_empty() {
                head.spawn(look.text(&self.story, TextSize::Body, Ink::Text));
            }
            if !self.loss.is_empty() {
                head.spawn(look.text(&self.loss, TextSize::Body, Ink::Muted));
            }
        });
        if let Some(alert) = &self.alert {
            look.notice(parent, alert, Ink::Danger);
        }
        if let Some(advice) = &self.advice {
            look.notice(parent, advice, Ink::Warning);
        }
        if let Some((name, has_others)) = &self.session {
            self.draw_session(look, parent, name, *has_others);
        }
        if let Some(fork) = &self.fork {
            let node = Node { flex_shrink: 0.0, ..look.column(0.0) };
            parent.spawn((node, Pickable::IGNORE)).with_children(|node| {
                node.spawn(look.text(fork, TextSize::Small, Ink::Muted));
            });
        }
    }

    fn draw_session(&self, look: &Look, parent: &mut ChildSpawner, name: &str, has_others: bool) {
        let line = Node { flex_shrink: 0.0, ..look.row(8.0) };
        parent.spawn(line).with_children(|line| {
            let words = &look.words;
            if has_others {
                let does = widgets::Does(Does::Turn(false));
                look.button(line, ButtonKind::Secondary, &words.previous, does);
            }
            let cut = Node { overflow: Overflow::clip(), flex_shrink: 1.0, ..look.column(0.0) };
            line.spawn((cut, Pickable::IGNORE)).with_children(|cut| {
                cut.spawn(look.line(name, TextSize::Heading, Ink::Text));
            });
            if has_others {
                let does = widgets::Does(Does::Turn(true));
                look.button(line, ButtonKind::Secondary, &words.next, does);
            }
        });
    }

    fn draw_body(&self, look: &Look, pictures: &Pictures, body: &mut ChildSpawner) {
        match &self.body {
            Body::Nothing => {}
            Body::Choices(choices) => draw_choices(look, pictures, choices, body),
            Body::Progress { share, text } => {
                body.spawn(look.text(text, TextSize::Body, Ink::Text));
                look.bar(body, *share);
            }
            Body::Details { facts, explained, report } => {
                // An answer comes first: the facts may need all the room that there is.
                if let Some(report) = report {
                    body.spawn(look.text(report, TextSize::Body, Ink::Text));
                }
                for (name, value) in facts {
                    body.spawn(Node { flex_shrink: 0.0, ..look.column(2.0) }).with_children(
                        |fact| {
                            fact.spawn(look.text(name, TextSize::Small, Ink::Muted));
                            fact.spawn(look.text(value, TextSize::Body, Ink::Text));
                        },
                    );
                }
                if report.is_none() {
                    body.spawn(look.text(explained, TextSize::Body, Ink::Muted));
                }
            }
        }
    }
}

fn draw_choices(look: &Look, pictures: &Pictures, choices: &Choices, body: &mut ChildSpawner) {
    let columns = Node {
        align_items: AlignItems::FlexStart,
        flex_grow: 1.0,
        min_height: Val::ZERO,
        ..look.row(24.0)
    };
    body.spawn(columns).with_children(|columns| {
        if !look.is_compact() {
            draw_chosen(look, pictures, choices, columns);
        }
        let list = Node { flex_grow: 1.0, flex_basis: Val::ZERO, ..look.column(8.0) };
        columns.spawn((list, WheelList)).with_children(|list| {
            if let Some(heading) = &choices.heading {
                list.spawn(look.line(heading, TextSize::Small, Ink::Muted));
            }
            let shown = choices.first..choices.first + choices.rows.len();
            look.list(list, shown, choices.total, Does::Scroll, |rows| {
                for row in &choices.rows {
                    draw_row(look, pictures, row, choices, rows);
                }
            });
        });
    });
}

/// The one that is chosen, in large.
fn draw_chosen(look: &Look, pictures: &Pictures, choices: &Choices, parent: &mut ChildSpawner) {
    let row = choices.chosen.as_ref();
    let column = Node { width: look.px(320.0), flex_shrink: 0.0, ..look.column(12.0) };
    parent.spawn((column, Pickable::IGNORE)).with_children(|column| {
        let picture = row.and_then(|row| pictures.get(row.picture?));
        look.picture(column, picture, 320.0);
        let Some(row) = row else {
            column.spawn(look.text(&choices.keeps, TextSize::Body, Ink::Muted));
            return;
        };
        column.spawn(look.text(&row.title, TextSize::Heading, Ink::Text));
        column.spawn(look.text(&row.detail, TextSize::Body, Ink::Muted));
        if !row.played.is_empty() {
            column.spawn(look.text(&row.played, TextSize::Body, Ink::Muted));
        }
        if let Some(mark) = &row.mark {
            column.spawn(look.text(mark, TextSize::Small, Ink::Warning));
        }
        column.spawn(look.text(&choices.keeps, TextSize::Small, Ink::Muted));
    });
}

fn draw_row(
    look: &Look,
    pictures: &Pictures,
    row: &Row,
    choices: &Choices,
    parent: &mut ChildSpawner,
) {
    let place = choices.rows.iter().position(|other| other == row).unwrap_or_default();
    let does = (!row.is_damaged).then_some(widgets::Does(Does::Choose(row.choice)));
    let entry = Entry {
        title: &row.title,
        detail: &row.detail,
        aside: &row.played,
        mark: row.mark.as_deref(),
        picture: row.picture.and_then(|picture| pictures.get(picture)),
        chosen: row.is_chosen,
        ..Entry::default()
    };
    let entity = look.entry(parent, does, entry);
    let choosable = |row: &Row| !row.is_damaged;
    let is_first = !choices.rows.iter().take(place).any(choosable);
    let is_last = !choices.rows.iter().skip(place + 1).any(choosable);
    let last = choices.first + choices.rows.len();
    let edge = EdgeRow {
        more_above: is_first && choices.first > 0,
        more_below: is_last && last < choices.total,
    };
    parent.world_mut().entity_mut(entity).insert(edge);
}
