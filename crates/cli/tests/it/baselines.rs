//! `health`: the figures of an earlier release beside those of today.

// Feature: A release's figures are compared with those of an earlier one.
// Page: guide/servers.md#notice-that-it-hangs

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use bevy_session_journal::NewSession;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{Done, Game, Ran, session_with};
use crate::judging::{open, save};
use crate::left_behind::gone;

/// A game with a session whose one large checkpoint takes hundreds of kilobytes, and a baseline of it.
struct Watched {
    game: Game,
    beside: TempDir,
}

impl Watched {
    fn new() -> Result<Self, Box<dyn Error>> {
        let game = Game { root: tempfile::tempdir()? };
        fs::create_dir(game.directory())?;
        let noise: String = (0..60_000_u64)
            .map(|it| format!("{:016x}", it.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .collect();
        session_with(&game.directory(), "Huge", move |_| noise.clone())?;
        Self::of(game)
    }

    fn of(game: Game) -> Result<Self, Box<dyn Error>> {
        let watched = Self { game, beside: tempfile::tempdir()? };
        let before = watched.game.snapshot()?;
        let ran = watched.health("--write-baseline", &[])?;
        assert_eq!(ran.code, Some(0), "{}", ran.error);
        assert!(watched.game.snapshot()? == before, "nothing of the game should change");
        // As if what is there were of the release after it.
        watched.change(|it| it["game_version"] = json!("0.0.1"))?;
        Ok(watched)
    }

    fn file(&self) -> PathBuf {
        self.beside.path().join("then.json")
    }

    fn health(&self, option: &str, more: &[&str]) -> std::io::Result<Ran> {
        let file = self.file().display().to_string();
        let words = ["health", "DIR", option, &file];
        self.game.run_words(&words.iter().chain(more).copied().collect::<Vec<_>>())
    }

    fn baseline(&self) -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_slice(&fs::read(self.file())?)?)
    }

    fn change(&self, change: impl FnOnce(&mut Value)) -> Done {
        let mut baseline = self.baseline()?;
        change(&mut baseline);
        Ok(fs::write(self.file(), serde_json::to_vec_pretty(&baseline)?)?)
    }

    /// The verdict about a figure, and the exit code.
    fn verdict(
        &self,
        figure: &str,
        more: &[&str],
    ) -> Result<(String, Option<i32>), Box<dyn Error>> {
        let ran = self.health("--baseline", &[&["--json"], more].concat())?;
        let compared = ran.objects()?;
        let found = compared.iter().find(|it| it["figure"] == figure).ok_or(ran.text)?;
        Ok((found["verdict"].as_str().ok_or("a verdict")?.to_owned(), ran.code))
    }
}

#[test]
fn a_release_is_no_worse_than_itself() -> Done {
    let watched = Watched::new()?;
    let baseline = watched.baseline()?;
    assert_eq!(baseline["baseline"], 1);
    let bytes = baseline["figures"]["checkpoint_bytes_p95"].as_f64().ok_or("a figure")?;
    assert!(bytes > 50_000.0, "{baseline}");
    let ran = watched.health("--baseline", &[])?;
    assert_eq!(ran.code, Some(0), "{}{}", ran.text, ran.error);
    assert!(ran.text.contains("checkpoint_bytes_p95") && ran.text.contains("same"));
    assert!(ran.text.ends_with("worse by more than 25 %: 0\n"), "{}", ran.text);
    let again = watched.health("--write-baseline", &[])?;
    assert_eq!(again.code, Some(64), "nothing is written over what is there: {}", again.text);
    assert_eq!(watched.baseline()?, baseline);
    Ok(())
}

#[test]
fn a_release_that_is_compared_with_itself_fails_the_check() -> Done {
    let watched = Watched::new()?;
    fs::remove_file(watched.file())?;
    assert_eq!(watched.health("--write-baseline", &[])?.code, Some(0));
    let verdict = watched.verdict("checkpoint_bytes_p95", &[])?;
    assert_eq!(verdict, ("same_release".to_owned(), Some(1)));
    let ran = watched.health("--baseline", &[])?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("no other release than"), "{}", ran.text);
    Ok(())
}

