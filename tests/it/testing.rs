//! The kit for games: what doesn't come back is found and named, and what does isn't.

mod planted;
mod rig;
mod updates;
mod whole;
