//! `doctor`: what is found in planted situations, and the runbook's commands for it.

use std::error::Error;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy_session_journal::{JournalOptions, RestoreFrom, RunId, SessionId};
use jiff::Timestamp;
use serde_json::Value;

use crate::common::{
    AnyValue, Done, EVENINGS, EVENINGS_RUN, FORGOTTEN, Game, RELICS, begin_process, copy, damage,
    journals, session_with,
};
use crate::naming::make_newer;

pub type Planted = Result<(Game, SessionId), Box<dyn Error>>;

fn relics(plant: impl FnOnce(&Game) -> Result<(), Box<dyn Error>>) -> Planted {
    let game = Game::new()?;
    plant(&game)?;
    Ok((game, RELICS.parse()?))
}

fn damaged() -> Planted {
    relics(|game| {
        let path = journals(&game.session(RELICS))?.pop().ok_or("a file")?;
        Ok(damage(&path, fs::read(&path)?.len() / 2)?)
    })
}

fn lost() -> Planted {
    relics(|game| {
        journals(&game.session(RELICS))?.iter().try_for_each(|path| Ok(damage(path, 30)?))
    })
}

fn newer() -> Planted {
    relics(|game| Ok(make_newer(&journals(&game.session(RELICS))?.pop().ok_or("a file")?)?))
}

#[cfg(unix)]
fn unreadable() -> Planted {
    relics(|game| {
        let link = game.session(RELICS).join("0123456789abcdef-000000.journal");
        Ok(std::os::unix::fs::symlink("nowhere", link)?)
    })
}

/// Played on in two places, whose files came together again.
pub fn forked() -> Planted {
    let game = Game { root: tempfile::tempdir()? };
    let (here, there) = (game.directory(), game.root.path().join("there"));
    fs::create_dir(&here)?;
    session_with(&here, "Forked", |_| 1_u64)?;
    fs::create_dir(&there)?;
    copy(&here, &there)?;
    let sessions = "data/profiles/default/sessions";
    let mut names = fs::read_dir(here.join(sessions))?;
    let name = names.next().ok_or("a session")??.file_name();
    let session: SessionId = name.to_string_lossy().parse()?;
    for (directory, value) in [(&here, 2_u64), (&there, 3)] {
        let options = JournalOptions::new(directory).watch_panics(false);
        let mut journal = options.open(AnyValue::<u64>(PhantomData))?;
        let (_, mut run) = journal.restore(session, RestoreFrom::Latest)?.go_on();
        run.checkpoint(bevy_session_journal::CheckpointKind::Manual, |_| value);
        run.close(|_| value)?;
    }
    for entry in fs::read_dir(there.join(sessions).join(&name))? {
        let path = entry?.path();
        let place = here.join(sessions).join(&name).join(path.file_name().unwrap_or_default());
        if !place.exists() {
            fs::write(place, fs::read(&path)?)?;
        }
    }
    Ok((game, session))
}

fn crashed() -> Planted {
    Ok((Game::new()?, EVENINGS.parse()?))
}

/// One that was being deleted when its process died.
fn half_deleted() -> Planted {
    Ok((Game::new()?, FORGOTTEN.parse()?))
}

fn damaged_events() -> Planted {
    let game = Game::of_format("1.2")?;
    let found = game.run("list --search Looters --json DIR")?.object()?;
    let session = found["id"].as_str().ok_or("a session")?.to_owned();
    let mut files = with_extension(&game.session(&session), "events")?;
    files.sort_by_key(|path| fs::metadata(path).map_or(0, |it| it.len()));
    let path = files.pop().ok_or("a file of events")?;
    damage(&path, fs::read(&path)?.len() - 2)?;
    Ok((game, session.parse()?))
}

fn with_extension(directory: &Path, extension: &str) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut paths: Vec<PathBuf> = entries.collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|it| it == extension));
    Ok(paths)
}

fn damaged_attachment() -> Planted {
    relics(|game| {
        let attachments = with_extension(&game.session(RELICS), "attachment")?;
        Ok(damage(attachments.first().ok_or("an attachment")?, 40)?)
    })
}

fn damaged_slot() -> Planted {
    relics(|game| {
        let slot = game.profile().join("slots/quick-d456f21221c1c606.save");
        Ok(damage(&slot, fs::read(&slot)?.len() / 2)?)
    })
}

/// A file of events that a crash left, long and empty.
fn large() -> Planted {
    relics(|game| {
        let path = game.session(RELICS).join("0123456789abcdef-000000.events");
        Ok(fs::File::create(path)?.set_len(300 << 20)?)
    })
}

