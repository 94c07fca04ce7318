//! The ready-made UI in a game, by the public API alone, on a memory disk and a clock that frames move.

#[path = "../../../../tests/it/common.rs"]
#[expect(dead_code, reason = "the plugin's own tests use all of it")]
mod common;
mod ui;
