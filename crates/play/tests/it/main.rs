//! Objectives as a game sees them: by the public API alone, without a window, on a clock that frames move.

mod closing;
mod common;
mod crashes;
mod definitions;
mod histories;
mod insights;
mod lists;
mod problems;
