//! `view`: a page to look into a session with. That it works in a browser is what `ci/view.sh` tries.

// Feature: `export` writes JSON, RON, CSV or SQLite, and `view` a page for a browser.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{Done, Game, RELICS, journals, run, session_with};

/// The data of a page.
fn data_of(page: &Path) -> Result<Value, Box<dyn Error>> {
    element_of(page, "data")
}

/// The data of one of its elements.
fn element_of(page: &Path, id: &str) -> Result<Value, Box<dyn Error>> {
    let page = fs::read_to_string(page)?;
    let begin = format!("<script id=\"{id}\" type=\"application/json\">");
    let (_, data) = page.split_once(&begin).ok_or_else(|| format!("{id} is missing"))?;
    let (data, _) = data.split_once("</script>").ok_or("its end")?;
    Ok(serde_json::from_str(data)?)
}

#[test]
fn a_page_has_what_the_other_verbs_show() -> Done {
    let game = Game::new()?;
    let before = game.snapshot()?;
    let to = tempfile::tempdir()?;
    let page = to.path().join("page.html");
    let place = page.display().to_string();
    let words = ["view", "DIR", "Relics", "--json", "--output", &place];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(0), "{}{}", ran.text, ran.error);
    let report = ran.object()?;
    assert_eq!(
        (&report["session"], &report["bytes"]),
        (&RELICS.into(), &fs::metadata(&page)?.len().into())
    );
    let data = data_of(&page)?;
    assert_eq!(data["about"]["name"], "Relics");
    assert_eq!(report["checkpoints"], data["included"]);
    let shown = game.run("show --json DIR Relics")?.object()?;
    assert_eq!(data["timeline"], shown["timeline"]);
    let ids = |list: &Value| -> BTreeSet<String> {
        list.as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| Some(it["id"].as_str()?.to_owned()))
            .collect()
    };
    assert_eq!(ids(&data["checkpoints"]), ids(&shown["checkpoints"]));
    let stats = game.run("stats --json DIR Relics")?.object()?;
    assert_eq!(data["sizes"], stats["types"]);

    let rows = game.run("cat --json DIR Relics")?.objects()?;
    let of_type = |path: &str| rows.iter().filter(|row| row["type"] == path).count();
    for column in data["world"].as_array().ok_or("columns")? {
        let path = data["types"][column["t"].as_u64().ok_or("a type")? as usize].as_str();
        assert_eq!(column["n"], of_type(path.ok_or("a path")?), "{path:?}");
    }
    let older = data["older"].as_array().ok_or("differences")?;
    assert_eq!(older.len() + 1, data["included"].as_array().ok_or("checkpoints")?.len());
    let included: Vec<&str> =
        data["included"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (pair, difference) in included.windows(2).zip(older) {
        let line = format!("diff --json DIR Relics {} {}", pair[1], pair[0]);
        let changes = game.run(&line)?.objects()?;
        let rows: BTreeSet<String> =
            changes.iter().map(|it| format!("{} {}", it["entity"], it["type"])).collect();
        let count = |list: &Value| -> u64 {
            list.as_array().into_iter().flatten().filter_map(|it| it[1].as_u64()).sum()
        };
        let parts = difference.as_array().ok_or("types")?;
        let found: u64 = parts.iter().map(|part| count(&part["ids"]) + count(&part["gone"])).sum();
        assert_eq!(found, rows.len() as u64, "{line}");
    }
    assert!(older.iter().any(|it| it != &serde_json::json!([])), "something should differ");
    assert_eq!(game.snapshot()?, before);
    assert_eq!(fs::read_dir(to.path())?.count(), 1, "nothing else should be left there");

    let written = fs::read(&page)?;
    let again = game.run_words(&words)?;
    assert_eq!((again.code, &*again.text), (Some(64), ""), "{}", again.error);
    assert_eq!(fs::read(&page)?, written);
    Ok(())
}

