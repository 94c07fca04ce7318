//! `list`, `show` and `verify`.

// Feature: A session says when it was created, first played and ended.
// Feature: `list` and `show` find sessions and slots, with the filters of a query.
// Page: ../crates/cli/README.md#what-is-looked-at

use std::error::Error;
use std::fs;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use bevy_session_journal::{EndReason, JournalOptions, NewSession, RunId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::common::{
    AnyValue, Done, EVENINGS, EVENINGS_RUN, Game, RELICS, begin_process, copy, damage, journals,
    run, session_with,
};

/// Every command that there is.
fn commands() -> Vec<String> {
    let plain = [
        "list DIR".to_owned(),
        format!("show DIR {RELICS}"),
        format!("show DIR {EVENINGS}"),
        "show DIR last".to_owned(),
        format!("cat DIR {RELICS}"),
        format!("cat DIR {EVENINGS} last~3"),
        format!("diff DIR {EVENINGS} last"),
        format!("log DIR {EVENINGS}"),
        format!("stats DIR {RELICS}"),
        "verify DIR".to_owned(),
        format!("verify --read-data DIR {RELICS}"),
        "verify --read-data DIR".to_owned(),
    ];
    plain.iter().flat_map(|line| [line.clone(), format!("{line} --json")]).collect()
}

#[test]
fn reading_commands_change_no_file() -> Done {
    let game = Game::new()?;
    let before = game.snapshot()?;
    for line in commands() {
        let ran = game.run(&line)?;
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.error);
        assert!(game.snapshot()? == before, "`{line}` should leave all files as they are");
    }
    // A game would draw a new id and write it down.
    fs::remove_file(game.directory().join("state/host"))?;
    for path in journals(&game.session(RELICS))? {
        damage(&path, 40)?;
    }
    let before = game.snapshot()?;
    for line in commands() {
        game.run(&line)?;
        assert!(game.snapshot()? == before, "`{line}` should make no file and repair none");
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn reading_commands_work_in_a_read_only_directory() -> Done {
    use std::io;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use crate::common::Ran;

    let game = Game::new()?;
    let paths: Vec<PathBuf> = game.snapshot()?.into_keys().collect();
    let allow = |file: u32, directory: u32| {
        paths.iter().try_for_each(|path| {
            let mode = if path.is_dir() { directory } else { file };
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
        })
    };
    allow(0o400, 0o500)?;
    let ran: Vec<(String, io::Result<Ran>)> =
        commands().into_iter().map(|line| (line.clone(), game.run(&line))).collect();
    // The directory couldn't be removed otherwise.
    allow(0o600, 0o700)?;
    for (line, ran) in ran {
        let ran = ran?;
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.error);
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_listed_is_named() -> Done {
    use std::os::unix::fs::PermissionsExt;

    let game = Game::new()?;
    let directory = game.profile().join("sessions");
    let allow = |mode| fs::set_permissions(&directory, fs::Permissions::from_mode(mode));
    allow(0o000)?;
    // Nothing is refused to the superuser.
    let is_refused = fs::read_dir(&directory).is_err();
    let ran = game.run(&format!("list {}", directory.display()));
    allow(0o700)?;
    let ran = ran?;
    if is_refused {
        assert_eq!(ran.code, Some(2), "{}", ran.error);
        assert!(ran.error.contains("failed to list") && ran.error.contains("sessions"));
    }
    Ok(())
}

#[test]
fn a_list_has_a_line_for_each_session() -> Done {
    let game = Game::new()?;
    for session in fs::read_dir(game.profile().join("sessions"))? {
        let session = session?.path();
        if !session.ends_with(RELICS) && !session.ends_with(EVENINGS) {
            fs::remove_dir_all(session)?;
        }
    }
    let listed = game.run("list --json DIR")?.objects()?;
    assert_eq!(listed.len(), 2);
    let relics = &listed[0];
    assert_eq!((&relics["id"], &relics["name"]), (&RELICS.into(), &"Relics".into()));
    assert_eq!((&relics["status"], &relics["crashed"]), (&"closed".into(), &false.into()));
    assert_eq!(relics["play_time_ms"], 21_100);
    assert_eq!((&relics["checkpoints"], &relics["condition"]), (&9.into(), &"good".into()));
    let evenings = &listed[1];
    assert_eq!((&evenings["status"], &evenings["crashed"]), (&"active".into(), &true.into()));
    assert_eq!(evenings["newest"], format!("212@{EVENINGS_RUN:016x}"));

    let text = game.run("list DIR")?.text;
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("Hundreds of evenings") && text.contains("active, crashed"), "{text}");
    Ok(())
}

#[test]
fn all_profiles_are_listed() -> Done {
    let game = Game::new()?;
    let other = game.directory().join("data/profiles/ann");
    fs::create_dir(&other)?;
    copy(&game.profile(), &other)?;
    let listed = game.run("list --json DIR")?.objects()?;
    let of_ann = listed.iter().filter(|entry| entry["profile"] == "ann");
    assert_eq!((listed.len(), of_ann.count()), (12, 6));

    let ran = game.run(&format!("show DIR {RELICS}"))?;
    assert_eq!(ran.code, Some(64), "which of both is meant isn't clear");
    let ran = run(["show".into(), other.into(), RELICS.into()])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    Ok(())
}

#[test]
fn a_session_is_shown_with_its_checkpoints() -> Done {
    let game = Game::new()?;
    let shown = game.run("show --json DIR 01a1fb8e-1228")?.objects()?;
    let [shown] = &shown[..] else { return Err("there should be one object".into()) };
    assert_eq!((&shown["id"], &shown["metadata"]["player"]), (&RELICS.into(), &"Ann".into()));
    assert_eq!(shown["heads"][0]["left"], "cleanly");
    let checkpoints = shown["checkpoints"].as_array().ok_or("a list")?;
    assert_eq!(checkpoints.len(), 9);
    let bridge = &checkpoints[2];
    assert_eq!(
        (&bridge["id"], &bridge["kind"], &bridge["label"], &bridge["entities"]),
        (&"7@e5a92f783b06a338".into(), &"Manual".into(), &"Before the bridge".into(), &5.into())
    );
    assert_eq!(bridge["types"][0]["path"], "bevy_session::Saved");
    assert_eq!(bridge["types"][0]["rows"], 5);
    assert_eq!(shown["slots"].as_array().map(Vec::len), Some(2));
    let moments = shown["timeline"]["checkpoints"].as_array().ok_or("a list")?;
    assert_eq!(moments.len(), 9);
    let ids: Vec<&Value> = moments.iter().map(|moment| &moment["id"]).collect();
    let parents: Vec<&Value> = moments.iter().map(|moment| &moment["parent"]).collect();
    assert_eq!((parents[0], &parents[1..]), (&Value::Null, &ids[..8]));
    let lines = shown["timeline"]["lines"].as_array().ok_or("a list")?;
    assert_eq!((lines.len(), &lines[0]["end"]), (1, ids[8]));
    assert_eq!((&lines[0]["is_branch"], &lines[0]["leaves_at"]), (&false.into(), &Value::Null));
    assert_eq!(shown["timeline"]["chapters"], Value::Array(Vec::new()));

    let text = game.run(&format!("show DIR {RELICS}"))?.text;
    assert!(
        text.contains("checkpoint   7@e5a92f783b06a338 Manual \"Before the bridge\""),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_session_is_shown_with_when_it_was_planned_first_played_and_completed() -> Done {
    let root = tempfile::tempdir()?;
    let options = JournalOptions::new(root.path()).watch_panics(false);
    let mut journal = options.open(AnyValue(PhantomData))?;
    journal.start(NewSession::named("Duel")).end(EndReason::Completed, |_| 1_u64)?;
    drop(journal);
    let shown = run(["show".into(), "--json".into(), root.path().into(), "Duel".into()])?;
    let shown = shown.object()?;
    assert!(shown["started"].is_string() && shown["created"] == shown["started"], "{shown}");
    assert!(shown["ended"].is_string() && shown["ended"] == shown["updated"], "{shown}");
    let text = run(["show".into(), root.path().into(), "Duel".into()])?.text;
    let has = |text: &str, word: &str| text.lines().any(|line| line.starts_with(word));
    assert!(has(&text, "started      2") && has(&text, "completed    2"), "{text}");
    assert!(!has(&text, "planned "), "{text}");

    let game = Game::of_format("1.3")?;
    let planned = game.run("show --json DIR Planned")?.object()?;
    assert!(planned["created"].is_string(), "{planned}");
    assert_eq!((&planned["started"], &planned["ended"]), (&Value::Null, &Value::Null));
    let text = game.run("show DIR Planned")?.text;
    assert!(has(&text, "planned      2") && !has(&text, "started "), "{text}");
    Ok(())
}

/// The part of a header with which the checksums of its file begin.
#[derive(Deserialize)]
struct Seed {
    nonce: u64,
}

/// Lets the first checkpoint of a file say that something of the game had failed, as `docs/FORMAT.md` has it.
fn say_that_something_failed(path: &Path) -> Done {
    // Both take as many bytes, the second by a longer form of the length of its name.
    const NO_EVENTS: &[u8] = b"\xaeevents_through\x00";
    const AFTER_FAILURE: &[u8] = b"\xd9\x0dafter_failure\xc3";

    let mut bytes = fs::read(path)?;
    let number = |bytes: &[u8], at: usize| -> Result<usize, Box<dyn Error>> {
        Ok(u32::from_le_bytes(bytes.get(at..at + 4).ok_or("four bytes")?.try_into()?) as usize)
    };
    let header = 24..24 + number(&bytes, 12)?;
    let Seed { nonce } = rmp_serde::from_slice(&bytes[header])?;
    let said = bytes.windows(NO_EVENTS.len()).position(|it| it == NO_EVENTS);
    let said = said.ok_or("a commit")?;
    bytes[said..said + AFTER_FAILURE.len()].copy_from_slice(AFTER_FAILURE);
    let frame = bytes[..said].windows(4).rposition(|it| it == b"bvF\x1e").ok_or("its frame")?;
    let payload = frame + 48..frame + 48 + number(&bytes, frame + 24)?;
    for (checked, at) in [(payload, frame + 32), (frame..frame + 40, frame + 40)] {
        let sum = xxhash_rust::xxh3::xxh3_64_with_seed(&bytes[checked], nonce);
        bytes[at..at + 8].copy_from_slice(&sum.to_le_bytes());
    }
    Ok(fs::write(path, bytes)?)
}

#[test]
fn a_checkpoint_after_a_game_failure_is_marked() -> Done {
    let root = tempfile::tempdir()?;
    session_with(root.path(), "Duel", |_| 1_u64)?;
    let mut sessions = fs::read_dir(root.path().join("data/profiles/default/sessions"))?;
    let session = sessions.next().ok_or("a session")??.path();
    let path = journals(&session)?.pop().ok_or("a file")?;
    say_that_something_failed(&path)?;
    let ran = run(["show".into(), root.path().into(), "Duel".into()])?;
    assert_eq!(ran.code, Some(0), "{}{}", ran.text, ran.error);
    let lines = ran.text.lines().filter(|line| line.starts_with("checkpoint "));
    let said: Vec<bool> = lines.map(|line| line.ends_with(", after a failure")).collect();
    assert_eq!(said, [false, true], "the newest comes first: {}", ran.text);
    let shown = run(["show".into(), "--json".into(), root.path().into(), "Duel".into()])?;
    let shown = shown.object()?;
    let [last, first] = ["/checkpoints/0", "/checkpoints/1"].map(|place| shown.pointer(place));
    assert_eq!(first.ok_or("the first")?["after_failure"], true);
    assert_eq!(last.ok_or("the last")?["after_failure"], Value::Null);
    Ok(())
}

#[test]
fn the_timeline_has_branches_and_chapters() -> Done {
    let game = Game::of_format("1.2")?;
    let listed = game.run("list --json DIR")?.objects()?;
    let timeline = |name: &str| -> Result<Value, Box<dyn Error>> {
        let entry = listed.iter().find(|entry| entry["name"] == name).ok_or("it isn't listed")?;
        let session = entry["id"].as_str().ok_or("it has no id")?;
        let shown = game.run(&format!("show --json DIR {session}"))?.objects()?;
        Ok(shown.first().ok_or("nothing is shown")?["timeline"].clone())
    };
    let rewound = timeline("Back and forth")?;
    let lines = rewound["lines"].as_array().ok_or("a list")?;
    let (first, branches) = lines.split_first().ok_or("a line")?;
    assert_eq!((&first["is_branch"], &first["leaves_at"]), (&false.into(), &Value::Null));
    assert!(!branches.is_empty() && branches.iter().all(|line| line["is_branch"] == true));
    let moments = rewound["checkpoints"].as_array().ok_or("a list")?;
    let is_known = |id: &Value| moments.iter().any(|moment| moment["id"] == *id);
    assert!(branches.iter().all(|line| is_known(&line["end"]) && is_known(&line["leaves_at"])));

    let within = timeline("Chapters")?;
    let chapters = within["chapters"].as_array().ok_or("a list")?;
    let names: Vec<&Value> = chapters.iter().map(|chapter| &chapter["name"]).collect();
    assert_eq!(names, ["Act 1", "Mission 1", "Mission 2"]);
    let moments = within["checkpoints"].as_array().ok_or("a list")?;
    let first = |chapter: &Value| moments.iter().find(|it| it["id"] == chapter["first_checkpoint"]);
    let first_of_mission = first(&chapters[2]).ok_or("its first checkpoint is kept")?;
    assert_eq!(
        first_of_mission["chapters"],
        serde_json::json!([chapters[0]["id"], chapters[2]["id"]])
    );
    Ok(())
}

// Feature: `verify` finds each damaged byte, and judges as the game does.
// Page: ../crates/cli/README.md#what-is-looked-at
#[test]
fn every_damaged_byte_is_found_and_named() -> Done {
    let game = Game::new()?;
    let session = game.session(RELICS);
    let path = journals(&session)?.pop().ok_or("a file")?;
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name")?.to_owned();
    let good = fs::read(&path)?;
    // Behind the header, since without it the file holds nothing that could be named; one byte of a
    // frame's header has no meaning.
    for at in (2_000..good.len()).step_by(409) {
        damage(&path, at)?;
        let ran = game.run(&format!("verify DIR {RELICS}"))?;
        assert_eq!(ran.code, Some(1), "byte {at}: {}", ran.text);
        assert!(ran.text.contains("damaged") && ran.text.contains(&name), "{at}: {}", ran.text);
        assert!(ran.text.contains("the newest intact one is"), "{at}: {}", ran.text);
        let with_data = game.run(&format!("verify --read-data DIR {RELICS}"))?;
        assert_eq!(with_data.code, Some(1), "byte {at}: {}", with_data.text);
        fs::write(&path, &good)?;
    }
    assert_eq!(game.run("verify DIR")?.code, Some(0));
    Ok(())
}

#[test]
fn a_session_of_which_nothing_is_left_is_lost() -> Done {
    let game = Game::new()?;
    for path in journals(&game.session(RELICS))? {
        damage(&path, 40)?;
    }
    let ran = game.run(&format!("verify --json DIR {RELICS}"))?;
    assert_eq!(ran.code, Some(2), "{}", ran.text);
    let [report] = &ran.objects()?[..] else { return Err("there should be one object".into()) };
    assert_eq!((&report["condition"], &report["checkpoints"]), (&"lost".into(), &0.into()));
    assert_eq!(report["files"][0]["problems"][0], "its header is damaged");
    for line in [format!("show DIR {RELICS}"), "list DIR".to_owned(), "verify DIR".to_owned()] {
        assert_eq!(game.run(&line)?.code, Some(2), "{line}");
    }
    assert_eq!(game.run(&format!("verify DIR {EVENINGS}"))?.code, Some(0));
    Ok(())
}

#[test]
fn a_cut_file_is_damaged_if_a_later_segment_knows_its_length() -> Done {
    let game = Game::new()?;
    let session = game.session(RELICS);
    let [first, .., last] = &journals(&session)?[..] else { return Err("several files".into()) };
    let cut = |path: &Path| fs::OpenOptions::new().write(true).open(path)?.set_len(3_000);
    let good = fs::read(last)?;
    cut(last)?;
    let ran = game.run(&format!("verify DIR {RELICS}"))?;
    assert_eq!(ran.code, Some(0), "it looks like any crash: {}", ran.text);
    fs::write(last, good)?;
    cut(first)?;
    let ran = game.run(&format!("verify DIR {RELICS}"))?;
    assert_eq!(ran.code, Some(1), "the next segment knows how long it was: {}", ran.text);
    Ok(())
}

#[test]
fn a_damaged_slot_is_found() -> Done {
    let game = Game::new()?;
    let slot = game.profile().join("slots/quick-d456f21221c1c606.save");
    let length = fs::read(&slot)?.len();
    damage(&slot, length / 2)?;
    let ran = game.run("verify DIR")?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("quick-d456f21221c1c606.save lost"), "{}", ran.text);
    let ran = game.run("list --slots DIR")?;
    assert_eq!(ran.code, Some(2), "{}", ran.text);
    assert!(ran.text.contains("\nlost ") && ran.text.contains("\nmanual "), "{}", ran.text);
    // Its session is good, and one of its slots isn't.
    let ran = game.run(&format!("show DIR {RELICS}"))?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("files        good"), "{}", ran.text);
    let slots = ran.text.lines().filter(|line| line.starts_with("slot "));
    let lost: Vec<bool> = slots.map(|line| line.ends_with(", lost")).collect();
    assert_eq!(lost, [false, true], "{}", ran.text);
    Ok(())
}

#[test]
fn a_damaged_attachment_is_found() -> Done {
    let game = Game::new()?;
    let name = "e5a92f783b06a338-7-thumbnail.attachment";
    let path = game.session(RELICS).join(name);
    let good = fs::read(&path)?;
    for at in (0..good.len()).step_by(97) {
        damage(&path, at)?;
        let ran = game.run(&format!("verify DIR {RELICS}"))?;
        assert_eq!(ran.code, Some(1), "byte {at}: {}", ran.text);
        assert!(ran.text.contains(&format!("{name}: the attachment is damaged")), "{}", ran.text);
        assert!(!ran.text.contains("damaged checkpoints"), "{}", ran.text);
        fs::write(&path, &good)?;
    }
    assert_eq!(game.run(&format!("verify DIR {RELICS}"))?.code, Some(0));
    Ok(())
}

/// The plugin's rules: `$XDG_DATA_HOME` and `$XDG_STATE_HOME`, and a name in small letters.
#[cfg(target_os = "linux")]
#[test]
fn a_game_is_found_where_the_platform_keeps_its_data() -> Done {
    use std::io;

    use crate::common::tool;

    let game = Game::new()?;
    let (data, state) = (game.root.path().join("d"), game.root.path().join("s"));
    fs::create_dir_all(&data)?;
    fs::create_dir_all(&state)?;
    fs::rename(game.directory().join("data"), data.join("hopgame"))?;
    let listed = |arguments: &[&str]| -> io::Result<String> {
        let mut command = tool();
        command.args(arguments).env("XDG_DATA_HOME", &data).env("XDG_STATE_HOME", &state);
        Ok(String::from_utf8_lossy(&command.output()?.stdout).into_owned())
    };
    let by_name = listed(&["list", "--game", "Acme/Hop Game"])?;
    assert!(by_name.contains("Relics") && by_name.contains("active, no end"), "{by_name}");

    fs::rename(game.directory().join("state"), state.join("hopgame"))?;
    let by_name = listed(&["list", "--game", "Acme/Hop Game"])?;
    assert!(by_name.contains("active, crashed"), "{by_name}");
    let directory = data.join("hopgame").display().to_string();
    assert_eq!(listed(&["list", &directory])?, by_name);
    Ok(())
}

#[test]
fn an_unknown_session_or_directory_is_named() -> Done {
    let game = Game::new()?;
    let unknown = "01a1fb8e-0000-7000-8000-000000000000";
    let directory = game.directory().display().to_string();
    for command in ["show", "verify"] {
        let ran = game.run(&format!("{command} DIR {unknown}"))?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""));
        assert!(ran.error.contains(unknown) && ran.error.contains(&directory), "{}", ran.error);
    }
    let ran = game.run("show DIR 01a1fb8e")?;
    assert_eq!(ran.code, Some(64));
    assert!(ran.error.contains("6 sessions"), "{}", ran.error);
    let nowhere = game.root.path().join("nowhere");
    let ran = run(["list".into(), nowhere.clone().into()])?;
    assert_eq!(ran.code, Some(64));
    assert!(ran.error.contains(&nowhere.display().to_string()), "{}", ran.error);
    let empty = game.root.path().join("empty");
    fs::create_dir_all(empty.join("sessions"))?;
    for command in ["list", "verify"] {
        let ran = run([command.into(), empty.clone().into()])?;
        assert!(ran.code == Some(0) && ran.text.contains("no sessions"), "{}", ran.text);
    }
    for line in ["", "list", "frobnicate DIR", "list --yes DIR"] {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{line}");
    }
    assert_eq!(game.run("--help")?.code, Some(0));
    Ok(())
}

