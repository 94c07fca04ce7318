//! Finds the parts of a value that a type's own code skips when it reads the value, which no
//! restore can report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::world::World;
use bevy_session_journal::internal::format::{Block, Commit, Rows};
use bevy_session_journal::internal::read::recovery::{ABOUT_SESSION, ReadProgress};
use bevy_session_journal::internal::read::report::Opened;
use bevy_session_journal::{CheckpointId, SaveId};

use super::losses::in_field;
use super::misfit::misfit;
use crate::capture::SavedTypes;
use crate::restore::{RestoreLoss, RestoreLossReason, WorldImage};
use crate::schema::Schema;
use crate::values::{Tree, lists_have_order, tree_of_bytes};

/// A save, as it is in its file.
pub(super) struct Save {
    types: SavedTypes,
    blocks: Vec<Block>,
    image: WorldImage,
}

/// A save can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    #[error("its checkpoint {0} can't be read")]
    NoCheckpoint(CheckpointId),
    #[error("{0}")]
    Unreadable(#[from] bevy_session_journal::internal::format::ReadError),
}

impl Save {
    /// Reads a save for the game of a world.
    pub(super) fn read(mut opened: Opened, world: &mut World) -> Result<Self, SaveError> {
        let types = SavedTypes::collect(world);
        let checkpoint = opened.checkpoint;
        let missing = || SaveError::NoCheckpoint(checkpoint);
        let plan = opened.stored.verified_plan(checkpoint)?.ok_or_else(missing)?;
        let commit: Commit =
            opened.stored.index().commit(checkpoint).cloned().ok_or_else(missing)?;
        let mut blocks = opened.stored.blocks(&plan)?.collect::<Result<Vec<Block>, _>>()?;
        blocks.retain(|block| !ABOUT_SESSION.contains(&&*block.type_path));
        let read =
            blocks.iter().cloned().map(Ok::<_, bevy_session_journal::internal::format::ReadError>);
        let image = WorldImage::decode(&types, &commit, read, &ReadProgress::default())?;
        Ok(Self { types, blocks, image })
    }

    /// Its losses, a line for each type and field.
    pub(super) fn losses(&self, world: &World) -> BTreeSet<String> {
        let mut counted = BTreeMap::<(String, String), u64>::new();
        let mut count = |type_path: &str, what: String, rows: u64| {
            *counted.entry((type_path.to_owned(), what)).or_default() += rows;
        };
        for loss in self.image.losses() {
            count(&loss.type_path, self.what_is_lost(loss), loss.rows);
        }
        let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
        let registry = registry.read();
        let schemas: BTreeMap<&Arc<str>, Schema> = self
            .types
            .own_columns()
            .filter_map(|column| Some((column.type_path(), column.schema()?)))
            .collect();
        for (type_path, _, written) in self.image.rows() {
            let column = self.types.columns().find(|column| column.type_path() == type_path);
            let Some(Ok(again)) = column.and_then(|column| column.rewrite(written)) else {
                continue;
            };
            if again == written {
                continue;
            }
            let have_order = lists_have_order(type_path, world.components(), &registry);
            let trees = (tree_of_bytes(written, have_order), tree_of_bytes(&again, have_order));
            let (Some(written), Some(again)) = trees else { continue };
            let mut unread = Unread::default();
            unread.compare(&written, &again, schemas.get(type_path));
            for (field, what) in unread.found {
                count(type_path, format!("{}: {what}", in_field(&field)), 1);
            }
        }
        let lines = counted.into_iter().map(|((type_path, what), rows)| {
            format!("{type_path}{what} ({rows} {})", if rows == 1 { "value" } else { "values" })
        });
        lines.collect()
    }

    fn what_is_lost(&self, loss: &RestoreLoss) -> String {
        match &loss.reason {
            RestoreLossReason::UnknownType => ": this build doesn't save the type".to_owned(),
            RestoreLossReason::NotWritten => ": it was never written".to_owned(),
            RestoreLossReason::NotRebuilt { message } => format!(": not rebuilt: {message}"),
            RestoreLossReason::NewerType { saved, known } => {
                format!(": of version {saved}, and this build knows {known}")
            }
            RestoreLossReason::OlderType { saved, oldest } => {
                format!(": of version {saved}, and migrations begin with {oldest}")
            }
            RestoreLossReason::Undecodable { error, ids } => {
                let found = ids.first().and_then(|id| self.misfit(&loss.type_path, *id));
                found.unwrap_or_else(|| format!(": can't be read: {error}"))
            }
        }
    }

