//! The hints that the plugin gave, or would give soon.

use bevy::ecs::world::World;

use super::Finding;
use super::references::without_places;
use crate::capture::{Placed, SavedTypes};
use crate::hints::{SessionHint, SessionHints};
use crate::lifecycle::Runtime;
use crate::{CurrentSession, SessionActivity};

/// The hints that the plugin gave.
pub(super) fn given(world: &World) -> Vec<SessionHint> {
    let hints = world.get_resource::<SessionHints>();
    hints.into_iter().flat_map(SessionHints::iter).cloned().collect()
}

impl Finding {
    /// Returns true if this is about the same thing as a hint.
    pub(super) fn says(&self, hint: &SessionHint) -> bool {
        match (self, hint) {
            (Self::Hint(known), hint) => known.is_about_the_same_as(hint),
            (
                Self::EntityNotMapped { type_path, field, .. },
                SessionHint::EntityNotMapped { type_path: hinted, field: place },
            ) => type_path == hinted && without_places(field) == *place,
            (
                Self::ComponentNotSaved { type_path, .. },
                SessionHint::InstanceNotRegistered { type_path: hinted },
            )
            | (
                Self::ReferenceToUnsaved { type_path, .. },
                SessionHint::LinkNotRestored { type_path: hinted, .. },
            ) => type_path == hinted,
            _ => false,
        }
    }
}

/// A finding if a power cut may lose acknowledged checkpoints on this file system.
pub(super) fn power_cuts(world: &World) -> Option<Finding> {
    let activity = world.get_resource::<SessionActivity>()?;
    (!activity.power_cuts_are_covered()).then_some(Finding::PowerCutsNotCovered)
}

/// A hint if no checkpoint of the session could be taken so far, since the game's gate is shut.
pub(super) fn shut_gate(world: &mut World) -> Option<SessionHint> {
    let played = world.get_resource::<CurrentSession>()?.play_time();
    Runtime::with(world, |parts, world| {
        let playing = parts.playing.as_ref()?;
        let is_shut = playing.line.is_untouched() && !playing.gate.is_open();
        is_shut.then(|| parts.hooks.shut_gate(world, played))
    })?
}

/// A hint if the game saves components, but no entity.
pub(super) fn no_entity(
    world: &World,
    types: &SavedTypes,
    has_saved_entities: bool,
) -> Option<SessionHint> {
    let types = types.components_that_need_entities();
    let has_waiting = world.get_resource::<Placed>().is_some_and(Placed::waits);
    let has_nothing = !has_saved_entities && !has_waiting && !types.is_empty();
    has_nothing.then_some(SessionHint::NoEntitySaved { types })
}
