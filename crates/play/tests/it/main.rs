//! Objectives, crew and notes as a game sees them: by the public API alone, without a window, on a clock that frames move.

mod closing;
mod common;
mod crashes;
mod crew;
mod definitions;
mod hand_overs;
mod histories;
mod insights;
mod lists;
mod logs;
mod notes;
mod problems;
mod replays;
