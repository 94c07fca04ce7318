//! Something that a game may have forgotten.

use std::fmt;

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;
use bevy_session_journal::Code;

use super::rarely_changing::CHECKPOINTS;
use crate::SaveKey;
use crate::checkpoints::TypeProblemReason;
use crate::hints::SessionHint;
use crate::values::{given_name, with_name};

/// Something that a game may have forgotten.
///
/// [`Display`](fmt::Display) describes it in plain words, with a remedy.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub enum Finding {
    /// Saved entities have a component that isn't saved: after a restore it is missing, or has its
    /// initial value.
    ///
    /// Markers without a value that a saved component requires don't count: they are restored with
    /// it.
    ComponentNotSaved {
        /// The component.
        type_path: String,
        /// The saved entities that have it.
        on: FoundEntities,
    },
    /// Saved entities have a position, and their [`Transform`](bevy::prelude::Transform) isn't
    /// saved: they are restored at the origin.
    ///
    /// Entities with a [`SaveKey`] don't count, since their level places them, nor do entities that
    /// are neither moved, rotated nor scaled.
    PlaceNotSaved {
        /// The entities.
        on: FoundEntities,
    },
    /// Saved entities have components that may have to be saved, but can't be identified: they
    /// aren't registered for reflection, and have no names without Bevy's feature `debug`. A
    /// generic type doesn't register itself.
    ///
    /// Components without a value don't count.
    UnknownComponents {
        /// The number of such components.
        types: usize,
        /// The saved entities that have them.
        on: FoundEntities,
    },
    /// A resource isn't saved, and has its initial value in the next process.
    ResourceNotSaved {
        /// The resource.
        type_path: String,
    },
    /// Something saved refers to an entity that is neither saved nor has a [`SaveKey`]. After a
    /// restore it refers to no entity.
    ReferenceToUnsaved {
        /// The component or resource with the reference.
        type_path: String,
        /// The path to the field, as `.weapon.owner`; of the first, if there are several.
        field: String,
        /// The entities that have the component; `None` for a resource.
        on: Option<FoundEntities>,
        /// The entity that the first of them refers to.
        target: Entity,
        /// That entity's name, if it has one.
        target_name: Option<String>,
    },
    /// A saved field has an `Entity` and isn't marked `#[entities]`, so after a restore it refers
    /// to another entity or none.
    EntityNotMapped {
        /// The component or resource with the field.
        type_path: String,
        /// The path to the field, as `.weapon.owner`; of the first, if there are several.
        field: String,
        /// The entities that have the component; `None` for a resource.
        on: Option<FoundEntities>,
    },
    /// Entities have the marker [`Saved`](crate::Saved), and nothing on them is saved: they are
    /// restored as empty entities.
    ///
    /// An entity that has saved children or a [`SaveKey`] doesn't count: it groups its children, or
    /// its existence is saved.
    NothingSaved {
        /// The entities.
        on: FoundEntities,
    },
    /// States are saved, and checkpoints may be taken in the menu: neither
    /// [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) nor
    /// [`close_session_on_enter`](crate::SessionHooksExt::close_session_on_enter) is called.
    StatesNeverGated {
        /// The states.
        states: Vec<String>,
    },
    /// Two or more entities have the same [`SaveKey`].
    DuplicateKey {
        /// The key.
        key: SaveKey,
        /// The entities.
        entities: Vec<Entity>,
    },
    /// Entities have a [`SaveKey`] and a component of a saved type, and aren't marked as
    /// [`Saved`](crate::Saved): other entities can refer to them, and their values aren't saved.
    ///
    /// A [`Transform`](bevy::prelude::Transform) or [`Name`](bevy::ecs::name::Name) doesn't count:
    /// levels set them.
    KeyedNotSaved {
        /// One of the components of the first of them.
        type_path: String,
        /// The entities.
        on: FoundEntities,
    },
    /// Saved entities have their own observers, made by
    /// [`observe`](bevy::ecs::world::EntityWorldMut::observe). Those are despawned with the entity,
    /// and not restored.
    ///
    /// This is fine if the game adds them again whenever the entity is added: then let the doctor
    /// ignore [`ObservedBy`](bevy::ecs::observer::ObservedBy). Entities with a [`SaveKey`] don't
    /// count: their level spawns them.
    EntityObserver {
        /// The entities.
        on: FoundEntities,
    },
    /// A type can't be saved, given the app's set-up.
    TypeNotSaved {
        /// The type.
        type_path: String,
        /// The reason.
        reason: TypeProblemReason,
    },
    /// A saved component has many values, and none was written for 60 checkpoints, each of which
    /// looked at all of them. With `#[component(summary_tick)]`, a capture can skip them. From Bevy
    /// 0.20 on.
    RarelyChanges {
        /// The component.
        type_path: String,
        /// The number of saved entities that have it; 10,000 or more.
        values: u64,
    },
    /// The file system can't sync directories, so a power cut may lose new files. See
    /// [`power_cuts_are_covered`](crate::SessionActivity::power_cuts_are_covered).
    PowerCutsNotCovered,
    /// A hint that the plugin gave while the game ran, or would give soon.
    Hint(SessionHint),
}