#[test]
fn a_running_session_is_not_listed_as_crashed() -> Done {
    let game = Game::new()?;
    let local = game.local();
    let session = EVENINGS.parse()?;
    let now = Timestamp::now();
    let guard = begin_process(&local, now);
    guard.hold(session, RunId(EVENINGS_RUN));
    guard.beat(&local, now);
    let lock = local.store.lock_session(session)?.ok_or("the lock should be free")?;
    let before = game.snapshot()?;
    for line in commands() {
        assert_eq!(game.run(&line)?.code, Some(0), "{line}");
    }
    assert!(game.snapshot()? == before && lock.is_held()?);
    let left = |game: &Game| -> Result<Value, Box<dyn Error>> {
        let shown = game.run(&format!("show --json DIR {EVENINGS}"))?.objects()?;
        Ok(shown[0]["left"].clone())
    };
    assert_eq!(left(&game)?, "in_use");
    guard.beat(&local, now - Duration::from_secs(60));
    assert_eq!(left(&game)?, "in_use", "a process that was stopped goes on some time");
    // A copy of the sessions alone says nothing about processes.
    let copied = tempfile::tempdir()?;
    copy(&game.profile().join("sessions"), copied.path())?;
    let listed = run(["list".into(), "--json".into(), copied.path().into()])?.objects()?;
    assert_eq!((&listed[1]["left"], &listed[1]["crashed"]), (&"unknown".into(), &Value::Null));
    Ok(())
}

