//! Replays the events that were recorded after the newest checkpoint, after a crash.

use std::collections::HashMap;

use bevy::ecs::entity::{Entity, EntityMapper};

use bevy_session_journal::SaveId;

/// The outcome of replaying an event.
pub(crate) enum HandOut {
    /// The game has received it.
    Done,
    /// The game's own hook rejected it.
    Rejected,
    /// Its value can't be read, or the hook panicked.
    Failed(String),
}

/// The entities of a restored world, by their ids.
pub(crate) struct Reborn(pub HashMap<SaveId, Entity>);

impl EntityMapper for Reborn {
    /// An entity that no longer exists, or never was saved, is [`Entity::PLACEHOLDER`].
    fn get_mapped(&mut self, source: Entity) -> Entity {
        self.0.get(&SaveId(source.to_bits())).copied().unwrap_or(Entity::PLACEHOLDER)
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}