    /// The place where an entity's value doesn't match its type, or a step of its migrations.
    fn misfit(&self, type_path: &str, id: SaveId) -> Option<String> {
        let history = self.types.history(type_path);
        let former = history.into_iter().flat_map(|history| &history.former_names);
        let names: Vec<&str> =
            std::iter::once(type_path).chain(former.map(|name| &**name)).collect();
        let (version, value) = self.blocks.iter().find_map(|block| {
            let Rows::Values(rows) = &block.rows else { return None };
            let is_named = names.contains(&&*block.type_path);
            let row = rows.iter().find(|(row, _)| is_named && *row == id)?;
            Some((block.type_version, tree_of_bytes(row.1, true)?))
        })?;
        let is_step = |path: &str, of: u32| path == type_path && of == version;
        let steps = self.types.checkpoint_migrations().iter();
        let schema = match steps.into_iter().find(|step| is_step(&step.type_path, step.version)) {
            Some(step) => (step.schema)(),
            None => {
                let column = self.types.columns().find(|it| **it.type_path() == *type_path)?;
                let history = history?;
                let older = history.older_schemas().into_iter().find(|(of, _)| *of == version);
                match older {
                    Some((_, schema)) => schema,
                    None => column.schema()?,
                }
            }
        };
        let found = misfit(&value, &schema)?;
        Some(format!("{}: {}", in_field(&found.field), found.message))
    }
}

/// The parts of a value that are missing after it was read and written again.
#[derive(Default)]
struct Unread {
    path: String,
    found: BTreeSet<(String, String)>,
}

impl Unread {
    fn compare(&mut self, written: &Tree, again: &Tree, schema: Option<&Schema>) {
        match (written, again, schema) {
            (written, again, Some(Schema::Option(inner))) => {
                self.compare(written, again, Some(inner));
            }
            (Tree::Map(before), Tree::Map(after), schema) => {
                self.compare_entries(before, after, schema);
            }
            (Tree::List(before), Tree::List(after), schema) if before.len() == after.len() => {
                for (place, (before, after)) in before.iter().zip(after).enumerate() {
                    let (step, schema) = match schema {
                        Some(Schema::Tuple(items)) => (format!(".{place}"), items.get(place)),
                        Some(Schema::List(item)) => ("[]".to_owned(), Some(&**item)),
                        _ => ("[]".to_owned(), None),
                    };
                    self.step(&step, |it| it.compare(before, after, schema));
                }
            }
            // Another name of the variant is read.
            (Tree::Text(_), Tree::Text(_), Some(Schema::Enum(_))) => {}
            _ if is_same(written, again) => {}
            _ => self.note("isn't the same when it is written again"),
        }
    }

    fn compare_entries(
        &mut self,
        before: &[(Tree, Tree)],
        after: &[(Tree, Tree)],
        schema: Option<&Schema>,
    ) {
        if let (Some(Schema::Enum(variants)), [(name, before)], [(_, after)]) =
            (schema, before, after)
        {
            let schema = match name {
                Tree::Text(name) => variants.get(name),
                _ => None,
            };
            return self.step(&format!("::{name}"), |it| it.compare(before, after, schema));
        }
        for (key, value) in before {
            let field = match (schema, key) {
                (Some(Schema::Struct(fields)), Tree::Text(name)) => fields.get(name),
                _ => None,
            };
            let name = field.and_then(|field| field.alias_of.clone()).map(Tree::Text);
            let name = name.as_ref().unwrap_or(key);
            let schema = match schema {
                Some(Schema::Map(_, value)) => Some(&**value),
                _ => field.map(|field| &field.schema),
            };
            let again = after.iter().find(|(known, _)| known == name).map(|(_, value)| value);
            self.step(&key_as_step(key), |it| match again {
                Some(again) => it.compare(value, again, schema),
                // Nothing was there.
                None if matches!(value, Tree::Nothing) => {}
                None => it.note("isn't read"),
            });
        }
    }

    fn step(&mut self, step: &str, work: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        work(self);
        self.path.truncate(length);
    }

    fn note(&mut self, what: &str) {
        self.found.insert((self.path.clone(), what.to_owned()));
    }
}

fn key_as_step(key: &Tree) -> String {
    match key {
        Tree::Text(name) => format!(".{name}"),
        // Entries of a map count as one: it is about the type.
        _ => "[]".to_owned(),
    }
}

/// True if two values are the same, whatever kind of number they are.
fn is_same(one: &Tree, other: &Tree) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "the other one is a float")]
    let number = |tree: &Tree| match tree {
        Tree::Single(bits) => Some(f64::from(f32::from_bits(*bits))),
        Tree::Double(bits) => Some(f64::from_bits(*bits)),
        Tree::Number(number) => Some(*number as f64),
        _ => None,
    };
    if one == other {
        return true;
    }
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.to_bits() == other.to_bits(),
        _ => false,
    }
}
