//! The rows of a checkpoint.

use std::fmt;
use std::sync::Arc;

use bevy_session_journal::SaveId;
use bevy_session_journal::internal::disk::{MergedBlocks, with_sources};
use bevy_session_journal::internal::format::{Block, ENTITIES, ReadError, Rows};
use serde::{Serialize, Serializer};

use crate::value::{Value, hexadecimal};

/// The column of custom fields, whose values are encoded once more.
pub const FIELDS: &str = "bevy_session::Fields";

/// Why a personal value isn't shown.
const PERSONAL: &str = "personal, see --private";

/// A row of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub type_path: Arc<str>,
    pub version: u32,
    pub id: SaveId,
    pub bytes: Vec<u8>,
}

/// The decoded content of a row's bytes.
#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    Value(Value),
    /// They are no value that could be shown: all of them, and why.
    Unknown(Vec<u8>, String),
    /// It is personal data of a player, and isn't shown.
    Personal,
}

/// The rows of a checkpoint, one after the other.
pub struct RowsOf {
    blocks: MergedBlocks,
    block: Option<Block>,
    next: usize,
}

impl RowsOf {
    /// The rows that blocks hold.
    pub fn of(blocks: MergedBlocks) -> Self {
        Self { blocks, block: None, next: 0 }
    }
}

impl Iterator for RowsOf {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.block.as_ref().and_then(|block| row(block, self.next)) {
                self.next += 1;
                return Some(Ok(row));
            }
            match self.blocks.next()? {
                Ok(block) => (self.block, self.next) = (Some(block), 0),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn row(block: &Block, position: usize) -> Option<Row> {
    // A whole checkpoint removes nothing.
    let Rows::Values(values) = &block.rows else { return None };
    Some(Row {
        type_path: Arc::clone(&block.type_path),
        version: block.type_version,
        id: *values.ids().get(position)?,
        bytes: values.value(position)?.to_vec(),
    })
}

impl Row {
    /// Its place among the rows of a checkpoint.
    pub fn key(&self) -> (bool, &str, SaveId) {
        (*self.type_path != *ENTITIES, &self.type_path, self.id)
    }

    /// The entity that it belongs to; `None` of a resource or state.
    pub fn entity(&self) -> Option<SaveId> {
        Some(self.id).filter(|id| *id != SaveId::WORLD)
    }

    /// The entity that it belongs to, or that it is a resource, in words.
    pub fn owner(&self) -> String {
        self.entity().map_or_else(|| "resource".to_owned(), |id| id.to_string())
    }

    /// The decoded content of its bytes.
    pub fn content(&self) -> Content {
        match Content::of(&self.bytes) {
            Content::Value(value) if *self.type_path == *FIELDS => Content::Value(value.unpacked()),
            content => content,
        }
    }

    /// True if its type has this name, by its whole path or by the end of it.
    pub fn is_of(&self, name: &str) -> bool {
        is_called(&self.type_path, name)
    }
}

/// True if a type's path is this name, or ends with it.
pub fn is_called(path: &str, name: &str) -> bool {
    let is_end = |before: &str| before.is_empty() || before.ends_with("::");
    path.strip_suffix(name).is_some_and(is_end)
}

impl fmt::Display for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(formatter),
            Self::Unknown(bytes, _) => {
                let shown = Value::Bytes(bytes.clone());
                write!(formatter, "{shown}, which isn't MessagePack that can be shown")
            }
            Self::Personal => formatter.write_str(PERSONAL),
        }
    }
}

/// The value, or else the bytes as digits, or nothing.
impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Unknown(bytes, _) => serializer.serialize_str(&hexadecimal(bytes)),
            Self::Personal => serializer.serialize_unit(),
        }
    }
}

impl Content {
    /// Decodes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        // That an entity is there has no value.
        if bytes.is_empty() {
            return Self::Value(Value::Nothing);
        }
        match Value::decode(bytes) {
            Ok(value) => Self::Value(value),
            Err(error) => Self::Unknown(bytes.to_vec(), with_sources(&error)),
        }
    }

    /// A text.
    pub fn text(text: String) -> Self {
        Self::Value(Value::Text(text))
    }

    /// Why it isn't shown as a value.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Value(_) => None,
            Self::Unknown(_, error) => Some(error),
            Self::Personal => Some(PERSONAL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_by_the_last_segments_of_its_path() {
        for name in ["hop::world::Loot", "world::Loot", "Loot"] {
            assert!(is_called("hop::world::Loot", name), "{name}");
        }
        for name in ["oot", "d::Loot", "hop", "other::hop::world::Loot"] {
            assert!(!is_called("hop::world::Loot", name), "{name}");
        }
    }
}
