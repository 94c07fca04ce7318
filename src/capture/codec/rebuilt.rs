//! Components that the game describes at a capture, and makes anew of that at a restore.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::component::Component;
use bevy::ecs::entity::EntityMapper;
use bevy::ecs::world::World;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Codec, CopyCodec, DecodeError, EncodeError, message_pack};
use crate::capture::encode::panic_message;

/// Writes a component `T` as a value `P`, of which the game makes it anew with the world at hand.
pub(crate) struct RebuiltCodec<T, P> {
    describe: Arc<dyn Fn(&T) -> P + Send + Sync>,
    rebuild: Arc<dyn Fn(P, &mut World) -> T + Send + Sync>,
}

impl<T, P> RebuiltCodec<T, P> {
    /// A codec of the two directions.
    pub(crate) fn new(
        describe: impl Fn(&T) -> P + Send + Sync + 'static,
        rebuild: impl Fn(P, &mut World) -> T + Send + Sync + 'static,
    ) -> Self {
        Self { describe: Arc::new(describe), rebuild: Arc::new(rebuild) }
    }

    /// Makes a component; what the game's code said if it panicked.
    pub(crate) fn rebuild(&self, value: P, world: &mut World) -> Result<T, String> {
        // What it left half done in the world is the game's own affair, as after any panic of a
        // system that somebody catches.
        catch_unwind(AssertUnwindSafe(|| (self.rebuild)(value, world)))
            .map_err(|payload| panic_message(&*payload))
    }
}

impl<T, P> Clone for RebuiltCodec<T, P> {
    fn clone(&self) -> Self {
        Self { describe: self.describe.clone(), rebuild: self.rebuild.clone() }
    }
}

impl<T, P> Codec for RebuiltCodec<T, P>
where
    T: Component,
    P: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Value = P;

    fn map_entities<M: EntityMapper>(&self, _: &mut P, _: &mut M) {}

    fn encode(&self, value: &P, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        message_pack::encode(value, bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<P, DecodeError> {
        message_pack::decode(bytes)
    }
}

impl<T, P> CopyCodec for RebuiltCodec<T, P>
where
    T: Component,
    P: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Component = T;

    fn copy(&self, component: &T) -> P {
        (self.describe)(component)
    }
}
