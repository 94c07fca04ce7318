//! `view`: a page to look into a session with. That it works in a browser is what `ci/view.sh` tries.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{Done, Game, RELICS, journals, run, session_with};

/// The data of a page.
fn data_of(page: &Path) -> Result<Value, Box<dyn Error>> {
    let page = fs::read_to_string(page)?;
    let (_, data) =
        page.split_once("<script id=\"data\" type=\"application/json\">").ok_or("data")?;
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
fn what_is_private_is_in_no_page_unless_it_is_wanted() -> Done {
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
