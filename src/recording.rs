//! Recording of a game's messages, events and inputs, and of the plugin's own events, beside the
//! checkpoints.
//!
//! The main thread copies values into typed buffers, with separate cursors. The writer names
//! entities, writes MessagePack, and appends. After a crash, values that no checkpoint holds are
//! replayed.

mod app_ext;
mod fixed_ticks;
mod frame_log;
mod hand_out;
mod in_flight;
mod recorded_type;
mod recorder;
mod replaying;
mod source;
mod taken;
mod trigger;

pub use app_ext::{RecordInputs, Recordable, RecordedAs, RecordingExt};
pub use replaying::Replaying;
pub use trigger::RecordedTrigger;

pub(crate) use fixed_ticks::{FixedTicks, count_ticks};
pub(crate) use frame_log::note_frame;
pub(crate) use hand_out::{HandOut, Reborn};
pub(crate) use recorder::{Declared, EventRecorder, NOT_RECORDED, Recorded};
pub(crate) use taken::{NotWritten, TakenEvents};
