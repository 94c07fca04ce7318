//! What doesn't come back as it was.

use std::fmt;

use bevy::ecs::entity::Entity;

use crate::SaveKey;
use crate::values::with_name;

/// Something that doesn't come back as it was.
///
/// [`Display`](fmt::Display) says it in one line, and what to do about it.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Difference {
    /// The entity in the world that was looked at; `None` for resources and states.
    pub entity: Option<Entity>,
    /// The entity's [`SaveKey`], or its [`Name`](bevy::ecs::name::Name) if it has none.
    pub entity_name: Option<String>,
    /// The saved type, by its path; `None` if it is the entity as a whole.
    pub type_path: Option<String>,
    /// What leads to the field, as `.weapon.damage`; empty if it is the whole value.
    pub field: String,
    /// What is different.
    pub kind: DifferenceKind,
}

/// How something doesn't come back as it was.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// It has another value. A field with `#[serde(skip)]` is the usual cause, or a `Serialize` that
    /// doesn't write all of it.
    Value {
        /// What it was, as text. Long values are cut off.
        before: String,
        /// What it is after it came back, as text. Long values are cut off.
        after: String,
    },
    /// The field holds the same `Entity` as before, which is another one after a restore, or
    /// none. Mark it `#[entities]`; a resource also needs `#[derive(MapEntities)]`.
    UnmappedEntity,
    /// The field names an entity that doesn't come back, since it is neither saved nor has a
    /// [`SaveKey`]. The field names no one after a restore; a relationship, such as `ChildOf`, is
    /// left out.
    LostReference {
        /// The entity that it names, if the field is known.
        target: Option<Entity>,
        /// What that entity is called.
        target_name: String,
    },
    /// It isn't there any more.
    Missing,
    /// It is there although it wasn't.
    Extra,
    /// Another entity has the same key, and gets what is saved under it.
    DuplicateKey {
        /// The key.
        key: SaveKey,
    },
    /// The value can't be written.
    NotWritten {
        /// What the type's `Serialize` said.
        message: String,
    },
    /// What was written can't be read.
    NotRead {
        /// What the type's `Deserialize` said.
        message: String,
    },
    /// The `rebuild` of [`save_component_as`](crate::SessionAppExt::save_component_as) panicked, in a
    /// world that has none of the game's resources but the saved ones. Lend it what it needs with
    /// [`RoundTrip`](super::RoundTrip).
    NotRebuilt {
        /// For how many values.
        values: u64,
        /// What it said, of the first of them.
        message: String,
    },
    /// Code of the game panicked while values of this type were put back into a world that has none of
    /// the game's systems and none of its resources but the saved ones: a component's hook, usually.
    /// Nothing of the type was compared; everything else was, unless no type is named. Lend it what it
    /// needs with [`RoundTrip`](super::RoundTrip).
    Panicked {
        /// What it said.
        message: String,
    },
}

impl Difference {
    /// What differs: type, entity and field.
    pub(crate) fn subject(&self) -> String {
        let entity = self.entity.map(|entity| with_name(entity, self.entity_name.as_deref()));
        let mut subject = match (&self.type_path, &entity) {
            (Some(type_path), Some(entity)) => format!("{type_path} of {entity}"),
            (Some(type_path), None) => type_path.clone(),
            (None, Some(entity)) => entity.to_string(),
            (None, None) => "the world".to_owned(),
        };
        if !self.field.is_empty() {
            subject.push_str(&format!(", field `{}`", self.field.trim_start_matches('.')));
        }
        subject
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.subject(), self.kind)
    }
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { before, after } => write!(formatter, "{before} came back as {after}"),
            Self::UnmappedEntity => formatter.write_str(
                "names another entity or none after a restore: mark the field `#[entities]`, and \
                 derive `MapEntities` if it is a resource",
            ),
            Self::LostReference { target_name, .. } => write!(
                formatter,
                "refers to {target_name}, which doesn't come back: save that entity, or give it a \
                 `SaveKey`",
            ),
            Self::Missing => formatter.write_str("doesn't come back"),
            Self::Extra => formatter.write_str("came back although it wasn't there"),
            Self::DuplicateKey { key } => write!(
                formatter,
                "doesn't come back, since another entity has the save key `{key}` too: make keys \
                 unique",
            ),
            Self::NotWritten { message } => write!(formatter, "can't be written: {message}"),
            Self::NotRead { message } => write!(formatter, "can't be read: {message}"),
            Self::NotRebuilt { values, message } => write!(
                formatter,
                "{values} values couldn't be rebuilt in a world with nothing but what is saved: \
                 {}. Lend `rebuild` what it needs: `RoundTrip::new().with_resource::<…>()`",
                in_one_line(message),
            ),
            Self::Panicked { message } => write!(
                formatter,
                "code of the game panicked in a world with nothing but what is saved, which hides \
                 other differences of it: {}. Lend it what it needs: \
                 `RoundTrip::new().with_resource::<…>()`",
                in_one_line(message),
            ),
        }
    }
}

/// What a panic said, which may be some lines.
fn in_one_line(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    words.join(" ").trim_end_matches('.').to_owned()
}

/// Differences that a panic message lists.
const LISTED: usize = 32;

/// A list for people.
pub(super) fn listed(differences: &[Difference]) -> String {
    let mut text = String::new();
    for difference in differences.iter().take(LISTED) {
        text.push_str(&format!("\n- {difference}"));
    }
    if differences.len() > LISTED {
        text.push_str(&format!("\n- and {} more", differences.len() - LISTED));
    }
    text
}
