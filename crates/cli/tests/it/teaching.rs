//! `insights`: what all sessions teach. That its page works in a browser is what `ci/view.sh` tries.

// Feature: A page of HTML, or JSON, shows what sessions teach.
// Page: guide/learning.md#answers

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use bevy_session_journal::disk::RealDisk;
use bevy_session_journal::internal::disk::{ConsentFiles, Layout, LocalStore};
use bevy_session_journal::internal::model::session::PlayerConsent;
use bevy_session_journal::{CheckpointKind, ConsentAnswer, JournalOptions, NewSession, Purpose};

use crate::common::{AnyValue, Done, Game, run};

#[test]
fn sessions_are_counted_and_what_has_too_few_samples_says_how_many_it_needs() -> Done {
    let game = Game::of_format("1.3")?;
    let before = game.snapshot()?;
    let listed = game.run("list --json DIR")?.objects()?;
    let listed = listed.iter().filter(|it| it["place"] != "trash" && it["forgotten"] == false);
    let listed = listed.filter(|it| it["draft"] == false).count();
    let ran =
        game.run("insights --json DIR --skill loot=golden::Looted:none --count golden::Looted")?;
    assert!(ran.code == Some(0) || ran.code == Some(1), "{}", ran.error);
    let lessons = ran.object()?;
    let counted = lessons["sessions"].as_u64().ok_or("a number")? as usize;
    assert!(counted > 0 && counted <= listed, "{counted} of {listed}");
    assert_eq!(lessons["leaving"]["rate"]["need"], 20);
    assert_eq!(lessons["leaving"]["rate"]["have"], counted);
    assert_eq!(lessons["skills"].as_array().map(Vec::len), Some(0), "there is no such field");
    assert_eq!(game.snapshot()?, before, "nothing was changed");
    Ok(())
}

#[test]
fn the_insights_page_has_the_printed_lines_and_is_not_overwritten() -> Done {
    let game = Game::of_format("1.3")?;
    let to = tempfile::tempdir()?;
    let page = to.path().join("insights.html");
    let place = page.display().to_string();
    let words = ["insights", "DIR", "--output", &place];
    let ran = game.run_words(&words)?;
    assert!(
        ran.text.contains(" sessions\n") && ran.text.contains("too few to say"),
        "{}",
        ran.text
    );
    let text = fs::read_to_string(&page)?;
    assert!(text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>\n"));
    assert!(!text.contains("<script"), "it has none");
    let sessions = ran.text.lines().next().ok_or("a line")?;
    assert!(text.contains(sessions), "{sessions}");
    assert_eq!(game.run_words(&words)?.code, Some(64), "it is there already");
    Ok(())
}

#[test]
fn a_malformed_or_conflicting_skill_is_refused() -> Done {
    let game = Game::of_format("1.3")?;
    let ran = game.run("insights DIR --skill parry")?;
    assert_eq!(ran.code, Some(64), "{}", ran.text);
    assert!(ran.error.contains("parry=hop::Struck:was_parried"), "{}", ran.error);
    let twice = game.run("insights DIR --skill a=b::C:d --skill a=e::F:g")?;
    assert_eq!(twice.code, Some(64), "{}", twice.text);
    Ok(())
}

#[test]
fn sessions_of_players_who_refuse_insights_are_not_counted() -> Done {
    let root = tempfile::tempdir()?;
    let options = JournalOptions::new(root.path()).watch_panics(false);
    let mut journal = options.open(AnyValue(std::marker::PhantomData))?;
    for player in ["Ann", "Ben"] {
        let mut run = journal.start(NewSession::named("Garden").player(player));
        run.checkpoint(CheckpointKind::Manual, &|_: bevy_session_journal::Scope| 1_u64);
        run.close(&|_: bevy_session_journal::Scope| 1_u64)?;
    }
    drop(journal);
    let counted = || -> Result<(u64, u64), Box<dyn std::error::Error>> {
        let place = root.path().as_os_str().to_owned();
        let words = ["insights", "--json"].map(OsString::from).into_iter();
        let lessons = run(words.chain([place]))?.object()?;
        let number = |name: &str| lessons[name].as_u64().ok_or("a number");
        Ok((number("sessions")?, number("withheld")?))
    };
    assert_eq!(counted()?, (2, 0));

    let (data, state) = (root.path().join("data"), root.path().join("state"));
    let layout = Layout { data, state, profile: "default".to_owned() };
    let local = LocalStore::new(Arc::new(RealDisk), layout);
    let mut refused = PlayerConsent { player: Some("Ann".to_owned()), ..PlayerConsent::default() };
    let answer = ConsentAnswer { is_given: false, version: 0, at: None };
    refused.answers.insert(Purpose::Insights.name().to_owned(), answer);
    ConsentFiles::of(&local.store).write(&refused)?;
    assert_eq!(counted()?, (1, 1));
    Ok(())
}
