//! A small game with objectives.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session_play::*;

/// The amount of water: saved, and used by conditions of the tests.
#[derive(Resource, Reflect, Clone, Default, serde::Serialize, serde::Deserialize)]
#[reflect(Resource, Saved)]
pub struct Water(pub u32);

/// The notifications of this process, in order.
#[derive(Resource, Default)]
pub struct Heard(pub Vec<String>);

/// An app with these objectives, which hears of everything.
pub fn app_with(session: SessionPlugin, add: impl FnOnce(&mut App)) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<bevy::app::ScheduleRunnerPlugin>(), session))
        .add_plugins(ObjectivesPlugin)
        .register_type::<Water>()
        .init_resource::<Water>()
        .init_resource::<Heard>();
    hear::<ObjectiveCompleted>(&mut app, |it| format!("completed {}", it.key));
    hear::<ObjectiveFailed>(&mut app, |it| format!("failed {}", it.key));
    hear::<ObjectiveReopened>(&mut app, |it| format!("reopened {}", it.key));
    hear::<ObjectiveAvailable>(&mut app, |it| format!("available {}", it.key));
    hear::<ObjectiveAdvanced>(&mut app, |it| {
        format!("advanced {} {}/{}", it.key, it.done, it.count)
    });
    hear::<ObjectiveBlocked>(&mut app, |it| format!("blocked {} {}", it.key, it.blocker.what));
    hear::<ObjectiveResolved>(&mut app, |it| format!("resolved {} {}", it.key, it.what));
    hear::<ObjectiveRejected>(&mut app, |it| format!("rejected {} {}", it.key, it.reason));
    add(&mut app);
    app
}

fn hear<E: Event>(app: &mut App, say: fn(&E) -> String) {
    app.add_observer(move |event: On<E>, mut heard: ResMut<Heard>| {
        heard.0.push(say(event.event()));
    });
}

/// A game with these objectives.
pub fn game_with(add: impl Fn(&mut App) + 'static) -> TestGame {
    TestGame::new(move |session| app_with(session, &add))
}

/// A game with these objectives, in a session.
pub fn started(add: impl Fn(&mut App) + 'static) -> TestGame {
    let mut game = game_with(add);
    game.start(NewSession::named("Frontier")).unwrap();
    game
}

pub fn ask(game: &mut TestGame, ask: impl FnOnce(&mut ObjectiveCommands)) {
    game.request(|commands| ask(&mut commands.objectives())).frames(1);
}

/// The notifications since the last call.
pub fn heard(game: &mut TestGame) -> Vec<String> {
    std::mem::take(&mut game.world().resource_mut::<Heard>().0)
}

/// The notifications that begin with this, since the last call.
pub fn heard_of(game: &mut TestGame, what: &str) -> Vec<String> {
    heard(game).into_iter().filter(|it| it.starts_with(what)).collect()
}

pub fn objectives(game: &TestGame) -> &Objectives {
    game.app().world().resource()
}

/// The standing of an objective, in a word.
pub fn standing(game: &TestGame, key: &str) -> &'static str {
    objectives(game).get(key).map_or("absent", |it| it.standing().word())
}

pub fn problems(game: &TestGame) -> Vec<ObjectiveProblem> {
    game.app().world().resource::<ObjectiveProblems>().iter().cloned().collect()
}

pub fn water(game: &mut TestGame, water: u32) {
    game.world().resource_mut::<Water>().0 = water;
}

pub fn water_is(at_least: u32) -> impl Fn(Res<Water>) -> bool + Send + Sync + 'static {
    move |water: Res<Water>| water.0 >= at_least
}
