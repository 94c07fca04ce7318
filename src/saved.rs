//! The parts of saved data: the marker of entities and, for each type, its column's name, its
//! codec, and its decoded values on their way back into a world.
//!
//! [`capture`](crate::capture) and [`restore`](crate::restore) both build on it. It knows neither.

mod came_back;
mod codec;
mod contents;
mod decoded;
mod marker;
mod names;
mod panic_message;

pub use marker::Saved;

pub(crate) use came_back::{CameBack, lead_to_who_came_back};
pub(crate) use codec::{
    Codec, ComponentCodec, CopyCodec, DecodeError, EncodeError, NameEntities, OrderCodec,
    PendingState, Proxy, RebuiltCodec, ReflectedCodec, SavedState, SerdeCodec, StateCodec,
    decode_message_pack, disabled_codec, encode_message_pack, reads_the_same, scope_on_enter_codec,
    scope_on_exit_codec,
};
pub(crate) use contents::Contents;
pub(crate) use decoded::{
    DecodedColumn, DecodedComponents, DecodedOrder, DecodedResource, DecodedState, Incomplete,
    Names, NamesEntities, Others, Outside, Ranks, RebuiltComponents, References, Spawner,
    StateValue, Written, WrittenAgain,
};
pub(crate) use marker::{IsSaved, Latecomers, unfiltered};
pub(crate) use names::{
    ANCHORS, BUILD, BUILT_IN, CHILD_OF, CHILD_ORDER, DISABLED, GONE, IN_CHAPTER, SAVE_KEYS,
    STATE_SCOPES, order_of,
};
pub use panic_message::panic_message;
