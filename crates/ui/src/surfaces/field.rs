//! A field to type into: Bevy's own editable text in the style of the other widgets.

use bevy::a11y::AccessibilityNode;
use bevy::ecs::hierarchy::ChildSpawner;
use bevy::input_focus::tab_navigation::TabIndex;
use bevy::picking::hover::Hovered;
use bevy::prelude::*;
use bevy::text::{EditableText, LineBreak, LineHeight, TextCursorStyle};
use bevy::ui_widgets::SelectAllOnFocus;

use super::look::{Look, TextSize};
use super::widgets::{ButtonKind, Does, Ink};
use crate::engine;

/// A field to type into. Enter on it is an `Activate`, as a press of a button is.
#[derive(Component, Clone, Copy, Debug)]
pub(super) struct Field;

/// The contents of a text field.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct FieldView {
    pub text: String,
    /// The text that is shown while it is empty, to say what it is for.
    pub hint: String,
    /// True if its text is replaced by what is typed first.
    pub starts_selected: bool,
    pub most_letters: usize,
}

impl Look {
    /// Spawns a field with a text in it.
    pub fn field<A: Send + Sync + 'static>(
        &self,
        parent: &mut ChildSpawner,
        view: &FieldView,
        does: Does<A>,
    ) {
        let frame = Node { flex_grow: 1.0, min_width: self.px(160.0), ..default() };
        parent.spawn((frame, Pickable::IGNORE)).with_children(|frame| {
            self.spawn_editable(frame, view, does);
            if view.text.is_empty() {
                let place = Node {
                    position_type: PositionType::Absolute,
                    left: self.px(17.0),
                    top: self.px(11.0),
                    ..default()
                };
                let hint = self.line(&view.hint, TextSize::Body, Ink::Muted);
                frame.spawn((place, Pickable::IGNORE)).with_child(hint);
            }
        });
    }

    fn spawn_editable<A: Send + Sync + 'static>(
        &self,
        frame: &mut ChildSpawner,
        view: &FieldView,
        does: Does<A>,
    ) {
        let node = Node {
            width: Val::Percent(100.0),
            height: self.px(44.0),
            padding: UiRect::axes(self.px(16.0), self.px(10.0)),
            border: UiRect::all(Val::Px(1.0)),
            border_radius: BorderRadius::all(self.px(8.0)),
            overflow: Overflow::clip(),
            ..default()
        };
        let mut description = AccessibilityNode::default();
        description.set_label(view.hint.as_str());
        let text = EditableText {
            max_characters: Some(view.most_letters),
            ..EditableText::new(&view.text)
        };
        let cursor = TextCursorStyle {
            color: self.theme.text,
            selection_color: self.theme.accent.with_alpha(0.45),
            unfocused_selection_color: Color::NONE,
            ..default()
        };
        let style = (
            self.font(TextSize::Body),
            TextColor(self.theme.text),
            TextLayout::linebreak(LineBreak::NoWrap),
            LineHeight::RelativeToFont(1.4),
            cursor,
        );
        let colours = (BackgroundColor::default(), BorderColor::default());
        let outline = Outline::new(self.px(2.0), self.px(2.0), Color::NONE);
        let mut field = frame.spawn((node, text, style, colours, outline));
        field.insert((
            engine::text_input(),
            ButtonKind::Field,
            Hovered::default(),
            description,
            Field,
            does,
        ));
        field.insert(TabIndex(0));
        if view.starts_selected {
            field.insert(SelectAllOnFocus);
        }
    }
}

/// The text that was typed into a field.
pub(super) fn typed(text: &EditableText) -> String {
    text.value().to_string()
}
