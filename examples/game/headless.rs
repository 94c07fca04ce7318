//! The game without a window: what `--plant` plants in, and what plays a crash again from its report.

use std::path::Path;
use std::time::Duration;

use bevy::asset::AssetPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy_session::prelude::*;
use bevy_session::replay::{Replay, ReplayError, ReplayManner, ReplayStep};
use bevy_session::reports::{Report, ReportWritten};

use crate::bug::{self, Bug};
use crate::model::{Dice, Game};
use crate::options::Options;
use crate::plant::until_playing;
use crate::shots::pilot::{self, Pilot};
use crate::texts::{self, Texts};
use crate::{crew, inputs, insights, lamplighter, level, model, objectives, play};

/// The model and its levels, without the rules.
pub fn base(options: &Options, texts: Texts, session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins,
        TransformPlugin,
        StatesPlugin,
        AssetPlugin { file_path: texts::assets().display().to_string(), ..default() },
        session,
    ))
    .insert_resource(texts)
    .insert_resource(options.clone())
    .add_plugins((model::plugin, objectives::plugin, insights::gathered, level::plugin));
    app
}

/// The game as it is played, but for what draws it and for the keys.
fn game(options: &Options, texts: Texts, session: SessionPlugin) -> App {
    let mut app = base(options, texts, session);
    app.add_plugins((inputs::plugin, play::plugin, crew::plugin, bug::plugin));
    app
}

/// Plays by itself, in frames of any length, until the bug that the seed decides panics.
pub fn play_until_it_panics(options: &Options, texts: Texts, seed: u64) -> Result<(), String> {
    let session = lamplighter(&options.data).clock_from(jiff::Timestamp::now());
    let mut app = game(options, texts, session);
    app.add_plugins((pilot::plugin, bug::announced))
        .insert_resource(Dice(options.seed.unwrap_or(seed)))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(1)));
    app.finish();
    app.cleanup();
    for _ in 0..4 {
        app.update();
    }
    app.world_mut().commands().session().start(NewSession::named("Bug"));
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Loading);
    // The first checkpoint has it already.
    app.insert_resource(Bug::new(seed));
    until_playing(&mut app)?;
    app.world_mut().resource_mut::<Pilot>().is_on = true;
    let mut lengths = Dice(seed);
    while *app.world().resource::<State<Game>>().get() == Game::Playing {
        let length = Duration::from_secs_f32(0.004 + lengths.fraction() * 0.04);
        app.insert_resource(TimeUpdateStrategy::ManualDuration(length));
        app.update();
    }
    Err("The night is over, and nobody met the bug.".to_owned())
}

/// Writes a report of the last run.
pub fn report_last_run(options: &Options, texts: Texts, path: &Path) -> AppExit {
    let mut app = base(options, texts, lamplighter(&options.data));
    let path = path.to_owned();
    app.add_systems(Startup, move |mut commands: Commands| {
        commands.session().library().report(Report::of_last_run(), &path);
    })
    .add_observer(|_: On<ReportWritten>, mut exit: MessageWriter<AppExit>| {
        exit.write(AppExit::Success);
    })
    .add_observer(|rejected: On<RequestRejected>, mut exit: MessageWriter<AppExit>| {
        crate::say(&format!("There is no report: {}.", rejected.error));
        exit.write(AppExit::error());
    });
    app.run()
}

/// Plays a report until it panics, and prints where.
pub fn play_report(options: &Options, texts: &Texts, report: &Path) -> Result<(), ReplayError> {
    let (options, texts) = (options.clone(), texts.clone());
    let build = move |session| game(&options, texts.clone(), session);
    let mut playback = Replay::open(report)?.play(build, ReplayManner::Exact)?;
    loop {
        match playback.step()? {
            ReplayStep::Panicked { message } => {
                let tick = playback.world().get_resource::<Bug>().map_or(0, Bug::steps);
                bug::print("panicked", tick, &message);
                return Ok(());
            }
            ReplayStep::End => {
                bug::print("replay_done", 0, "");
                return Ok(());
            }
            _ => {}
        }
    }
}
