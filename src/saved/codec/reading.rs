//! Compares values as a restore would read them.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy::ecs::entity::{Entity, EntityMapper};
use bevy_session_journal::SaveId;

use super::Codec;
use super::unordered::differ_in_order_only;

/// Returns true if a restore would read the same from two values that are written differently.
pub(crate) fn reads_the_same<C: Codec>(
    codec: &C,
    one: &[u8],
    other: &[u8],
    saved: &BTreeSet<SaveId>,
) -> bool {
    let mut targets = Targets { saved, any: false };
    // What can't be read is a loss for a restore and no drift.
    let mut read = |bytes| with_entities(codec, bytes, &mut targets);
    let (Some(one), Some(other)) = (read(one), read(other)) else { return true };
    one == other || (targets.any && differ_in_order_only(&one, &other))
}

/// A value as it is written with other entities. `None` if it can't be read or written, or the
/// game's own code panics.
pub(crate) fn with_entities<C: Codec>(
    codec: &C,
    bytes: &[u8],
    mapper: &mut impl EntityMapper,
) -> Option<Vec<u8>> {
    let written = catch_unwind(AssertUnwindSafe(|| {
        let mut value = codec.decode(bytes).ok()?;
        codec.map_entities(&mut value, mapper);
        let mut bytes = Vec::new();
        codec.encode(&value, &mut bytes).ok()?;
        Some(bytes)
    }));
    written.ok().flatten()
}

/// Replaces every unsaved entity by a placeholder, and notes if there is any entity.
struct Targets<'a> {
    saved: &'a BTreeSet<SaveId>,
    any: bool,
}

impl EntityMapper for Targets<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        self.any = true;
        if self.saved.contains(&SaveId(source.to_bits())) { source } else { Entity::PLACEHOLDER }
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}
