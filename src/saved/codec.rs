//! Codecs: copying values of a type out of the world, writing and reading them.

mod cloned;
mod message_pack;
mod order;
mod proxy;
mod reading;
mod reflected;
mod state;
mod typed;
mod unordered;

use bevy::ecs::component::Component;
use bevy::ecs::entity::{Entity, EntityMapper};
use bevy_session_journal::limits;

use crate::schema::Schema;

pub(crate) use message_pack::{
    DecodeError, EncodeError, decode as decode_message_pack, encode as encode_message_pack,
};
pub(crate) use order::OrderCodec;
pub(crate) use proxy::{
    Proxy, RebuiltCodec, disabled_codec, scope_on_enter_codec, scope_on_exit_codec,
};
pub(crate) use reading::{reads_the_same, with_entities};
pub(crate) use reflected::ReflectedCodec;
pub(crate) use state::{PendingState, SavedState, StateCodec};
pub(crate) use typed::SerdeCodec;

/// Writes and reads the values of one type.
///
/// Everything here runs off the main thread and has no world.
pub(crate) trait Codec: Clone + Send + Sync + 'static {
    /// The value that is sent between the threads.
    type Value: Send + Sync + 'static;

    /// Replaces every entity in a value.
    fn map_entities<M: EntityMapper>(&self, value: &mut Self::Value, mapper: &mut M);

    /// Replaces every entity in a value by its id in the session.
    fn name_entities<N: NameEntities>(&self, value: &mut Self::Value, names: &mut N) {
        self.map_entities(value, names);
    }

    /// Appends a value as MessagePack, in at most so many bytes. After an error the buffer may end with
    /// a part of it.
    fn append(
        &self,
        value: &Self::Value,
        bytes: &mut Vec<u8>,
        most: usize,
    ) -> Result<(), EncodeError>;

    /// Writes a value as MessagePack, in place of what is in the buffer.
    fn encode(&self, value: &Self::Value, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        bytes.clear();
        self.append(value, bytes, limits::VALUE_BYTES)
    }

    /// Returns true if a value is written as these bytes, using `memory` as a buffer.
    fn is_written_as(&self, value: &Self::Value, bytes: &[u8], memory: &mut Vec<u8>) -> bool {
        self.encode(value, memory).is_ok() && memory == bytes
    }

    /// Reads a value.
    fn decode(&self, bytes: &[u8]) -> Result<Self::Value, DecodeError>;

    /// The form in which values are read.
    fn schema(&self) -> Schema;
}

/// Replaces entities by their ids in the session.
pub(crate) trait NameEntities: EntityMapper {
    /// Returns true if an entity is saved.
    fn is_saved(&self, entity: Entity) -> bool;
}

/// Copies a component out of the world.
pub(crate) trait CopyCodec: Codec {
    /// The component.
    type Component: Component;

    /// Returns true if encoded copies may stay in a buffer, so that the next ones reuse their
    /// memory.
    fn keeps_copies(&self) -> bool {
        false
    }

    /// Returns true if components that are [values](Self::as_value) may be encoded without a copy. They
    /// are read again before they are written, to find out whether they refer to an entity.
    fn encodes_at_once(&self) -> bool {
        false
    }

    /// A component as the value that is written, if that needs no copy.
    fn as_value<'a>(&self, _: &'a Self::Component) -> Option<&'a Self::Value> {
        None
    }

    /// Copies what encoding needs.
    fn copy(&self, component: &Self::Component) -> Self::Value;

    /// Copies into an older value, whose memory may be reused.
    fn copy_into(&self, component: &Self::Component, value: &mut Self::Value) {
        *value = self.copy(component);
    }

    /// Copies a whole table.
    fn copy_all(&self, components: &[Self::Component], values: &mut Vec<Self::Value>) {
        values.extend(components.iter().map(|component| self.copy(component)));
    }
}

/// Copies a component out of the world and restores it.
pub(crate) trait ComponentCodec: CopyCodec {
    /// Makes a component from a value.
    fn rebuild(&self, value: Self::Value) -> Self::Component;
}
