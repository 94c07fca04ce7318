//! What happens in a game is recorded, and after a crash what no checkpoint holds happens again, once.

mod after_a_crash;
mod game;
mod log;
