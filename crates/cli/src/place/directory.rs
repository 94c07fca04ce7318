//! Finds the directories of profiles, from any directory that a developer has at hand.

#![expect(
    clippy::disallowed_methods,
    reason = "it finds the directories that the store then reads"
)]

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::disk::{Layout, platform_state_of};

use crate::failure::Failure;

/// The directory in which `SessionPlugin` keeps a developer's own sessions, below each root.
const DEVELOPMENT: &str = "development";

/// The sessions and slots of a profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileDirectory {
    /// The name of the profile's directory.
    pub profile: String,
    /// The directory of the sessions.
    pub sessions: PathBuf,
    /// The directory of the slots.
    pub slots: PathBuf,
    /// The root of what is synced, if the layout is that of a game.
    pub data: Option<PathBuf>,
    /// The directory of this machine's process records, if there are any.
    pub state: Option<PathBuf>,
    /// The only session that was asked for.
    pub only: Option<SessionId>,
}

/// Finds the profiles that a directory has, or the one that it belongs to.
pub fn find(directory: &Path) -> Result<Vec<ProfileDirectory>, Failure> {
    let unknown = |why| Failure::UnknownDirectory { path: directory.to_owned(), why };
    let path = whole(directory)?;
    if !path.is_dir() {
        return Err(unknown("it isn't a directory"));
    }
    let below = |name: &str| path.join(name);
    let candidates =
        [below("data"), path.clone(), below("data").join(DEVELOPMENT), below(DEVELOPMENT)];
    let roots: Vec<PathBuf> =
        candidates.into_iter().filter(|root| root.join("profiles").is_dir()).collect();
    if !roots.is_empty() {
        let mut places = Vec::new();
        for root in roots {
            places.extend(profiles_of(&root)?);
        }
        return Ok(places);
    }
    let up = |levels: usize| path.ancestors().nth(levels).map(Path::to_owned);
    if is_called(&path, "profiles") {
        return profiles_of(&up(1).unwrap_or_default());
    }
    // A game's own directory may be called like that of a profile's sessions.
    let inside = below("sessions");
    if inside.join("data").join("profiles").is_dir() || inside.join("profiles").is_dir() {
        return find(&inside);
    }
    if inside.is_dir() || path.join("slots").is_dir() {
        return Ok(vec![ProfileDirectory::of_profile(&path)]);
    }
    // Where a replica's own unfinished objects are.
    if below("unfinished").is_dir() && holds_sessions(&path)? {
        return Err(unknown("it is a replica: write dir: before its path"));
    }
    if is_called(&path, "sessions") || holds_sessions(&path)? {
        return Ok(vec![ProfileDirectory::of_sessions(&path)]);
    }
    if is_called(&path, "slots") {
        return Ok(vec![ProfileDirectory::of_profile(&up(1).unwrap_or_default())]);
    }
    if holds_slots(&path)? {
        let slots = path.clone();
        return Ok(vec![ProfileDirectory { slots, ..ProfileDirectory::of_profile(&path) }]);
    }
    match session_called(path.file_name()) {
        Some(session) => {
            let place = ProfileDirectory::of_sessions(&up(1).unwrap_or_default());
            Ok(vec![ProfileDirectory { only: Some(session), ..place }])
        }
        None => {
            Err(unknown("neither `data/profiles` nor `profiles` is there, nor any session or slot"))
        }
    }
}

impl ProfileDirectory {
    /// True if it holds a developer's own sessions, which a debug build keeps apart.
    pub fn is_development(&self) -> bool {
        self.data.as_deref().is_some_and(|data| is_called(data, DEVELOPMENT))
    }

    /// Its name among others.
    pub fn title(&self) -> String {
        let apart = if self.is_development() { " (development)" } else { "" };
        format!("{}{apart}", self.profile)
    }

    /// The one that a game begins with at its first start, with these roots.
    pub fn of_first_start((data, state): (PathBuf, PathBuf)) -> Self {
        let directory = data.join("profiles").join("default");
        Self { state: Some(state), ..Self::of_profile(&directory) }
    }

    /// A profile, by its directory.
    fn of_profile(directory: &Path) -> Self {
        let (sessions, slots) = (directory.join("sessions"), directory.join("slots"));
        let profile = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let profiles = directory.parent().filter(|parent| is_called(parent, "profiles"));
        let data = profiles.and_then(Path::parent).map(Path::to_owned);
        let state = data.as_deref().and_then(state_of);
        Self { profile, sessions, slots, data, state, only: None }
    }

    /// The directory around a file, which somebody may have copied to any place.
    pub fn around_file(file: &Path) -> Self {
        let directory = file.parent().unwrap_or(file);
        let profile = match is_called(directory, "slots") {
            true => directory.parent().unwrap_or(directory),
            false => directory,
        };
        match session_called(directory.file_name()) {
            Some(_) => Self::of_sessions(directory.parent().unwrap_or(directory)),
            None => Self::of_profile(profile),
        }
    }

    /// A directory of sessions, which somebody may have copied to wherever it is.
    fn of_sessions(directory: &Path) -> Self {
        let profile = directory.parent().filter(|_| is_called(directory, "sessions"));
        Self { sessions: directory.to_owned(), ..Self::of_profile(profile.unwrap_or(directory)) }
    }
}

/// The path from the root, without detours, so that one can go up.
pub fn whole(directory: &Path) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(directory)?;
    let has_detour = path.components().any(|component| component == Component::ParentDir);
    // Otherwise left as it was given: Windows has another way to write a path that is canonical.
    Ok(if has_detour { fs::canonicalize(&path).unwrap_or(path) } else { path })
}

