//! Layout that the dialog and the menu share: a body, a list that scrolls, a line of buttons.

use std::ops::Range;

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;

use super::look::Look;
use super::widgets::{ButtonKind, Does};

/// The height of a row with the gap below it, in pixels of the design.
pub(super) const ROW: f32 = 72.0;

impl Look {
    /// The node between head and buttons, which takes the room that they leave.
    pub fn body(&self) -> Node {
        Node {
            flex_grow: 1.0,
            flex_shrink: 1.0,
            min_height: Val::ZERO,
            overflow: Overflow::clip(),
            // Room for the ring around what has the focus.
            padding: UiRect::all(self.px(4.0)),
            margin: UiRect::all(self.px(-4.0)),
            ..self.column(16.0)
        }
    }

    /// Rows of a list, with a bar beside them that says which of how many they are.
    pub fn list<A: Send + Sync + 'static>(
        &self,
        parent: &mut ChildSpawner,
        shown: Range<usize>,
        total: usize,
        scroll: impl Fn(i32) -> A,
        rows: impl FnOnce(&mut ChildSpawner),
    ) {
        let line = Node { align_items: AlignItems::Stretch, ..self.row(8.0) };
        parent.spawn(line).with_children(|line| {
            let column = Node { flex_grow: 1.0, flex_basis: Val::ZERO, ..self.column(8.0) };
            line.spawn(column).with_children(rows);
            let page = i32::try_from(shown.len()).unwrap_or(1).max(1);
            self.scroll_bar(line, shown, total, Does(scroll(-page)), Does(scroll(page)));
        });
    }

    /// A line of buttons: what each does, its label, and whether it is the one that leads on. What
    /// leads elsewhere stands apart on the left.
    pub fn buttons<A: Clone + Send + Sync + 'static>(
        &self,
        parent: &mut ChildSpawner,
        buttons: &[(A, String, bool)],
        leads_elsewhere: impl Fn(&A) -> bool,
    ) {
        let line = Node {
            flex_shrink: 0.0,
            justify_content: JustifyContent::FlexEnd,
            flex_wrap: FlexWrap::Wrap,
            row_gap: self.px(8.0),
            ..self.row(12.0)
        };
        parent.spawn(line).with_children(|line| {
            for (does, label, is_primary) in buttons {
                let stands_apart = leads_elsewhere(does);
                let kind = match (is_primary, stands_apart) {
                    (true, _) => ButtonKind::Primary,
                    (false, true) => ButtonKind::Quiet,
                    (false, false) => ButtonKind::Secondary,
                };
                self.button(line, kind, label, Does(does.clone()));
                if stands_apart {
                    line.spawn((Node { flex_grow: 1.0, ..default() }, Pickable::IGNORE));
                }
            }
        });
    }
}
