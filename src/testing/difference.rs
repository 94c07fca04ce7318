//! A difference between a saved value and the restored one.

use std::fmt;

use bevy::ecs::entity::Entity;

use crate::SaveKey;
use crate::values::with_name;

/// A difference between a saved value and the restored one.
///
/// [`Display`](fmt::Display) describes it in one line, with a remedy.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Difference {
    /// The entity in the original world; `None` for resources and states.
    pub entity: Option<Entity>,
    /// The entity's [`SaveKey`], or its [`Name`](bevy::ecs::name::Name) if it has none.
    pub entity_name: Option<String>,
    /// The saved type, by its path; `None` if it is the entity as a whole.
    pub type_path: Option<String>,
    /// The path to the field, as `.weapon.damage`; empty if it is the whole value.
    pub field: String,
    /// The kind of difference.
    pub kind: DifferenceKind,
}

/// The kind of a [`Difference`].
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// It has another value. The usual cause is a field with `#[serde(skip)]`, or a `Serialize`
    /// that doesn't write everything.
    Value {
        /// The value before, as text. Long values are truncated.
        before: String,
        /// The restored value, as text. Long values are truncated.
        after: String,
    },
    /// The field has the same `Entity` as before, which is another entity after a restore, or none.
    /// Mark it `#[entities]`; a resource also needs `#[derive(MapEntities)]`.
    UnmappedEntity,
    /// The field refers to an entity that isn't restored, since it is neither saved nor has a
    /// [`SaveKey`]. After a restore it refers to no entity; a relationship, such as `ChildOf`, is
    /// left out.
    LostReference {
        /// The entity that it refers to, if the field is known.
        target: Option<Entity>,
        /// That entity's name.
        target_name: String,
    },
    /// It isn't restored.
    Missing,
    /// It exists after the restore although it didn't before.
    Extra,
    /// Another entity has the same key, and gets the values that are saved under it.
    DuplicateKey {
        /// The key.
        key: SaveKey,
    },
    /// The value can't be written.
    NotWritten {
        /// The error of the type's `Serialize`.
        message: String,
    },
    /// The written value can't be read.
    NotRead {
        /// The error of the type's `Deserialize`.
        message: String,
    },
    /// The `rebuild` of [`save_component_as`](crate::SessionAppExt::save_component_as) panicked, in
    /// a world that has none of the game's resources but the saved ones. Lend it the resources that
    /// it needs with [`RoundTrip`](super::RoundTrip).
    NotRebuilt {
        /// The number of such values.
        values: u64,
        /// The message of the first panic.
        message: String,
    },
    /// Code of the game, usually a component's hook, panicked while values of this type were
    /// restored into a world that has none of the game's systems and none of its resources but the
    /// saved ones. Nothing of the type was compared; everything else was, unless no type is named.
    /// Lend it the resources that it needs with [`RoundTrip`](super::RoundTrip).
    Panicked {
        /// The message of the panic.
        message: String,
    },
}

impl Difference {
    /// The subject of the difference: type, entity and field.
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

/// The message of a panic, which may have several lines, in one line.
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
