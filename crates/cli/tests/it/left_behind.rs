//! `doctor`: restores that haven't proven themselves, what dead processes left behind, and a second place.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bevy_session_journal::internal::disk::process::ProcessGuard;
use bevy_session_journal::internal::disk::{RealDisk, Trial, read_all};
use bevy_session_journal::{CheckpointId, RunId};
use jiff::Timestamp;
use serde_json::Value;

use crate::common::{
    Done, EVENINGS, EVENINGS_RUN, FORGOTTEN, Game, RELICS, begin_process, copy, session_with,
};
use crate::doctoring::run_commands;

/// The doctor's findings of this code.
fn found(game: &Game, code: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let before = game.snapshot()?;
    let mut findings = game.run("doctor --json DIR")?.objects()?;
    assert!(game.snapshot()? == before, "{code}: nothing should change");
    findings.retain(|it| it["code"] == code);
    Ok(findings)
}

fn only(game: &Game, code: &str) -> Result<String, Box<dyn Error>> {
    let mut findings = found(game, code)?;
    let only = findings.pop().filter(|_| findings.is_empty()).ok_or(code)?;
    Ok(only["what"].as_str().ok_or("a text")?.to_owned())
}

/// A process that restored the session of the evenings for the so-manieth time in a row, and is there as far as
/// anybody knows.
pub fn restored(game: &Game, tries: u32, set_aside: bool) -> Result<ProcessGuard, Box<dyn Error>> {
    let (local, now) = (game.local(), Timestamp::now());
    let guard = begin_process(&local, now);
    guard.beat(&local, now);
    let records = read_all(&RealDisk, &game.directory().join("state"))?;
    let record = records.into_iter().next().ok_or("a record")?.record?;
    local.store.write_trial(&Trial {
        session: EVENINGS.parse()?,
        process: record.process,
        run: None,
        checkpoint: CheckpointId { run: RunId(EVENINGS_RUN), counter: 212 },
        play_time: Duration::from_secs(489),
        oldest: Duration::from_secs(489),
        newest_counter: 212,
        tries,
        steps_back: 0,
        own_deaths: 0,
        probation: Duration::from_secs(60),
        earlier: Vec::new(),
        set_aside,
    })?;
    Ok(guard)
}

