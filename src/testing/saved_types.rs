//! Compares the forms of a game's saved types with those of players' saves.

use std::env;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bevy::app::App;
use bevy::ecs::world::World;
use bevy_session_journal::internal::disk::{Disk, RealDisk};

use super::complete_app::complete;
use crate::SessionPlugin;
use crate::capture::{SavedTypes, TypeProblem};
use crate::schema::{BuildForms, Lock, TakenForm, TypeForms};

/// Bytes of a lock at the most.
const MOST_BYTES: usize = 64 << 20;
/// The environment variable that most build services set.
const NOBODY_COMMITS: &str = "CI";

/// Asserts that the current game reads every saved type in each form that it ever had.
///
/// The forms are kept in a file beside the game's sources, usually `saved_types.lock` in the root
/// of its package (where `cargo test` runs a test), which is committed like `Cargo.lock`. `build`
/// makes the game's app as for [`TestGame`](super::TestGame). Each form is what the type's own
/// `Deserialize` reads: fields with their defaults and aliases, variants, and their contents.
///
/// New forms that lose nothing of old saves are added to the file: a type, a version, a field with
/// `#[serde(default)]`, a variant, a wider number. On a continuous-integration machine, where the
/// environment has `CI`, nothing is written, and the test fails if the file isn't up to date.
///
/// Some different types have the same form: a list and a set, a number of seconds and one of
/// metres. An untagged enum and `#[serde(flatten)]` can't be looked into; the file has `Unknown`
/// there.
///
/// # Panics
///
/// If a change loses something of old saves, and there is no migration, rename or alias for it: a
/// removed field, or a new one without a default; another type; a removed variant or type. Each is
/// named, with the code to write, and with the line for the file if that loss is intended. A
/// migration is compared with the form that was actually written. It also panics if the file can't
/// be read or written, or if two branches gave one version two forms.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::testing::assert_saved_types;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
/// #[reflect(Component, Saved)]
/// struct Health {
///     current: u32,
///     #[serde(default)]
///     max: u32,
/// }
///
/// fn build(session: SessionPlugin) -> App {
///     let mut app = App::new();
///     app.add_plugins((MinimalPlugins, session));
///     app
/// }
///
/// // #[test] fn updates_keep_what_players_saved() …
/// assert_saved_types("saved_types.lock", build);
/// ```
#[track_caller]
pub fn assert_saved_types(lock: impl AsRef<Path>, build: impl FnOnce(SessionPlugin) -> App) {
    let mut app = build(SessionPlugin::new("Studio", "Game under test").in_memory());
    complete(&mut app);
    let may_write = env::var_os(NOBODY_COMMITS).is_none();
    let checked = forms_of(app.world_mut())
        .and_then(|build| check(&RealDisk, lock.as_ref(), may_write, &build));
    if let Err(error) = checked {
        panic!("{error}");
    }
}

/// The reason why the saved types of a game don't match a lock.
#[derive(Debug, thiserror::Error)]
enum SavedTypesError {
    #[error("{}", listed(problems))]
    TypeProblems { problems: Vec<TypeProblem> },
    #[error("{}: {message}", path.display())]
    Unusable { path: PathBuf, message: String },
    #[error("saves of earlier builds lose something, by {}:{problems}", path.display())]
    Loses { path: PathBuf, problems: String },
    #[error(
        "{} isn't up to date. Run this test where it may write (without `CI` in the environment), and commit the file",
        path.display()
    )]
    Outdated { path: PathBuf },
}

fn listed(problems: &[TypeProblem]) -> String {
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    problems.join("\n")
}

/// Every form that a world's game reads.
fn forms_of(world: &mut World) -> Result<BuildForms, SavedTypesError> {
    let types = SavedTypes::collect(world);
    if !types.problems().is_empty() {
        return Err(SavedTypesError::TypeProblems { problems: types.problems().to_vec() });
    }
    let forms = types.own_columns().filter_map(|column| {
        let history = types.history(column.type_path())?;
        let mut forms = history.older_schemas();
        forms.push((history.version(), column.schema()?));
        let former_names = history.former_names.iter().map(|name| name.to_string()).collect();
        Some(TypeForms { path: column.type_path().to_string(), former_names, forms })
    });
    let taken = types.checkpoint_migrations().iter().map(|step| TakenForm {
        path: step.type_path.to_string(),
        version: step.version,
        schema: (step.schema)(),
    });
    Ok(BuildForms { types: forms.collect(), taken: taken.collect() })
}

fn check(
    disk: &dyn Disk,
    path: &Path,
    may_write: bool,
    build: &BuildForms,
) -> Result<(), SavedTypesError> {
    let owned = || path.to_owned();
    let unusable = |message: String| SavedTypesError::Unusable { path: owned(), message };
    let text = match disk.read(path, MOST_BYTES) {
        Ok(bytes) => Some(String::from_utf8(bytes).map_err(|error| unusable(error.to_string()))?),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(unusable(error.to_string())),
    };
    let lock = match &text {
        Some(text) => Lock::parse(text).map_err(|error| unusable(error.to_string()))?,
        None => Lock::empty(),
    };
    let verdict = lock.compare(build);
    if !verdict.problems.is_empty() || !verdict.needless.is_empty() {
        let mut problems = String::new();
        for problem in &verdict.problems {
            let _ = write!(problems, "\n- {problem}");
        }
        for entry in &verdict.needless {
            let _ = write!(problems, "\n- `accepted` has {entry:?}, which isn't lost: remove it");
        }
        return Err(SavedTypesError::Loses { path: owned(), problems });
    }
    if text.is_some() && verdict.updated == lock {
        return Ok(());
    }
    if !may_write {
        return Err(SavedTypesError::Outdated { path: owned() });
    }
    let text = verdict.updated.to_text().map_err(|error| unusable(error.to_string()))?;
    disk.replace(path, text.as_bytes()).map_err(|error| unusable(error.to_string()))
}

#[cfg(test)]
mod tests;
