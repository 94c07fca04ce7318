//! The film of a crash, in two acts: somebody plays, the process is killed, and the dialog leads back.

use bevy::prelude::*;
use bevy_session_ui::RecoveryDialog;

use super::stage::Step::{self, Do, Film, Frames, Press, Until};
use super::story::{has_focus, is_playing, lit_lamps, start_pilot, state};
use crate::crashes::kill_at_once;
use crate::model::Game;

pub fn until_the_end() -> Vec<Step> {
    vec![
        Until("the menu, with one button chosen", has_focus),
        Press(&[KeyCode::Enter]),
        Until("the nights, with one chosen", |world| {
            state(world) == Game::Choosing && has_focus(world)
        }),
        Press(&[KeyCode::Enter]),
        Until("a new game", is_playing),
        Do(start_pilot),
        Until("a lamp that is lit", |world| lit_lamps(world) >= 1),
        Frames(30),
        Film("1-play", 40),
        Do(|_| kill_at_once()),
        Until("the end of this process", |_| false),
    ]
}

pub fn after_the_end() -> Vec<Step> {
    vec![
        Until("the dialog", |world| world.resource::<RecoveryDialog>().is_open()),
        Until("one of its buttons chosen", has_focus),
        Frames(30),
        Film("2-dialog", 20),
        Press(&[KeyCode::Enter]),
        Until("play to go on", is_playing),
        Do(start_pilot),
        Film("3-play", 32),
    ]
}
