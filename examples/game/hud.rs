//! The screen while the game is played: progress, what is safe, and the keys.

mod oil;

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_session::library::SessionPlace;
use bevy_session::prelude::*;
use bevy_session::reports::{Report, ReportWritten};
use bevy_session_play::ObjectiveList;

use crate::controls::is_typing;
use crate::crew::{Seat, Seats};
use crate::model::{Game, Lamp, Player, Score};
use crate::objectives;
use crate::play::Steering;
use crate::texts::Texts;
use crate::views::WARM;
use oil::oil_bars;

const PALE: Color = Color::srgb(0.80, 0.85, 0.92);
const DIM: Color = Color::srgb(0.58, 0.64, 0.74);
const ALARM: Color = Color::srgb(1.0, 0.58, 0.52);
/// The height of a line of notes to the player, at the lower edge.
pub const ROOM_FOR_NOTES: f32 = 72.0;
/// The width of the counts, and of the objectives.
const COLUMN: f32 = 200.0;
const PANEL: Color = Color::srgba(0.02, 0.03, 0.06, 0.88);

/// A sentence to the player, for a few seconds.
#[derive(Resource, Default)]
pub struct Note {
    text: String,
    left: f32,
}

impl Note {
    pub fn say(&mut self, text: &str) {
        self.say_for(4.0, text);
    }

    /// For so many seconds, since there is more to read.
    pub fn say_for(&mut self, seconds: f32, text: &str) {
        *self = Self { text: text.to_owned(), left: seconds };
    }
}

#[derive(Component)]
struct Hud;
/// The counts, and the objectives.
#[derive(Component)]
struct Panel;

/// A line of the panel, and what it counts.
#[derive(Component, Clone, Copy)]
enum Count {
    Lamps,
    Tail,
    Points,
    Unsaved,
}

/// Which keys there are, which depends on who is here.
#[derive(Component)]
struct KeysLine;
#[derive(Component)]
struct KeysPanel;
#[derive(Component)]
struct NotePlate;
#[derive(Component)]
struct NoteLine;

pub fn plugin(app: &mut App) {
    app.add_plugins(oil::plugin)
        .init_resource::<Note>()
        .add_systems(OnEnter(Game::Menu), hide)
        .add_systems(OnEnter(Game::Loading), show)
        .add_systems(
            Update,
            (count, fit_panel, show_keys, show_note).run_if(not(in_state(Game::Menu))),
        )
        .add_observer(|_: On<SlotSaved>, texts: Res<Texts>, mut note: ResMut<Note>| {
            note.say(&texts.slot_saved);
        })
        .add_observer(|report: On<ReportWritten>, texts: Res<Texts>, mut note: ResMut<Note>| {
            // The whole path is in the log, and longer than a line of a small window.
            let file = report.path.file_name().unwrap_or_default().to_string_lossy();
            note.say(&texts.report_written.replace("{file}", &file));
        });
}

/// The keys of whoever plays. Whoever watches a recorded run has none.
pub fn keys(app: &mut App) {
    app.add_systems(Update, save_and_load.run_if(not(is_typing)).run_if(not(in_state(Game::Menu))));
}

fn hide(hud: Query<Entity, With<Hud>>, mut commands: Commands) {
    hud.iter().for_each(|hud| commands.entity(hud).despawn());
}

fn show(hud: Query<(), With<Hud>>, texts: Res<Texts>, mut commands: Commands) {
    if !hud.is_empty() {
        return;
    }
    commands.spawn((
        Hud,
        panel(),
        children![
            counts(&texts),
            (
                Node { width: px(COLUMN), ..default() },
                ObjectiveList { locked: false, ..objectives::list(14.0) }
            ),
        ],
    ));
    commands.spawn((
        Hud,
        Node {
            position_type: PositionType::Absolute,
            bottom: px(0),
            width: percent(100),
            padding: UiRect::all(px(16)),
            row_gap: px(12),
            flex_direction: FlexDirection::Column,
            ..default()
        },
        children![note_plate(), keys_panel(&texts)],
    ));
}

/// The plate behind a note, so that no name in the landscape runs into it.
fn note_plate() -> impl Bundle {
    let node = Node {
        align_self: AlignSelf::Center,
        max_width: percent(100),
        padding: UiRect::axes(px(16), px(10)),
        border_radius: BorderRadius::all(px(8)),
        ..default()
    };
    let plate = (NotePlate, node, BackgroundColor(PANEL.with_alpha(0.97)), Visibility::Hidden);
    // Above the menus, in which things are refused.
    (plate, GlobalZIndex(1), children![(NoteLine, text("", 18.0, WARM))])
}

fn keys_panel(texts: &Texts) -> impl Bundle {
    let node = Node {
        // The corner on the right belongs to the save indicator.
        max_width: percent(80),
        align_self: AlignSelf::Start,
        padding: UiRect::axes(px(16), px(10)),
        row_gap: px(6),
        flex_direction: FlexDirection::Column,
        border_radius: BorderRadius::all(px(8)),
        ..default()
    };
    let lines = children![(KeysLine, text("", 13.0, DIM)), text(&texts.crash_keys, 13.0, ALARM)];
    (KeysPanel, node, BackgroundColor(PANEL), lines)
}

