//! `--shots DIR`: the game plays its whole story by itself, a real `kill -9` included, and puts
//! pictures of it into DIR. It fails if the story goes another way.
//!
//! A director starts this program for each act: the first ends in a kill, when two play and the second one hosts, and
//! the next begins with the dialog. What was captured in the first has to be what comes back in the second. Then the game goes on in
//! two copies of its directory, as if on two machines, and an act asks which of them is meant. One act is the load
//! menu of somebody who has played a hundred times.

mod crew;
mod digest;
mod film;
pub mod pilot;
mod shelf;
mod stage;
mod story;

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::{env, fs, io};

use bevy::prelude::*;

use crate::options::Options;

/// Has all acts played, or says in a sentence what went wrong.
pub fn direct(options: &Options, pictures: &Path) -> Result<(), String> {
    let here = &options.data;
    fs::create_dir_all(pictures)
        .map_err(|error| format!("There is no place for pictures: {error}."))?;
    create_new(here).map_err(|error| format!("{} can't be created: {error}.", here.display()))?;
    let played = play_all(options, pictures, here, &here.join("elsewhere"));
    let cleared = fs::remove_dir_all(here);
    played.and(cleared.map_err(|error| format!("{} can't be removed: {error}.", here.display())))
}

/// Fails if there is such a directory: it is removed at the end, and may have somebody's games.
fn create_new(directory: &Path) -> io::Result<()> {
    directory.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::create_dir(directory)
}

fn play_all(
    options: &Options,
    pictures: &Path,
    here: &Path,
    elsewhere: &Path,
) -> Result<(), String> {
    let (width, height) = options.window;
    let play = |act: &str, data: &Path| -> Result<ExitStatus, String> {
        let program = env::current_exe().map_err(|error: io::Error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg("--shots").arg(pictures).arg("--data").arg(data);
        command.args(["--act", act, "--seed", "7"]);
        command.arg("--window").arg(format!("{width}x{height}"));
        command.args(["--language", &options.language]);
        command.status().map_err(|error| format!("Act {act} can't be played: {error}."))
    };
    let play_to_the_end = |act: &str, data: &Path| match play(act, data)? {
        end if end.success() => Ok(()),
        end => Err(format!("Act {act} ended with {end}.")),
    };
    let play_to_the_kill = |act: &str, data: &Path| match play(act, data)? {
        end if was_killed(end) => Ok(()),
        end => Err(format!("Act {act} was to be killed, and ended with {end}.")),
    };
    if options.film {
        play_to_the_kill("7", here)?;
        return play_to_the_end("8", here);
    }
    // The last act is a load menu after a hundred sessions.
    let shelf = here.join("shelf");
    plant(&shelf)?;
    play_to_the_end("6", &shelf)?;
    play_to_the_kill("1", here)?;
    play_to_the_end("2", here)?;
    // Another machine has another state directory.
    let uncopied = |error: io::Error| format!("What is saved can't be copied: {error}.");
    copy(&here.join("data"), &elsewhere.join("data")).map_err(uncopied)?;
    play_to_the_end("3", here)?;
    play_to_the_end("4", elsewhere)?;
    copy(&elsewhere.join("data"), &here.join("data")).map_err(uncopied)?;
    play_to_the_end("5", here)
}

/// Plays a hundred sessions in no time.
fn plant(data: &Path) -> Result<(), String> {
    let program = env::current_exe().map_err(|error: io::Error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["--plant", "100", "--entities", "5", "--seed", "7", "--data"]).arg(data);
    match command.status() {
        Ok(end) if end.success() => Ok(()),
        Ok(end) => Err(format!("Planting sessions ended with {end}.")),
        Err(error) => Err(format!("No sessions can be planted: {error}.")),
    }
}

/// Copies files that aren't there yet, as a cloud does that puts two copies of a directory together.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if !target.exists() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn was_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;

    status.signal() == Some(9)
}

#[cfg(not(unix))]
fn was_killed(status: ExitStatus) -> bool {
    !status.success()
}

/// Plays one act in this process.
pub fn plugin(app: &mut App) {
    app.add_plugins((stage::plugin, pilot::plugin, crew::plugin, digest::plugin, story::plugin));
}
