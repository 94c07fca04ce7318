//! Buttons, texts, rows and bars, drawn in one style.

use bevy::a11y::AccessibilityNode;
use bevy::ecs::hierarchy::ChildSpawner;
use bevy::input_focus::tab_navigation::TabIndex;
use bevy::input_focus::{InputFocus, InputFocusVisible};
use bevy::picking::hover::Hovered;
use bevy::prelude::*;
use bevy::text::{LineBreak, LineHeight};
use bevy::ui::{InteractionDisabled, Pressed};
use bevy::ui_widgets::Button;

use super::look::{Look, TextSize};

/// The purpose of a button, which decides its colours.
#[derive(Component, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ButtonKind {
    /// The one that is meant to be pressed.
    Primary,
    /// Another way.
    Secondary,
    /// Like plain text until it is pointed at.
    Quiet,
    /// A row of a list.
    Row {
        /// True if it is the chosen one.
        chosen: bool,
    },
    /// A field to type into.
    Field,
}

/// The action of a button, for its surface to read.
#[derive(Component, Clone, PartialEq, Debug)]
pub(super) struct Does<A: Send + Sync + 'static>(pub A);

/// The colour of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ink {
    Text,
    Muted,
    Danger,
    Warning,
    OnAccent,
}

impl Look {
    fn ink(&self, ink: Ink) -> Color {
        match ink {
            Ink::Text => self.theme.text,
            Ink::Muted => self.theme.muted,
            Ink::Danger => self.theme.danger,
            Ink::Warning => self.theme.warning,
            Ink::OnAccent => self.theme.on_accent,
        }
    }

    /// A text that is broken into lines where the room ends.
    pub fn text(&self, text: &str, size: TextSize, ink: Ink) -> impl Bundle + use<> {
        let layout = TextLayout::linebreak(LineBreak::WordOrCharacter);
        self.text_with(text.to_owned(), size, ink, layout)
    }

    /// A text on one line, cut off where the room ends.
    pub fn line(&self, text: &str, size: TextSize, ink: Ink) -> impl Bundle + use<> {
        self.text_with(text.to_owned(), size, ink, TextLayout::no_wrap())
    }

    fn text_with(
        &self,
        text: String,
        size: TextSize,
        ink: Ink,
        layout: TextLayout,
    ) -> impl Bundle + use<> {
        let line_height = if size == TextSize::Body { 1.4 } else { 1.25 };
        (
            Text(text),
            self.font(size),
            TextColor(self.ink(ink)),
            layout,
            LineHeight::RelativeToFont(line_height),
            Pickable::IGNORE,
        )
    }

    /// A box whose children stand one below the other.
    pub fn column(&self, gap: f32) -> Node {
        Node {
            flex_direction: FlexDirection::Column,
            row_gap: self.px(gap),
            min_width: Val::ZERO,
            ..default()
        }
    }

    /// A box whose children stand beside each other.
    pub fn row(&self, gap: f32) -> Node {
        Node {
            align_items: AlignItems::Center,
            column_gap: self.px(gap),
            min_width: Val::ZERO,
            ..default()
        }
    }

    /// Spawns a button with a text on it.
    pub fn button<A: Send + Sync + 'static>(
        &self,
        parent: &mut ChildSpawner,
        kind: ButtonKind,
        label: &str,
        does: Does<A>,
    ) -> Entity {
        self.button_of_height(parent, 44.0, kind, label, does)
    }

    /// The same, lower than others, for what stands above a list.
    pub fn button_of_height<A: Send + Sync + 'static>(
        &self,
        parent: &mut ChildSpawner,
        height: f32,
        kind: ButtonKind,
        label: &str,
        does: Does<A>,
    ) -> Entity {
        let node = button_node(self, height);
        let ink = if kind == ButtonKind::Primary { Ink::OnAccent } else { Ink::Text };
        self.pressable(parent, kind, label, node, Some(does), |button| {
            button.spawn(self.line(label, TextSize::Body, ink));
        })
    }

    /// Spawns something that can be pressed, or, if it does nothing, only be seen.
    pub fn pressable<A: Send + Sync + 'static>(
        &self,
        parent: &mut ChildSpawner,
        kind: ButtonKind,
        label: &str,
        node: Node,
        does: Option<Does<A>>,
        content: impl FnOnce(&mut ChildSpawner),
    ) -> Entity {
        let mut description = AccessibilityNode::default();
        description.set_label(label);
        let border_radius = BorderRadius::all(self.px(8.0));
        let node = Node { border_radius, border: UiRect::all(Val::Px(1.0)), ..node };
        let outline = Outline::new(self.px(2.0).max_px(1.0), self.px(2.0), Color::NONE);
        let mut button = parent.spawn((node, kind, outline, Hovered::default(), description));
        button.insert((BackgroundColor::default(), BorderColor::default(), Button));
        match does {
            Some(does) => button.insert((does, TabIndex(0))),
            None => button.insert(InteractionDisabled),
        };
        button.with_children(content).id()
    }
}

/// The node of a button with a text on it.
pub(super) fn button_node(look: &Look, height: f32) -> Node {
    Node {
        padding: UiRect::axes(look.px(height * 0.45), look.px(height * 0.2)),
        min_height: look.px(height),
        align_items: AlignItems::Center,
        justify_content: JustifyContent::Center,
        flex_shrink: 0.0,
        ..default()
    }
}

trait AtLeast {
    fn max_px(self, least: f32) -> Self;
}

impl AtLeast for Val {
    fn max_px(self, least: f32) -> Self {
        match self {
            Val::Px(px) => Val::Px(px.max(least)),
            other => other,
        }
    }
}

/// Colours buttons by what is done with them. They are few, and only while something is open.
pub(super) fn paint_buttons(
    look: Res<Look>,
    focus: Option<Res<InputFocus>>,
    focus_visible: Option<Res<InputFocusVisible>>,
    mut buttons: Query<(
        Entity,
        &ButtonKind,
        &Hovered,
        Has<Pressed>,
        Has<InteractionDisabled>,
        &mut BackgroundColor,
        &mut BorderColor,
        &mut Outline,
    )>,
) {
    let focused = focus.and_then(|focus| focus.get());
    let shows_focus = focus_visible.is_some_and(|visible| visible.0);
    let theme = &look.theme;
    for (entity, kind, hovered, pressed, disabled, mut ground, mut border, mut outline) in
        &mut buttons
    {
        let is_lit = hovered.0 && !disabled;
        let (fill, line) = match kind {
            ButtonKind::Primary => (theme.accent, theme.accent),
            ButtonKind::Row { chosen: true } => (theme.chosen, theme.accent),
            ButtonKind::Secondary | ButtonKind::Field if is_lit => (theme.hovered, theme.line),
            ButtonKind::Secondary | ButtonKind::Field => (theme.raised, theme.line),
            _ if is_lit => (theme.hovered, Color::NONE),
            ButtonKind::Row { chosen: false } => (theme.raised, Color::NONE),
            ButtonKind::Quiet => (Color::NONE, Color::NONE),
        };
        let fill = match (kind, pressed, is_lit) {
            (ButtonKind::Primary, true, _) => fill.darker(0.08),
            (ButtonKind::Primary, false, true) => fill.lighter(0.06),
            (_, true, _) => theme.line,
            _ => fill,
        };
        ground.set_if_neq(BackgroundColor(fill));
        border.set_if_neq(BorderColor::all(line));
        let ring = if shows_focus && focused == Some(entity) { theme.focus } else { Color::NONE };
        if outline.color != ring {
            outline.color = ring;
        }
    }
}