/// That process is gone, and so is its record.
pub fn gone(game: &Game) -> std::io::Result<()> {
    for entry in fs::read_dir(game.directory().join("state"))? {
        let path = entry?.path();
        if path.to_string_lossy().contains("process-") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[test]
fn a_recent_restore_is_a_finding_until_its_probation_is_over() -> Done {
    let game = Game::new()?;
    assert!(found(&game, "BS0110")?.is_empty());
    let guard = restored(&game, 1, false)?;
    assert!(only(&game, "BS0110")?.contains("was restored a short while ago"));
    assert_eq!(found(&game, "BS0110")?[0]["session"], EVENINGS);
    drop(guard);
    gone(&game)?;
    assert!(only(&game, "BS0110")?.contains("died soon after checkpoint 212@61dd5a61d8609980"));
    assert!(found(&game, "BS0111")?.is_empty(), "once isn't again and again");
    assert_eq!(game.run("doctor DIR")?.code, Some(0), "it is no problem");
    run_commands("BS0110", &game, EVENINGS.parse()?)
}

#[test]
fn a_game_that_dies_again_and_again_is_found() -> Done {
    let game = Game::new()?;
    let guard = restored(&game, 3, true)?;
    assert!(found(&game, "BS0111")?.is_empty(), "it is played, and hasn't died for the third time");
    drop(guard);
    gone(&game)?;
    let what = only(&game, "BS0111")?;
    assert!(what.contains("died 3 times in a row") && what.contains("a new session"), "{what}");
    assert!(found(&game, "BS0110")?.is_empty());
    assert_eq!(game.run("doctor DIR")?.code, Some(1));
    run_commands("BS0111", &game, EVENINGS.parse()?)
}

#[test]
fn processes_that_die_shortly_after_each_other_are_found() -> Done {
    let situations: [(&[u64], Option<usize>); 4] = [
        (&[2_000, 1_900], None),
        (&[3_000, 1_500, 0], None),
        (&[2_000, 1_900, 1_800], Some(3)),
        (&[9_000, 2_300, 2_200, 2_100, 2_000, 1_900, 1_800], Some(6)),
    ];
    for (died, count) in situations {
        let game = Game::new()?;
        let (local, now) = (game.local(), Timestamp::now());
        for seconds in died {
            drop(begin_process(&local, now - Duration::from_secs(*seconds)));
        }
        let guard = begin_process(&local, now);
        guard.beat(&local, now);
        assert_eq!(!found(&game, "BS0712")?.is_empty(), count.is_some(), "{died:?}");
        assert!(found(&game, "BS0111")?.is_empty(), "nothing was restored");
        if let Some(count) = count {
            let (what, expected) =
                (only(&game, "BS0712")?, format!("{count} processes died within"));
            assert!(what.starts_with(&expected) && what.contains("10 minutes, the last"), "{what}");
            assert_eq!(game.run("doctor DIR")?.code, Some(1));
        }
    }
    Ok(())
}

#[test]
fn servers_of_different_sessions_that_die_at_once_are_no_crash_loop() -> Done {
    let game = Game::new()?;
    let (local, now) = (game.local(), Timestamp::now());
    let begin = |session: &str| -> Result<ProcessGuard, Box<dyn Error>> {
        let guard = begin_process(&local, now - Duration::from_secs(2_000));
        guard.hold(session.parse()?, RunId(1));
        Ok(guard)
    };
    let power = [begin(RELICS)?, begin(EVENINGS)?, begin(FORGOTTEN)?];
    drop(power);
    let next = begin_process(&local, now);
    next.beat(&local, now);
    assert!(found(&game, "BS0712")?.is_empty());
    // One of them goes on dying.
    drop((begin(EVENINGS)?, begin(EVENINGS)?));
    let next = begin_process(&local, now);
    next.beat(&local, now);
    let findings = found(&game, "BS0712")?;
    assert_eq!((findings.len(), &findings[0]["session"]), (1, &EVENINGS.into()));
    Ok(())
}

#[test]
fn locks_of_processes_that_are_gone_are_counted() -> Done {
    let game = Game::new()?;
    assert!(found(&game, "BS0403")?.is_empty());
    let state = game.directory().join("state");
    fs::write(state.join("process-0123456789abcdef.lock"), "")?;
    fs::write(state.join(format!("{RELICS}.lock")), "")?;
    fs::write(state.join("slots-default.lock"), "")?;
    assert!(only(&game, "BS0403")?.starts_with("2 locks"), "that of slots is no process's");
    run_commands("BS0403", &game, RELICS.parse()?)?;
    // Of a game that runs they may be its own.
    let (local, now) = (game.local(), Timestamp::now());
    let guard = begin_process(&local, now);
    guard.beat(&local, now);
    assert!(found(&game, "BS0403")?.is_empty());
    Ok(())
}

#[test]
fn files_that_were_being_written_are_named() -> Done {
    let game = Game::new()?;
    assert!(found(&game, "BS0404")?.is_empty());
    // What a start left that tried whether it has to use the second place, and what two writers left.
    let left = [
        game.directory().join("data/probe.0123456789abcdef.new"),
        game.profile().join("slots/quick.save.0123456789abcdef.new"),
        game.session(RELICS).join("session.ron.old"),
    ];
    left.iter().try_for_each(|path| fs::write(path, ""))?;
    let what = only(&game, "BS0404")?;
    assert!(what.starts_with("3 files") && what.contains("probe.0123456789abcdef.new"), "{what}");
    run_commands("BS0404", &game, RELICS.parse()?)?;
    let (local, now) = (game.local(), Timestamp::now());
    let guard = begin_process(&local, now);
    guard.beat(&local, now);
    assert!(found(&game, "BS0404")?.is_empty(), "a game that runs is writing them");
    Ok(())
}

#[test]
fn files_in_a_second_place_are_compared_with_the_first() -> Done {
    let game = Game::new()?;
    let second = game.root.path().join("second");
    fs::create_dir(&second)?;
    copy(&game.directory(), &second)?;
    session_with(&second, "Only there", |_| 1_u64)?;
    let place = second.display().to_string();
    let words = ["doctor", "--json", "DIR", "--second-place", &place];
    let before = game.snapshot()?;
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert!(game.snapshot()? == before, "nothing should change");
    let mut findings = ran.objects()?;
    findings.retain(|it| it["code"] == "BS0502");
    let relics = findings.iter().find(|it| it["session"] == RELICS).ok_or("the copy")?;
    let what = relics["what"].as_str().unwrap_or_default();
    assert!(
        what.starts_with("its newest checkpoint is 9@") && what.contains("here and 9@"),
        "{what}"
    );
    let alone = |it: &&Value| it["what"].as_str().is_some_and(|it| it.contains("only here"));
    assert_eq!(findings.iter().filter(alone).count(), 1);
    let slots = |it: &&Value| it["what"].as_str().is_some_and(|it| it.starts_with("the slot"));
    assert_eq!(findings.iter().filter(slots).count(), 2);
    assert!(findings.iter().all(|it| is_below(it, &second)), "{findings:?}");
    assert!(found(&game, "BS0502")?.is_empty(), "it isn't known without being named");
    let ran = game.run_words(&["doctor", "DIR", "--second-place", "nowhere"])?;
    assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{}", ran.error);
    run_commands("BS0502", &game, RELICS.parse()?)
}

fn is_below(finding: &Value, directory: &Path) -> bool {
    finding["place"].as_str().is_some_and(|place| Path::new(place).starts_with(directory))
}
