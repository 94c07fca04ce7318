//! The screen on which a new game is chosen: the scenarios of `assets/scenarios`, with a preview of each.

use bevy::input_focus::InputFocus;
use bevy::picking::hover::Hovered;
use bevy::prelude::*;
use bevy_session::library::SessionQuery;
use bevy_session::prelude::*;
use bevy_session::scenarios::{Scenario, ScenarioAsset, ScenarioPlugin, suggest};

use crate::hud::text;
use crate::menu::{Action, DIM, PALE, night, screen, spawn_buttons};
use crate::model::Game;
use crate::texts::Texts;
use crate::views::{Shapes, WARM};

/// The easiest first.
pub const FILES: [&str; 3] = ["first-night", "over-the-marsh", "moonless"];

/// The scenarios for a new game.
#[derive(Resource)]
pub struct Scenarios(Vec<Handle<ScenarioAsset>>);

/// A line about the scenario that is chosen.
#[derive(Component, Clone, Copy, PartialEq)]
enum Preview {
    Name,
    About,
    Facts,
    Reason,
}

/// Its picture.
#[derive(Component)]
struct Picture;

/// The scenario that the player may want next, by its key, and why.
#[derive(Component, Default)]
struct Suggested {
    key: String,
    why: String,
}

pub fn plugin(app: &mut App) {
    app.add_plugins(ScenarioPlugin)
        .add_systems(Startup, load)
        .add_systems(OnEnter(Game::Choosing), choose)
        .add_systems(Update, show_preview.run_if(in_state(Game::Choosing)));
}

fn load(assets: Res<AssetServer>, texts: Res<Texts>, mut commands: Commands) {
    let load = |file| assets.load(format!("{}/{file}.scenario.ron", texts.scenarios));
    commands.insert_resource(Scenarios(FILES.map(load).into()));
}

impl Scenarios {
    /// Starts a session of one of them, or one of none if it could not be read.
    pub fn start(&self, number: usize, read: &Assets<ScenarioAsset>, commands: &mut Commands) {
        match self.0.get(number).and_then(|handle| read.get(handle)) {
            Some(scenario) => scenario.start(scenario.new_session(), commands),
            None => commands.session().start(NewSession::named("Lamplighter")),
        };
    }
}

fn choose(
    texts: Res<Texts>,
    scenarios: Res<Scenarios>,
    read: Res<Assets<ScenarioAsset>>,
    sessions: Res<SessionCatalog>,
    shapes: Res<Shapes>,
    mut commands: Commands,
) {
    let all = scenarios.0.iter().enumerate();
    let all: Vec<(usize, &ScenarioAsset)> =
        all.filter_map(|(number, handle)| Some((number, read.get(handle)?))).collect();
    let suggested = suggested(all.iter().map(|(_, asset)| &asset.scenario), &sessions, &texts);
    let chosen = all.iter().position(|(_, asset)| asset.key == suggested.key).unwrap_or(0);
    let mut buttons: Vec<(&String, Action)> =
        all.iter().map(|(number, asset)| (&asset.name, Action::Begin(*number))).collect();
    if buttons.is_empty() {
        buttons.push((&texts.new_game, Action::Begin(0)));
    }
    buttons.push((&texts.back, Action::Leave));
    let screen = screen(&mut commands, Game::Choosing, 0.0);
    night(&mut commands, screen, &shapes);
    commands.entity(screen).insert(suggested).with_children(|screen| {
        screen.spawn(text(&texts.choose, 44.0, WARM));
        let sides = Node {
            width: percent(100),
            flex_wrap: FlexWrap::Wrap,
            justify_content: JustifyContent::Center,
            align_items: AlignItems::Center,
            column_gap: px(40),
            row_gap: px(16),
            ..default()
        };
        screen.spawn(sides).with_children(|sides| {
            let column =
                Node { flex_direction: FlexDirection::Column, row_gap: px(12), ..default() };
            sides.spawn(column).with_children(|column| spawn_buttons(column, &buttons, chosen));
            sides.spawn(card()).with_children(fill_card);
        });
    });
}

/// As high for each scenario, so that nothing moves while the player looks at one after the other.
fn card() -> impl Bundle {
    let node = Node {
        width: px(400),
        min_height: px(404),
        padding: UiRect::all(px(16)),
        row_gap: px(8),
        flex_direction: FlexDirection::Column,
        border_radius: BorderRadius::all(px(12)),
        ..default()
    };
    (node, BackgroundColor(Color::srgba(0.045, 0.058, 0.088, 0.92)))
}

fn fill_card(card: &mut ChildSpawnerCommands) {
    let picture = Node {
        width: px(368),
        height: px(207),
        display: Display::None,
        border_radius: BorderRadius::all(px(8)),
        ..default()
    };
    card.spawn((Picture, picture, ImageNode::default(), Pickable::IGNORE));
    let lines = [
        (Preview::Name, 26.0, WARM),
        (Preview::About, 18.0, PALE),
        (Preview::Facts, 16.0, DIM),
        (Preview::Reason, 16.0, WARM),
    ];
    for (line, size, color) in lines {
        // Said, so that the card is as high as its lines are, and not as if each word had its own.
        let width = Node { width: px(368), ..default() };
        card.spawn((line, text("", size, color), width));
    }
}

fn suggested<'a>(
    all: impl IntoIterator<Item = &'a Scenario>,
    sessions: &SessionCatalog,
    texts: &Texts,
) -> Suggested {
    let played = sessions.query(&SessionQuery::default().in_all_places());
    let suggestions = suggest(all, played.entries, jiff::Timestamp::now());
    let Some(first) = suggestions.into_iter().next() else { return Suggested::default() };
    let why = first.why.first().map(|reason| texts.why(reason)).unwrap_or_default();
    Suggested { key: first.scenario.key.clone(), why: format!("{}: {why}", texts.suggested) }
}

/// Shows the scenario under the mouse, or that has the focus; beside other buttons the one before stays.
fn show_preview(
    texts: Res<Texts>,
    scenarios: Res<Scenarios>,
    read: Res<Assets<ScenarioAsset>>,
    assets: Res<AssetServer>,
    focus: Res<InputFocus>,
    buttons: Query<(&Action, &Hovered)>,
    suggested: Single<&Suggested>,
    mut lines: Query<(&Preview, &mut Text)>,
    picture: Single<(&mut Node, &mut ImageNode), With<Picture>>,
) {
    let hovered = buttons.iter().find(|(_, hovered)| hovered.0);
    let chosen = match hovered.or_else(|| buttons.get(focus.get()?).ok()) {
        Some((Action::Begin(number), _)) => scenarios.0.get(*number),
        _ => None,
    };
    let Some(scenario) = chosen.and_then(|handle| read.get(handle)) else { return };
    for (line, mut shown) in &mut lines {
        let said = match line {
            Preview::Name => scenario.name.clone(),
            Preview::About => scenario.description.clone(),
            Preview::Facts => texts.facts_of(scenario),
            Preview::Reason if scenario.key == suggested.key => suggested.why.clone(),
            Preview::Reason => String::new(),
        };
        shown.set_if_neq(Text(said));
    }
    let (mut place, mut image) = picture.into_inner();
    let display = if scenario.picture.is_some() { Display::Flex } else { Display::None };
    if place.display != display {
        place.display = display;
    }
    if let Some(file) = &scenario.picture {
        let shown = assets.load(file);
        if image.image != shown {
            image.image = shown;
        }
    }
}
