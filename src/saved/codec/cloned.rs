//! Components and resources that are copied as clones.

use std::marker::PhantomData;

use bevy::ecs::component::Component;
use bevy::ecs::entity::EntityMapper;
use bevy_session_journal::limits;

use super::{Codec, ComponentCodec, CopyCodec, DecodeError, EncodeError};
use crate::schema::Schema;

/// The format in which clones of a type are written and read.
pub(crate) trait Format<T>: Clone + Send + Sync + 'static {
    /// Appends a value as MessagePack, in at most so many bytes. After an error the buffer may end with
    /// a part of it.
    fn append(&self, value: &T, bytes: &mut Vec<u8>, most: usize) -> Result<(), EncodeError>;

    /// Returns true if a value is written as these bytes, using `memory` as a buffer.
    fn is_written_as(&self, value: &T, bytes: &[u8], memory: &mut Vec<u8>) -> bool {
        memory.clear();
        self.append(value, memory, limits::VALUE_BYTES).is_ok() && memory == bytes
    }

    /// Reads a value.
    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError>;

    /// The form in which values are read.
    fn schema(&self) -> Schema;
}

/// Clones a component, and writes the clone in a format.
pub(crate) struct CloneCodec<T, F> {
    format: F,
    keeps_copies: bool,
    encodes_at_once: bool,
    component: PhantomData<fn() -> T>,
}

impl<T, F> CloneCodec<T, F> {
    /// A codec with this format.
    pub(super) fn with(format: F) -> Self {
        Self { format, keeps_copies: true, encodes_at_once: false, component: PhantomData }
    }

    /// Sets whether encoded copies may stay in a buffer. They may by default.
    pub(crate) fn keeping_copies(self, keeps_copies: bool) -> Self {
        Self { keeps_copies, ..self }
    }

    /// Sets whether components are encoded without a copy of them. They aren't by default.
    pub(crate) fn encoding_at_once(self, encodes_at_once: bool) -> Self {
        Self { encodes_at_once, ..self }
    }
}

impl<T, F: Clone> Clone for CloneCodec<T, F> {
    fn clone(&self) -> Self {
        Self {
            format: self.format.clone(),
            keeps_copies: self.keeps_copies,
            encodes_at_once: self.encodes_at_once,
            component: PhantomData,
        }
    }
}

impl<T: Component + Clone, F: Format<T>> Codec for CloneCodec<T, F> {
    type Value = T;

    fn map_entities<M: EntityMapper>(&self, value: &mut T, mapper: &mut M) {
        <T as Component>::map_entities(value, mapper);
    }

    fn append(&self, value: &T, bytes: &mut Vec<u8>, most: usize) -> Result<(), EncodeError> {
        self.format.append(value, bytes, most)
    }

    fn is_written_as(&self, value: &T, bytes: &[u8], memory: &mut Vec<u8>) -> bool {
        self.format.is_written_as(value, bytes, memory)
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        self.format.decode(bytes)
    }

    fn schema(&self) -> Schema {
        self.format.schema()
    }
}

impl<T: Component + Clone, F: Format<T>> CopyCodec for CloneCodec<T, F> {
    type Component = T;

    fn keeps_copies(&self) -> bool {
        self.keeps_copies
    }

    fn encodes_at_once(&self) -> bool {
        self.encodes_at_once
    }

    fn as_value<'a>(&self, component: &'a T) -> Option<&'a T> {
        Some(component)
    }

    fn copy(&self, component: &T) -> T {
        component.clone()
    }

    fn copy_into(&self, component: &T, value: &mut T) {
        value.clone_from(component);
    }

    fn copy_all(&self, components: &[T], values: &mut Vec<T>) {
        values.extend_from_slice(components);
    }
}

impl<T: Component + Clone, F: Format<T>> ComponentCodec for CloneCodec<T, F> {
    fn rebuild(&self, value: T) -> T {
        value
    }
}
