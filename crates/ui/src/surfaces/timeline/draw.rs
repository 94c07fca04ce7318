//! The timeline as a tree.

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;
use bevy_session::attachments::AttachmentOf;

use super::rows::{Limb, Row};
use super::state::Does;
use super::view::TimelineView;
use crate::surfaces::focus::{EdgeRow, WheelList};
use crate::surfaces::look::{Look, TextSize};
use crate::surfaces::parts::Entry;
use crate::surfaces::pictures::Pictures;
use crate::surfaces::surface::View;
use crate::surfaces::widgets::{self, Ink};

/// Where stem and branches are drawn, and how wide the tree is, in pixels of the design.
const STEM: f32 = 10.0;
const TWIG: f32 = 34.0;
const TREE: f32 = 44.0;
/// The height of a row, and the gap below it.
const ROW: f32 = 64.0;
const GAP: f32 = 8.0;
const THICK: f32 = 2.0;

impl View for TimelineView {
    type Action = Does;
    const IS_MODAL: bool = true;
    const LAYER: i32 = 25;

    fn first_focus(&self) -> Option<Does> {
        let chosen = self.chosen.as_ref().or(self.rows.first());
        let row = chosen.map(|row| Does::Choose(row.id));
        row.or_else(|| self.buttons.last().map(|(does, _, _)| does.clone()))
    }

    fn pictures(&self) -> Vec<AttachmentOf> {
        let rows = self.chosen.iter().chain(&self.rows);
        rows.filter_map(|row| row.picture).collect()
    }

    fn draw(&self, look: &Look, pictures: &Pictures, root: &mut ChildSpawner) {
        look.dialog(root, 920.0, |dialog| {
            let head = Node { flex_shrink: 0.0, ..look.column(8.0) };
            dialog.spawn(head).with_children(|head| {
                head.spawn(look.text(&self.title, look.title(), Ink::Text));
                if !self.advice.is_empty() {
                    head.spawn(look.text(&self.advice, TextSize::Small, Ink::Muted));
                }
            });
            if let Some(alert) = &self.alert {
                look.notice(dialog, alert, Ink::Danger);
            }
            dialog.spawn((look.body(), WheelList)).with_children(|body| {
                if let Some(empty) = &self.empty {
                    body.spawn(look.text(empty, TextSize::Body, Ink::Muted));
                }
                if let Some((share, text)) = &self.progress {
                    body.spawn(look.text(text, TextSize::Body, Ink::Text));
                    look.bar(body, *share);
                }
                if !self.rows.is_empty() {
                    self.draw_columns(look, pictures, body);
                }
            });
            let leads_elsewhere = |does: &Does| matches!(does, Does::UndoRewind | Does::UndoLoad);
            look.buttons(dialog, &self.buttons, leads_elsewhere);
        });
    }
}

impl TimelineView {
    fn draw_columns(&self, look: &Look, pictures: &Pictures, body: &mut ChildSpawner) {
        let columns = Node { align_items: AlignItems::FlexStart, ..look.row(24.0) };
        body.spawn(columns).with_children(|columns| {
            if !look.is_compact() {
                draw_chosen(look, pictures, self.chosen.as_ref(), columns);
            }
            let list = Node { flex_grow: 1.0, flex_basis: Val::ZERO, ..look.column(GAP) };
            columns.spawn(list).with_children(|list| {
                let shown = self.first..self.first + self.rows.len();
                look.list(list, shown, self.total, Does::Scroll, |rows| {
                    for (place, row) in self.rows.iter().enumerate() {
                        self.draw_row(look, pictures, place, row, rows);
                    }
                });
            });
        });
    }

