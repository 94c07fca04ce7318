//! Where sessions are kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directories::ProjectDirs;
use tracing::warn;

use crate::store::{Disk, RealDisk, is_device_name};

/// Where sessions are kept.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Where the platform keeps data of this game.
    Platform,
    /// Everything below one directory.
    Directory(PathBuf),
    /// On this disk, which is usually memory.
    Disk(Arc<dyn Disk>),
}

impl Place {
    pub(super) fn disk(&self) -> Arc<dyn Disk> {
        match self {
            Self::Platform | Self::Directory(_) => Arc::new(RealDisk),
            Self::Disk(disk) => Arc::clone(disk),
        }
    }

    /// The roots of what belongs to the player, and of what belongs to this machine.
    pub(super) fn roots(&self, studio: &str, game: &str) -> (PathBuf, PathBuf) {
        match self {
            Self::Platform => platform_roots(studio, game),
            Self::Directory(directory) => roots_below(directory),
            Self::Disk(_) => roots_below("sessions".as_ref()),
        }
    }
}

/// Where the platform keeps data of this game.
fn platform_roots(studio: &str, game: &str) -> (PathBuf, PathBuf) {
    let Some(directories) = ProjectDirs::from("", &as_name(studio), &as_name(game)) else {
        warn!("the platform names no place for data: sessions are kept where the game runs");
        return roots_below(as_name(game).as_ref());
    };
    // Local, since Windows carries the other data directory from machine to machine.
    let data = directories.data_local_dir();
    let state = directories.state_dir().map_or_else(|| data.join("state"), Path::to_path_buf);
    (data.to_path_buf(), state)
}

/// What of a studio's or game's name may be the name of a directory.
fn as_name(text: &str) -> String {
    let is_kept = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let name: String =
        text.chars().map(|letter| if is_kept(letter) { letter } else { '-' }).collect();
    // Windows drops spaces at the end, and keeps some names for devices.
    match name.trim() {
        "" => "game".to_owned(),
        name if is_device_name(&name.to_lowercase()) => format!("{name}-game"),
        name => name.to_owned(),
    }
}

fn roots_below(directory: &Path) -> (PathBuf, PathBuf) {
    (directory.join("data"), directory.join("state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_studios_or_games_name_can_be_that_of_a_directory_everywhere() {
        let names = [
            ("Hop", "Hop"),
            ("Ärger & Söhne", "Ärger - Söhne"),
            ("プロ", "プロ"),
            ("Studio: \"One\"/Two\\..", "Studio- -One--Two---"),
            (" Hop ", "Hop"),
            ("", "game"),
            ("  ", "game"),
            ("Con", "Con-game"),
            ("NUL", "NUL-game"),
            ("com1", "com1-game"),
            ("LPT²", "LPT²-game"),
            ("Console", "Console"),
        ];
        for (name, directory) in names {
            assert_eq!(as_name(name), directory);
        }
    }
}
