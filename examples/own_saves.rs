//! Demonstrates a game that writes its own files: the plugin asks it to save, notices that it died, and offers
//! its newest file that is whole.
//!
//! `cargo run --example own_saves` counts seconds into `own_saves/` in the working directory, asked every three
//! seconds. Kill it with `kill -9` and run it again.

#![expect(clippy::print_stdout, reason = "it talks to people")]
#![expect(clippy::disallowed_methods, reason = "its files are its own")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::time::common_conditions::on_real_timer;
use bevy_session::external::{
    ExternalAutosave, ExternalDone, ExternalRestoreRequested, ExternalSave, ExternalSaveRequested,
    ExternalSaves, ExternalSavesExt,
};
use bevy_session::prelude::*;

const DIRECTORY: &str = "own_saves";

#[derive(Resource, Default)]
struct Seconds(u32);

fn main() -> AppExit {
    let second = Duration::from_secs(1);
    let plugin = SessionPlugin::new("bevy_session", "Own Saves")
        .development(false)
        .recovery(RecoveryPolicy::Automatic);
    App::new()
        .add_plugins(MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(second / 60)))
        .add_plugins(plugin)
        .init_resource::<Seconds>()
        .external_saves(Files(DIRECTORY.into()))
        .add_observer(save)
        .add_observer(load)
        .add_systems(Startup, start)
        .add_systems(Update, count.run_if(session_is_active.and_then(on_real_timer(second))))
        .run()
}

/// The answers to the plugin's questions about the game's files.
struct Files(PathBuf);

impl ExternalSaves for Files {
    fn list(&self) -> Result<Vec<ExternalSave>> {
        if !self.0.exists() {
            return Ok(Vec::new());
        }
        let files = fs::read_dir(&self.0)?.map(|file| {
            let file = file?;
            let slot = file.file_name().to_string_lossy().into_owned();
            Ok(ExternalSave::auto(slot, file.metadata()?.modified()?.try_into()?))
        });
        files.collect()
    }

    fn validate(&self, save: &ExternalSave) -> Result {
        read(&self.0, &save.slot).map(drop)
    }

    fn autosave(&self) -> ExternalAutosave {
        ExternalAutosave::Every(Duration::from_secs(3))
    }
}

/// A file is whole if its last line is the mark of the end.
fn read(directory: &Path, slot: &str) -> Result<u32> {
    let text = fs::read_to_string(directory.join(slot))?;
    let number = text.strip_suffix("\nend\n").ok_or("the file is cut short")?;
    Ok(number.parse()?)
}

fn write(seconds: u32) -> Result<String> {
    fs::create_dir_all(DIRECTORY)?;
    // Two files take turns, so that one is whole while the other is written.
    let slot = format!("autosave-{}", seconds / 3 % 2);
    fs::write(Path::new(DIRECTORY).join(&slot), format!("{seconds}\nend\n"))?;
    Ok(slot)
}

fn save(asked: On<ExternalSaveRequested>, seconds: Res<Seconds>) {
    println!("Saving {}: {:?}.", seconds.0, asked.reason);
    match write(seconds.0) {
        Ok(slot) => asked.answer.done(ExternalDone::in_slot(slot)),
        Err(error) => asked.answer.failed(error.to_string()),
    }
}

fn load(asked: On<ExternalRestoreRequested>, mut seconds: ResMut<Seconds>) {
    match read(Path::new(DIRECTORY), &asked.save.slot) {
        Ok(number) => {
            seconds.0 = number;
            println!("Back at {number}, from {}.", asked.save.slot);
            asked.answer.done("back");
        }
        Err(error) => asked.answer.failed(error.to_string()),
    }
}

fn start(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("Counting"));
}

fn count(mut seconds: ResMut<Seconds>) {
    seconds.0 += 1;
    println!("{}", seconds.0);
}
