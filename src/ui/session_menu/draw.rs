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
            dialog.spawn((look.body(), WheelList)).with_children(|body| {
                if let Some(empty) = &self.empty {
                    body.spawn(look.text(empty, TextSize::Body, Ink::Muted));
                }
                if let Some((share, text)) = &self.progress {
                    body.spawn(look.text(text, TextSize::Body, Ink::Text));
                    look.bar(body, *share);
                }
                self.draw_rows(look, pictures, body);
            });
            self.draw_doomed(look, dialog);
            look.buttons(dialog, &self.buttons, |does| *does == Does::Delete);
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
        let shown = self.first..self.first + self.rows.len();
        look.list(body, shown, self.total, Does::Scroll, |rows| {
            for (place, row) in self.rows.iter().enumerate() {
                self.draw_row(look, pictures, place, row, rows);
            }
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

    /// What is about to be deleted, as long as that can be undone.
    fn draw_doomed(&self, look: &Look, parent: &mut ChildSpawner) {
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
    }
}
