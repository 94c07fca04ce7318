//! The history of saved types: the names and forms in which older builds wrote them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::resource::Resource;
use bevy::reflect::TypePath;
use bevy_session_journal::internal::format::ENTITIES;
use bevy_session_journal::limits;

use super::checkpoint_migration::CheckpointMigration;
use super::engine_moves::names_elsewhere;
use super::former_names::former_path;
use super::migrations::{AnyMigrations, MigrateRows, Migrations};
use super::problem::{TypeProblem, TypeProblemReason};
use super::saved_type::SavedType;
use crate::engine;
use crate::saved::{CHILD_OF, CHILD_ORDER, DISABLED};
use crate::schema::Schema;

/// The declared history of the game's types, in the order of the calls.
#[derive(Resource, Default)]
pub(crate) struct DeclaredHistory {
    renames: Vec<Rename>,
    migrations: Vec<AnyMigrations>,
    of_checkpoints: Vec<CheckpointMigration>,
}

/// A type that older builds wrote under another path.
struct Rename {
    type_path: &'static str,
    former: String,
}

impl DeclaredHistory {
    /// Declares a former name of a type.
    pub(super) fn rename<T: TypePath>(&mut self, former: &str) {
        self.renames.push(Rename { type_path: T::type_path(), former: former.to_owned() });
    }

    /// Notes the migrations of a type.
    pub(super) fn migrate<T: TypePath>(&mut self, migrations: Migrations<T>) {
        self.migrations.push(AnyMigrations::new(migrations));
    }

    /// Declares a migration of whole checkpoints.
    pub(super) fn migrate_checkpoint(&mut self, migration: CheckpointMigration) {
        self.of_checkpoints.push(migration);
    }

    /// The migrations of whole checkpoints. Invalid ones are left out, with the reason.
    pub(super) fn of_checkpoints(
        &self,
        histories: &Histories,
        problems: &mut Vec<TypeProblem>,
    ) -> Vec<CheckpointMigration> {
        let mut steps: Vec<CheckpointMigration> = Vec::new();
        for step in &self.of_checkpoints {
            let is_same = |other: &CheckpointMigration| {
                other.type_path == step.type_path && other.version == step.version
            };
            let written = histories.get(&step.type_path).map(|history| history.version());
            if written.is_some_and(|written| step.version >= written) {
                problems.push(problem(&step.type_path, TypeProblemReason::MigratedFromToday));
            } else if steps.iter().any(is_same) {
                problems.push(problem(&step.type_path, TypeProblemReason::MigratedTwice));
            } else {
                steps.push(step.clone());
            }
        }
        steps
    }

    /// The names that a column had, in the order of the calls.
    fn former_names(&self, path: &str) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for rename in &self.renames {
            if let Some(name) = former_path(path, rename.type_path, &rename.former)
                && !names.iter().any(|known| **known == *name)
            {
                names.push(name.into());
            }
        }
        names
    }

    /// The migrations of a column.
    fn migrations(
        &self,
        column: &dyn SavedType,
    ) -> Result<Option<Arc<dyn MigrateRows>>, TypeProblemReason> {
        let mut found = self.migrations.iter().filter_map(|any| column.migrated_by(any));
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(TypeProblemReason::MigratedTwice),
            (migrations, None) => Ok(migrations),
        }
    }

    /// The types whose history was declared although nothing saves them.
    fn of_unsaved_types(
        &self,
        columns: &BTreeMap<Arc<str>, Arc<dyn SavedType>>,
    ) -> Vec<&'static str> {
        let saved = || columns.values().filter(|column| !is_built_in(column.type_path()));
        let renames = self.renames.iter().filter(|rename| {
            let is_named = |path| former_path(path, rename.type_path, "").is_some();
            !saved().any(|column| is_named(column.type_path()))
        });
        let migrations = self
            .migrations
            .iter()
            .filter(|migrations| !saved().any(|column| column.migrated_by(migrations).is_some()));
        let renames = renames.map(|rename| rename.type_path);
        renames.chain(migrations.map(|migrations| migrations.type_path)).collect()
    }
}

/// The past of one saved type.
#[derive(Clone, Default)]
pub(crate) struct TypeHistory {
    /// The names that it had. If there are rows of one entity under several, the first is used.
    pub former_names: Vec<Arc<str>>,
    migrations: Option<Arc<dyn MigrateRows>>,
}