#[test]
fn a_release_that_dies_right_after_the_first_checkpoint_of_each_run_is_worse() -> Done {
    let game = Game { root: tempfile::tempdir()? };
    fs::create_dir(game.directory())?;
    session_with(&game.directory(), "Good", |_| 1_u64)?;
    let watched = Watched::of(game)?;
    assert_eq!(watched.verdict("deaths_per_hour", &[])?, ("too_few".to_owned(), Some(0)));
    for (name, verdict) in [("First", "too_few"), ("Second", "too_few"), ("Third", "worse")] {
        let mut journal = open(&watched.game.directory())?;
        let mut run = journal.start(NewSession::named(name));
        save(&mut run, 0..1)?;
        // As if it were killed: its process lives on, and so its record has to go.
        drop(run);
        drop(journal);
        gone(&watched.game)?;
        let code = Some(i32::from(verdict == "worse"));
        let found = watched.verdict("deaths_per_hour", &[])?;
        assert_eq!(found, (verdict.to_owned(), code), "{name}");
    }
    Ok(())
}

#[test]
fn a_figure_that_is_worse_fails_the_check() -> Done {
    let watched = Watched::new()?;
    let figure = "checkpoint_bytes_p95";
    watched.change(|it| it["figures"][figure] = json!(10_000.0))?;
    assert_eq!(watched.verdict(figure, &[])?, ("worse".to_owned(), Some(1)));
    let text = watched.health("--baseline", &[])?.text;
    assert!(text.ends_with("worse by more than 25 %: 1\n"), "{text}");
    let tolerant = watched.verdict(figure, &["--tolerance", "1000000"])?;
    assert_eq!(tolerant, ("same".to_owned(), Some(0)));
    watched.change(|it| it["figures"][figure] = json!(1e12))?;
    assert_eq!(watched.verdict(figure, &[])?, ("better".to_owned(), Some(0)));
    Ok(())
}

#[test]
fn a_figure_missing_from_one_side_is_listed_without_failing() -> Done {
    let watched = Watched::new()?;
    watched.change(|it| {
        it["figures"] = json!({ "candles": 3 });
        it["a_later_field"] = json!(true);
    })?;
    assert_eq!(watched.verdict("candles", &[])?, ("then_only".to_owned(), Some(0)));
    let now = watched.verdict("checkpoint_bytes_p95", &[])?;
    assert_eq!(now, ("now_only".to_owned(), Some(0)));
    Ok(())
}

#[test]
fn a_malformed_baseline_is_refused_with_line_and_column() -> Done {
    let watched = Watched::new()?;
    let whole = fs::read(watched.file())?;
    let refused = |watched: &Watched, words: &str| -> Done {
        let ran = watched.health("--baseline", &[])?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{}", ran.error);
        assert!(ran.error.contains("then.json") && ran.error.contains(words), "{}", ran.error);
        Ok(())
    };
    for length in [0, 1, whole.len() / 2, whole.len() - 3] {
        fs::write(watched.file(), &whole[..length])?;
        refused(&watched, "isn't a baseline: error in line ")?;
    }
    fs::write(watched.file(), "{\n  \"baseline\": true\n}")?;
    refused(&watched, "isn't a baseline: error in line 2, column ")?;
    fs::write(watched.file(), "{\"baseline\": 2, \"figures\": \"all of them\"}")?;
    refused(&watched, "has version 2, which is newer than 1")?;
    fs::remove_file(watched.file())?;
    refused(&watched, "failed to read the baseline ")
}

#[test]
fn a_baseline_of_another_game_is_refused() -> Done {
    // One whose sessions name their game, and one of which slots alone do.
    for format in ["bevy-0.20", "1.0"] {
        let watched = Watched::of(Game::of_format(format)?)?;
        assert_eq!(watched.baseline()?["game"], "Tests/Game", "{format}");
        watched.change(|it| it["game"] = json!("Else/Where"))?;
        let ran = watched.health("--baseline", &[])?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{format}: {}", ran.error);
        let names = ran.error.contains("Else/Where") && ran.error.contains("Tests/Game");
        assert!(names, "{format}: {}", ran.error);
        watched.change(|it| it["game"] = Value::Null)?;
        assert_eq!(watched.health("--baseline", &[])?.code, Some(0), "{format}: it isn't known");
    }
    Ok(())
}

#[test]
fn contradictory_options_are_refused() -> Done {
    let watched = Watched::new()?;
    for more in [["--max-age", "1m"], ["--tolerance", "much"], ["--tolerance", "-1"]] {
        assert_eq!(watched.health("--baseline", &more)?.code, Some(64), "{more:?}");
    }
    assert_eq!(watched.health("--baseline", &["--playing"])?.code, Some(64));
    assert_eq!(watched.health("--write-baseline", &["--tolerance", "5"])?.code, Some(64));
    Ok(())
}