#[test]
fn a_page_of_several_sessions_has_what_the_page_of_each_has() -> Done {
    let game = Game::of_format("1.2")?;
    let before = game.snapshot()?;
    let listed = game.run("list --json DIR")?.objects()?;
    let to = tempfile::tempdir()?;
    let place = |name: &str| to.path().join(name).display().to_string();
    let words = ["view", "DIR", "--all", "--json", "-o", &place("all.html")];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(0), "{}{}", ran.text, ran.error);
    let report = ran.object()?;
    let path = to.path().join("all.html");
    assert_eq!(report["bytes"], fs::metadata(&path)?.len());
    let data = data_of(&path)?;
    let (sessions, entries) = (&report["sessions"], &data["sessions"]);
    let left_out = report["left_out"].as_array().ok_or("a list")?.len();
    let count = sessions.as_array().ok_or("a list")?.len();
    assert_eq!(count + left_out, listed.len(), "each should be somewhere");
    assert!(count > 2, "{report}");
    for (at, session) in sessions.as_array().into_iter().flatten().enumerate() {
        let id = session["session"].as_str().ok_or("an id")?;
        assert_eq!(
            (&entries[at]["about"]["session"], &entries[at]["at"]),
            (&session["session"], &at.into())
        );
        let name = format!("{at}.html");
        assert_eq!(game.run_words(&["view", "DIR", id, "-o", &place(&name)])?.code, Some(0));
        let alone = data_of(&to.path().join(name))?;
        let among = element_of(&path, &format!("data-{at}"))?;
        for part in ["checkpoints", "timeline", "included", "world", "older", "events", "types"] {
            assert_eq!(among[part], alone[part], "{part} of {id}");
        }
        assert_eq!(session["checkpoints"], alone["included"]);
    }
    let [one, other] = [&sessions[0]["session"], &sessions[1]["session"]].map(|it| it.as_str());
    let (one, other) = one.zip(other).ok_or("two")?;
    let ran = game.run_words(&["view", "DIR", other, one, "-o", &place("two.html")])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert!(ran.text.contains("2 of 2 sessions"), "{}", ran.text);
    let two = data_of(&to.path().join("two.html"))?;
    assert_eq!(
        two["sessions"][0]["about"]["session"], other,
        "in the order in which they were named"
    );
    assert!(game.snapshot()? == before, "nothing should change");
    Ok(())
}

#[test]
fn sessions_that_have_no_room_in_a_page_are_listed_and_named() -> Done {
    const SESSIONS: usize = 24;
    let root = tempfile::tempdir()?;
    // Letters that nothing packs well, of which one session alone takes more than its share.
    let noise = |seed: usize| -> String {
        let mut state = seed as u64 + 1;
        let mut word = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            format!("{state:016x}")
        };
        (0..32_000).map(|_| word()).collect()
    };
    for number in 0..SESSIONS {
        session_with(root.path(), &format!("Number {number}"), |_| noise(number))?;
    }
    let page = root.path().join("page.html");
    let words = ["view".into(), root.path().into(), "--all".into(), "--json".into()];
    let ran = run(words.into_iter().chain(["-o".into(), page.clone().into()]))?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert!(fs::metadata(&page)?.len() < 10_000_000, "{}", fs::metadata(&page)?.len());
    let report = ran.object()?;
    let sessions = report["sessions"].as_array().ok_or("a list")?;
    assert_eq!(sessions.len(), SESSIONS, "all of them should be listed");
    let (data, mut cut) = (data_of(&page)?, 0);
    for (session, entry) in sessions.iter().zip(data["sessions"].as_array().ok_or("a list")?) {
        assert_eq!(session["opens"], entry["at"].is_u64(), "{entry}");
        let (left_out, mut is_whole) = (session["left_out"].to_string(), false);
        if let Some(at) = entry["at"].as_u64() {
            let data = element_of(&page, &format!("data-{at}"))?;
            let count = |part: &str| data[part].as_array().map(Vec::len);
            is_whole = count("world") == count("types");
        }
        assert_eq!(is_whole, left_out == "[]", "what has no room should be said: {session}");
        cut += usize::from(!is_whole);
    }
    assert!(cut > 0 && cut < SESSIONS, "{cut} were cut");
    Ok(())
}

