//! Saved data on its way out of the world.
//!
//! Two halves that meet in a [`Capture`]. On the main thread, [`record`] copies what changed since
//! the last capture into typed columns, and nothing else. On the writer's thread, [`encode`] gives
//! entities their ids in the session, writes values as MessagePack and hands blocks to the journal.
//! Neither knows of files.

mod app_ext;
mod codec;
mod declaration;
mod encode;
mod former_names;
mod history;
mod migrations;
mod record;
mod saved;
mod saved_type;
mod types;

#[cfg(test)]
pub(crate) mod test_kit;
#[cfg(test)]
mod tests;

pub use app_ext::SessionAppExt;
pub use migrations::Migrations;
pub use saved::{ReflectSaved, Saved};
pub use types::{TypeProblem, TypeProblemReason};

pub(crate) use codec::{
    ChildOrderCodec, Codec, ComponentCodec, CopyCodec, DecodeError, SerdeCodec,
};
pub(crate) use encode::{Carried, Encoder};
#[cfg(test)]
pub(crate) use encode::{EncodeFailureReason, Encoded};
pub(crate) use history::{Form, TypeHistory};
pub(crate) use record::{
    Capture, CaptureScope, PendingState, Recorder, SavedState, StateCodec, unfiltered,
};
pub(crate) use types::{CHILD_OF, CHILD_ORDER, DISABLED, SavedTypes};