/// Entities on which something was found.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct FoundEntities {
    /// The number of entities.
    pub count: u64,
    /// One of them.
    pub first: Entity,
    /// The [`SaveKey`] of that one, or its [`Name`](bevy::ecs::name::Name) if it has none.
    pub first_name: Option<String>,
}

impl FoundEntities {
    pub(super) fn one(world: &World, entity: Entity) -> Self {
        Self { count: 1, first: entity, first_name: given_name(world, entity) }
    }
}

impl fmt::Display for FoundEntities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&with_name(self.first, self.first_name.as_deref()))?;
        match self.count {
            0 | 1 => Ok(()),
            count => write!(formatter, " and {} more", count - 1),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingSaved { on } => write!(
                formatter,
                "entities with the marker `Saved` have no saved component: {on}. Save a component of \
                 theirs, or remove the marker",
            ),
            Self::StatesNeverGated { states } => write!(
                formatter,
                "checkpoints are taken in every state of {}. If one of them is a menu or a loading \
                 screen, call `checkpoint_session_while(in_state(…))`; otherwise let the doctor ignore \
                 the states",
                states.join(", "),
            ),
            Self::DuplicateKey { key, entities } => write!(
                formatter,
                "{} entities have the save key `{key}`, and only the first gets the saved values. \
                 Make keys unique",
                entities.len(),
            ),
            Self::EntityObserver { on } => write!(
                formatter,
                "saved entities have observers of their own, which a restore doesn't bring back: {on}. \
                 Call `observe` in an observer of `On<Add<…>>`, or watch all of them with \
                 `add_observer`; if that is done, let the doctor ignore `ObservedBy`",
            ),
            Self::TypeNotSaved { type_path, reason } => {
                write!(formatter, "{type_path} can't be saved: {reason}")
            }
            Self::RarelyChanges { type_path, values } => write!(
                formatter,
                "{type_path} is on {values} saved entities, and none changed for {CHECKPOINTS} checkpoints, \
                 each of which checked all of them. Mark it `#[component(summary_tick)]` to skip that",
            ),
            Self::PowerCutsNotCovered => formatter.write_str(
                "a power cut may cost checkpoints here, since the file system can't sync directories; \
                 crashes cost none. Keep the game's data on a local disk",
            ),
            Self::ReferenceToUnsaved { .. } | Self::EntityNotMapped { .. } => {
                self.fmt_reference(formatter)
            }
            Self::ComponentNotSaved { .. }
            | Self::PlaceNotSaved { .. }
            | Self::ResourceNotSaved { .. }
            | Self::KeyedNotSaved { .. }
            | Self::UnknownComponents { .. } => self.fmt_not_saved(formatter),
            Self::Hint(hint) => write!(formatter, "{hint}"),
        }
    }
}

