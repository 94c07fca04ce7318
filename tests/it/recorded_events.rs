//! Recorded events: after a crash, those that no checkpoint holds are handed out again, once.

mod after_a_crash;
mod game;
mod log;
