//! The screen on which a note is written.

use bevy::ecs::hierarchy::ChildSpawnerCommands;
use bevy::input_focus::AutoFocus;
use bevy::input_focus::tab_navigation::TabIndex;
use bevy::picking::hover::Hovered;
use bevy::prelude::*;
use bevy::text::{EditableText, LineBreak, TextCursorStyle, TextLayout};
use bevy::ui_widgets::{Activate, SelectAllOnFocus, TextInput};
use bevy_session_play::{NewNote, NoteCommandsExt, NoteOn};
use bevy_session_ui::SessionTheme;

use crate::hud::text;
use crate::level::LoadedLevel;
use crate::menu::{Action, PALE, screen, spawn_buttons};
use crate::model::Game;
use crate::pause::Asking;
use crate::texts::Texts;
use crate::views::WARM;

const MOST_LETTERS: usize = 60;

/// The game is paused, since somebody writes a note for this place.
#[derive(Resource)]
pub struct Writing {
    pub at: Vec3,
}

pub fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Game::Paused), write_note.run_if(resource_exists::<Writing>))
        .add_systems(OnExit(Game::Paused), |mut commands: Commands| {
            commands.remove_resource::<Writing>();
        })
        .add_observer(leave_it_here);
}

/// A field with a text in it already, so that a gamepad is enough to leave a note.
fn write_note(
    texts: Res<Texts>,
    theme: Res<SessionTheme>,
    asking: Res<Asking>,
    mut commands: Commands,
) {
    let proposed = texts.pin_proposed.replace("{name}", asking.0.other().name());
    let screen = screen(&mut commands, Game::Paused, 0.62);
    commands.entity(screen).with_children(|screen| {
        screen.spawn(text(&texts.pin_title, 32.0, WARM));
        field(screen, &proposed, &theme);
        let buttons = [(&texts.pin_write, Action::WriteNote), (&texts.back, Action::Resume)];
        spawn_buttons(screen, &buttons, usize::MAX);
    });
}

fn field(parent: &mut ChildSpawnerCommands, proposed: &str, theme: &SessionTheme) {
    let node = Node {
        // Beside what is counted on the left.
        width: px(380),
        max_width: percent(92),
        padding: UiRect::axes(px(16), px(12)),
        border: UiRect::all(px(2)),
        border_radius: BorderRadius::all(px(8)),
        overflow: Overflow::clip(),
        ..default()
    };
    let text = EditableText { max_characters: Some(MOST_LETTERS), ..EditableText::new(proposed) };
    let style = (
        // Players have names in all letters.
        TextFont { font: theme.font.clone(), font_size: FontSize::Px(20.0), ..default() },
        TextColor(PALE),
        TextLayout::linebreak(LineBreak::NoWrap),
        TextCursorStyle {
            color: PALE,
            selection_color: WARM.with_alpha(0.35),
            unfocused_selection_color: Color::NONE,
            ..default()
        },
    );
    parent.spawn((
        TextInput,
        (Action::WriteNote, TabIndex(-1), AutoFocus, SelectAllOnFocus, Hovered::default()),
        (node, text, style, BackgroundColor::default(), BorderColor::default()),
    ));
}

fn leave_it_here(
    activated: On<Activate>,
    actions: Query<&Action>,
    field: Query<&EditableText, With<Action>>,
    asking: Option<Res<Asking>>,
    writing: Option<Res<Writing>>,
    level: Option<Res<LoadedLevel>>,
    mut next: ResMut<NextState<Game>>,
    mut commands: Commands,
) {
    let (Some(asking), Some(writing), Some(level)) = (asking, writing, level) else { return };
    if !matches!(actions.get(activated.entity), Ok(Action::WriteNote)) {
        return;
    }
    let Ok(text) = field.single().map(|field| field.value().to_string()) else { return };
    if !text.trim().is_empty() {
        let place = NoteOn::Place { map: level.name.clone(), at: writing.at };
        commands.notes().by(asking.0.id()).write(NewNote::new(text).on(place));
    }
    next.set(Game::Playing);
}
