//! The main menu and the end of a level: screens of a title and a few buttons.

use bevy::input_focus::tab_navigation::{TabGroup, TabIndex};
use bevy::input_focus::{AutoFocus, InputFocus};
use bevy::picking::hover::Hovered;
use bevy::prelude::*;
use bevy::ui_widgets::{Activate, Button};
use bevy_session::prelude::*;
use bevy_session::scenarios::ScenarioAsset;
use bevy_session_play::{Crew, Rights};
use bevy_session_ui::OpenSessionMenu;

use crate::hud::{self, text};
use crate::level::LoadedLevel;
use crate::model::{CurrentLevel, Dice, Game};
use crate::objectives;
use crate::options::Options;
use crate::pause::{Ask, Asking};
use crate::recap::Recap;
use crate::scenarios::Scenarios;
use crate::texts::Texts;
use crate::views::{FIREFLY, Shapes, WARM};

pub const PALE: Color = Color::srgb(0.86, 0.90, 0.96);
pub const DIM: Color = Color::srgb(0.62, 0.68, 0.78);
const OUT_OF_REACH: Color = Color::srgb(0.44, 0.49, 0.58);
const BUTTON: Color = Color::srgb(0.085, 0.110, 0.160);
const BUTTON_CHOSEN: Color = Color::srgb(0.150, 0.190, 0.270);

/// The action of a button.
#[derive(Component, Clone, Copy, PartialEq, Debug)]
pub enum Action {
    Continue,
    NewGame,
    /// One of the scenarios.
    Begin(usize),
    Load,
    Insights,
    Lessons,
    Quit,
    Resume,
    /// An action of the pause menu that takes a right.
    Ask(Ask),
    /// Leaves the note that was written.
    WriteNote,
    Leave,
    NextLevel,
    End,
}

#[derive(Component)]
pub struct Screen;

pub fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Game::Menu), main_menu)
        .add_systems(OnEnter(Game::MissionComplete), end_of_level)
        .add_systems(Update, show_choice)
        .add_observer(act)
        .add_observer(|_: On<SessionStarted>, mut next: ResMut<NextState<Game>>| {
            next.set(Game::Loading);
        })
        // Only now it is known whether there is something to continue.
        .add_observer(|_: On<SessionsFound>, state: Res<State<Game>>, mut commands: Commands| {
            if *state.get() == Game::Menu {
                commands.run_system_cached(main_menu);
            }
        })
        .add_observer(|_: On<SessionClosed>, state: Res<State<Game>>, mut commands: Commands| {
            if *state.get() == Game::Menu {
                commands.run_system_cached(main_menu);
            }
        });
}

fn main_menu(
    texts: Res<Texts>,
    sessions: Res<SessionCatalog>,
    shapes: Res<Shapes>,
    old: Query<Entity, With<Screen>>,
    mut commands: Commands,
) {
    old.iter().for_each(|old| commands.entity(old).despawn());
    let mut buttons = vec![(&texts.new_game, Action::NewGame)];
    if sessions.newest_to_continue().is_some() {
        buttons.insert(0, (&texts.continue_game, Action::Continue));
    }
    buttons.extend([
        (&texts.load, Action::Load),
        (&texts.insights, Action::Insights),
        (&texts.quit, Action::Quit),
    ]);
    let screen = screen(&mut commands, Game::Menu, 0.0);
    night(&mut commands, screen, &shapes);
    fill(&mut commands, screen, [&texts.title, &texts.tagline], &buttons);
}

/// A lamp's light behind the title, and fireflies that found it.
pub fn night(commands: &mut Commands, screen: Entity, shapes: &Shapes) {
    let glow = |color: Color, size: f32, x: f32, y: f32| {
        (
            ImageNode { image: shapes.glow.clone(), color, ..default() },
            Node {
                position_type: PositionType::Absolute,
                left: percent(x),
                top: percent(y),
                width: px(size),
                height: px(size),
                margin: UiRect::all(px(-size / 2.0)),
                ..default()
            },
            Pickable::IGNORE,
        )
    };
    commands.entity(screen).with_children(|night| {
        night.spawn(glow(WARM.with_alpha(0.17), 1000.0, 50.0, 34.0));
        let mut dice = Dice(11);
        for _ in 0..36 {
            let (x, y) = (100.0 * dice.fraction(), 100.0 * dice.fraction());
            night.spawn(glow(FIREFLY.with_alpha(0.25 + 0.6 * dice.fraction()), 22.0, x, y));
        }
    });
}

fn end_of_level(texts: Res<Texts>, level: Res<LoadedLevel>, mut commands: Commands) {
    let screen = screen(&mut commands, Game::MissionComplete, 0.66);
    leave_room_for_notes(&mut commands, screen);
    if level.next.is_some() {
        let buttons = [(&texts.next_level, Action::NextLevel), (&texts.leave, Action::Leave)];
        fill(&mut commands, screen, [&texts.level_complete, ""], &buttons);
    } else {
        let buttons = [(&texts.to_the_end, Action::End)];
        fill(&mut commands, screen, [&texts.all_complete, ""], &buttons);
    }
    // What is done, and what is still to do.
    let below = Node { width: px(280), ..default() };
    commands.entity(screen).with_child((below, objectives::list(16.0)));
}

/// Leaves the lower edge of a screen to the sentences that are said to the player there.
pub fn leave_room_for_notes(commands: &mut Commands, screen: Entity) {
    let below = |mut node: Mut<Node>| node.padding.bottom = px(hud::ROOM_FOR_NOTES);
    commands.entity(screen).entry::<Node>().and_modify(below);
}

