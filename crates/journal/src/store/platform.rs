//! Where the platform keeps data of a game.

use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use super::is_device_name;

/// The roots of what belongs to the player, and of what belongs to this machine; `None` if the platform
/// names no place.
#[must_use]
pub fn platform_roots(studio: &str, game: &str) -> Option<(PathBuf, PathBuf)> {
    let directories = ProjectDirs::from("", &directory_name(studio), &directory_name(game))?;
    // Local, since Windows carries the other data directory from machine to machine.
    let data = directories.data_local_dir();
    let state = directories.state_dir().map_or_else(|| data.join("state"), Path::to_path_buf);
    Some((data.to_path_buf(), state))
}

/// The root of what belongs to this machine of a game whose data lies here, if the platform keeps the two
/// apart, as Linux does.
#[must_use]
pub fn platform_state_of(data: &Path) -> Option<PathBuf> {
    let directories = BaseDirs::new()?;
    let game = data.strip_prefix(directories.data_local_dir()).ok()?;
    Some(directories.state_dir()?.join(game))
}

/// What of a studio's or game's name may be the name of a directory.
#[must_use]
pub fn directory_name(text: &str) -> String {
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
            assert_eq!(directory_name(name), directory);
        }
    }
}