fn panel() -> impl Bundle {
    let node = Node {
        position_type: PositionType::Absolute,
        left: px(16),
        top: px(16),
        padding: UiRect::all(px(16)),
        row_gap: px(18),
        column_gap: px(16),
        border_radius: BorderRadius::all(px(8)),
        ..default()
    };
    (Panel, node, BackgroundColor(PANEL))
}

fn counts(texts: &Texts) -> impl Bundle + use<> {
    let node = Node {
        width: px(COLUMN),
        row_gap: px(8),
        flex_direction: FlexDirection::Column,
        ..default()
    };
    let lines = children![
        count_line(&texts.lamps, Count::Lamps),
        count_line(&texts.tail, Count::Tail),
        (line(), children![text(&texts.oil, 16.0, DIM), oil_bars()]),
        count_line(&texts.points, Count::Points),
        count_line(&texts.unsaved, Count::Unsaved),
    ];
    (node, lines)
}

/// Objectives stand below what is counted, or beside it where the window is higher than wide.
fn fit_panel(
    window: Single<&Window, With<PrimaryWindow>>,
    mut panel: Single<&mut Node, With<Panel>>,
) {
    let direction = match window.height() > window.width() {
        true => FlexDirection::Row,
        false => FlexDirection::Column,
    };
    set_if_other(&mut panel, |node| &mut node.flex_direction, direction);
}

fn line() -> Node {
    Node {
        justify_content: JustifyContent::SpaceBetween,
        align_items: AlignItems::Center,
        ..default()
    }
}

fn count_line(label: &str, count: Count) -> impl Bundle + use<> {
    (line(), children![text(label, 16.0, DIM), (count, text("", 16.0, PALE))])
}

pub fn text(text: &str, size: f32, color: Color) -> impl Bundle + use<> {
    (
        Text::new(text),
        TextFont { font_size: FontSize::Px(size), ..default() },
        TextColor(color),
        Pickable::IGNORE,
    )
}

fn count(
    lamps: Query<&Lamp>,
    players: Query<&Player, With<Steering>>,
    score: Res<Score>,
    session: Option<Res<CurrentSession>>,
    mut lines: Query<(&Count, &mut Text)>,
) {
    for (count, mut text) in &mut lines {
        let said = match count {
            Count::Lamps => {
                let lit = lamps.iter().filter(|lamp| lamp.is_lit()).count();
                format!("{lit} / {}", lamps.iter().count())
            }
            Count::Tail => {
                let tails = players.iter().map(|player| player.tail.len().to_string());
                tails.collect::<Vec<_>>().join(" + ")
            }
            Count::Points => score.points.to_string(),
            // What a crash right now would cost.
            Count::Unsaved => session.as_ref().map_or_else(String::new, |session| {
                format!("{:.1} s", session.at_risk().as_secs_f32())
            }),
        };
        text.set_if_neq(Text(said));
    }
}

/// A layout is computed again whenever a node counts as changed.
fn set_if_other<T: PartialEq>(node: &mut Mut<Node>, field: fn(&mut Node) -> &mut T, value: T) {
    if *field(node.bypass_change_detection()) != value {
        *field(node) = value;
    }
}

/// Keys are of use while somebody plays; menus need the room.
fn show_keys(
    seats: Seats,
    state: Res<State<Game>>,
    texts: Res<Texts>,
    mut line: Single<&mut Text, With<KeysLine>>,
    mut panel: Single<&mut Node, With<KeysPanel>>,
) {
    let who = if seats.are_both_here() { &texts.keys_of_two } else { &texts.keys_of_one };
    let guest = seats.host().unwrap_or(Seat::Left).other();
    let keys = texts.keys.replace("{name}", guest.name());
    line.set_if_neq(Text(format!("{who}\n{keys}")));
    let display = if *state.get() == Game::Playing { Display::Flex } else { Display::None };
    set_if_other(&mut panel, |node| &mut node.display, display);
}

fn show_note(
    time: Res<Time<Real>>,
    mut note: ResMut<Note>,
    mut line: Single<&mut Text, With<NoteLine>>,
    mut plate: Single<&mut Visibility, With<NotePlate>>,
) {
    note.left -= time.delta_secs();
    let is_said = note.left > 0.0;
    plate.set_if_neq(if is_said { Visibility::Inherited } else { Visibility::Hidden });
    if is_said {
        line.set_if_neq(Text(note.text.clone()));
    }
}

fn save_and_load(
    keys: Res<ButtonInput<KeyCode>>,
    place: Res<SessionPlace>,
    mut commands: Commands,
) {
    if keys.just_pressed(KeyCode::F8) {
        let report = Report::now().events(200).picture();
        commands.session().library().report(report, next_report(place.data()));
    }
    if keys.just_pressed(KeyCode::F5) {
        commands.session().slots().quick_save();
    }
    if keys.just_pressed(KeyCode::F6) {
        commands.session().slots().quick_load();
    }
}

/// The first name beside the sessions that no report has yet.
fn next_report(data: &Path) -> PathBuf {
    let report = |number: u32| data.with_file_name(format!("report-{number}.tar"));
    let mut number = 1;
    while report(number).exists() {
        number += 1;
    }
    report(number)
}