#[test]
fn a_hang_that_a_signal_ends_is_no_exit() -> Done {
    let now = Timestamp::now();
    let started = now - Duration::from_secs(3600);
    for (drawn, left) in [(now - Duration::from_secs(90), "crash"), (now, "cleanly")] {
        let game = Game::new()?;
        let local = game.local();
        let guard = begin_process(&local, started);
        guard.hold(EVENINGS.parse()?, RunId(EVENINGS_RUN));
        guard.frame_completed(drawn - Duration::from_millis(16));
        guard.frame_completed(drawn);
        guard.exit_seen();
        guard.beat(&local, now);
        let shown = game.run(&format!("show --json DIR {EVENINGS}"))?.objects()?;
        assert_eq!(shown[0]["left"], left);
    }
    Ok(())
}

#[test]
fn slots_in_any_directory_are_listed() -> Done {
    let game = Game::new()?;
    let before = game.snapshot()?;
    let ran = game.run("list --slots DIR")?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let lines: Vec<&str> = ran.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ran.text);
    assert!(
        lines[1].starts_with("quick") && lines[1].contains(RELICS),
        "the newest first: {lines:?}"
    );
    assert!(lines[2].contains("Before the bridge"), "{lines:?}");
    let objects = game.run("list --slots --json DIR")?.objects()?;
    assert_eq!(objects[1]["name"], "Before the bridge");
    assert!(objects[0]["checkpoint"].as_str().is_some_and(|it| it.starts_with("8@")));
    assert!(game.snapshot()? == before, "nothing should change");
    // The directory of slots itself, and one that a player sent.
    let sent = tempfile::tempdir()?;
    copy(&game.profile().join("slots"), sent.path())?;
    for place in [game.profile().join("slots"), sent.path().to_owned()] {
        let ran = run(["list".into(), "--slots".into(), "--json".into(), place.into()])?;
        assert_eq!((ran.code, ran.objects()?.len()), (Some(0), 2), "{}", ran.error);
    }
    let quick = sent.path().join("quick-d456f21221c1c606.save");
    damage(&quick, 40)?;
    let ran = run(["list".into(), "--slots".into(), sent.path().into()])?;
    assert_eq!(ran.code, Some(2), "{}", ran.text);
    assert!(ran.text.contains("Before the bridge") && ran.text.contains("lost"), "{}", ran.text);
    Ok(())
}

#[test]
fn the_folder_of_a_file_cloud_is_a_place() -> Done {
    let root = tempfile::tempdir()?;
    let cloud = root.path().join("cloud");
    for name in ["Colony", "Valley"] {
        let options = JournalOptions::new(root.path().join("game")).watch_panics(false);
        let mut journal = options.cloud_folder(&cloud).open(AnyValue(PhantomData))?;
        journal.start(NewSession::named(name)).close(|_| 7_u64)?;
    }
    for place in [cloud.clone(), cloud.join("default")] {
        let listed = run(["list".into(), place.clone().into_os_string()])?;
        assert!(
            listed.text.contains("Colony") && listed.text.contains("Valley"),
            "{}",
            listed.text
        );
        let verified = run(["verify".into(), "--read-data".into(), place.into_os_string()])?;
        assert_eq!(verified.code, Some(0), "{}", verified.error);
    }
    let half = cloud.join("default/half.session");
    fs::write(&half, b"begun")?;
    let listed = run(["list".into(), cloud.into_os_string()])?;
    assert!(listed.code != Some(0) && listed.error.contains("half.session"), "{}", listed.error);
    Ok(())
}
