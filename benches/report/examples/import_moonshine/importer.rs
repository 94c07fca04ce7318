//! Imports a save of `moonshine-save`. The file is a `DynamicWorld` in RON, which Bevy reads by itself, so a game that copies this doesn't
//! depend on that crate any more.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bevy::ecs::entity::EntityHashMap;
use bevy::prelude::*;
use bevy::reflect::{TypeData, TypeRegistry};
use bevy::world_serialization::serde::WorldDeserializer;
use bevy::world_serialization::{DynamicWorld, WorldInstanceSpawnError};
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

/// The save that an older version of the game has left.
#[derive(Resource, Clone, Debug)]
pub struct OldSave {
    /// The file.
    pub path: PathBuf,
    /// Components and resources by their paths in the file, and their paths now. What the two paths name must have the same fields.
    pub renamed: Vec<(&'static str, &'static str)>,
}

/// Part of a session that began with an old save: which file that was.
#[derive(Resource, Reflect, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct Imported {
    /// Its length in bytes.
    length: u64,
    /// The FNV-1a hash of its bytes, which is the same in each build of the game.
    hash: u64,
}

impl Imported {
    fn of(content: &[u8]) -> Self {
        let hash = content.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { length: content.len() as u64, hash }
    }

    /// Returns true if the file at this path is the imported one. A file of another length isn't read.
    fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|file| file.len() == self.length)
            && fs::read(path).is_ok_and(|content| Self::of(&content) == *self)
    }
}

/// The reasons why nothing was imported. The file is as it was, and so is the world, unless it was [`Refused`](Self::Refused).
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no file.
    #[error("there is no {}", path.display())]
    Missing { path: PathBuf },
    /// The disk doesn't give it, or it is no text.
    #[error("{} can't be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    /// It isn't whole, or has a type that this game doesn't register. The reason begins with the line and column.
    #[error("{}:{reason}", path.display())]
    Damaged { path: PathBuf, reason: Box<ron::error::SpannedError> },
    /// It has a value that is neither component nor resource of this game, or lacks a field without a default: Bevy would refuse the one
    /// halfway, and panic on the other.
    #[error("{} has a `{type_path}` that this game can't use", path.display())]
    Unusable { path: PathBuf, type_path: String },
    /// Bevy refuses to write it into the world, although its types are all there.
    #[error("{} can't be put into the world: {reason}", path.display())]
    Refused { path: PathBuf, reason: WorldInstanceSpawnError },
}

/// Puts the old save into the world. Call it when [`SessionStarted`] is triggered: the session's first checkpoint has it then, and a session
/// that comes back after a crash doesn't import it again.
///
/// # Errors
///
/// An [`ImportError`], which names the file.
pub fn import(world: &mut World, old: &OldSave) -> Result<(), ImportError> {
    // That of an earlier session, which says nothing of this one.
    world.remove_resource::<Imported>();
    let (described, imported) = read(world, old)?;
    let mut entities = EntityHashMap::default();
    described
        .write_to_world(world, &mut entities)
        .map_err(|reason| ImportError::Refused { path: old.path.clone(), reason })?;
    for entity in described.entities.iter().filter_map(|entity| entities.get(&entity.entity)) {
        world.entity_mut(*entity).insert(Saved);
    }
    world.insert_resource(imported);
    Ok(())
}

/// Adds `.imported` to the file's name, once a session has its content durably. The file is never deleted, nor is one of that name replaced.
/// Another file that is put there later stays, for the next session that starts.
pub fn put_aside(_: On<CheckpointSaved>, old: Res<OldSave>, imported: Option<Res<Imported>>) {
    if !imported.is_some_and(|imported| imported.is_at(&old.path)) {
        return;
    }
    let mut aside = old.path.clone();
    while aside.exists() {
        aside.as_mut_os_string().push(".imported");
    }
    // The next checkpoint tries it again.
    if let Err(error) = fs::rename(&old.path, &aside) {
        warn_once!("{} can't be renamed: {error}", old.path.display());
    }
}

fn read(world: &World, old: &OldSave) -> Result<(DynamicWorld, Imported), ImportError> {
    let path = || old.path.clone();
    let text = fs::read_to_string(&old.path).map_err(|reason| match reason.kind() {
        io::ErrorKind::NotFound => ImportError::Missing { path: path() },
        _ => ImportError::Unreadable { path: path(), reason },
    })?;
    let imported = Imported::of(text.as_bytes());
    let text = with_todays_paths(&text, &old.renamed);
    let registry = world.resource::<AppTypeRegistry>().read();
    let mut assets = world.resource::<AssetServer>().clone();
    let reader = WorldDeserializer { type_registry: &registry, load_from_path: &mut assets };
    let described = ron::Options::default()
        .from_str_seed(&text, reader)
        .map_err(|reason| ImportError::Damaged { path: path(), reason: Box::new(reason) })?;
    match unusable(&described, &registry) {
        Some(type_path) => Err(ImportError::Unusable { path: path(), type_path }),
        None => Ok((described, imported)),
    }
}

/// Renames keys, each once: the path of a type now may be that of another one before.
fn with_todays_paths(text: &str, renamed: &[(&str, &str)]) -> String {
    // A quote within a value is escaped, so only a key ends like this.
    let mut parts: Vec<String> = text.split("\":").map(str::to_owned).collect();
    for part in &mut parts {
        let found = renamed.iter().find_map(|(before, now)| {
            let start = part.strip_suffix(before)?;
            start.ends_with('"').then(|| format!("{start}{now}"))
        });
        if let Some(found) = found {
            *part = found;
        }
    }
    parts.join("\":")
}

/// Finds the first type of a value that is [`Unusable`](ImportError::Unusable).
fn unusable(described: &DynamicWorld, registry: &TypeRegistry) -> Option<String> {
    let mut components = described.entities.iter().flat_map(|entity| &entity.components);
    let component = components.find(|value| !is_whole::<ReflectComponent>(&***value, registry));
    let mut resources = described.resources.iter();
    let value = component
        .or_else(|| resources.find(|value| !is_whole::<ReflectResource>(&***value, registry)))?;
    let type_info = value.get_represented_type_info();
    Some(type_info.map_or_else(|| value.reflect_type_path(), |it| it.type_path()).to_owned())
}

/// Returns true if the value has all fields of its type, and the type is of this kind.
fn is_whole<Kind: TypeData>(value: &dyn PartialReflect, registry: &TypeRegistry) -> bool {
    let type_id = value.try_as_reflect().map(|value| value.as_any().type_id());
    type_id.is_some_and(|type_id| registry.get_type_data::<Kind>(type_id).is_some())
}
