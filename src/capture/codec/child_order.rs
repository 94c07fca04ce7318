//! The order of siblings, which only their parent knows.

use bevy::ecs::entity::{Entity, EntityMapper};
use bevy::ecs::hierarchy::Children;

use super::{Codec, CopyCodec, DecodeError, EncodeError, message_pack};
use crate::capture::encode::SaveIds;

/// Writes which of a parent's children are saved, in their order.
///
/// Reordering children changes only [`Children`], so the children's own `ChildOf` can't tell it.
#[derive(Clone)]
pub(crate) struct ChildOrderCodec;

impl Codec for ChildOrderCodec {
    type Value = Vec<Entity>;

    fn map_entities<M: EntityMapper>(&self, value: &mut Vec<Entity>, mapper: &mut M) {
        for child in value {
            *child = mapper.get_mapped(*child);
        }
    }

    fn name_entities(&self, value: &mut Vec<Entity>, ids: &mut SaveIds) {
        // An unsaved child has no place in the order, and needs no id on its account.
        value.retain(|child| ids.is_saved(*child));
        self.map_entities(value, ids);
    }

    fn encode(&self, value: &Vec<Entity>, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        message_pack::encode(value, bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Vec<Entity>, DecodeError> {
        message_pack::decode(bytes)
    }
}

impl CopyCodec for ChildOrderCodec {
    type Component = Children;

    fn copy(&self, children: &Children) -> Vec<Entity> {
        children.to_vec()
    }

    fn copy_into(&self, children: &Children, value: &mut Vec<Entity>) {
        value.clear();
        value.extend_from_slice(children);
    }
}