fn damaged_record() -> Planted {
    relics(|game| {
        let path = game.directory().join("state/process-0123456789abcdef.record");
        Ok(fs::write(path, "nothing that it was")?)
    })
}

/// The saves alone, as a cloud or a player copies them.
fn without_state() -> Planted {
    relics(|game| Ok(fs::remove_dir_all(game.directory().join("state"))?))
}

/// Runs the commands of a section, and says which of them made no sense.
pub fn run_commands(code: &str, game: &Game, session: SessionId) -> Done {
    let runbook = include_str!("../../../../docs/RUNBOOK.md");
    let section = match code {
        "" => runbook.split("\n## ").next(),
        code => runbook.split("\n## ").find(|section| section.starts_with(code)),
    };
    let section = section.ok_or_else(|| format!("{code} has no section"))?;
    let commands = section.lines().filter_map(|line| line.strip_prefix("    $ bevy-session "));
    let (to, mut ran_any) = (tempfile::tempdir()?, false);
    let mut unexpected = Vec::new();
    // Of the same game: its second place, and what a player sent of it.
    let other = Game::new()?;
    let second = other.directory().display().to_string();
    let file = other.profile().join("slots/quick-d456f21221c1c606.save").display().to_string();
    let newer = newer_than(game, session)?;
    for (number, line) in commands.enumerate() {
        let (line, expected) = line.split_once(" # ").unwrap_or((line, "0"));
        let new = to.path().join(number.to_string()).display().to_string();
        let session = session.to_string();
        let words = line.split_whitespace().map(|word| match word {
            "my-game" => "DIR",
            "SESSION" => &*session,
            "NEW" => &*new,
            "SECOND" => &*second,
            "FILE" => &*file,
            "NEWER" => &*newer,
            word => word,
        });
        let ran = game.run_words(&words.collect::<Vec<_>>())?;
        if ran.code != expected.trim().parse().ok() {
            unexpected.push(format!("{line} ended with {:?}: {}", ran.code, ran.error));
        }
        assert!(!ran.error.contains("panicked"), "{code}: {line}: {}", ran.error);
        ran_any = true;
    }
    assert!(ran_any, "{code} has no command");
    assert!(unexpected.is_empty(), "{code}:\n{}", unexpected.join("\n"));
    Ok(())
}

/// A session that isn't this one and can be put into the trash, or the words for one.
fn newer_than(game: &Game, session: SessionId) -> Result<String, Box<dyn Error>> {
    let open = game.run("list --json DIR --in open --left cleanly")?.objects()?;
    let other =
        open.iter().filter_map(|it| it["id"].as_str()).find(|it| *it != session.to_string());
    Ok(other.unwrap_or("NEWER").to_owned())
}

// Feature: `doctor` finds what is wrong, with commands that work; five support cases use them.
// Page: RUNBOOK.md
#[test]
fn each_situation_is_found_and_its_commands_work() -> Done {
    let situations: Vec<(&str, i32, fn() -> Planted)> = vec![
        ("BS0101", 1, damaged),
        ("BS0102", 1, lost),
        ("BS0103", 0, newer),
        #[cfg(unix)]
        ("BS0104", 1, unreadable),
        ("BS0105", 0, forked),
        ("BS0106", 0, crashed),
        ("BS0107", 0, half_deleted),
        ("BS0108", 1, damaged_events),
        ("BS0109", 1, damaged_attachment),
        ("BS0201", 1, damaged_slot),
        // Its large file is damaged as well.
        ("BS0301", 1, large),
        ("BS0401", 0, damaged_record),
        ("BS0405", 0, without_state),
    ];
    for (code, exit_code, plant) in situations {
        let (game, session) = plant().map_err(|error| format!("{code}: {error}"))?;
        let before = game.snapshot()?;
        let ran = game.run("doctor --json DIR")?;
        assert_eq!(ran.code, Some(exit_code), "{code}: {}{}", ran.error, ran.text);
        let findings = ran.objects()?;
        let found = findings.iter().find(|it| it["code"] == code);
        let found = found.ok_or_else(|| format!("{code} should be found: {findings:?}"))?;
        let is_of_session = !found["session"].is_null();
        assert!(!is_of_session || found["session"] == session.to_string(), "{code}: {found}");
        assert_eq!(findings[0]["looks_in"], game.directory().display().to_string(), "{code}");
        for key in ["what", "advice", "place", "page"] {
            assert!(found[key].as_str().is_some_and(|it| !it.is_empty()), "{code}: {found}");
        }
        let text = game.run("doctor DIR")?.text;
        assert!(text.starts_with("looking in "), "{code}: {text}");
        assert!(text.lines().any(|line| line.starts_with(code)), "{code}: {text}");
        let section = format!("(docs/RUNBOOK.md#{}-", code.to_lowercase());
        assert!(text.contains(&section), "{code}: {text}");
        run_commands(code, &game, session)?;
        assert!(game.snapshot()? == before, "{code}: nothing should change");
    }
    Ok(())
}

