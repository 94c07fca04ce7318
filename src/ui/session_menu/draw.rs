//! The menu as a tree.

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;

use super::state::Does;
use super::view::{MenuRow, MenuView};
use crate::session::AttachmentOf;
use crate::ui::focus::{EdgeRow, WheelList};
use crate::ui::look::{Look, TextSize};
use crate::ui::parts::Entry;
use crate::ui::pictures::Pictures;
use crate::ui::surface::View;
use crate::ui::widgets::{self, ButtonKind, Ink};

/// The height of a row with the gap below it, in pixels of the design.
pub(super) const ROW: f32 = 72.0;

impl View for MenuView {
    type Action = Does;
    const IS_MODAL: bool = true;
    const LAYER: i32 = 20;

    fn first_focus(&self) -> Option<Does> {
        let primary = self.buttons.iter().find(|(_, _, is_primary)| *is_primary);
        primary.or(self.buttons.last()).map(|(does, _, _)| does.clone())
    }

    fn pictures(&self) -> Vec<AttachmentOf> {
        self.rows.iter().filter_map(|row| row.picture).collect()
    }

    fn draw(&self, look: &Look, pictures: &Pictures, root: &mut ChildSpawner) {
        look.dialog(root, 800.0, |dialog| {
            self.draw_head(look, dialog);
            if let Some(alert) = &self.alert {
                look.notice(dialog, alert, Ink::Danger);
            }
            let body = Node {
                flex_grow: 1.0,
                flex_shrink: 1.0,
                min_height: Val::ZERO,
                overflow: Overflow::clip(),
                padding: UiRect::all(look.px(4.0)),
                margin: UiRect::all(look.px(-4.0)),
                ..look.column(16.0)
            };
            dialog.spawn((body, WheelList)).with_children(|body| {
                if let Some(empty) = &self.empty {
                    body.spawn(look.text(empty, TextSize::Body, Ink::Muted));
                }
                if let Some((share, text)) = &self.progress {
                    body.spawn(look.text(text, TextSize::Body, Ink::Text));
                    look.bar(body, *share);
                }
                self.draw_rows(look, pictures, body);
            });
            self.draw_buttons(look, dialog);
        });
    }
}

impl MenuView {
    fn draw_head(&self, look: &Look, parent: &mut ChildSpawner) {
        let head = Node {
            flex_shrink: 0.0,
            flex_wrap: FlexWrap::Wrap,
            justify_content: JustifyContent::SpaceBetween,
            row_gap: look.px(8.0),
            ..look.row(24.0)
        };
        parent.spawn(head).with_children(|head| {
            head.spawn(look.text(&self.title, look.title(), Ink::Text));
            if self.sorts.is_empty() {
                return;
            }
            head.spawn(look.row(4.0)).with_children(|sorts| {
                if !look.is_compact() {
                    let label = Node { margin: UiRect::right(look.px(8.0)), ..default() };
                    sorts.spawn(label).with_children(|label| {
                        label.spawn(look.line(&self.sort_by, TextSize::Small, Ink::Muted));
                    });
                }
                for (sort, label, is_active) in &self.sorts {
                    let kind = match is_active {
                        true => ButtonKind::Row { chosen: true },
                        false => ButtonKind::Quiet,
                    };
                    look.button(sorts, kind, label, widgets::Does(Does::Sort(*sort)));
                }
            });
        });
    }

    fn draw_rows(&self, look: &Look, pictures: &Pictures, body: &mut ChildSpawner) {
        let line = Node { align_items: AlignItems::Stretch, ..look.row(8.0) };
        body.spawn(line).with_children(|line| {
            let rows = Node { flex_grow: 1.0, flex_basis: Val::ZERO, ..look.column(8.0) };
            line.spawn(rows).with_children(|rows| {
                for (place, row) in self.rows.iter().enumerate() {
                    self.draw_row(look, pictures, place, row, rows);
                }
            });
            let page = i32::try_from(self.rows.len()).unwrap_or(1).max(1);
            let shown = self.first..self.first + self.rows.len();
            let up = widgets::Does(Does::Scroll(-page));
            let down = widgets::Does(Does::Scroll(page));
            look.scroll_bar(line, shown, self.total, up, down);
        });
    }

    fn draw_row(
        &self,
        look: &Look,
        pictures: &Pictures,
        place: usize,
        row: &MenuRow,
        parent: &mut ChildSpawner,
    ) {
        let entry = Entry {
            title: &row.title,
            detail: &row.detail,
            aside: &row.played,
            mark: row.mark.as_deref(),
            picture: row.picture.and_then(|picture| pictures.get(picture)),
            chosen: row.is_chosen,
        };
        let does = widgets::Does(Does::Choose(row.entry));
        let entity = look.entry(parent, Some(does), entry);
        let edge = EdgeRow {
            more_above: place == 0 && self.first > 0,
            more_below: place + 1 == self.rows.len() && self.first + self.rows.len() < self.total,
        };
        parent.world_mut().entity_mut(entity).insert(edge);
    }

    fn draw_buttons(&self, look: &Look, parent: &mut ChildSpawner) {
        let line = Node {
            flex_shrink: 0.0,
            justify_content: JustifyContent::FlexEnd,
            flex_wrap: FlexWrap::Wrap,
            row_gap: look.px(8.0),
            ..look.row(12.0)
        };
        if let Some((text, undo)) = &self.doomed {
            let toast = Node {
                flex_shrink: 0.0,
                justify_content: JustifyContent::SpaceBetween,
                padding: UiRect::axes(look.px(16.0), look.px(4.0)),
                border_radius: BorderRadius::all(look.px(8.0)),
                ..look.row(16.0)
            };
            parent.spawn((toast, BackgroundColor(look.theme.raised))).with_children(|toast| {
                let cut = Node {
                    overflow: Overflow::clip(),
                    flex_shrink: 1.0,
                    flex_grow: 1.0,
                    flex_basis: Val::ZERO,
                    ..look.column(0.0)
                };
                toast.spawn(cut).with_children(|cut| {
                    cut.spawn(look.line(text, TextSize::Body, Ink::Text));
                });
                look.button(toast, ButtonKind::Secondary, undo, widgets::Does(Does::Undo));
            });
        }
        parent.spawn(line).with_children(|line| {
            for (does, label, is_primary) in &self.buttons {
                let kind = match (is_primary, does) {
                    (true, _) => ButtonKind::Primary,
                    (false, Does::Delete) => ButtonKind::Quiet,
                    _ => ButtonKind::Secondary,
                };
                look.button(line, kind, label, widgets::Does(does.clone()));
                if *does == Does::Delete {
                    line.spawn((Node { flex_grow: 1.0, ..default() }, Pickable::IGNORE));
                }
            }
        });
    }
}
