//! Lamplighter: a small game that nothing can kill for good.
//!
//! Walk through the night, let fireflies follow you, and lead them into the lamps before the shades
//! scatter them. Then press one of the keys that crash the game, start it again, and go on where you
//! were:
//!
//! ```text
//! cargo run --release --example game --features game
//! cargo run --release --example game --features game -- --entities 10000
//! cargo run --release --example game --features game -- --plant 100
//! ```
//!
//! What to copy: `model.rs` says what is saved and when, `level.rs` places things under names that a
//! checkpoint finds again, `views.rs` draws what is there, `menu.rs` continues, saves and loads, and
//! `scenarios.rs` begins. `inputs.rs` records what decides a run, so that `--replay` plays it again. `objectives.rs` says what the player is to do,
//! `recap.rs` what they did last, `rewind.rs` goes back, and `insights.rs` what all games say together. `crew.rs` has two players on one keyboard,
//! `pause.rs` what each of them may ask for, and `pins.rs` what they write to each other. `play.rs` knows nothing of saving
//! but one line.

mod bug;
mod controls;
mod crashes;
mod crew;
mod display;
mod headless;
mod hud;
mod inputs;
mod insights;
mod level;
mod menu;
mod model;
mod objectives;
mod options;
mod pause;
mod pins;
mod plant;
mod play;
mod recap;
mod rewind;
mod scenarios;
mod shots;
mod texts;
mod views;

use std::path::Path;
use std::time::Duration;

use bevy::input_focus::tab_navigation::TabNavigationPlugin;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::window::WindowResolution;
use bevy_session::GameContext;
use bevy_session::prelude::*;
use bevy_session::replay::{Replay, ReplayError, ReplayManner};
use bevy_session_ui::{SessionPanelPlugin, SessionTheme, SessionUiPlugins, ThumbnailPlugin};

use crashes::Plug;
use options::Options;
use texts::Texts;

fn main() -> AppExit {
    match start() {
        Ok(exit) => exit,
        Err(sentence) => {
            say(&sentence);
            AppExit::error()
        }
    }
}

/// Plays, or says in a sentence why not.
fn start() -> Result<AppExit, String> {
    let options = Options::from_command_line()?;
    if options.help {
        say(options::HELP);
        return Ok(AppExit::Success);
    }
    let texts = Texts::read(&options.language)?;
    if let Some(count) = options.plant {
        return plant::plant(&options, texts, count).map(|()| AppExit::Success);
    }
    if let Some(seed) = options.panic_seed {
        return headless::play_until_it_panics(&options, texts, seed).map(|()| AppExit::Success);
    }
    if let Some(path) = &options.last_report {
        return Ok(headless::report_last_run(&options, texts, path));
    }
    if let Some(report) = &options.replay_report {
        let played = headless::play_report(&options, &texts, report);
        return played.map(|()| AppExit::Success).map_err(not_played);
    }
    if let Some(missing) = display::missing() {
        return Err(missing);
    }
    match (&options.shots, &options.replay) {
        (Some(pictures), _) if options.act.is_none() => {
            shots::direct(&options, pictures).map(|()| AppExit::Success)
        }
        (_, Some(path)) => {
            let replay = Replay::open(path).map_err(not_played)?;
            let build = move |session| watched(&options, texts.clone(), session);
            Ok(replay.watch(build, ReplayManner::Exact).run())
        }
        _ => Ok(game(options, texts).run()),
    }
}

fn not_played(error: ReplayError) -> String {
    format!("It can't be played again: {error}.")
}

/// The plugin, with what this game saves and how often.
fn lamplighter(data: &Path) -> SessionPlugin {
    SessionPlugin::new("bevy_session", "Lamplighter")
        .version(env!("CARGO_PKG_VERSION"))
        .context(GameContext::default().arguments(&["--entities", "--seed"]))
        .directory(data)
        .interval(Duration::from_secs(2))
}

fn game(options: Options, texts: Texts) -> App {
    let mut app = seen(&options, texts, lamplighter(&options.data));
    app.insert_resource(Plug::new(&options.data)).add_plugins((
        // A picture with every checkpoint: in this game, things happen fast.
        ThumbnailPlugin { autosave_interval: Some(Duration::ZERO), ..default() },
        (recap::plugin, scenarios::plugin, crashes::plugin),
        (crew::seen, pins::plugin, menu::plugin, pause::plugin),
        (controls::plugin, hud::keys, rewind::plugin),
    ));
    app
}

/// The game as a recorded run is watched in it: without the keys of its player.
fn watched(options: &Options, texts: Texts, session: SessionPlugin) -> App {
    let mut app = seen(options, texts, session);
    app.add_plugins(bug::plugin);
    app
}

/// The game and its looks.
fn seen(options: &Options, texts: Texts, session: SessionPlugin) -> App {
    let window = Window {
        title: texts.title.clone(),
        resolution: WindowResolution::new(options.window.0, options.window.1),
        ..default()
    };
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(window), ..default() })
            .set(AssetPlugin { file_path: texts::assets().display().to_string(), ..default() })
            // So that a report has what was logged last.
            .set(LogPlugin { custom_layer: bevy_session_ops::recent_log, ..default() }),
    )
    .add_plugins((
        session,
        SessionUiPlugins.set(SessionPanelPlugin::default().crash(Some(crashes::kill_at_once))),
        TabNavigationPlugin,
    ))
    // The dialogs are in the colours of the game.
    .insert_resource(SessionTheme { accent: views::WARM, ..default() })
    // A rewind writes what differs, so that the screen doesn't blink.
    .insert_resource(RestoreManner::InPlace)
    .insert_resource(texts)
    .insert_resource(options.clone())
    .add_plugins((
        texts::plugin,
        model::plugin,
        (objectives::plugin, objectives::seen),
        (insights::gathered, insights::plugin),
        level::plugin,
        (inputs::plugin, play::plugin, crew::plugin),
        (views::plugin, hud::plugin),
    ));
    if options.shots.is_some() {
        app.add_plugins(shots::plugin);
    }
    app
}

#[expect(clippy::print_stderr, reason = "it talks to people")]
fn say(text: &str) {
    eprintln!("{text}");
}