    fn draw_row(
        &self,
        look: &Look,
        pictures: &Pictures,
        place: usize,
        row: &Row,
        parent: &mut ChildSpawner,
    ) {
        let is_chosen = self.chosen.as_ref().is_some_and(|chosen| chosen.id == row.id);
        let entry = Entry {
            title: &row.title,
            detail: &row.detail,
            aside: &row.played,
            mark: row.mark.as_deref(),
            picture: row.picture.and_then(|picture| pictures.get(picture)),
            chosen: is_chosen,
            ..Entry::default()
        };
        let edge = EdgeRow {
            more_above: place == 0 && self.first > 0,
            more_below: place + 1 == self.rows.len() && self.first + self.rows.len() < self.total,
        };
        let line = Node { flex_shrink: 0.0, align_items: AlignItems::Stretch, ..look.row(4.0) };
        parent.spawn((line, Pickable::IGNORE)).with_children(|line| {
            draw_limb(look, row.limb, line);
            let cell = Node { flex_grow: 1.0, flex_basis: Val::ZERO, ..look.column(0.0) };
            line.spawn((cell, Pickable::IGNORE)).with_children(|cell| {
                let entity = look.entry(cell, Some(widgets::Does(Does::Choose(row.id))), entry);
                cell.world_mut().entity_mut(entity).insert(edge);
            });
        });
    }
}

/// The one that is chosen, in large.
fn draw_chosen(look: &Look, pictures: &Pictures, row: Option<&Row>, parent: &mut ChildSpawner) {
    let column = Node { width: look.px(320.0), flex_shrink: 0.0, ..look.column(12.0) };
    parent.spawn((column, Pickable::IGNORE)).with_children(|column| {
        let picture = row.and_then(|row| pictures.get(row.picture?));
        look.picture(column, picture, 320.0);
        let Some(row) = row else { return };
        column.spawn(look.text(&row.title, TextSize::Heading, Ink::Text));
        column.spawn(look.text(&row.detail, TextSize::Body, Ink::Muted));
        if let Some(mark) = &row.mark {
            column.spawn(look.text(mark, TextSize::Small, Ink::Warning));
        }
    });
}

/// The part of the tree beside a row: the stem, and what hangs from it.
fn draw_limb(look: &Look, limb: Limb, parent: &mut ChildSpawner) {
    let node = Node { width: look.px(TREE), flex_shrink: 0.0, ..default() };
    parent.spawn((node, Pickable::IGNORE)).with_children(|tree| {
        let (stem, twig) = (look.theme.accent, look.theme.muted);
        let (middle, end) = (ROW / 2.0, ROW + GAP);
        if limb.stem_above {
            draw_bar(look, tree, stem, Vec2::new(STEM, 0.0), Vec2::new(THICK, middle));
        }
        if limb.stem_below {
            draw_bar(look, tree, stem, Vec2::new(STEM, middle), Vec2::new(THICK, end - middle));
        }
        let Some(branch) = limb.branch else {
            draw_dot(look, tree, STEM, stem, stem);
            return;
        };
        if branch.is_end {
            let way = Vec2::new(TWIG - STEM, THICK);
            draw_bar(look, tree, twig, Vec2::new(STEM + THICK, middle), way);
        } else {
            draw_bar(look, tree, twig, Vec2::new(TWIG, 0.0), Vec2::new(THICK, middle));
        }
        if branch.goes_on {
            draw_bar(look, tree, twig, Vec2::new(TWIG, middle), Vec2::new(THICK, end - middle));
        }
        draw_dot(look, tree, TWIG, look.theme.surface, twig);
    });
}

fn draw_bar(look: &Look, parent: &mut ChildSpawner, colour: Color, at: Vec2, size: Vec2) {
    let node = Node {
        position_type: PositionType::Absolute,
        left: look.px(at.x),
        top: look.px(at.y),
        width: look.px(size.x),
        height: look.px(size.y),
        ..default()
    };
    parent.spawn((node, BackgroundColor(colour), Pickable::IGNORE));
}

/// A dot in the middle of a row.
fn draw_dot(look: &Look, parent: &mut ChildSpawner, x: f32, fill: Color, line: Color) {
    let size = 12.0;
    let node = Node {
        position_type: PositionType::Absolute,
        left: look.px(x + (THICK - size) / 2.0),
        top: look.px((ROW - size) / 2.0),
        width: look.px(size),
        height: look.px(size),
        border: UiRect::all(look.px(THICK)),
        border_radius: BorderRadius::MAX,
        ..default()
    };
    parent.spawn((node, BackgroundColor(fill), BorderColor::all(line), Pickable::IGNORE));
}
