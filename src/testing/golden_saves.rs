//! Saves of earlier builds, which the current game must read.

mod losses;
mod misfit;
mod unread;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bevy::app::App;
use bevy_session_journal::internal::disk::{Disk, RealDisk};
use bevy_session_journal::internal::read::report::{Opened, open_of_any_game};

use super::game::TestGame;
use crate::saved::panic_message;
use crate::{MemoryDisk, SessionPlugin};

/// Bytes of a save at the most.
const MOST_BYTES: usize = 512 << 20;
/// The suffix of a file that lists the losses of a save.
const LOSSES: &str = ".losses";

/// Asserts that each save in a directory loads in the current game, and that nothing is lost except
/// the listed losses.
///
/// A save is a report, the file of a slot, or an exported session: any file that
/// [`SessionPlugin::open`] opens. `build` makes the game's app as for [`TestGame`]; each save is
/// loaded in a separate app, in memory, as the game of the studio that wrote it. Gates and loading
/// screens get their time. Files that end with `.md` are ignored.
///
/// Losses of `boss.tar` are listed in `boss.tar.losses`, one per line. They are
///
/// - those that the restore reports: values that this build doesn't know or can't read, and
///   references without a target;
/// - those that no restore can report, since the type's own `Deserialize` skips or rounds them: a
///   field that isn't read any more, a number that lost its fraction. Each value is read and
///   written again to find them.
///
/// Keep a save of each release, with some of everything in it.
///
/// # Panics
///
/// If a save is a directory, or can't be opened or loaded, if it loses something that isn't listed, and if it doesn't
/// lose what is. All saves are tried. The message names file, type and field, and has the lines to
/// add. It also panics if there is no save at all.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::testing::assert_saves_load;
///
/// fn build(session: SessionPlugin) -> App {
///     let mut app = App::new();
///     app.add_plugins((MinimalPlugins, session));
///     app
/// }
///
/// // #[test] fn old_saves_load() …
/// assert_saves_load("tests/saves", build);
/// ```
#[track_caller]
pub fn assert_saves_load(
    directory: impl AsRef<Path>,
    build: impl Fn(SessionPlugin) -> App + 'static,
) {
    if let Err(problems) = check(&RealDisk, directory.as_ref(), build) {
        panic!("{problems}");
    }
}

/// Tries the saves in a directory, and returns their problems.
fn check(
    disk: &dyn Disk,
    directory: &Path,
    build: impl Fn(SessionPlugin) -> App + 'static,
) -> Result<(), String> {
    let build: Arc<dyn Fn(SessionPlugin) -> App> = Arc::new(build);
    let entries = disk.list(directory);
    let entries = entries.map_err(|error| format!("{}: {error}", directory.display()))?;
    let (directories, entries): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.is_dir);
    let names: BTreeSet<String> =
        entries.into_iter().filter(|entry| entry.is_file).map(|entry| entry.name).collect();
    let (lists, saves): (Vec<&String>, Vec<&String>) = names
        .iter()
        .filter(|name| !name.ends_with(".md") && !name.starts_with('.'))
        .partition(|name| name.ends_with(LOSSES));
    if saves.is_empty() && directories.is_empty() {
        return Err(format!("{} has no save to load", directory.display()));
    }
    let mut problems = String::new();
    for directory in directories {
        let name = directory.name;
        let _ =
            write!(problems, "\n{name} is a directory: a save is a file, as an export writes it");
    }
    for list in lists.iter().filter(|list| !names.contains(list.trim_end_matches(LOSSES))) {
        let _ = write!(problems, "\n{list}: the save that it is about isn't there");
    }
    for name in saves {
        let expected = disk.read(&directory.join(format!("{name}{LOSSES}")), MOST_BYTES);
        let expected = String::from_utf8(expected.unwrap_or_default());
        let expected: BTreeSet<String> = match &expected {
            Ok(text) => {
                let lines = text.lines().map(str::trim);
                lines
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(str::to_owned)
                    .collect()
            }
            Err(error) => {
                let _ = write!(problems, "\n{name}{LOSSES}: {error}");
                continue;
            }
        };
        match losses_of(disk, &directory.join(name), &build) {
            Ok(losses) => write_differences(&mut problems, name, &losses, &expected),
            Err(error) => {
                let _ = write!(problems, "\n{name} doesn't load: {error}");
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.trim_start().to_owned()) }
}

/// Writes the losses that aren't listed, and the listed ones that don't occur.
fn write_differences(
    problems: &mut String,
    name: &str,
    losses: &BTreeSet<String>,
    expected: &BTreeSet<String>,
) {
    let mut new = losses.difference(expected).peekable();
    if new.peek().is_some() {
        let _ = write!(problems, "\n{name} loses something. If it is meant to, in {name}{LOSSES}:");
        new.for_each(|loss| {
            let _ = write!(problems, "\n    {loss}");
        });
    }
    let mut gone = expected.difference(losses).peekable();
    if gone.peek().is_some() {
        let _ = write!(problems, "\n{name} doesn't lose what {name}{LOSSES} says:");
        gone.for_each(|loss| {
            let _ = write!(problems, "\n    {loss}");
        });
    }
}

/// The losses of a save, one per line.
fn losses_of(
    disk: &dyn Disk,
    path: &Path,
    build: &Arc<dyn Fn(SessionPlugin) -> App>,
) -> Result<BTreeSet<String>, String> {
    let bytes = disk.read(path, MOST_BYTES).map_err(|error| error.to_string())?;
    let memory = MemoryDisk::default();
    memory.put(path, &bytes);
    let opened = open_of_any_game(&memory, path).map_err(|error| error.to_string())?;
    // The game and the plugin may panic at what they find.
    let loaded = catch_unwind(AssertUnwindSafe(|| load(memory, path, opened, build)));
    loaded.unwrap_or_else(|panic| Err(format!("it panics: {}", panic_message(&*panic))))
}

fn load(
    memory: MemoryDisk,
    path: &Path,
    opened: Opened,
    build: &Arc<dyn Fn(SessionPlugin) -> App>,
) -> Result<BTreeSet<String>, String> {
    let game = &opened.slot.slot.game;
    let (studio, game) = game.split_once('/').unwrap_or(("", game));
    let build = Arc::clone(build);
    let plugin = SessionPlugin::new(studio, game).open(path);
    let mut game = TestGame::with(plugin, memory, move |plugin| build(plugin));
    let restored = game.opened().map_err(|error| error.to_string())?;
    // It plays: what breaks the game breaks it in the first frames.
    game.frames(2);
    let mut losses = losses::of_report(&restored.report);
    let read = unread::Save::read(opened, game.world()).map_err(|error| error.to_string())?;
    losses.extend(read.losses(game.world()));
    Ok(losses)
}

#[cfg(test)]
mod tests;
