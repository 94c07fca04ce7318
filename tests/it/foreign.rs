//! Games of others, made crash-proof: examples of Bevy, as they are apart from the lines that are marked.

// Feature: Three of Bevy's example games are kept as tests, and their added lines are counted.
// Page: guide/getting-started.md

mod alien_cake_addict;
mod breakout;
mod mines;
mod stand_ins;
mod steps;

use std::fs;

use bevy::prelude::*;
use bevy_session::hints::{SessionHint, SessionHints};
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;

use crate::common::root;

/// Takes a checkpoint, and looks at the game at the end of the frame that it is of. The game plays on for some frames.
fn checkpoint<T>(game: &mut TestGame, look: fn(&mut TestGame) -> T) -> T {
    game.request(|commands| {
        commands.session().checkpoint("here");
    });
    let seen = look(game.frames(1));
    game.frames(4);
    seen
}

/// Holds keys down for some frames.
fn hold(game: &mut TestGame, keys: &[KeyCode], frames: usize) {
    let mut keyboard = game.world().resource_mut::<ButtonInput<KeyCode>>();
    keys.iter().for_each(|key| keyboard.press(*key));
    game.frames(frames);
    game.world().resource_mut::<ButtonInput<KeyCode>>().reset_all();
}

fn hints(game: &TestGame) -> Vec<SessionHint> {
    game.app().world().resource::<SessionHints>().iter().cloned().collect()
}

/// The number of lines that the session took in a game's file.
fn lines_of_the_session(game: &str) -> usize {
    let source = fs::read_to_string(root().join(format!("tests/it/foreign/{game}.rs")));
    source.expect("the game's file").lines().filter(|line| line.ends_with("// +")).count()
}

#[test]
fn the_readme_has_the_number_of_lines_of_each_game() {
    let page = fs::read_to_string(root().join("README.md")).expect("the page");
    let [breakout, cake, mines] =
        ["breakout", "alien_cake_addict", "mines"].map(lines_of_the_session);
    let says = format!(
        "Of Bevy's own example games, Breakout took {breakout} lines, Alien Cake Addict {cake}, and Mines, which has a menu, \
         {mines}."
    );
    assert!(page.contains(&says), "the page should say: {says}");
}
