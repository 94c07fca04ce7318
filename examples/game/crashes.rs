//! Keys that end the game in every way there is. A player has no need of them.

use std::path::{Path, PathBuf};
use std::process::{Command, abort, id};
use std::{fs, io};

use bevy::prelude::*;

use crate::controls::is_typing;
use crate::hud::Note;
use crate::texts::Texts;

pub fn plugin(app: &mut App) {
    app.add_systems(Update, (crash, fill_disk).run_if(not(is_typing)));
}

fn crash(keys: Res<ButtonInput<KeyCode>>) {
    if keys.just_pressed(KeyCode::Digit1) {
        panic!("the player pressed the key that panics");
    }
    if keys.just_pressed(KeyCode::Digit2) {
        abort();
    }
    if keys.just_pressed(KeyCode::Digit3) {
        kill_at_once();
    }
    if keys.just_pressed(KeyCode::Digit4) {
        loop {
            // The window stops answering. A player who waits long enough closes it.
            std::hint::spin_loop();
        }
    }
}

/// Kills this very process, in a way that can't be prevented.
pub fn kill_at_once() {
    let process = id().to_string();
    let killed = if cfg!(windows) {
        Command::new("taskkill").args(["/F", "/PID", &process]).status()
    } else {
        Command::new("kill").args(["-9", &process]).status()
    };
    warn!("the game should be dead by now: {killed:?}");
}

/// Where sessions are written. Takes the place away from under the game and puts it back: writes fail
/// as on a disk that is full or unplugged.
#[derive(Resource)]
pub struct Plug {
    data: PathBuf,
}

impl Plug {
    /// Puts the disk back in if the last game died without one.
    pub fn new(directory: &Path) -> Self {
        let plug = Self { data: directory.join("data") };
        if plug.is_out()
            && let Err(error) = plug.put_in()
        {
            warn!("the disk of the last game is still out: {error}");
        }
        plug
    }

    fn unplugged(&self) -> PathBuf {
        self.data.with_extension("unplugged")
    }

    pub fn is_out(&self) -> bool {
        self.unplugged().exists()
    }

    pub fn pull(&self) -> io::Result<()> {
        fs::rename(&self.data, self.unplugged())?;
        // A file where a directory should be: nothing can be created in it.
        fs::File::create_new(&self.data).map(drop)
    }

    pub fn put_in(&self) -> io::Result<()> {
        fs::remove_file(&self.data)?;
        fs::rename(self.unplugged(), &self.data)
    }
}

fn fill_disk(
    keys: Res<ButtonInput<KeyCode>>,
    plug: Res<Plug>,
    texts: Res<Texts>,
    mut note: ResMut<Note>,
) {
    if !keys.just_pressed(KeyCode::Digit5) {
        return;
    }
    let (done, said) = match plug.is_out() {
        true => (plug.put_in(), &texts.disk_is_back),
        false => (plug.pull(), &texts.disk_is_full),
    };
    match done {
        Ok(()) => note.say(said),
        Err(error) => warn!("the disk can't be filled or emptied: {error}"),
    }
}
