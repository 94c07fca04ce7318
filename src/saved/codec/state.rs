//! States, with the transition that is pending.

use std::marker::PhantomData;

use bevy::ecs::entity::EntityMapper;
use bevy::state::state::FreelyMutableState;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Codec, DecodeError, EncodeError, message_pack};
use crate::schema::Schema;

/// A state as it is saved, with the pending one. The cause of a pending transition may be gone
/// after a restore, and a game whose transition was dropped would wait for it for ever.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct SavedState<S> {
    /// The state; `None` for a sub-state that doesn't exist at the moment.
    pub current: Option<S>,
    /// The pending state.
    #[serde(default = "PendingState::unchanged")]
    pub pending: PendingState<S>,
}

/// [`NextState`] as it is saved.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum PendingState<S> {
    /// Nothing is pending.
    Unchanged,
    /// A transition that runs in any case.
    Set(S),
    /// A transition that doesn't run if the state is already current.
    SetIfDifferent(S),
}

impl<S> PendingState<S> {
    fn unchanged() -> Self {
        Self::Unchanged
    }

    fn try_map<New, E>(self, change: impl Fn(S) -> Result<New, E>) -> Result<PendingState<New>, E> {
        Ok(match self {
            Self::Unchanged => PendingState::Unchanged,
            Self::Set(state) => PendingState::Set(change(state)?),
            Self::SetIfDifferent(state) => PendingState::SetIfDifferent(change(state)?),
        })
    }
}

impl<S> SavedState<S> {
    /// The same with other states.
    pub(crate) fn try_map<New, E>(
        self,
        change: impl Fn(S) -> Result<New, E>,
    ) -> Result<SavedState<New>, E> {
        Ok(SavedState {
            current: self.current.map(&change).transpose()?,
            pending: self.pending.try_map(&change)?,
        })
    }
}

/// Passes a [`SavedState`] to serde.
pub(crate) struct StateCodec<S>(PhantomData<fn() -> S>);

impl<S> Default for StateCodec<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S> Clone for StateCodec<S> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<S: FreelyMutableState + Serialize + DeserializeOwned> Codec for StateCodec<S> {
    type Value = SavedState<S>;

    fn map_entities<M: EntityMapper>(&self, _: &mut SavedState<S>, _: &mut M) {}

    fn append(
        &self,
        value: &SavedState<S>,
        bytes: &mut Vec<u8>,
        most: usize,
    ) -> Result<(), EncodeError> {
        message_pack::append(value, bytes, most)
    }

    fn decode(&self, bytes: &[u8]) -> Result<SavedState<S>, DecodeError> {
        message_pack::decode(bytes)
    }

    /// The form of the state. The rest is this crate's own.
    fn schema(&self) -> Schema {
        Schema::of::<S>()
    }
}