/// The relation of a row's form to this build.
pub(crate) enum Form<'a> {
    /// It has the current version.
    Current,
    /// It has an older version, which can be migrated to the current form.
    Older(&'a dyn MigrateRows),
    /// It has a version that there are no migrations from.
    TooOld {
        /// The oldest version that there are migrations from.
        oldest: u32,
    },
    /// It has a version that only a newer build knows.
    Newer {
        /// The version that this build knows.
        known: u32,
    },
}

impl TypeHistory {
    /// The version that rows are written with.
    pub(crate) fn version(&self) -> u32 {
        self.migrations.as_ref().map_or(0, |migrations| migrations.version())
    }

    /// The oldest version that there are migrations from, if there are any.
    pub(crate) fn oldest(&self) -> Option<u32> {
        self.migrations.as_ref().map(|migrations| migrations.oldest())
    }

    /// The form in which values of each older version are read, the oldest first.
    pub(crate) fn older_schemas(&self) -> Vec<(u32, Schema)> {
        self.migrations.as_ref().map(|migrations| migrations.older_schemas()).unwrap_or_default()
    }

    /// The relation of a version's form to this build.
    pub(crate) fn form(&self, version: u32) -> Form<'_> {
        let known = self.version();
        match &self.migrations {
            _ if version == known => Form::Current,
            _ if version > known => Form::Newer { known },
            Some(migrations) if version >= migrations.oldest() => Form::Older(&**migrations),
            Some(migrations) => Form::TooOld { oldest: migrations.oldest() },
            None => Form::TooOld { oldest: known },
        }
    }
}

/// The histories of all saved types, by every name that they have or had.
pub(crate) type Histories = BTreeMap<Arc<str>, Arc<TypeHistory>>;

/// Resolves the history of every column. Columns with an invalid history are removed, with the
/// reason.
pub(super) fn resolve(
    declared: Option<&DeclaredHistory>,
    columns: &mut BTreeMap<Arc<str>, Arc<dyn SavedType>>,
    problems: &mut Vec<TypeProblem>,
) -> Histories {
    let nothing = DeclaredHistory::default();
    let declared = declared.unwrap_or(&nothing);
    for type_path in declared.of_unsaved_types(columns) {
        // If that isn't saved for another reason, that reason is listed already.
        if !problems.iter().any(|problem| problem.type_path == type_path) {
            problems.push(problem(type_path, TypeProblemReason::NotSaved));
        }
    }
    let mut resolved = Vec::new();
    for (path, column) in columns.iter() {
        match history(declared, columns, &**column) {
            Ok(history) => resolved.push((path.clone(), Arc::new(history))),
            Err(reason) => problems.push(problem(path, reason)),
        }
    }
    columns.retain(|path, _| resolved.iter().any(|(known, _)| known == path));
    let names = resolved.into_iter().flat_map(|(path, history)| {
        let names = std::iter::once(path).chain(history.former_names.clone());
        names.map(move |name| (name, Arc::clone(&history))).collect::<Vec<_>>()
    });
    names.chain([(ENTITIES.into(), Arc::default())]).collect()
}

fn history(
    declared: &DeclaredHistory,
    columns: &BTreeMap<Arc<str>, Arc<dyn SavedType>>,
    column: &dyn SavedType,
) -> Result<TypeHistory, TypeProblemReason> {
    let path = column.type_path();
    if is_built_in(path) {
        return Ok(TypeHistory::default());
    }
    let mut former_names = declared.former_names(path);
    let is_taken = |name: &Arc<str>| {
        let mut others = columns.keys().filter(|other| *other != path && !is_built_in(other));
        **name == *ENTITIES
            || columns.contains_key(name)
            || others.any(|other| declared.former_names(other).contains(name))
    };
    for name in &former_names {
        if is_taken(name) {
            return Err(TypeProblemReason::FormerNameTaken);
        }
        if name.len() > limits::STRING_BYTES {
            return Err(TypeProblemReason::PathTooLong);
        }
    }
    // What the game says goes before what is known of Bevy.
    for name in names_elsewhere(path, engine::VERSION).into_iter().map(Arc::<str>::from) {
        if !is_taken(&name) && !former_names.contains(&name) {
            former_names.push(name);
        }
    }
    Ok(TypeHistory { former_names, migrations: declared.migrations(column)? })
}

fn problem(type_path: &str, reason: TypeProblemReason) -> TypeProblem {
    TypeProblem { type_path: type_path.to_owned(), reason }
}

fn is_built_in(path: &str) -> bool {
    [CHILD_OF, CHILD_ORDER, DISABLED].contains(&path)
}
