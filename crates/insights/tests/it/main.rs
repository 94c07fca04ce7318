//! What is claimed of sessions, held against scipy's answers and against worlds whose truth is known.

mod load;
mod players;
mod scipy;
mod walked;
mod worlds;
