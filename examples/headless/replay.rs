//! `--replay` and `--replay-report`: the colony plays again what it has recorded. `--last-report`: what it can be given.

use std::path::Path;
use std::time::Instant;

use bevy::ecs::system::RunSystemOnce;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session::prelude::*;
use bevy_session::replay::{Playback, Replay, ReplayError, ReplayManner, ReplayStep};
use bevy_session::reports::{Report, ReportWritten};
use bevy_session_play::NotesPlugin;

use crate::colony::Colony;
use crate::digest::Digest;
use crate::options::Options;
use crate::report::{Line, Reporter};
use crate::{colony, life, objectives};

/// The colony, without what takes sessions up and without what says so.
fn build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, StatesPlugin, session))
        .insert_resource(Options::default())
        .add_plugins((colony::plugin, life::plugin, objectives::plugin, NotesPlugin));
    app
}

/// Plays what is asked for.
pub fn play(options: &Options) -> AppExit {
    let reporter = Reporter::new(options.json);
    let played = match (&options.replay_report, options.replay) {
        (Some(report), _) => play_report(report, &reporter),
        (None, Some(manner)) => match &options.data {
            Some(data) => play_session(data, manner, &reporter),
            None => {
                reporter.error("not_replayed", "--replay needs --data.");
                return AppExit::error();
            }
        },
        (None, None) => Ok(()),
    };
    match played {
        Ok(()) => AppExit::Success,
        Err(error) => {
            reporter.error("not_replayed", format!("It can't be played again: {error}."));
            AppExit::error()
        }
    }
}

fn play_report(report: &Path, reporter: &Reporter) -> Result<(), ReplayError> {
    let begun = Instant::now();
    let replay = Replay::open(report)?;
    let events = replay.events().count() as u64;
    let mut playback = replay.play(build, ReplayManner::Exact)?;
    let mut ticks = 0;
    loop {
        match playback.step()? {
            ReplayStep::Frame => ticks += 1,
            ReplayStep::Panicked { message } => {
                let tick = playback.world().get_resource::<Colony>().map_or(0, |it| it.tick);
                reporter.say(&Line::Panicked { tick, message });
                return Ok(());
            }
            ReplayStep::End => {
                let seconds = begun.elapsed().as_secs_f64();
                let diverged = playback.out_of_step().is_some() || playback.has_gap();
                reporter.say(&Line::ReplayDone { diverged, ticks, events, seconds });
                return Ok(());
            }
            _ => {}
        }
    }
}

fn play_session(data: &Path, manner: ReplayManner, reporter: &Reporter) -> Result<(), ReplayError> {
    let begun = Instant::now();
    let replay = Replay::open(data)?;
    let events = replay.events().count() as u64;
    let mut playback = replay.play(build, manner)?;
    let first = playback.replay().keyframes()[0].checkpoint.counter;
    let mut diverged = compare(&mut playback, first, reporter)?;
    let mut ticks = 0;
    loop {
        match playback.step()? {
            ReplayStep::Frame => ticks += 1,
            ReplayStep::Keyframe(reached) => {
                let checkpoint = reached.keyframe.checkpoint.counter;
                diverged |= compare(&mut playback, checkpoint, reporter)?;
                if let Some(divergence) = reached.divergence {
                    diverged = true;
                    reporter.error("diverged", divergence.to_string());
                }
            }
            // What crashed crashes again, behind its last checkpoint.
            _ => break,
        }
    }
    if let Some(out_of_step) = playback.out_of_step() {
        diverged = true;
        reporter.error("out_of_step", format!("{out_of_step:?}"));
    }
    let seconds = begun.elapsed().as_secs_f64();
    reporter.say(&Line::ReplayDone { diverged, ticks, events, seconds });
    Ok(())
}

/// Says what the colony is at a checkpoint, and what it should be. Whether that is something else.
fn compare(
    playback: &mut Playback,
    checkpoint: u64,
    reporter: &Reporter,
) -> Result<bool, ReplayError> {
    let hash = hash(playback.world());
    let expected = self::hash(playback.checkpoint_alone()?);
    let differs = hash != expected;
    reporter.say(&Line::Replayed { checkpoint, hash, expected });
    Ok(differs)
}

fn hash(world: &mut World) -> String {
    world.run_system_once(|digest: Digest| digest.text()).unwrap_or_default()
}

/// Writes a report of the last run, and ends.
pub fn report_last_run(app: &mut App) {
    app.add_systems(Startup, |options: Res<Options>, mut commands: Commands| {
        if let Some(path) = &options.last_report {
            commands.session().library().report(Report::of_last_run(), path);
        }
    })
    .add_observer(|_: On<ReportWritten>, mut exit: MessageWriter<AppExit>| {
        exit.write(AppExit::Success);
    })
    .add_observer(
        |rejected: On<RequestRejected>,
         reporter: Res<Reporter>,
         mut exit: MessageWriter<AppExit>| {
            reporter.error("not_reported", format!("There is no report: {}.", rejected.error));
            exit.write(AppExit::error());
        },
    );
}
