//! Claims about sessions, compared with scipy's answers and with worlds whose truth is known.

mod load;
mod players;
mod scipy;
mod walked;
mod worlds;
