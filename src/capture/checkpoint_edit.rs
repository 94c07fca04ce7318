//! A checkpoint that is being restored, as a migration of the game may change it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::entity::Entity;
use bevy::reflect::TypePath;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::ENTITIES;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::history::{Form, Histories, TypeHistory};
use crate::saved::{DecodeError, EncodeError, decode_message_pack, encode_message_pack};

/// Rows of a checkpoint, by type and entity.
pub(crate) struct EditedRows {
    pub types: BTreeMap<Arc<str>, BTreeMap<SaveId, EditedRow>>,
    /// The id of the next entity that is spawned.
    pub next: SaveId,
}

/// A row as it was written.
#[derive(Clone)]
pub(crate) struct EditedRow {
    pub version: u32,
    pub value: Vec<u8>,
}

impl EditedRows {
    /// No rows, of a session whose next id is `next`.
    pub(crate) fn new(next: SaveId) -> Self {
        Self { types: BTreeMap::new(), next }
    }

    fn put(&mut self, path: &Arc<str>, id: SaveId, row: Option<EditedRow>) -> Option<EditedRow> {
        match row {
            Some(row) => self.types.entry(path.clone()).or_default().insert(id, row),
            None => self.types.get_mut(path)?.remove(&id),
        }
    }
}

/// A checkpoint of an older build that is being restored. A step of
/// [`migrate_checkpoint`](crate::SessionAppExt::migrate_checkpoint) changes it before any of it is
/// restored.
///
/// There is no world yet. An [`Entity`] here is one of the checkpoint's, as in the checkpoint's
/// values: so a reference that is read from one value can be looked up, and written into another.
///
/// A type is read and written in its current form. Values of older versions go through its
/// [`Migrations`](crate::types::Migrations) first.
pub struct CheckpointEdit<'a> {
    rows: &'a mut EditedRows,
    histories: &'a Histories,
    /// The entity whose value is being migrated.
    id: SaveId,
    /// The former values of changed rows, in the order of the changes.
    before: Vec<(Arc<str>, SaveId, Option<EditedRow>)>,
    next_before: SaveId,
}

/// An error of a checkpoint's migration, which could not read or write a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointEditError {
    /// A value can't be read in the type's current form.
    #[error("{type_path} of {entity:?} can't be read: {message}")]
    NotRead {
        /// The type.
        type_path: String,
        /// The entity in the checkpoint; `None` for a resource.
        entity: Option<Entity>,
        /// The error of the type's `Deserialize`, or of a migration.
        message: String,
    },
    /// A value can't be written.
    #[error("{type_path} can't be written: {message}")]
    NotWritten {
        /// The type.
        type_path: String,
        /// The error of the type's `Serialize`.
        message: String,
    },
    /// The checkpoint has no such entity.
    #[error("the checkpoint has no entity {entity}")]
    NoEntity {
        /// The entity.
        entity: Entity,
    },
}

impl<'a> CheckpointEdit<'a> {
    pub(super) fn new(rows: &'a mut EditedRows, histories: &'a Histories, id: SaveId) -> Self {
        let next_before = rows.next;
        Self { rows, histories, id, before: Vec::new(), next_before }
    }

    /// The entity whose value is migrated; `None` for a resource.
    #[must_use]
    pub fn entity(&self) -> Option<Entity> {
        entity_of(self.id)
    }

    /// Returns true if an entity is in the checkpoint.
    #[must_use]
    pub fn contains(&self, entity: Entity) -> bool {
        let entities = self.rows.types.get(ENTITIES);
        entities.is_some_and(|entities| entities.contains_key(&SaveId(entity.to_bits())))
    }

    /// The entities that have a component of this type, in the order in which they were first
    /// saved.
    #[must_use]
    pub fn entities_with<T: TypePath>(&self) -> Vec<Entity> {
        let mut ids: Vec<SaveId> = Vec::new();
        for name in self.names_of(T::type_path()) {
            ids.extend(self.rows.types.get(&name).into_iter().flat_map(BTreeMap::keys));
        }
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(entity_of).collect()
    }

    /// A component of an entity; `None` if it has none. [`ChildOf`](bevy::ecs::hierarchy::ChildOf)
    /// has its parent.
    ///
    /// # Errors
    ///
    /// [`CheckpointEditError::NotRead`] if the value can't be read.
    pub fn get<T>(&self, entity: Entity) -> Result<Option<T>, CheckpointEditError>
    where
        T: TypePath + DeserializeOwned,
    {
        self.read(SaveId(entity.to_bits()))
    }

    /// A resource; `None` if the checkpoint has none.
    ///
    /// # Errors
    ///
    /// [`CheckpointEditError::NotRead`] if the value can't be read.
    pub fn resource<T>(&self) -> Result<Option<T>, CheckpointEditError>
    where
        T: TypePath + DeserializeOwned,
    {
        self.read(SaveId::WORLD)
    }

