//! `--shots DIR`: the game plays its whole story by itself, a real `kill -9` included, and puts
//! pictures of it into DIR. It fails if the story goes another way.
//!
//! A director starts this program twice: the first act ends in a kill, the second one begins with the
//! dialog. What was captured in the first has to be what comes back in the second.

mod digest;
mod pilot;
mod stage;
mod story;

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::{env, fs, io};

use bevy::prelude::*;

/// Has both acts played, or says in a sentence what went wrong.
pub fn direct(pictures: &Path) -> Result<(), String> {
    let data = env::temp_dir().join(format!("lamplighter-{}", std::process::id()));
    let played = fs::create_dir_all(pictures)
        .and_then(|()| fs::create_dir_all(&data))
        .map_err(|error| format!("There is no place for pictures: {error}."))
        .and_then(|()| play_both(pictures, &data));
    let cleared = fs::remove_dir_all(&data);
    played.and(cleared.map_err(|error| format!("{} can't be removed: {error}.", data.display())))
}

fn play_both(pictures: &Path, data: &Path) -> Result<(), String> {
    let play = |act: &str| -> Result<ExitStatus, String> {
        let program = env::current_exe().map_err(|error: io::Error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg("--shots").arg(pictures).arg("--data").arg(data);
        command.args(["--act", act, "--seed", "7"]);
        command.status().map_err(|error| format!("Act {act} can't be played: {error}."))
    };
    let first = play("1")?;
    if !was_killed(first) {
        return Err(format!("Act 1 was to be killed, and ended with {first}."));
    }
    let second = play("2")?;
    if !second.success() {
        return Err(format!("Act 2 ended with {second}."));
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
    app.add_plugins((stage::plugin, pilot::plugin, digest::plugin, story::plugin));
}
