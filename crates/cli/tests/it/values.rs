//! `cat`, `diff` and `stats`: what checkpoints hold.

// Feature: `cat`, `diff` and `stats` show, compare and count values without the game.
// Page: ../crates/cli/README.md#what-is-looked-at

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::common::{Done, Game, RELICS, damage, journals, run, session_with};

#[test]
fn the_rows_of_a_checkpoint_are_written_with_their_values() -> Done {
    let game = Game::new()?;
    let rows = game.run("cat --json DIR Relics 7")?.objects()?;
    let of_type = |path: &str| rows.iter().filter(|row| row["type"] == path).collect::<Vec<_>>();
    let entities = of_type("bevy_session::Saved");
    assert_eq!(entities.len(), 5);
    assert!(entities.iter().all(|row| row["entity"].is_u64() && row["value"].is_null()));
    let score = of_type("it::common::Score");
    assert_eq!((score.len(), &score[0]["entity"]), (1, &Value::Null));
    let health = of_type("golden::Health");
    assert!(health.iter().all(|row| row["value"].is_u64()), "{health:?}");

    let text = game.run("cat DIR Relics 7")?.text;
    assert_eq!(text.lines().count(), rows.len());
    let hero = "bevy_ecs::name::Name \"Hero\"";
    assert!(text.lines().any(|line| line.starts_with('#') && line.ends_with(hero)), "{text}");
    assert!(text.contains("resource it::common::Score "), "{text}");
    Ok(())
}

#[test]
fn rows_are_filtered_by_entity_type_and_resource() -> Done {
    let game = Game::new()?;
    let rows = |line: &str| -> Result<Vec<Value>, Box<dyn std::error::Error>> {
        let ran = game.run(&format!("cat --json DIR Relics 7 {line}"))?;
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.error);
        Ok(ran.objects()?)
    };
    let health = rows("--type Health")?;
    assert!(health.len() > 1 && health.iter().all(|row| row["type"] == "golden::Health"));
    assert_eq!(rows("--type golden::Health")?, health);
    assert_eq!(rows("--resource Score")?.len(), 1);
    let hero = rows("--entity Hero")?;
    let id = hero[0]["entity"].as_u64().ok_or("an entity")?;
    assert!(hero.len() > 1 && hero.iter().all(|row| row["entity"] == id));
    assert_eq!(rows(&format!("--entity {id}"))?, hero);
    assert_eq!(rows(&format!("--entity #{id}"))?, hero);
    assert_eq!(rows(&format!("--entity {id} --type Name"))?.len(), 1);
    assert_eq!(rows("--type golden::Target --entity door")?.len(), 0, "it could have one");
    Ok(())
}

#[test]
fn a_checkpoint_differs_from_another_in_fields() -> Done {
    let game = Game::new()?;
    let ran = game.run("diff --json DIR Relics 1 7")?;
    assert_eq!(ran.code, Some(1), "{}", ran.error);
    let found = ran.objects()?;
    let clock: Vec<&Value> = found
        .iter()
        .filter(|it| it["field"].as_str().is_some_and(|it| it.starts_with('.')))
        .collect();
    assert!(clock.iter().all(|it| it["before"] != it["after"]), "{clock:?}");
    // What was before and what has changed gives what is after.
    let rows = |name: &str| -> Result<BTreeMap<String, Value>, Box<dyn std::error::Error>> {
        let rows = game.run(&format!("cat --json DIR Relics {name}"))?.objects()?;
        let key = |row: &Value| format!("{} {}", row["entity"], row["type"]);
        Ok(rows.into_iter().map(|row| (key(&row), row["value"].clone())).collect())
    };
    let (mut before, after) = (rows("1")?, rows("7")?);
    for change in &found {
        let key = format!("{} {}", change["entity"], change["type"]);
        match change["change"].as_str() {
            Some("removed") if change["field"] == "" => {
                assert_eq!(before.remove(&key), Some(change["before"].clone()));
            }
            Some("added") if change["field"] == "" => {
                assert_eq!(before.insert(key, change["after"].clone()), None);
            }
            Some("changed") if change["field"] == "" => {
                assert_eq!(
                    before.insert(key, change["after"].clone()),
                    Some(change["before"].clone())
                );
            }
            _ => {
                let now = after.get(&key).ok_or("it is in both")?;
                before.insert(key, now.clone());
            }
        }
    }
    assert_eq!(before, after);
    Ok(())
}

#[test]
fn equal_and_ignored_values_are_not_differences() -> Done {
    let game = Game::new()?;
    for line in
        ["diff DIR Relics last", "diff DIR Relics 7 7@e5a9", "diff DIR Relics 1 7 --ignore **"]
    {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(0), ""), "{line}: {}", ran.error);
    }
    let all = game.run("diff DIR Relics 1 7")?.text;
    let without = game.run("diff DIR Relics 1 7 --ignore golden::* --ignore **.fixed")?;
    assert_eq!(without.code, Some(1));
    let kept: Vec<&str> =
        all.lines().filter(|line| !line.contains("golden::") && !line.contains(".fixed")).collect();
    assert!(kept.len() < all.lines().count(), "{all}");
    assert_eq!(without.text.lines().collect::<Vec<_>>(), kept);
    Ok(())
}

