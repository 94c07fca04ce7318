//! Components and resources with serde: the usual case.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cloned::{CloneCodec, Format};
use super::{DecodeError, EncodeError, message_pack};
use crate::schema::Schema;

/// Clones a component and passes the clone to serde.
pub(crate) type SerdeCodec<T> = CloneCodec<T, Serde>;

/// Serialization by serde.
#[derive(Clone, Copy)]
pub(crate) struct Serde;

impl<T> Default for SerdeCodec<T> {
    fn default() -> Self {
        Self::with(Serde)
    }
}

impl<T: Serialize + DeserializeOwned> Format<T> for Serde {
    fn append(&self, value: &T, bytes: &mut Vec<u8>, most: usize) -> Result<(), EncodeError> {
        message_pack::append(value, bytes, most)
    }

    fn is_written_as(&self, value: &T, bytes: &[u8], _: &mut Vec<u8>) -> bool {
        message_pack::is_written_as(value, bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        message_pack::decode(bytes)
    }

    fn schema(&self) -> Schema {
        Schema::of::<T>()
    }
}
