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
//! `scenarios.rs` begins. `objectives.rs` says what the player is to do,
//! `recap.rs` what they did last, `rewind.rs` goes back, and `insights.rs` what all games say together. `crew.rs` has two players on one keyboard,
//! `pause.rs` what each of them may ask for, and `pins.rs` what they write to each other. `play.rs` knows nothing of saving
//! but one line.

mod controls;
mod crashes;
mod crew;
mod display;
mod hud;
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
    if let Some(missing) = display::missing() {
        return Err(missing);
    }
    match &options.shots {
        Some(pictures) if options.act.is_none() => {
            shots::direct(&options, pictures).map(|()| AppExit::Success)
        }
        _ => Ok(game(options, texts).run()),
    }
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
    let window = Window {
        title: texts.title.clone(),
        resolution: WindowResolution::new(options.window.0, options.window.1),
        ..default()
    };
    let mut app = App::new();
    app.insert_resource(Plug::new(&options.data))
        .add_plugins(
            DefaultPlugins
                .set(WindowPlugin { primary_window: Some(window), ..default() })
                .set(AssetPlugin { file_path: texts::assets().display().to_string(), ..default() })
                // So that a report has what was logged last.
                .set(LogPlugin { custom_layer: bevy_session_ops::recent_log, ..default() }),
        )
        .add_plugins((
            lamplighter(&options.data),
            // A picture with every checkpoint: in this game, things happen fast.
            ThumbnailPlugin { autosave_interval: Some(Duration::ZERO), ..default() },
            SessionUiPlugins.set(SessionPanelPlugin::default().crash(Some(crashes::kill_at_once))),
            TabNavigationPlugin,
        ))
        // The dialogs are in the colours of the game.
        .insert_resource(SessionTheme { accent: views::WARM, ..default() })
        // A rewind writes what differs, so that the screen doesn't blink.
        .insert_resource(RestoreManner::InPlace)
        .insert_resource(texts)
        .add_plugins((
            texts::plugin,
            model::plugin,
            objectives::plugin,
            objectives::seen,
            (insights::gathered, insights::plugin, recap::plugin),
            level::plugin,
            (play::plugin, crew::plugin, pins::plugin),
            views::plugin,
            hud::plugin,
            (menu::plugin, pause::plugin, controls::plugin, rewind::plugin),
            scenarios::plugin,
            crashes::plugin,
        ));
    if options.shots.is_some() {
        app.add_plugins(shots::plugin);
    }
    app.insert_resource(options);
    app
}

#[expect(clippy::print_stderr, reason = "it talks to people")]
fn say(text: &str) {
    eprintln!("{text}");
}