/// A screen that goes when this state is left.
pub fn screen(commands: &mut Commands, state: Game, dimmed: f32) -> Entity {
    commands
        .spawn((
            Screen,
            DespawnOnExit(state),
            TabGroup::default(),
            Node {
                position_type: PositionType::Absolute,
                width: percent(100),
                height: percent(100),
                row_gap: px(12),
                flex_direction: FlexDirection::Column,
                align_items: AlignItems::Center,
                justify_content: JustifyContent::Center,
                ..default()
            },
            BackgroundColor(Color::srgba(0.01, 0.015, 0.03, dimmed)),
        ))
        .id()
}

/// Puts a title and a tagline on a screen, and buttons, the first of which is chosen.
pub fn fill(
    commands: &mut Commands,
    screen: Entity,
    [title, tagline]: [&str; 2],
    buttons: &[(&String, Action)],
) {
    commands.entity(screen).with_children(|screen| {
        // As large as the window lets it be.
        let size = TextFont { font_size: FontSize::VMin(7.8), ..default() };
        let centred = TextLayout::justify(Justify::Center);
        screen.spawn((Text::new(title), size, centred, TextColor(WARM), Pickable::IGNORE));
        if !tagline.is_empty() {
            screen.spawn(text(tagline, 18.0, DIM));
        }
        screen.spawn(Node { height: vmin(2.2), ..default() });
        spawn_buttons(screen, buttons, 0);
    });
}

/// Buttons one below the other, one of which is chosen.
pub fn spawn_buttons(
    parent: &mut ChildSpawnerCommands,
    buttons: &[(&String, Action)],
    chosen: usize,
) {
    for (index, (label, action)) in buttons.iter().enumerate() {
        let mut button = parent.spawn(button(label, *action, index as i32));
        if index == chosen {
            button.insert(AutoFocus);
        }
    }
}

fn button(label: &str, action: Action, index: i32) -> impl Bundle + use<> {
    (
        Button,
        action,
        TabIndex(index),
        Hovered::default(),
        Node {
            width: px(280),
            // Low windows have room for as many.
            padding: UiRect::axes(px(16), vmin(1.6)),
            border: UiRect::all(px(2)),
            border_radius: BorderRadius::all(px(8)),
            justify_content: JustifyContent::Center,
            ..default()
        },
        BackgroundColor(BUTTON),
        BorderColor::all(Color::NONE),
        children![text(label, 18.0, PALE)],
    )
}

fn act(
    activated: On<Activate>,
    actions: Query<&Action>,
    sessions: Res<SessionCatalog>,
    scenarios: Res<Scenarios>,
    read: Res<Assets<ScenarioAsset>>,
    level: Option<Res<LoadedLevel>>,
    options: Res<Options>,
    mut current: ResMut<CurrentLevel>,
    mut dice: ResMut<Dice>,
    mut next: ResMut<NextState<Game>>,
    mut recap: ResMut<Recap>,
    mut exit: MessageWriter<AppExit>,
    mut commands: Commands,
) {
    let Ok(action) = actions.get(activated.entity) else { return };
    match action {
        Action::Continue => {
            if let Some(entry) = sessions.newest_to_continue() {
                commands.session().continue_session(entry.session.id);
                recap.wanted = true;
            }
        }
        Action::NewGame => next.set(Game::Choosing),
        Action::Begin(number) => {
            *dice = Dice(options.seed.unwrap_or_else(rand_seed));
            scenarios.start(*number, &read, &mut commands);
        }
        Action::Load => commands.trigger(OpenSessionMenu::default()),
        Action::Insights => next.set(Game::Insights),
        Action::Lessons => next.set(Game::Lessons),
        Action::Quit => _ = exit.write(AppExit::Success),
        Action::Resume => next.set(Game::Playing),
        Action::Leave => next.set(Game::Menu),
        Action::NextLevel => {
            if let Some(level) = level.and_then(|level| level.next.clone()) {
                current.0 = level;
                next.set(Game::Loading);
            }
        }
        Action::End => {
            commands.session().end(EndReason::Completed, LeaveCause::Player);
            next.set(Game::Menu);
        }
        // `pause.rs` and `pins.rs` see to these.
        Action::Ask(_) | Action::WriteNote => {}
    }
}

/// Another one each time.
fn rand_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |since| since.as_nanos() as u64)
}

/// The button that has the focus, or the mouse over it, stands out; what this player may not do is pale.
fn show_choice(
    focus: Res<InputFocus>,
    asking: Option<Res<Asking>>,
    (crew, rights): (Res<Crew>, Res<Rights>),
    mut buttons: Query<(
        Entity,
        &Action,
        &Hovered,
        &mut BackgroundColor,
        &mut BorderColor,
        Option<&Children>,
    )>,
    mut labels: Query<&mut TextColor, Without<Action>>,
) {
    let may =
        |ask: Ask| asking.as_ref().is_none_or(|asking| ask.check(asking.0, &crew, &rights).is_ok());
    for (button, action, hovered, mut background, mut border, children) in &mut buttons {
        let has_focus = focus.get() == Some(button);
        let shade = if has_focus || hovered.0 { BUTTON_CHOSEN } else { BUTTON };
        background.set_if_neq(BackgroundColor(shade));
        border.set_if_neq(BorderColor::all(if has_focus { WARM } else { Color::NONE }));
        let Action::Ask(ask) = action else { continue };
        let color = if may(*ask) { PALE } else { OUT_OF_REACH };
        for &label in children.into_iter().flatten() {
            if let Ok(mut label) = labels.get_mut(label) {
                label.set_if_neq(TextColor(color));
            }
        }
    }
}