#[test]
fn a_save_is_compared_with_another() -> Done {
    let game = Game::new()?;
    let (quick, bridge) =
        ("SLOT:quick-d456f21221c1c606.save", "SLOT:before-the-bridge-d37158a19c22c24c.save");
    // Slots are copies: of checkpoints 8 and 7.
    let slot = |name: &str| game.session(RELICS).join("../../slots").join(name);
    let with = slot("quick-d456f21221c1c606.save").display().to_string();
    let ran = game.run_words(&["diff", "DIR", "Relics", "8", "--with", &with])?;
    assert_eq!((ran.code, &*ran.text), (Some(0), ""), "{}", ran.error);
    let between = game.run_words(&["diff", bridge, "last", "--with", &with])?;
    assert_eq!(between.code, Some(1), "{}", between.error);
    assert_eq!(between.text, game.run("diff DIR Relics 7 8")?.text);
    let directory = game.directory().display().to_string();
    let ran = game.run_words(&["diff", quick, "last", "8", "--with", &directory])?;
    assert_eq!((ran.code, &*ran.text), (Some(0), ""), "{}", ran.error);
    Ok(())
}

#[test]
fn a_damaged_checkpoint_is_not_shown_and_an_intact_one_is_named() -> Done {
    let game = Game::new()?;
    let session = game.session(RELICS);
    let path = journals(&session)?.pop().ok_or("a file")?;
    let verified = |game: &Game| game.run(&format!("verify --read-data --json DIR {RELICS}"));
    let length = std::fs::read(&path)?.len();
    damage(&path, length / 2)?;
    let report = verified(&game)?.object()?;
    let damaged = report["damaged"][0].as_str().ok_or("one is damaged")?.to_owned();
    for line in [format!("cat DIR Relics {damaged}"), format!("diff DIR Relics 1 {damaged}")] {
        let ran = game.run(&line)?;
        assert_eq!((ran.code, &*ran.text), (Some(2), ""), "{line}");
        let intact = report["newest_intact"].as_str().ok_or("one is whole")?;
        assert!(ran.error.contains("damaged") && ran.error.contains(intact), "{}", ran.error);
    }
    Ok(())
}

/// Lists within lists.
#[derive(Serialize)]
struct Nested(Vec<Self>);

fn nested(depth: usize) -> Nested {
    (1..depth).fold(Nested(Vec::new()), |inner, _| Nested(vec![inner]))
}

#[test]
fn values_nested_as_deep_as_they_may_be_are_shown() -> Done {
    let root = tempfile::tempdir()?;
    session_with(root.path(), "deep", |_| nested(128))?;
    let of = |verb: &str| run([verb.into(), root.path().into(), "deep".into()]);
    let shown = of("cat")?;
    assert_eq!((shown.code, &*shown.error), (Some(0), ""));
    assert!(shown.text.contains(&"[".repeat(128)), "{}", shown.text);
    let shown = run(["cat".into(), "--json".into(), root.path().into(), "deep".into()])?;
    assert_eq!(shown.code, Some(0), "{}", shown.error);
    assert!(shown.text.contains(&"[".repeat(128)), "{}", shown.text);
    Ok(())
}

#[test]
fn hostile_texts_do_nothing_to_a_terminal() -> Done {
    let root = tempfile::tempdir()?;
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\r\n";
    session_with(root.path(), hostile, move |_| BTreeMap::from([(hostile, hostile)]))?;
    for line in ["list", "show", "verify", "cat", "stats"] {
        let mut words = vec![line.into(), root.path().as_os_str().to_owned()];
        if line != "list" {
            words.push("last".into());
        }
        let ran = run(words)?;
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.error);
        let obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!ran.text.contains(obeyed), "{line}: {:?}", ran.text);
    }
    let shown = run(["cat".into(), "--json".into(), root.path().into(), "last".into()])?;
    let odd = shown.objects()?.into_iter().find(|row| row["type"] == "odd::Odd");
    assert_eq!(
        odd.ok_or("it is there")?["value"],
        json!({ hostile: hostile }),
        "JSON loses nothing"
    );
    Ok(())
}

#[test]
fn statistics_say_what_makes_a_session_large() -> Done {
    let root = tempfile::tempdir()?;
    session_with(root.path(), "large", |_| vec![7_u8; 100_000])?;
    let shown = run(["stats".into(), "--json".into(), root.path().into(), "large".into()])?;
    assert_eq!(shown.code, Some(0), "{}", shown.error);
    let stats = shown.object()?;
    let types = stats["types"].as_array().ok_or("a list")?;
    assert_eq!(types[0]["type"], "odd::Odd", "the largest comes first: {stats}");
    assert!(types[0]["unpacked_bytes"].as_u64() >= Some(100_000), "{stats}");
    let frames = stats["frames"].as_array().ok_or("a list")?;
    let of = |what: &str| frames.iter().filter_map(|it| it[what].as_u64()).sum::<u64>();
    let files = stats["files"].as_array().ok_or("a list")?;
    let bytes: u64 = files.iter().filter_map(|it| it["bytes"].as_u64()).sum();
    assert!(of("stored_bytes") <= bytes && of("stored_bytes") > bytes / 2, "{stats}");
    assert_eq!(stats["bytes"], bytes);
    Ok(())
}
