//! The parts that surfaces are built from.

use std::ops::Range;

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;
use bevy::ui::FocusPolicy;

use super::ellipsis::CutAtEdge;
use super::look::{Look, TextSize};
use super::shapes::Shape;
use super::widgets::{ButtonKind, Does, Ink};

/// A row of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry<'a> {
    pub title: &'a str,
    pub detail: &'a str,
    /// The text at the right.
    pub aside: &'a str,
    /// A note on what is wrong with it, if anything.
    pub mark: Option<&'a str>,
    pub picture: Option<Handle<Image>>,
    pub chosen: bool,
    /// Its state, as a colour and a shape before the title.
    pub shape: Option<Shape>,
    /// True if a star is shown beside the title.
    pub has_star: bool,
    pub tags: &'a [String],
    /// The player's progress, from 0 to 1, if it is known.
    pub progress: Option<f32>,
}

impl Look {
    /// A dialog in the middle of the window, with everything else dimmed.
    pub fn dialog(
        &self,
        root: &mut ChildSpawner,
        width: f32,
        content: impl FnOnce(&mut ChildSpawner),
    ) {
        let margin = if self.is_compact() { 8.0 } else { 32.0 };
        let backdrop = Node {
            position_type: PositionType::Absolute,
            width: Val::Percent(100.0),
            height: Val::Percent(100.0),
            padding: UiRect::all(self.px(margin)),
            align_items: AlignItems::Center,
            justify_content: JustifyContent::Center,
            ..default()
        };
        let ground = Node {
            width: self.px(width),
            max_width: Val::Percent(100.0),
            max_height: Val::Percent(100.0),
            padding: UiRect::all(self.px(if self.is_compact() { 16.0 } else { 32.0 })),
            border: UiRect::all(Val::Px(1.0)),
            border_radius: BorderRadius::all(self.px(16.0)),
            overflow: Overflow::clip(),
            ..self.column(if self.is_compact() { 12.0 } else { 24.0 })
        };
        let shadow = BoxShadow::new(
            Color::srgba(0.0, 0.0, 0.0, 0.5),
            Val::ZERO,
            self.px(16.0),
            Val::ZERO,
            self.px(48.0),
        );
        let colours = (BackgroundColor(self.theme.surface), BorderColor::all(self.theme.line));
        let backdrop = (backdrop, BackgroundColor(self.theme.backdrop), FocusPolicy::Block);
        root.spawn(backdrop).with_children(|root| {
            root.spawn((ground, colours, shadow)).with_children(content);
        });
    }

    /// A sentence that is not to be missed.
    pub fn notice(&self, parent: &mut ChildSpawner, text: &str, ink: Ink) {
        let node = Node {
            padding: UiRect::axes(self.px(16.0), self.px(10.0)),
            border: UiRect::left(self.px(4.0)),
            border_radius: BorderRadius::all(self.px(4.0)),
            flex_shrink: 0.0,
            ..default()
        };
        let line = match ink {
            Ink::Danger => self.theme.danger,
            _ => self.theme.warning,
        };
        let colours = (BackgroundColor(self.theme.raised), BorderColor::all(line));
        parent.spawn((node, colours, Pickable::IGNORE)).with_children(|notice| {
            notice.spawn(self.text(text, TextSize::Body, ink));
        });
    }

    /// A bar that is full by a share from 0 to 1.
    pub fn bar(&self, parent: &mut ChildSpawner, share: f32) {
        let track = Node {
            height: self.px(8.0),
            width: Val::Percent(100.0),
            flex_shrink: 0.0,
            border_radius: BorderRadius::all(self.px(4.0)),
            ..default()
        };
        let full = Node {
            width: Val::Percent(share.clamp(0.0, 1.0) * 100.0),
            height: Val::Percent(100.0),
            border_radius: BorderRadius::all(self.px(4.0)),
            ..default()
        };
        parent.spawn((track, BackgroundColor(self.theme.line))).with_children(|track| {
            track.spawn((full, BackgroundColor(self.theme.accent)));
        });
    }

    /// A thumbnail of 16 to 9, or what stands in for one.
    pub fn picture(&self, parent: &mut ChildSpawner, image: Option<Handle<Image>>, width: f32) {
        let node = Node {
            width: self.px(width),
            height: self.px(width * 9.0 / 16.0),
            flex_shrink: 0.0,
            align_items: AlignItems::Center,
            justify_content: JustifyContent::Center,
            border_radius: BorderRadius::all(self.px(if width > 150.0 { 8.0 } else { 4.0 })),
            overflow: Overflow::clip(),
            ..default()
        };
        let mut frame = parent.spawn((node, BackgroundColor(self.theme.line), Pickable::IGNORE));
        match image {
            Some(image) => {
                frame.insert(ImageNode::new(image).with_mode(NodeImageMode::Stretch));
            }
            // A quiet mark: a disc, as if a sun were to rise in an empty picture.
            None => {
                let disc = Node {
                    width: self.px(width * 0.16),
                    height: self.px(width * 0.16),
                    border_radius: BorderRadius::MAX,
                    ..default()
                };
                let colour = BackgroundColor(self.theme.hovered);
                frame.with_child((disc, colour, Pickable::IGNORE));
            }
        }
    }