    /// Inserts a component on an entity, replacing the one of this type that it has. For a
    /// component that the game saves as another type, with
    /// [`save_component_as`](crate::SessionAppExt::save_component_as), use that type.
    ///
    /// # Errors
    ///
    /// [`CheckpointEditError::NotWritten`] if the value can't be written,
    /// [`CheckpointEditError::NoEntity`] if the checkpoint doesn't have the entity.
    pub fn insert<T>(&mut self, entity: Entity, value: &T) -> Result<(), CheckpointEditError>
    where
        T: TypePath + Serialize,
    {
        if !self.contains(entity) {
            return Err(CheckpointEditError::NoEntity { entity });
        }
        self.write(SaveId(entity.to_bits()), value)
    }

    /// Inserts a resource, replacing the one that the checkpoint has.
    ///
    /// # Errors
    ///
    /// [`CheckpointEditError::NotWritten`] if the value can't be written.
    pub fn insert_resource<T>(&mut self, value: &T) -> Result<(), CheckpointEditError>
    where
        T: TypePath + Serialize,
    {
        self.write(SaveId::WORLD, value)
    }

    /// Removes a component from an entity. Does nothing if it has none.
    pub fn remove<T: TypePath>(&mut self, entity: Entity) {
        for name in self.names_of(T::type_path()) {
            self.put(name, SaveId(entity.to_bits()), None);
        }
    }

    /// Spawns an entity without components.
    pub fn spawn(&mut self) -> Entity {
        loop {
            let id = self.rows.next;
            self.rows.next = id.next();
            if let Some(entity) = entity_of(id) {
                // The marker has no content.
                let mut value = Vec::new();
                let _ = encode_message_pack(&(), &mut value);
                self.put(ENTITIES.into(), id, Some(EditedRow { version: 0, value }));
                return entity;
            }
        }
    }

    /// Despawns an entity with all its components. References to it are [`Entity::PLACEHOLDER`]
    /// after the restore, and its children have no parent.
    pub fn despawn(&mut self, entity: Entity) {
        let types: Vec<Arc<str>> = self.rows.types.keys().cloned().collect();
        for type_path in types {
            self.put(type_path, SaveId(entity.to_bits()), None);
        }
    }

    /// Undoes all changes.
    pub(super) fn roll_back(self) {
        let Self { rows, before, next_before, .. } = self;
        for (type_path, id, row) in before.into_iter().rev() {
            rows.put(&type_path, id, row);
        }
        rows.next = next_before;
    }

    fn history(&self, type_path: &str) -> Option<&TypeHistory> {
        self.histories.get(type_path).map(|history| &**history)
    }

    /// The names of a type in files, the current one first.
    fn names_of(&self, type_path: &str) -> Vec<Arc<str>> {
        let former = self.history(type_path).into_iter().flat_map(|history| &history.former_names);
        std::iter::once(type_path.into()).chain(former.cloned()).collect()
    }

    fn read<T>(&self, id: SaveId) -> Result<Option<T>, CheckpointEditError>
    where
        T: TypePath + DeserializeOwned,
    {
        let names = self.names_of(T::type_path());
        let row = names.iter().find_map(|name| self.rows.types.get(name)?.get(&id));
        let Some(row) = row else { return Ok(None) };
        let value = in_todays_form(self.history(T::type_path()), row)
            .and_then(|value| decode_message_pack(&value));
        value.map(Some).map_err(|error| CheckpointEditError::NotRead {
            type_path: T::type_path().to_owned(),
            entity: entity_of(id),
            message: error.to_string(),
        })
    }

    fn write<T>(&mut self, id: SaveId, value: &T) -> Result<(), CheckpointEditError>
    where
        T: TypePath + Serialize,
    {
        let mut bytes = Vec::new();
        encode_message_pack(value, &mut bytes).map_err(|error: EncodeError| {
            let type_path = T::type_path().to_owned();
            CheckpointEditError::NotWritten { type_path, message: error.to_string() }
        })?;
        let version = self.history(T::type_path()).map_or(0, TypeHistory::version);
        let mut names = self.names_of(T::type_path()).into_iter();
        if let Some(today) = names.next() {
            self.put(today, id, Some(EditedRow { version, value: bytes }));
        }
        names.for_each(|former| self.put(former, id, None));
        Ok(())
    }

    fn put(&mut self, type_path: Arc<str>, id: SaveId, row: Option<EditedRow>) {
        let before = self.rows.put(&type_path, id, row);
        self.before.push((type_path, id, before));
    }
}

impl std::fmt::Debug for CheckpointEdit<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entity = self.entity();
        formatter.debug_struct("CheckpointEdit").field("entity", &entity).finish_non_exhaustive()
    }
}

fn entity_of(id: SaveId) -> Option<Entity> {
    id.is_entity().then(|| Entity::try_from_bits(id.0)).flatten()
}

fn in_todays_form(history: Option<&TypeHistory>, row: &EditedRow) -> Result<Vec<u8>, DecodeError> {
    let version = row.version;
    let of_no_use = || DecodeError::Refused(format!("version {version} isn't read by this build"));
    match history.map(|history| history.form(version)) {
        // A type that this build doesn't save is read as it is.
        Some(Form::Current) | None => Ok(row.value.clone()),
        Some(Form::Older(migrations)) => {
            let mut value = Vec::new();
            migrations.migrate(version, &row.value, &mut value)?;
            Ok(value)
        }
        Some(Form::TooOld { .. } | Form::Newer { .. }) => Err(of_no_use()),
    }
}
