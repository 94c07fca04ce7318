//! What happens in a game, recorded beside its checkpoints: messages, events and inputs that the game
//! names, and what the plugin itself does.
//!
//! The main thread copies values into typed buffers, with cursors of its own. The writer names entities,
//! writes MessagePack, and appends. After a crash, what no checkpoint holds is handed out again.

mod app_ext;
mod fixed_ticks;
mod frame_log;
mod hand_out;
mod in_flight;
mod recorded_type;
mod recorder;
mod source;
mod taken;
mod tape_feed;
mod trigger;

pub use app_ext::{RecordInputs, Recordable, RecordedAs, RecordingExt};
pub use trigger::RecordedTrigger;

pub(crate) use fixed_ticks::{FixedTicks, count_ticks};
pub(crate) use frame_log::note_frame;
pub(crate) use hand_out::{HandOut, Reborn};
pub(crate) use recorder::{Declared, EventRecorder, Recorded};
pub(crate) use taken::{NotWritten, TakenEvents};
pub(crate) use tape_feed::TapeFeed;