    /// A row with picture and texts, which can be pressed if it does something.
    pub fn entry<A: Send + Sync + 'static>(
        &self,
        parent: &mut ChildSpawner,
        does: Option<Does<A>>,
        entry: Entry,
    ) -> Entity {
        let node = Node {
            height: self.px(64.0),
            padding: UiRect::all(self.px(8.0)),
            overflow: Overflow::clip(),
            flex_shrink: 0.0,
            ..self.row(16.0)
        };
        let ink = if does.is_some() { Ink::Text } else { Ink::Muted };
        let kind = ButtonKind::Row { chosen: entry.chosen };
        let label = format!("{}, {}, {}", entry.title, entry.detail, entry.aside);
        self.pressable(parent, kind, &label, node, does, |row| {
            if !self.is_compact() {
                self.picture(row, entry.picture.clone(), 80.0);
            }
            // Cut off where the room ends, so that nothing lies over what is at the right.
            let texts = Node {
                flex_grow: 1.0,
                flex_shrink: 1.0,
                flex_basis: Val::ZERO,
                overflow: Overflow::clip(),
                ..self.column(2.0)
            };
            row.spawn((texts, Pickable::IGNORE)).with_children(|texts| {
                self.title_line(texts, &entry, ink);
                let (detail, ink) = match entry.mark {
                    Some(mark) => (format!("{mark} - {}", entry.detail), Ink::Warning),
                    None => (entry.detail.to_owned(), Ink::Muted),
                };
                texts.spawn((self.line(&detail, TextSize::Small, ink), CutAtEdge));
            });
            self.aside(row, &entry);
        })
    }

    /// The title with what stands beside it.
    fn title_line(&self, parent: &mut ChildSpawner, entry: &Entry, ink: Ink) {
        parent.spawn((self.row(8.0), Pickable::IGNORE)).with_children(|line| {
            if let Some(shape) = entry.shape {
                self.shape(line, shape);
            }
            line.spawn((self.line(entry.title, TextSize::Body, ink), CutAtEdge));
            if entry.has_star {
                self.shape(line, Shape::Star);
            }
            for tag in entry.tags {
                let chip = Node {
                    padding: UiRect::axes(self.px(7.0), self.px(1.0)),
                    border_radius: BorderRadius::all(self.px(6.0)),
                    flex_shrink: 0.0,
                    ..default()
                };
                let chip = (chip, BackgroundColor(self.theme.line), Pickable::IGNORE);
                line.spawn(chip).with_child(self.line(tag, TextSize::Small, Ink::Text));
            }
        });
    }

    fn aside(&self, row: &mut ChildSpawner, entry: &Entry) {
        let aside = Node {
            flex_shrink: 0.0,
            padding: UiRect::right(self.px(8.0)),
            align_items: AlignItems::FlexEnd,
            ..self.column(6.0)
        };
        row.spawn((aside, Pickable::IGNORE)).with_children(|aside| {
            aside.spawn(self.line(entry.aside, TextSize::Small, Ink::Muted));
            if let Some(progress) = entry.progress {
                aside
                    .spawn((Node { width: self.px(96.0), ..default() }, Pickable::IGNORE))
                    .with_children(|aside| self.bar(aside, progress));
            }
        });
    }

    /// Shows which rows of how many are to be seen. Pressed above or below, it turns a page; keys and
    /// gamepads don't stop at it.
    pub fn scroll_bar<A: Send + Sync + 'static>(
        &self,
        parent: &mut ChildSpawner,
        shown: Range<usize>,
        total: usize,
        up: Does<A>,
        down: Does<A>,
    ) {
        if shown.len() >= total {
            return;
        }
        let track = Node {
            width: self.px(8.0),
            flex_shrink: 0.0,
            border_radius: BorderRadius::all(self.px(4.0)),
            ..self.column(0.0)
        };
        #[expect(clippy::cast_precision_loss, reason = "a share of a bar's length")]
        let part =
            |rows: usize| Node { flex_grow: rows as f32, flex_basis: Val::ZERO, ..default() };
        let least = Node { min_height: self.px(24.0), ..part(shown.len()) };
        let thumb = Node { border_radius: BorderRadius::all(self.px(4.0)), ..least };
        parent.spawn((track, BackgroundColor(self.theme.raised))).with_children(|track| {
            track.spawn((part(shown.start), bevy::ui_widgets::Button, up));
            track.spawn((thumb, BackgroundColor(self.theme.muted)));
            track.spawn((part(total - shown.end), bevy::ui_widgets::Button, down));
        });
    }
}