fn profiles_of(data: &Path) -> Result<Vec<ProfileDirectory>, Failure> {
    let profiles = data.join("profiles");
    let mut directories: Vec<PathBuf> = directories_in(&profiles)?;
    directories.sort();
    Ok(directories.iter().map(|directory| ProfileDirectory::of_profile(directory)).collect())
}

fn directories_in(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = entries_of(directory)?.into_iter();
    Ok(entries.filter(|(_, is_directory)| *is_directory).map(|(path, _)| path).collect())
}

fn holds_sessions(directory: &Path) -> Result<bool, Failure> {
    let directories = directories_in(directory)?;
    Ok(directories.iter().any(|path| session_called(path.file_name()).is_some()))
}

/// True if it holds slots, as somebody copied them there.
fn holds_slots(directory: &Path) -> Result<bool, Failure> {
    let entries = entries_of(directory)?;
    let mut names = entries.iter().filter_map(|(path, _)| path.file_name()?.to_str());
    Ok(names.any(Layout::is_slot_name))
}

/// What a directory holds, each with whether it is a directory itself.
fn entries_of(directory: &Path) -> Result<Vec<(PathBuf, bool)>, Failure> {
    let list = || -> io::Result<Vec<(PathBuf, bool)>> {
        let entries = fs::read_dir(directory)?.map(|entry| {
            let entry = entry?;
            Ok((entry.path(), entry.file_type()?.is_dir()))
        });
        entries.collect()
    };
    list().map_err(|source| Failure::unlisted(directory, source))
}

fn session_called(name: Option<&OsStr>) -> Option<SessionId> {
    name?.to_str()?.parse().ok()
}

fn is_called(path: &Path, name: &str) -> bool {
    path.file_name() == Some(OsStr::new(name))
}

/// The directory of the process records of a game that keeps its sessions below `data`.
fn state_of(data: &Path) -> Option<PathBuf> {
    let is_development = is_called(data, DEVELOPMENT);
    let root = if is_development { data.parent()? } else { data };
    let beside = is_called(root, "data").then(|| root.with_file_name("state"));
    // On Linux the two are apart: `~/.local/share/<studio>/<game>` and the same below
    // `~/.local/state`, without a studio in earlier versions; here perhaps those of another player.
    let share = root.ancestors().skip(1).take(2).find(|share| is_called(share, "share"));
    let apart = share
        .and_then(|share| Some(share.with_file_name("state").join(root.strip_prefix(share).ok()?)));
    let places = [platform_state_of(root), beside, apart, Some(root.join("state"))];
    let places = places.into_iter().flatten();
    let mut places =
        places.map(|state| if is_development { state.join(DEVELOPMENT) } else { state });
    places.find(|state| state.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_found_from_any_directory_of_the_game() -> Result<(), Box<dyn std::error::Error>>
    {
        let root = tempfile::tempdir()?;
        let profile = root.path().join("game/data/profiles/default");
        let session = profile.join("sessions/01a1fb8e-1228-771f-80f6-b4d72b06dc5d");
        fs::create_dir_all(&session)?;
        fs::create_dir_all(root.path().join("game/state"))?;
        for directory in ["game", "game/data", "game/data/profiles", "game/data/profiles/default"] {
            let found = find(&root.path().join(directory))?;
            assert_eq!(found, [ProfileDirectory::of_profile(&profile)], "{directory}");
            assert_eq!(found[0].state, Some(root.path().join("game/state")), "{directory}");
        }
        let found = find(&profile.join("sessions"))?;
        assert_eq!(found, [ProfileDirectory::of_profile(&profile)]);
        let found = find(&session)?;
        assert_eq!(found.len(), 1);
        assert!(found[0].only.is_some() && found[0].sessions == profile.join("sessions"));
        assert!(find(root.path()).is_err() && find(&root.path().join("nowhere")).is_err());
        Ok(())
    }

    #[test]
    fn what_cannot_be_listed_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let file = root.path().join("file");
        fs::write(&file, "no directory")?;
        let error = entries_of(&file).err().ok_or("it isn't listed")?;
        assert!(error.to_string().contains(&format!("failed to list {}", file.display())));
        Ok(())
    }

    #[test]
    fn a_game_directory_named_sessions_is_not_taken_for_a_profile()
    -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let profile = root.path().join("sessions/data/profiles/default");
        fs::create_dir_all(profile.join("sessions"))?;
        assert_eq!(find(root.path())?, [ProfileDirectory::of_profile(&profile)]);
        Ok(())
    }

    #[test]
    fn sessions_of_development_are_found_beside_those_of_players()
    -> Result<(), Box<dyn std::error::Error>> {
        for name in ["studio/game", "game"] {
            let root = tempfile::tempdir()?;
            let game = root.path().join("share").join(name);
            let state = root.path().join("state").join(name).join("development");
            fs::create_dir_all(game.join("development/profiles/default/sessions"))?;
            fs::create_dir_all(game.join("profiles/ann/sessions"))?;
            fs::create_dir_all(&state)?;
            let found = find(&game)?;
            let profiles: Vec<&str> = found.iter().map(|place| &*place.profile).collect();
            assert_eq!(profiles, ["ann", "default"]);
            let titles: Vec<String> = found.iter().map(ProfileDirectory::title).collect();
            assert_eq!(titles, ["ann", "default (development)"]);
            assert_eq!(found[1].state, Some(state), "{name}");
        }
        Ok(())
    }
}
