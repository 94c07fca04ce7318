//! A ready-made list of objectives, for a HUD or a menu.

mod marks;

use bevy::ecs::hierarchy::ChildSpawnerCommands;
use bevy::prelude::*;
use bevy::text::FontSize;
use bevy::ui::UiSystems;
use bevy_session_ui::SessionTheme;

use super::tree::{ObjectiveRow, ObjectiveStanding, Objectives};

/// Fills nodes that have an [`ObjectiveList`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ObjectiveListPlugin;

/// A list of the objectives of the session that is played, on a UI node of the game. Needs the feature `ui` and
/// [`ObjectiveListPlugin`].
///
/// Each visible objective is a line: a mark that differs in shape as well as in colour, the title, how often it was
/// done of how often, and what is in its way. What is in a group stands below it, further in. The children of the
/// node are this plugin's, and drawn again when a row or this component changes. It says nothing of its
/// own, so there is nothing to translate. Sizes follow the font's.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{ObjectiveList, ObjectiveListPlugin};
///
/// fn show_hud(mut commands: Commands) {
///     let place = Node { position_type: PositionType::Absolute, right: px(16), top: px(16), width: px(240), ..default() };
///     commands.spawn((place, ObjectiveList { locked: false, ..default() }));
/// }
/// # App::new().add_plugins(ObjectiveListPlugin).add_systems(Startup, show_hud);
/// ```
#[derive(Component, Clone, PartialEq, Debug)]
#[require(Node, DrawnRows)]
pub struct ObjectiveList {
    /// True if objectives are listed that need others first. Defaults to `true`.
    pub locked: bool,
    /// The font of titles, and with it the size of everything. Defaults to Bevy's, at 16 logical pixels. Sizes that
    /// aren't in pixels count as 16.
    pub font: TextFont,
    /// Titles of what can be gone about.
    pub text: Color,
    /// Everything else that is written.
    pub muted: Color,
    /// Marks of what can be gone about and of what is completed.
    pub accent: Color,
    /// Marks of what is failed.
    pub danger: Color,
    /// Marks of what something is in the way of, and what it is.
    pub warning: Color,
}

impl Default for ObjectiveList {
    /// In the colours of the default theme.
    fn default() -> Self {
        Self::from(&SessionTheme::default())
    }
}

impl From<&SessionTheme> for ObjectiveList {
    /// In the colours of a theme of the ready-made UI.
    fn from(theme: &SessionTheme) -> Self {
        Self {
            locked: true,
            font: TextFont { font_size: FontSize::Px(16.0), ..default() },
            text: theme.text,
            muted: theme.muted,
            accent: theme.accent,
            danger: theme.danger,
            warning: theme.warning,
        }
    }
}

impl Plugin for ObjectiveListPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(PostUpdate, draw_lists.before(UiSystems::Prepare));
    }
}

/// The rows that a list shows. A restore brings the objectives back as they were, more often than not, and lines that are
/// drawn again are missing for a frame.
#[derive(Component, Default)]
struct DrawnRows(Vec<ObjectiveRow>);

fn draw_lists(
    objectives: Option<Res<Objectives>>,
    mut lists: Query<(Entity, Ref<ObjectiveList>, &mut DrawnRows, &mut Node)>,
    mut commands: Commands,
) {
    let Some(objectives) = objectives else { return };
    for (entity, list, mut drawn, mut node) in &mut lists {
        if list.is_added() {
            node.flex_direction = FlexDirection::Column;
        }
        if !list.is_changed() && !objectives.is_changed() {
            continue;
        }
        let mut rows = objectives.list();
        rows.retain(|row| list.locked || !row.is_locked());
        if list.is_changed() || drawn.0 != rows {
            commands.entity(entity).despawn_children().with_children(|lines| {
                rows.iter().for_each(|row| list.draw(lines, row));
            });
            drawn.0 = rows;
        }
    }
}

impl ObjectiveList {
    /// A length that is this long at a font size of 16 pixels.
    fn scaled(&self, length: f32) -> Val {
        px(length * self.font_size() / 16.0)
    }

    fn font_size(&self) -> f32 {
        match self.font.font_size {
            FontSize::Px(size) => size,
            _ => 16.0,
        }
    }

    fn draw(&self, lines: &mut ChildSpawnerCommands, row: &ObjectiveRow) {
        let indent = self.scaled(20.0 * row.depth as f32);
        let line = Node {
            column_gap: self.scaled(8.0),
            margin: UiRect { left: indent, bottom: self.scaled(5.0), ..default() },
            ..default()
        };
        lines.spawn(line).with_children(|line| {
            self.draw_mark(line, row);
            // As wide as is left, so that what is long is broken.
            let words = Node {
                flex_direction: FlexDirection::Column,
                flex_grow: 1.0,
                flex_basis: px(0),
                min_width: px(0),
                ..default()
            };
            line.spawn(words).with_children(|words| self.write(words, row));
            if row.count > 1 && row.standing == ObjectiveStanding::Open {
                line.spawn(self.label(&format!("{} / {}", row.done, row.count), self.muted));
            }
        });
    }

    fn write(&self, words: &mut ChildSpawnerCommands, row: &ObjectiveRow) {
        let is_open = row.standing == ObjectiveStanding::Open;
        words.spawn(self.label(&row.title, if is_open { self.text } else { self.muted }));
        for blocker in row.blockers.iter().filter(|_| is_open) {
            words.spawn(self.label(&blocker.what, self.warning));
        }
    }

    fn label(&self, text: &str, color: Color) -> impl Bundle + use<> {
        (Text::new(text), self.font.clone(), TextColor(color))
    }
}
