//! Demonstrates a game that `kill -9` costs a second at most: a colony without a window.
//!
//! Run it, kill it in any way you like, and run it again:
//!
//! ```text
//! cargo run --release --example headless
//! kill -9 $(pgrep headless)
//! cargo run --release --example headless
//! ```
//!
//! Look for the sentence that says at which checkpoint the colony is back: it is the last one that
//! the status line called safe, or a newer one. `--json` says the same to programs, with a hash of
//! everything that is saved, and `--stdin` lets them ask for saves, loads and deaths, one command
//! per line; `driven.rs` lists the commands. `--help` lists what else can be chosen.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to people")]

mod bug;
mod cloud;
mod colony;
mod digest;
mod driven;
mod life;
mod lifecycle;
mod metrics;
mod objectives;
mod options;
mod replay;
mod replica;
mod report;
mod take_up;

use std::thread;
use std::time::{Duration, Instant};

use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session::library::StorageSettings;
use bevy_session::prelude::*;
use bevy_session::{SessionLast, SessionSystems};
use bevy_session_ops::SystemdPlugin;
use bevy_session_play::NotesPlugin;

use crate::life::HERTZ;
use crate::options::{HELP, Options};
use crate::report::Reporter;

fn main() -> AppExit {
    let options = match Options::from_command_line() {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return AppExit::error();
        }
    };
    if options.help {
        println!("{HELP}");
        return AppExit::Success;
    }
    if options.replay.is_some() || options.replay_report.is_some() {
        return replay::play(&options);
    }
    let session = match session(&options) {
        Ok(session) => session,
        Err(sentence) => {
            eprintln!("{sentence}");
            return AppExit::error();
        }
    };
    let mut app = App::new();
    let watched = options.metrics.iter().try_for_each(|address| metrics::add(&mut app, address));
    let watched = watched.and_then(|()| {
        options.lifecycle.iter().try_for_each(|path| lifecycle::add(&mut app, path))
    });
    if let Err(sentence) = watched {
        eprintln!("{sentence}");
        return AppExit::error();
    }
    let reports_last_run = options.last_report.is_some();
    app
        // What the plugin logs is said by `report` already; RUST_LOG=bevy_session=debug shows it.
        .add_plugins(LogPlugin { filter: "warn,bevy_session=off".into(), ..default() })
        .add_plugins((MinimalPlugins, StatesPlugin, session))
        // As a service of systemd's; elsewhere it does nothing.
        .add_plugins(SystemdPlugin::from_environment())
        .insert_resource(options.restore)
        .insert_resource(options)
        .add_plugins((
            colony::plugin,
            life::plugin,
            objectives::plugin,
            NotesPlugin,
            report::plugin,
            replica::plugin,
            cloud::plugin,
        ));
    if reports_last_run {
        replay::report_last_run(&mut app);
    } else {
        app.add_plugins((take_up::plugin, driven::plugin));
    }
    app.add_systems(First, keep_time.run_if(has_begun))
        .add_systems(Update, quit_in_time.run_if(has_begun))
        .add_systems(
            SessionLast,
            check_end.after(SessionSystems::Run).run_if(on_message::<AppExit>),
        )
        .run()
}

/// The plugin, as the command line has it, or what is wrong with that in a sentence.
fn session(options: &Options) -> Result<SessionPlugin, String> {
    let storage = StorageSettings { audit: true, ..default() };
    let mut session = SessionPlugin::new("bevy_session", "Headless Colony")
        .settings(SessionSettings { storage, ..default() })
        .version(env!("CARGO_PKG_VERSION"))
        .interval(options.checkpoint)
        // Killing it is what it is for, and it goes on in every build.
        .development(false);
    if let Some(directory) = &options.data {
        session = session.directory(directory);
    }
    if let Some(file) = &options.policies {
        session = session.policies(file);
    }
    if let Some(report) = &options.open {
        session = session.open(report);
    }
    if let Some(folder) = &options.cloud_folder {
        session = session.cloud_folder(folder);
    }
    Ok(match replica::chosen(options)? {
        Some(replica) => session.replica(replica),
        None => session,
    })
}

/// From the first session on, also while it is paused or another one is loaded.
fn has_begun(session: Option<Res<CurrentSession>>, mut once: Local<bool>) -> bool {
    *once |= session.is_some();
    *once
}

/// Holds the colony at 60 steps per second. Until there is a session, frames come as fast as they
/// can, so that a restore doesn't wait for the next frame.
fn keep_time(mut next_frame: Local<Option<Instant>>) {
    let now = Instant::now();
    let due = next_frame.unwrap_or(now);
    thread::sleep(due.saturating_duration_since(now));
    // A frame that was late isn't made up for.
    *next_frame = Some(due.max(now) + Duration::from_secs(1) / HERTZ);
}

/// The player quits: the plugin closes the session on its way out.
fn quit_in_time(
    options: Res<Options>,
    mut begun: Local<Option<Instant>>,
    mut exit: MessageWriter<AppExit>,
) {
    let played = begun.get_or_insert_with(Instant::now).elapsed();
    if options.play_for.is_some_and(|play_for| played >= play_for) {
        exit.write(AppExit::Success);
    }
}

/// An exit waits for the disk, but not for ever.
fn check_end(
    session: Option<Res<CurrentSession>>,
    reporter: Res<Reporter>,
    mut exit: MessageWriter<AppExit>,
) {
    if session.is_some() {
        reporter.error("not_closed", "The end isn't saved in time. What was safe before still is.");
        exit.write(AppExit::error());
    }
}
