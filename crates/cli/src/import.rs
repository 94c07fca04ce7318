//! `import`: brings files into the directory of their game, each as a slot.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bevy_session_journal::internal::disk::{Disk, RealDisk, slots_in};
use bevy_session_journal::internal::write::Upkeep;
use bevy_session_journal::{SessionId, SlotEntry, SlotError};
use clap::{Args, ValueHint};
use serde::Serialize;

use crate::arguments::Game;
use crate::failure::Failure;
use crate::output::{Output, some_of};
use crate::place::{Place, Profile};
use crate::progress::Progress;

/// The files that are imported, and their destination.
#[derive(Args, Debug)]
pub struct Imported {
    /// A report, a session that was exported by a game, or the file of a slot
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// The directory of the game [default: where the platform keeps that of --game]
    #[arg(long, value_name = "PLACE", value_hint = ValueHint::DirPath)]
    into: Option<PathBuf>,
    /// The game that the files have to be of [default: the one whose slots PLACE has]
    ///
    /// Its names are what `SessionPlugin::new` was given.
    #[arg(long, value_name = "STUDIO/GAME")]
    game: Option<Game>,
}

/// The result for a file, as JSON has it.
#[derive(Serialize)]
struct Outcome<'a> {
    file: &'a Path,
    /// True if its checkpoint was a slot already, and nothing was written.
    already_there: bool,
    slot: String,
    /// The name of the slot; `None` if it was there already.
    name: Option<String>,
    session: Option<SessionId>,
    checkpoint: Option<String>,
    written_to: Option<PathBuf>,
    bytes: Option<u64>,
}

/// Imports files, one after the other. What can't be is said, and the others are.
pub fn import(wanted: &Imported, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    let place = wanted.place()?;
    let profiles = match wanted.of_first_start()? {
        Some(profile) => vec![profile],
        None => place.profiles()?,
    };
    let game = wanted.game_of(&place, &profiles)?;
    let profile = the_only(&place, profiles)?;
    // That there is such a place is known before anything is written.
    profile.to_change()?;
    let progress = Progress::begin("importing", wanted.files.len() as u64);
    let mut failures = Vec::new();
    for file in &wanted.files {
        match import_one(&profile, file, &game) {
            Ok(outcome) => outcome.write(output)?,
            Err(failure) => failures.push(failure),
        }
        progress.step();
    }
    drop(progress);
    output.flush()?;
    let Some(last) = failures.pop() else { return Ok(ExitCode::SUCCESS) };
    for failure in &failures {
        // What the process ends with goes by the last one.
        let _ = failure.report();
    }
    Err(last)
}

fn import_one<'a>(profile: &Profile, file: &'a Path, game: &str) -> Result<Outcome<'a>, Failure> {
    let path = std::path::absolute(file)?;
    match Upkeep::of(profile.to_change()?).import(&path, game) {
        Ok(entry) => Ok(Outcome::written(file, &entry)),
        Err(SlotError::AlreadyThere { slot }) => Ok(Outcome {
            file,
            already_there: true,
            slot: slot.to_string(),
            name: None,
            session: None,
            checkpoint: None,
            written_to: None,
            bytes: None,
        }),
        Err(source) => Err(Failure::Import { path: file.to_owned(), source }),
    }
}

impl Imported {
    fn place(&self) -> Result<Place, Failure> {
        let place = match (&self.into, &self.game) {
            (Some(into), _) => Place::of_path(into.clone()),
            (None, Some(Game { studio, game })) => Place::of_game(studio, game)?,
            (None, None) => {
                return Err(Failure::usage("--into is missing: name the game's directory"));
            }
        };
        match place.is_file() {
            true => Err(Failure::usage("--into is a file; name the directory of its game")),
            false => Ok(place),
        }
    }

    /// The profile of a game that was never started in this place, if it is named.
    fn of_first_start(&self) -> Result<Option<Profile>, Failure> {
        let Some(Game { studio, game }) = &self.game else { return Ok(None) };
        let is_empty = match &self.into {
            Some(into) => is_empty(into)?,
            None => matches!(self.place()?.profiles(), Err(Failure::UnknownDirectory { .. })),
        };
        let first = || Place::of_first_start(self.into.as_deref(), (studio, game));
        is_empty.then(first).transpose()
    }

    /// The game that files have to be of.
    fn game_of(&self, place: &Place, profiles: &[Profile]) -> Result<String, Failure> {
        if let Some(Game { studio, game }) = &self.game {
            return Ok(format!("{studio}/{game}"));
        }
        let mut games: BTreeSet<String> = BTreeSet::new();
        for profile in profiles {
            let slots = slots_in(profile.disk(), &profile.directory.slots)?.into_iter().flatten();
            games.extend(slots.map(|file| file.slot.game.clone()));
        }
        let unknown = |why: String| Failure::UnknownGame { place: place.to_string(), why };
        let several = some_of(games.iter().cloned().collect());
        let mut games = games.into_iter();
        match (games.next(), games.next()) {
            (Some(game), None) => Ok(game),
            (None, _) => Err(unknown("it has no slot yet".to_owned())),
            (Some(_), Some(_)) => Err(unknown(format!("it has slots of {several}"))),
        }
    }
}

/// Returns true for a directory in which nothing is, or which isn't there.
fn is_empty(directory: &Path) -> Result<bool, Failure> {
    match RealDisk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        entries => {
            let entries = entries.map_err(|source| Failure::unlisted(directory, source))?;
            Ok(entries.is_empty())
        }
    }
}

/// The one profile of a place.
fn the_only(place: &Place, mut profiles: Vec<Profile>) -> Result<Profile, Failure> {
    if profiles.len() > 1 {
        let directory = |profile: &Profile| profile.directory.slots.parent().map(Path::to_owned);
        let these = profiles.iter().filter_map(directory).map(|path| path.display().to_string());
        let (place, these) = (place.to_string(), some_of(these.collect()));
        return Err(Failure::SeveralProfiles { place, these });
    }
    let path = || PathBuf::from(place.to_string());
    profiles.pop().ok_or_else(|| Failure::UnknownDirectory { path: path(), why: "no profile" })
}

impl<'a> Outcome<'a> {
    fn written(file: &'a Path, entry: &SlotEntry) -> Self {
        Self {
            file,
            already_there: false,
            slot: entry.id.to_string(),
            name: Some(entry.name.clone()),
            session: Some(entry.session.id),
            checkpoint: Some(entry.checkpoint.to_string()),
            written_to: Some(entry.path.to_path_buf()),
            bytes: Some(entry.bytes),
        }
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(self);
        }
        let file = self.file.display();
        match (&self.name, &self.written_to) {
            (Some(name), Some(path)) => {
                let path = path.display();
                output.line(format_args!("{file} is the slot {name:?} now: {path}"))
            }
            _ => output.line(format_args!("{file} was there already, as slot {}", self.slot)),
        }
    }
}