impl Finding {
    /// Its code, which the guide's page on hints explains.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::ComponentNotSaved { .. } => Code::ComponentNotSaved,
            Self::PlaceNotSaved { .. } => Code::PlaceNotSaved,
            Self::UnknownComponents { .. } => Code::UnknownComponents,
            Self::ResourceNotSaved { .. } => Code::ResourceNotSaved,
            Self::ReferenceToUnsaved { .. } => Code::ReferenceToUnsaved,
            Self::EntityNotMapped { .. } => Code::EntityNotMapped,
            Self::NothingSaved { .. } => Code::NothingSaved,
            Self::StatesNeverGated { .. } => Code::StatesNeverGated,
            Self::DuplicateKey { .. } => Code::DuplicateKey,
            Self::KeyedNotSaved { .. } => Code::KeyedNotSaved,
            Self::EntityObserver { .. } => Code::EntityObserver,
            Self::TypeNotSaved { .. } => Code::TypeNotSaved,
            Self::RarelyChanges { .. } => Code::RarelyChanges,
            Self::PowerCutsNotCovered => Code::PowerCutsNotCovered,
            Self::Hint(hint) => hint.code(),
        }
    }

    /// Returns true if both say that a type rarely changes, however many values it has now.
    pub(super) fn is_same_advice(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::RarelyChanges { type_path: one, .. },
                Self::RarelyChanges { type_path: another, .. },
            ) => one == another,
            _ => false,
        }
    }

    /// Writes a finding about something that isn't saved.
    fn fmt_not_saved(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ComponentNotSaved { type_path, on } => {
                write!(formatter, "{type_path} isn't saved, and is on saved entities: {on}. ")?;
                formatter.write_str(if type_path.contains('<') {
                    "Call `register_type` for it if it is marked `#[reflect(Component, Saved)]`, since generic \
                     types don't register themselves, or call `save_component`"
                } else {
                    "Mark it `#[reflect(Component, Saved)]` or call `save_component`"
                })?;
                formatter
                    .write_str("; if the game rebuilds it on a restore, let the doctor ignore it")
            }
            Self::PlaceNotSaved { on } => write!(
                formatter,
                "the places of saved entities aren't saved: {on}. Call `save_component::<Transform>()`; \
                 if the game rebuilds `Transform` on a restore, let the doctor ignore it",
            ),
            Self::ResourceNotSaved { type_path } => write!(
                formatter,
                "the resource {type_path} isn't saved. Mark it `#[reflect(Resource, Saved)]` or call \
                 `save_resource`; if it is no progress, let the doctor ignore it",
            ),
            Self::KeyedNotSaved { type_path, on } => write!(
                formatter,
                "{type_path} isn't saved on entities that have a key and no marker `Saved`: {on}. Mark them; if \
                 the level alone sets it, let the doctor ignore it",
            ),
            Self::UnknownComponents { types, on } => write!(
                formatter,
                "{types} types of components on saved entities aren't registered, so the doctor can't tell whether \
                 they should be saved: {on}. Call `register_type` for each instance of a generic type that \
                 should, and switch on Bevy's feature `debug` to see their names",
            ),
            _ => Ok(()),
        }
    }

    /// Writes a finding about entities in fields.
    fn fmt_reference(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReferenceToUnsaved { type_path, field, on, target, target_name } => write!(
                formatter,
                "{type_path}{}{} refers to {}, which doesn't come back. Save that entity, or give it \
                 a `SaveKey` if it comes from a level",
                FieldText(field),
                On(on),
                with_name(*target, target_name.as_deref()),
            ),
            Self::EntityNotMapped { type_path, field, on } => write!(
                formatter,
                "{type_path}{}{} holds an entity that isn't mapped. Mark the field `#[entities]`{}",
                FieldText(field),
                On(on),
                if on.is_none() { ", and derive `MapEntities`" } else { "" },
            ),
            _ => Ok(()),
        }
    }
}

struct FieldText<'a>(&'a str);

impl fmt::Display for FieldText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.trim_start_matches('.') {
            "" => Ok(()),
            field => write!(formatter, ", field `{field}`,"),
        }
    }
}

struct On<'a>(&'a Option<FoundEntities>);

impl fmt::Display for On<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(entities) => write!(formatter, " of {entities}"),
            None => Ok(()),
        }
    }
}
