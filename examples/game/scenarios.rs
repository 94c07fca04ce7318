//! The screen on which a new game is chosen: the scenarios of `assets/scenarios`, with a word about each.

use bevy::input_focus::InputFocus;
use bevy::picking::hover::Hovered;
use bevy::prelude::*;
use bevy_session::SessionQuery;
use bevy_session::prelude::*;
use bevy_session::shelf::{Scenario, ScenarioAsset, ScenarioPlugin, suggest};

use crate::hud::text;
use crate::menu::{Action, DIM, PALE, fill, screen};
use crate::model::Game;
use crate::texts::Texts;
use crate::views::WARM;

/// The easiest first.
const FILES: [&str; 3] = ["first-night", "over-the-marsh", "moonless"];

/// What a new game can be.
#[derive(Resource)]
pub struct Scenarios(Vec<Handle<ScenarioAsset>>);

/// What is said about the one that is chosen.
#[derive(Component, Clone, Copy, PartialEq)]
enum Preview {
    About,
    Facts,
    Reason,
}

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

fn load(assets: Res<AssetServer>, mut commands: Commands) {
    let load = |file| assets.load(format!("scenarios/{file}.scenario.ron"));
    commands.insert_resource(Scenarios(FILES.map(load).into()));
}

impl Scenarios {
    /// Starts a session of one of them, or one of none where it could not be read.
    pub fn start(&self, number: usize, read: &Assets<ScenarioAsset>, commands: &mut Commands) {
        match self.0.get(number).and_then(|handle| read.get(handle)) {
            Some(scenario) => scenario.start(scenario.new_session(), commands),
            None => commands.session().start(NewSession::named("Lamplighter")),
        }
    }
}

fn choose(
    texts: Res<Texts>,
    scenarios: Res<Scenarios>,
    read: Res<Assets<ScenarioAsset>>,
    sessions: Res<SessionCatalog>,
    mut commands: Commands,
) {
    let all = scenarios.0.iter().enumerate();
    let all: Vec<(usize, &ScenarioAsset)> =
        all.filter_map(|(number, handle)| Some((number, read.get(handle)?))).collect();
    let suggested = suggested(all.iter().map(|(_, asset)| &asset.scenario), &sessions);
    let chosen = all.iter().position(|(_, asset)| asset.key == suggested.key).unwrap_or(0);
    let mut buttons: Vec<(&String, Action)> =
        all.iter().map(|(number, asset)| (&asset.name, Action::Begin(*number))).collect();
    if buttons.is_empty() {
        buttons.push((&texts.new_game, Action::Begin(0)));
    }
    buttons.push((&texts.back, Action::Leave));
    let screen = screen(&mut commands, Game::Choosing, 0.0);
    fill(&mut commands, screen, [&texts.choose, ""], &buttons, chosen);
    commands.entity(screen).insert(suggested).with_children(|screen| {
        screen.spawn(Node { height: px(12), ..default() });
        let lines = [(Preview::About, PALE), (Preview::Facts, DIM), (Preview::Reason, WARM)];
        for (line, color) in lines {
            let place = Node { min_height: px(24), ..default() };
            screen.spawn((line, text("", 18.0, color), place));
        }
    });
}

fn suggested<'a>(
    all: impl IntoIterator<Item = &'a Scenario>,
    sessions: &SessionCatalog,
) -> Suggested {
    let played = sessions.query(&SessionQuery::default().in_all_places());
    let suggestions = suggest(all, played.entries, jiff::Timestamp::now());
    let Some(first) = suggestions.into_iter().next() else { return Suggested::default() };
    let why = first.why.first().map(ToString::to_string).unwrap_or_default();
    Suggested { key: first.scenario.key.clone(), why }
}

/// The one under the mouse, or that has the focus.
fn show_preview(
    texts: Res<Texts>,
    scenarios: Res<Scenarios>,
    read: Res<Assets<ScenarioAsset>>,
    focus: Res<InputFocus>,
    buttons: Query<(&Action, &Hovered)>,
    suggested: Single<&Suggested>,
    mut lines: Query<(&Preview, &mut Text)>,
) {
    let hovered = buttons.iter().find(|(_, hovered)| hovered.0);
    let chosen = hovered.or_else(|| buttons.get(focus.get()?).ok());
    let chosen = chosen.and_then(|(action, _)| match action {
        Action::Begin(number) => read.get(scenarios.0.get(*number)?),
        _ => None,
    });
    for (line, mut shown) in &mut lines {
        let said = chosen.map(|scenario| match line {
            Preview::About => scenario.description.clone(),
            Preview::Facts => texts.facts_of(scenario),
            Preview::Reason if scenario.key == suggested.key => suggested.why.clone(),
            Preview::Reason => String::new(),
        });
        shown.set_if_neq(Text(said.unwrap_or_default()));
    }
}
