//! `health`: a probe that opens no port.

// Feature: A probe fails where a server plays no session.
// Page: guide/servers.md#notice-that-it-hangs
// Feature: `health` is a probe without a port.
// Page: guide/servers.md#notice-that-it-hangs

use std::fs;
use std::time::Duration;

use bevy_session_journal::internal::disk::LocalStore;
use bevy_session_journal::internal::disk::process::ProcessGuard;
use bevy_session_journal::{CheckpointId, RunId, StandingAlert};
use jiff::Timestamp;

use crate::common::{
    Done, EVENINGS, EVENINGS_RUN, Game, RELICS, begin_process, begin_watched_process, run,
};

/// A process that has drawn a frame and written its record at this time.
fn living_process(local: &LocalStore, now: Timestamp) -> ProcessGuard {
    let guard = begin_process(local, now);
    guard.frame_completed(now);
    guard.beat(local, now);
    guard
}

#[test]
fn a_game_is_healthy_while_it_writes_and_draws() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let guard = begin_process(&local, now);
    guard.hold(EVENINGS.parse()?, RunId(EVENINGS_RUN));
    let checkpoint = CheckpointId { run: RunId(EVENINGS_RUN), counter: 212 };
    guard.acknowledged(EVENINGS.parse()?, checkpoint, now - Duration::from_secs(100));
    guard.frame_completed(now);
    guard.beat(&local, now);
    let before = game.snapshot()?;

    let ran = game.run("health --json DIR")?;
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let health = ran.object()?;
    assert_eq!((&health["healthy"], &health["game_version"]), (&true.into(), &"1.2.3".into()));
    assert_eq!(health["pid"], std::process::id());
    assert_eq!(health["sessions"][0]["session"], EVENINGS);
    assert_eq!(health["sessions"][0]["checkpoint"], checkpoint.to_string());
    assert!(health["sessions"][0]["checkpoint_age_ms"].as_u64() >= Some(100_000));
    let text = game.run("health DIR")?.text;
    assert!(text.contains("is healthy") && text.contains(EVENINGS), "{text}");

    let ran = game.run("health DIR --max-checkpoint-age 1m")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("the newest checkpoint of"), "{}", ran.text);
    assert_eq!(game.run("health DIR --max-checkpoint-age 1h")?.code, Some(0));
    assert!(game.snapshot()? == before, "it should change nothing");
    Ok(())
}

#[test]
fn a_game_that_never_saved_is_found_by_the_age_of_its_play() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let guard = living_process(&local, now);
    guard.hold(EVENINGS.parse()?, RunId(EVENINGS_RUN));
    guard.beat(&local, now);
    assert_eq!(game.run("health DIR --playing")?.code, Some(0), "a gate may be closed");
    assert_eq!(game.run("health DIR --max-checkpoint-age 1h")?.code, Some(0));
    let ran = game.run("health DIR --max-checkpoint-age 0s")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains(&format!("{EVENINGS} has no checkpoint after")), "{}", ran.text);
    Ok(())
}

#[test]
fn a_game_that_hangs_is_found() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let guard = begin_process(&local, now);
    let long_ago = now - Duration::from_secs(90);
    // Its writer beats, and its frames stand still.
    guard.frame_completed(long_ago);
    guard.beat(&local, now);
    let ran = game.run("health DIR")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("its last frame is 9"), "{}", ran.text);
    assert_eq!(game.run("health DIR --max-age 5m")?.code, Some(0));
    // All of it stands still.
    guard.beat(&local, long_ago);
    let ran = game.run("health --json DIR --max-age 30s")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    let problems = &ran.object()?["problems"];
    assert!(problems[0].as_str().is_some_and(|it| it.contains("its record is 9")), "{problems}");
    Ok(())
}

#[test]
fn a_game_that_takes_too_long_to_exit_is_found() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let guard = living_process(&local, now);
    assert!(game.run("health --json DIR")?.object()?["exiting_for_ms"].is_null());
    let long_ago = now - Duration::from_secs(90);
    guard.frame_completed(long_ago);
    guard.exit_seen();
    guard.beat(&local, long_ago);
    // It goes on drawing, and doesn't end.
    guard.frame_completed(now);
    guard.beat(&local, now);
    let ran = game.run("health DIR")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("it was asked to exit 9"), "{}", ran.text);
    let ran = game.run("health --json DIR --max-age 5m")?;
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert!(ran.object()?["exiting_for_ms"].as_u64() >= Some(90_000), "{}", ran.text);
    Ok(())
}

#[test]
fn a_panic_that_the_game_survived_is_shown() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let guard = begin_watched_process(&local, now);
    let panicked = std::thread::spawn(|| panic!("out of mana")).join();
    assert!(panicked.is_err());
    guard.beat(&local, now);
    let ran = game.run("health DIR")?;
    assert_eq!(ran.code, Some(0), "it lives and is within the bounds: {}", ran.text);
    assert!(ran.text.contains("it saw a panic: out of mana"), "{}", ran.text);
    assert_eq!(game.run("health --json DIR")?.object()?["panic"], "out of mana");
    Ok(())
}

