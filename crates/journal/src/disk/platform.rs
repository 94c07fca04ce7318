//! The directories in which the platform keeps data of a game.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directories::{BaseDirs, ProjectDirs};

use super::{DirectoryStore, Disk, Layout, RealDisk, is_device_name};
use crate::model::ids::SessionId;

/// The directory, in each of the two roots, in which a developer's files are kept apart.
pub const DEVELOPMENT: &str = "development";

/// The roots of what belongs to the player, and of what belongs to this machine; `None` if the platform
/// names no place.
///
/// If the platform's own names leave out the studio, as on Linux, the game's directory is in one of the studio. Older
/// releases had no such directory: their saves are used in their old place, unless they are known to be of another
/// studio's game, or this one has saves at its own place already.
#[must_use]
pub fn platform_roots(studio: &str, game: &str) -> Option<(PathBuf, PathBuf)> {
    let (data, state) = own_roots(studio, game)?;
    // The place may depend on the studio already.
    if own_roots(&format!("{studio} 2"), game)?.0 != data {
        return Some((data, state));
    }
    let around = own_roots("", studio)?.0;
    let with_studio =
        |root: &Path| Some(root.parent()?.join(around.file_name()?).join(root.file_name()?));
    let of_both = (with_studio(&data)?, with_studio(&state)?);
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let is_game = format!("{studio}/{game}");
    // A game keeps other files there, too, which say nothing of its sessions.
    let goes_on =
        !has_saves_of(&disk, &of_both.0, &is_game) && has_saves_of(&disk, &data, &is_game);
    Some(if goes_on { (data, state) } else { of_both })
}

fn own_roots(studio: &str, game: &str) -> Option<(PathBuf, PathBuf)> {
    let directories = ProjectDirs::from("", &directory_name(studio), &directory_name(game))?;
    // Local, since Windows carries the other data directory from machine to machine.
    let data = directories.data_local_dir();
    let state = state_root(&directories, cfg!(target_os = "ios"));
    Some((data.to_path_buf(), state))
}

/// Where the knowledge of this machine's own processes is kept.
///
/// A backup brings the data of an iPhone to another one, and leaves out caches: with this phone's id and locks, the other
/// one would take its sessions for its own. If the system empties them, which it does to no app that runs, only the
/// knowledge of the last end is lost.
fn state_root(directories: &ProjectDirs, is_iphone: bool) -> PathBuf {
    let beside_data = || directories.data_local_dir().join("state");
    match is_iphone {
        true => directories.cache_dir().join("state"),
        false => directories.state_dir().map_or_else(beside_data, Path::to_path_buf),
    }
}

/// Returns true if a root of data has a session of this game, or one that names no game; or slots, which name their
/// game themselves, and nothing else.
fn has_saves_of(disk: &Arc<dyn Disk>, data: &Path, game: &str) -> bool {
    [data.to_path_buf(), data.join(DEVELOPMENT)].into_iter().any(|data| {
        let layout = Layout { state: data.join("state"), data, profile: String::new() };
        let store = DirectoryStore::new(Arc::clone(disk), layout);
        // A directory that can't be read may be the player's progress.
        let Ok(sessions) = store.sessions_of_all_profiles() else { return true };
        match sessions.is_empty() {
            true => store.slots().are_in_any_profile(),
            false => sessions.into_iter().any(|id| !is_of_another_game(&store, id, game)),
        }
    })
}

fn is_of_another_game(store: &DirectoryStore, session: SessionId, game: &str) -> bool {
    let Ok(stored) = store.open_session_of_any_profile(session) else { return false };
    let mut heads = stored.index().heads().iter();
    heads.next().is_some_and(|head| head.metadata.context.is_of_another_game(game))
}

/// The root of this machine's data of a game whose saves are here, if the platform keeps the two apart, as Linux does.
#[must_use]
pub fn platform_state_of(data: &Path) -> Option<PathBuf> {
    let directories = BaseDirs::new()?;
    let game = data.strip_prefix(directories.data_local_dir()).ok()?;
    Some(directories.state_dir()?.join(game))
}

/// The part of a studio's or game's name that may be the name of a directory.
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
    fn on_ios_the_state_directory_is_outside_the_backup() {
        let directories = ProjectDirs::from("", "Studio", "Hop").unwrap();
        let [of_iphone, elsewhere] = [true, false].map(|it| state_root(&directories, it));
        assert!(of_iphone.starts_with(directories.cache_dir()), "{of_iphone:?}");
        assert!(!elsewhere.starts_with(directories.cache_dir()), "{elsewhere:?}");
    }

    #[test]
    fn names_of_studios_and_games_become_valid_directory_names() {
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
