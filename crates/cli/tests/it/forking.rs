//! `fork show`: the sides of a session that was played on in two places.

// Feature: `fork show` says where a session parted, and what was played on each side.
// Page: ../crates/cli/README.md#what-is-looked-at

use std::error::Error;

use crate::common::{Game, RELICS};
use crate::doctoring::forked;

#[test]
fn both_sides_of_a_fork_are_shown_with_their_common_checkpoint() -> Result<(), Box<dyn Error>> {
    let (game, session) = forked()?;
    let shown = game.run(&format!("fork show DIR {session} --json"))?.object()?;
    let lines = shown["lines"].as_array().ok_or("lines")?;
    let newest: Vec<&str> = lines.iter().filter_map(|line| line["newest"].as_str()).collect();
    let common = shown["common"]["id"].as_str().ok_or("a moment in common")?;
    assert!(newest.len() == 2 && newest[0] != newest[1] && !newest.contains(&common), "{shown}");
    let session_shown = game.run(&format!("show DIR {session} --json"))?.object()?;
    let heads = session_shown["heads"].as_array().ok_or("heads")?;
    let heads: Vec<&str> = heads.iter().filter_map(|head| head["id"].as_str()).collect();
    assert!(newest.iter().all(|id| heads.contains(id)), "{heads:?}");

    let words = game.run(&format!("fork show DIR {session}"))?;
    assert!(words.text.contains(common), "{}", words.text);
    assert!(newest.iter().all(|id| words.text.contains(id)), "{}", words.text);
    Ok(())
}

#[test]
fn a_session_with_one_line_has_no_fork() -> Result<(), Box<dyn Error>> {
    let game = Game::new()?;
    let shown = game.run(&format!("fork show DIR {RELICS} --json"))?.object()?;
    assert_eq!(shown["lines"].as_array().map(Vec::len), Some(0));
    let words = game.run(&format!("fork show DIR {RELICS}"))?;
    assert_eq!(words.text.trim(), "It has one line: there is no fork.");
    Ok(())
}