#[test]
fn standing_alerts_are_shown_and_fail_the_probe_if_they_are_problems() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let guard = begin_process(&local, now);
    guard.frame_completed(now);
    let low = StandingAlert::new("BS0705", "90 MB are left on the disk", true, now);
    let index = StandingAlert::new("BS0605", "there was no index", false, now);
    guard.alerts_stand(vec![low, index.clone()]);
    guard.beat(&local, now);

    let ran = game.run("health DIR")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("1.2.3: BS0705: 90 MB are left on the disk\n"), "{}", ran.text);
    assert!(ran.text.contains("    alert BS0605: there was no index, since "), "{}", ran.text);
    let health = game.run("health --json DIR")?.object()?;
    assert_eq!(health["problems"][0], "BS0705: 90 MB are left on the disk");
    assert_eq!(
        (&health["alerts"][0]["code"], &health["alerts"][0]["problem"]),
        (&"BS0705".into(), &true.into())
    );
    assert_eq!(health["alerts"][0]["since"], now.to_string());
    // A probe that restarts makes no room.
    let ran = game.run("health --json DIR --ignore-alerts")?;
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert_eq!(ran.object()?["alerts"].as_array().map(Vec::len), Some(2), "{}", ran.text);

    guard.alerts_stand(vec![index]);
    guard.beat(&local, now);
    assert_eq!(game.run("health DIR")?.code, Some(0), "it is only to be known");
    guard.alerts_stand(Vec::new());
    guard.beat(&local, now);
    let health = game.run("health --json DIR")?.object()?;
    assert_eq!(health["alerts"].as_array().map(Vec::len), Some(0), "{health}");
    Ok(())
}

#[test]
fn the_probe_reports_that_no_process_runs() -> Done {
    let game = Game::new()?;
    let ran = game.run("health DIR")?;
    assert_eq!((ran.code, &*ran.text), (Some(2), "no process of the game is running\n"));
    let ran = game.run("health --json DIR")?;
    assert_eq!((ran.code, &*ran.text), (Some(2), ""));
    fs::remove_dir_all(game.directory().join("state"))?;
    for place in [game.directory(), game.profile().join("slots/quick-d456f21221c1c606.save")] {
        let ran = run(["health".into(), place.into()])?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""));
        assert!(ran.error.contains("process records"), "{}", ran.error);
    }
    Ok(())
}

#[test]
fn a_game_that_plays_no_session_fails_a_probe_that_asks_for_one() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let guard = living_process(&local, now);
    let ran = game.run("health DIR")?;
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert!(ran.text.contains("    no session is played\n"), "{}", ran.text);
    let ran = game.run("health DIR --playing")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("1.2.3: no session is played\n"), "{}", ran.text);
    let health = game.run("health --json DIR --playing")?.object()?;
    assert_eq!(
        (&health["healthy"], &health["problems"][0]),
        (&false.into(), &"no session is played".into())
    );

    guard.hold(EVENINGS.parse()?, RunId(EVENINGS_RUN));
    let ran = game.run("health DIR --playing")?;
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert!(!ran.text.contains("no session is played"), "{}", ran.text);

    // One that exits has left it, and has its time for that.
    guard.release(EVENINGS.parse()?);
    assert_eq!(game.run("health DIR --playing")?.code, Some(1));
    guard.exit_seen();
    guard.beat(&local, now);
    assert_eq!(game.run("health DIR --playing")?.code, Some(0));
    Ok(())
}

#[test]
fn the_playing_probe_fails_if_no_process_runs() -> Done {
    assert_eq!(Game::new()?.run("health DIR --playing")?.code, Some(2));
    Ok(())
}

#[test]
fn recent_deaths_before_a_process_are_counted_and_can_be_limited() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let hour_ago = now - Duration::from_secs(3600);
    for began in [hour_ago, now, now, now] {
        drop(begin_process(&local, began));
    }
    let _living = living_process(&local, now);
    let ran = game.run("health --json DIR")?;
    assert_eq!(ran.code, Some(0), "nobody asked: {}", ran.text);
    assert_eq!(ran.object()?["recent_deaths"], 3);
    let text = game.run("health DIR")?.text;
    assert!(text.contains("    died shortly before it: 3\n"), "{text}");
    assert_eq!(game.run("health DIR --max-deaths 3")?.code, Some(0));
    let ran = game.run("health DIR --max-deaths 2")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("3 processes died before it within 600 s"), "{}", ran.text);
    assert_eq!(game.run("health DIR --max-deaths 3 --deaths-within 2h")?.code, Some(1));
    Ok(())
}

#[test]
fn deaths_with_other_sessions_and_deaths_ahead_of_the_clock_dont_count() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let now = Timestamp::now();
    let died = |session: Option<&str>, at: Timestamp| -> Done {
        let guard = begin_process(&local, at);
        if let Some(session) = session {
            guard.hold(session.parse()?, RunId(1));
        }
        Ok(())
    };
    for session in [None, Some(RELICS), Some(RELICS), Some(EVENINGS), Some(EVENINGS)] {
        died(session, now)?;
    }
    let guard = living_process(&local, now);
    // They died with this process alive, for which the tool would take them.
    let own = guard.id().to_string();
    for entry in fs::read_dir(game.directory().join("state"))? {
        let path = entry?.path();
        let name = path.to_string_lossy().into_owned();
        if name.ends_with(".record") && !name.contains(&own) {
            fs::remove_file(path)?;
        }
    }
    let recent = |game: &Game| -> Result<serde_json::Value, Box<dyn std::error::Error>> {
        Ok(game.run("health --json DIR")?.object()?["recent_deaths"].clone())
    };
    assert_eq!(recent(&game)?, 1, "it plays none yet");
    guard.hold(EVENINGS.parse()?, RunId(2));
    assert_eq!(recent(&game)?, 2);
    assert_eq!(game.run("health DIR --max-deaths 2")?.code, Some(0));
    drop(guard);

    // The clock was a year ahead, also when the next process took them over.
    let game = Game::new()?;
    let local = game.local();
    let year = now + Duration::from_secs(365 * 24 * 60 * 60);
    for _ in 0..3 {
        drop(begin_process(&local, year));
    }
    let guard = begin_process(&local, year);
    guard.frame_completed(now);
    guard.beat(&local, now);
    assert_eq!(recent(&game)?, 0);
    assert_eq!(game.run("health DIR --max-deaths 0")?.code, Some(0));
    Ok(())
}
