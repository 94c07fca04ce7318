//! The crew: who plays a session, what they may ask for, and whose the characters are.
//!
//! [`members`] is what is, as it is read. [`change`] is the one form in which it changes, while it is played and after a
//! crash; [`requests`] lead to it, and [`deed`] guards and notes what players ask of the session. [`frame`] does so once
//! a frame.
//!
//! What is saved is one resource, `Crew`, a list of members of which the first is the host: no number of hosts but
//! one can be written down, and a hand-over is a rotation. What a file says besides is put right as it is read
//! (`From` in `members`). Entities say whose they are by `PlayedBy`, which nothing here writes.
//!
//! | module of `crew` | what it is |
//! | --- | --- |
//! | `player`, `role`, `members`, `character` | what is saved |
//! | `change` | the one form in which a crew changes; `Crew::follow` lets it be, while it is played and after a crash |
//! | `requests`, `answering`, `refusal` | what is asked for, what it comes to, and why it doesn't |
//! | `rights`, `deed` | what it takes a right to, the guard of the session's requests, and what is noted of them |
//! | `frame` | the step of a frame, between `Gates` and `Requests`, and what becomes of the crew when a session begins or comes back |
//! | `restored` | the first such step after a restore, in which the crew is complete and the game hears so |
//!
//! A crew is about people, so it is kept through restores of the session that is played (`line`, which also has
//! what objectives and crew share of reading what a crash had cut off): it is put aside at `RestoreStarted`, and
//! put back at `SessionRestored` or `RestoreCancelled`, before the checkpoint that opens the new run. Presence ends
//! with the process; what is handed out after a crash is followed first, and then all have left. Rights are the
//! game's code and not saved.
//!
//! Lamplighter goes by what the two say and not by what has happened to them: who is here, whose character has
//! none, which notes lie in the level. A crew and notes come back at other moments than the world does, and a
//! rewind changes the world alone, so code that acts on `CrewChange` or `NoteChange` misses some of it. The one that
//! it observes is said to the player.

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