#[test]
fn a_view_of_all_names_the_sessions_that_cannot_be_shown() -> Done {
    let game = Game::new()?;
    // A session's directory with nothing that can be read.
    let link = game.session(RELICS).join("0123456789abcdef-000000.journal");
    let to = tempfile::tempdir()?;
    let page = to.path().join("page.html").display().to_string();
    fs::remove_dir_all(game.session(RELICS))?;
    fs::create_dir(game.session(RELICS))?;
    fs::write(link, "")?;
    let ran = game.run_words(&["view", "DIR", "--all", "-o", &page])?;
    assert_eq!(ran.code, Some(0), "{}{}", ran.text, ran.error);
    let empty = tempfile::tempdir()?;
    fs::create_dir_all(empty.path().join("data/profiles/default/sessions"))?;
    let place = empty.path().display().to_string();
    let other = to.path().join("empty.html").display().to_string();
    let ran = game.run_words(&["view", &place, "--all", "-o", &other])?;
    assert_eq!((ran.code, &*ran.text), (Some(2), ""), "{}", ran.error);
    assert!(ran.error.contains("no session that can be shown"), "{}", ran.error);
    assert_eq!(fs::read_dir(to.path())?.count(), 1, "nothing should be written");
    Ok(())
}

#[test]
fn a_page_has_private_data_only_on_request() -> Done {
    let game = Game::of_format("1.2")?;
    let to = tempfile::tempdir()?;
    let page = |name: &str, more: &[&str]| -> Result<(Value, String), Box<dyn Error>> {
        let path = to.path().join(name);
        let place = path.display().to_string();
        let ran =
            game.run_words(&[&["view", "DIR", "Looters", "-o", &place][..], more].concat())?;
        assert_eq!(ran.code, Some(0), "{}", ran.error);
        Ok((data_of(&path)?, ran.text))
    };
    let (masked, said) = page("masked.html", &[])?;
    let (all, _) = page("all.html", &["--private"])?;
    let whispers = |data: &Value| data["events"].to_string().contains("under the oak");
    assert!(whispers(&all) && !whispers(&masked));
    let count = |data: &Value| data["events"].as_array().map_or(0, Vec::len);
    let log = game.run("log --json DIR Looters")?.objects()?;
    let events = log.iter().filter(|line| line["sequence"].is_u64()).count();
    assert_eq!(count(&all), events);
    if count(&masked) < events {
        assert!(said.contains("private events"), "{said}");
        assert!(masked["left_out"].to_string().contains("private events"));
    }
    Ok(())
}

#[test]
fn hostile_texts_and_odd_values_are_data_and_nothing_else() -> Done {
    let root = tempfile::tempdir()?;
    let hostile = "</script><script>alert(1)</script><!--\u{1b}[2J";
    session_with(root.path(), hostile, move |_| (hostile, f32::NAN, u64::MAX, vec![hostile; 3]))?;
    let page = root.path().join("page.html");
    let words =
        ["view".into(), root.path().into(), "last".into(), "-o".into(), page.clone().into()];
    let ran = run(words)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let text = fs::read_to_string(&page)?;
    assert_eq!(text.matches("</script>").count(), 2);
    assert_eq!(text.matches("<script").count(), 2);
    let data = data_of(&page)?;
    assert_eq!(data["about"]["name"], hostile, "nothing of it is lost");
    assert!(data["world"].to_string().contains("18446744073709551615"));
    Ok(())
}

#[test]
fn a_damaged_session_has_a_page_that_says_so() -> Done {
    let game = Game::new()?;
    for path in journals(&game.session(RELICS))? {
        let mut bytes = fs::read(&path)?;
        let length = bytes.len();
        bytes.get_mut(length / 3..).into_iter().flatten().for_each(|byte| *byte ^= 0x55);
        fs::write(path, bytes)?;
    }
    let to = tempfile::tempdir()?;
    let page = to.path().join("page.html");
    let place = page.display().to_string();
    let ran = game.run_words(&["view", "DIR", RELICS, "-o", &place])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let data = data_of(&page)?;
    let included = data["included"].as_array().ok_or("checkpoints")?;
    let verified = game.run(&format!("verify --read-data --json DIR {RELICS}"))?.object()?;
    assert_eq!(included.first().cloned().unwrap_or_default(), verified["newest_intact"]);
    assert_ne!(data["about"]["condition"], "good");
    for (line, code) in [
        ("view DIR Relics", 64),
        ("view DIR nobody -o x.html", 64),
        ("view DIR Relics -o no/where.html", 64),
    ] {
        assert_eq!(game.run(line)?.code, Some(code), "{line}");
    }
    Ok(())
}
