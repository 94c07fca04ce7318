//! The crew: who plays a session, what they may ask for, and whose the characters are.
//!
//! [`members`] is what is, as it is read. [`change`] is the one form in which it changes, while it is played and after a
//! crash; [`requests`] lead to it, and [`deed`] guards and notes what players ask of the session. [`frame`] does so once
//! a frame.

mod answering;
mod change;
mod character;
mod deed;
mod frame;
mod members;
mod player;
mod plugin;
mod refusal;
mod requests;
mod restored;
mod rights;
mod role;

pub use change::{CrewChange, CrewStep};
pub use character::{Characters, PlayedBy};
pub use deed::{CrewDeed, DeedOutcome};
pub use members::{Crew, CrewMember};
pub use player::{PlayerId, PlayerIdError};
pub use plugin::{CrewExt, CrewPlugin, CrewSystems};
pub use refusal::CrewRefusal;
pub(crate) use requests::play_time_in;
pub use requests::{CrewCommands, CrewCommandsExt, CrewRejected, CrewRequest};
pub use restored::CrewRestored;
pub use rights::{Right, Rights};
pub use role::Role;
