//! The order of a relationship's sources, which only their target knows.

use bevy::ecs::entity::{Entity, EntityMapper};

use super::{Codec, DecodeError, EncodeError, NameEntities, message_pack};
use crate::schema::Schema;

/// Writes the saved sources of a target in their order: of a parent, its children. Reordering
/// changes only the target, so the links of the sources don't show it.
#[derive(Clone)]
pub(crate) struct OrderCodec;

impl Codec for OrderCodec {
    type Value = Vec<Entity>;

    fn map_entities<M: EntityMapper>(&self, value: &mut Vec<Entity>, mapper: &mut M) {
        for source in value {
            *source = mapper.get_mapped(*source);
        }
    }

    fn name_entities<N: NameEntities>(&self, value: &mut Vec<Entity>, names: &mut N) {
        // An unsaved source has no place in the order, and needs no id on its account.
        value.retain(|source| names.is_saved(*source));
        self.map_entities(value, names);
    }

    fn append(
        &self,
        value: &Vec<Entity>,
        bytes: &mut Vec<u8>,
        most: usize,
    ) -> Result<(), EncodeError> {
        message_pack::append(value, bytes, most)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Vec<Entity>, DecodeError> {
        message_pack::decode(bytes)
    }

    fn schema(&self) -> Schema {
        Schema::of::<Vec<Entity>>()
    }
}
