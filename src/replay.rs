//! Replays a recorded session: a report that a player sent, a slot, or a session on this machine.
//!
//! A game records the inputs of its steps with
//! [`record_inputs`](crate::events::RecordingExt::record_inputs). At each checkpoint and in
//! between, the plugin records the frames and their durations. This is a tape, with the checkpoints
//! as its keyframes. [`Replay`] opens one and plays it in the game's own app, without a window. It
//! changes no file.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_session::prelude::*;
//! use bevy_session::replay::{Replay, ReplayError, ReplayManner, ReplayStep};
//!
//! // The game's own way to make its app, but for the window and for what takes sessions up.
//! fn build(session: SessionPlugin) -> App {
//!     let mut app = App::new();
//!     app.add_plugins((MinimalPlugins, session));
//!     app
//! }
//!
//! # fn main() -> Result<(), ReplayError> {
//! let mut playback = Replay::open("report.tar")?.play(build, ReplayManner::Exact)?;
//! loop {
//!     match playback.step()? {
//!         ReplayStep::Keyframe(reached) => println!("{reached}"),
//!         ReplayStep::Panicked { message } => break println!("it panics again: {message}"),
//!         ReplayStep::End => break,
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod deterministic;
mod divergence;
mod error;
mod idle;
mod keyframe;
mod pace;
mod pairing;
mod playback;
mod played;
mod segment;
mod signature;
mod source;
mod watch;
mod watched;

pub use bevy_session_journal::internal::read::recovery::Keyframe;

pub use crate::recording::Replaying;
pub use deterministic::assert_deterministic;
pub use divergence::Divergence;
pub use error::ReplayError;
pub use keyframe::KeyframeReached;
pub use playback::{OutOfStep, Playback, ReplayManner, ReplayStep};
pub use source::Replay;
pub use watched::{ReplayMark, ReplayMarkKind, ReplayPaused, WatchStage, WatchedReplay};