#[test]
fn a_process_that_stopped_updating_its_record_is_found() -> Done {
    let game = Game::new()?;
    let (local, now) = (game.local(), Timestamp::now());
    let guard = begin_process(&local, now);
    guard.beat(&local, now);
    let hangs = |game: &Game| -> Result<bool, Box<dyn Error>> {
        Ok(game.run("doctor --json DIR")?.objects()?.iter().any(|it| it["code"] == "BS0402"))
    };
    assert!(!hangs(&game)?, "it has just written its record");
    guard.beat(&local, now - Duration::from_secs(90));
    assert!(hangs(&game)?);
    assert_eq!(game.run("doctor DIR")?.code, Some(1));
    // Its writer beats, and its frames stand still.
    guard.beat(&local, now);
    assert!(!hangs(&game)?);
    guard.frame_completed(now - Duration::from_secs(90));
    guard.beat(&local, now);
    assert!(hangs(&game)?);
    run_commands("BS0402", &game, RELICS.parse()?)
}

/// Stopped by a debugger or a signal, it holds its locks and goes on some time.
#[test]
fn what_a_silent_process_plays_has_not_crashed() -> Done {
    let game = Game::new()?;
    let (local, now) = (game.local(), Timestamp::now());
    let guard = begin_process(&local, now);
    guard.hold(EVENINGS.parse()?, RunId(EVENINGS_RUN));
    let codes = |game: &Game| -> Result<Vec<Value>, Box<dyn Error>> {
        let findings = game.run("doctor --json DIR")?.objects()?;
        let of_session = findings.into_iter().filter(|it| it["session"] == EVENINGS);
        Ok(of_session.map(|it| it["code"].clone()).collect())
    };
    guard.beat(&local, now);
    let before = codes(&game)?;
    guard.beat(&local, now - Duration::from_secs(90));
    let found = codes(&game)?.into_iter().filter(|code| code != "BS0402");
    assert!(found.eq(before), "nothing but its silence is new");
    Ok(())
}

#[test]
fn the_doctor_says_when_nothing_is_wrong() -> Done {
    let root = tempfile::tempdir()?;
    session_with(root.path(), "Fine", |_| 1_u64)?;
    let of = |json: bool| {
        let words = ["doctor".into(), root.path().as_os_str().to_owned()];
        crate::common::run(words.into_iter().chain(json.then(|| "--json".into())))
    };
    let ran = of(false)?;
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let place = root.path().display().to_string();
    assert_eq!(ran.text, format!("looking in {place}\nnothing is wrong\n"));
    let ran = of(true)?;
    let [place_alone] = &ran.objects()?[..] else { panic!("{}", ran.text) };
    assert_eq!((ran.code, place_alone["looks_in"].as_str()), (Some(0), Some(&*place)));
    let game = Game::new()?;
    assert_eq!(game.run("doctor nowhere")?.code, Some(64));
    // What a disk without room is answered with, and what the runbook begins with.
    run_commands("BS0501", &game, RELICS.parse()?)?;
    run_commands("", &game, RELICS.parse()?)
}

/// Findings and alerts of a running game: the situation is planted in a game by the plugin's own
/// tests, and here the commands of its section are run on what such a game leaves.
#[test]
fn the_commands_for_a_running_game_work() -> Done {
    let runbook = include_str!("../../../../docs/RUNBOOK.md");
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("## BS"));
    let of_running: Vec<String> = headings
        .filter(|heading| heading.starts_with("06") || heading.starts_with("07"))
        .filter_map(|heading| Some(format!("BS{}", heading.split_once(' ')?.0)))
        .collect();
    assert_eq!(of_running.len(), 20, "{of_running:?}");
    for code in of_running {
        let planted = match &*code {
            // The lock was deleted while it was played, and a process that is gone left its own.
            "BS0602" | "BS0704" => relics(|game| {
                let lock = game.directory().join("state/process-0123456789abcdef.lock");
                Ok(fs::write(lock, "")?)
            }),
            "BS0605" | "BS0703" => damaged_record(),
            _ => crashed(),
        };
        let (game, session) = planted?;
        let before = game.snapshot()?;
        run_commands(&code, &game, session)?;
        assert!(game.snapshot()? == before, "{code}: nothing should change");
    }
    Ok(())
}
