//! `export`: rows for other programs.

use std::fs;

use serde_json::Value;

use crate::common::{Done, Game, RELICS, damage, journals, run, session_with};

/// Rows as they are known from `cat`.
fn world(game: &Game) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    Ok(game.run("cat --json DIR Relics 7")?.objects()?)
}

fn is_of_entity(row: &&Value) -> bool {
    !row["entity"].is_null()
}

#[test]
fn a_document_has_all_rows_that_cat_shows() -> Done {
    let game = Game::new()?;
    let before = game.snapshot()?;
    let ran = game.run("export DIR Relics 7 --to json")?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let document: Value = serde_json::from_str(&ran.text)?;
    let rows = world(&game)?;
    let entities: Vec<&Value> = rows.iter().filter(is_of_entity).collect();
    assert_eq!(
        document["entities"].as_array().ok_or("a list")?.iter().collect::<Vec<_>>(),
        entities
    );
    let resources = document["resources"].as_array().ok_or("a list")?;
    assert_eq!(resources.len(), rows.len() - entities.len());
    assert_eq!(document["about"]["session"], RELICS);
    assert!(document["events"].is_array());

    let to = tempfile::tempdir()?;
    let path = to.path().join("world.json");
    let place = path.display().to_string();
    let words = ["export", "DIR", "Relics", "7", "--to", "json", "--json", "-o", &place];
    let report = game.run_words(&words)?;
    assert_eq!(report.code, Some(0), "{}", report.error);
    let report = report.object()?;
    assert_eq!(report["rows"], entities.len());
    assert_eq!(report["resources"], resources.len());
    assert_eq!(fs::read_to_string(&path)?, ran.text);
    assert_eq!(fs::read_dir(to.path())?.count(), 1, "nothing else should be left there");

    let again = game.run_words(&words)?;
    assert_eq!((again.code, &*again.text), (Some(64), ""), "{}", again.error);
    assert_eq!(fs::read_to_string(&path)?, ran.text);
    assert_eq!(game.snapshot()?, before);
    Ok(())
}

#[test]
fn rusty_object_notation_says_the_same() -> Done {
    let game = Game::new()?;
    let json: Value = serde_json::from_str(&game.run("export DIR Relics 7 --to json")?.text)?;
    let ran = game.run("export DIR Relics 7 --to ron")?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let document: ron::Value = ron::from_str(&ran.text)?;
    let ron::Value::Map(document) = document else { return Err("a document".into()) };
    let list = |name: &str| match document.get(&ron::Value::String(name.to_owned())) {
        Some(ron::Value::Seq(rows)) => Ok(rows.len()),
        other => Err(format!("{name}: {other:?}")),
    };
    for name in ["entities", "resources", "events"] {
        assert_eq!(list(name)?, json[name].as_array().ok_or("a list")?.len(), "{name}");
    }
    Ok(())
}

#[test]
fn a_directory_has_a_file_for_each_kind_of_row() -> Done {
    let game = Game::new()?;
    let to = tempfile::tempdir()?;
    let path = to.path().join("world");
    let place = path.display().to_string();
    let words = ["export", "DIR", "Relics", "7", "--to", "csv", "-o", &place];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let rows = world(&game)?;
    let entities: Vec<&Value> = rows.iter().filter(is_of_entity).collect();
    let text = fs::read_to_string(path.join("entities.csv"))?;
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines[0], "entity,type,version,value,error");
    assert_eq!(lines.len(), entities.len() + 2, "a heading, and an end of each line");
    let first = &entities[0];
    let type_path = first["type"].as_str().ok_or("a type")?;
    assert_eq!(lines[1], format!("{},{type_path},{},null,", first["entity"], first["version"]));
    let hero = lines.iter().find(|line| line.contains("Hero")).ok_or("the hero")?;
    assert!(hero.contains("\"\"\"Hero\"\"\""), "{hero}");
    for name in ["about.csv", "resources.csv", "events.csv"] {
        assert!(fs::read_to_string(path.join(name))?.ends_with("\r\n"), "{name}");
    }
    assert_eq!(fs::read_dir(to.path())?.count(), 1, "nothing else should be left there");
    assert_eq!(game.run_words(&words)?.code, Some(64), "it is there already");
    Ok(())
}

#[test]
fn what_makes_no_sense_or_is_damaged_writes_nothing() -> Done {
    let game = Game::new()?;
    let to = tempfile::tempdir()?;
    let nowhere = to.path().join("no/where.json").display().to_string();
    for (line, code) in [
        ("export DIR Relics 7", 64),
        ("export DIR Relics 7 --to xml", 64),
        ("export DIR Relics 7 --to csv", 64),
        ("export DIR Relics 7 --to json --json", 64),
        ("export DIR Relics 99 --to json", 64),
        ("export DIR nobody --to json", 64),
    ] {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(code), ""), "{line}: {}", ran.error);
    }
    let ran = game.run_words(&["export", "DIR", "Relics", "--to", "json", "-o", &nowhere])?;
    assert_eq!(ran.code, Some(64), "{}", ran.error);
    let path = journals(&game.session(RELICS))?.pop().ok_or("a file")?;
    damage(&path, fs::read(&path)?.len() / 2)?;
    let verified = game.run(&format!("verify --read-data --json DIR {RELICS}"))?.object()?;
    let damaged = verified["damaged"][0].as_str().ok_or("one is damaged")?;
    let file = to.path().join("x.json").display().to_string();
    let ran = game.run_words(&["export", "DIR", "Relics", damaged, "--to", "json", "-o", &file])?;
    assert_eq!(ran.code, Some(2), "{}", ran.error);
    assert_eq!(fs::read_dir(to.path())?.count(), 0);
    Ok(())
}

#[test]
fn hostile_texts_stay_within_their_cells() -> Done {
    let root = tempfile::tempdir()?;
    let hostile = "\"],\r\n},=1+1\u{1b}[2J";
    session_with(root.path(), hostile, move |_| hostile)?;
    let of = |form: &str| {
        run(["export".into(), root.path().into(), "last".into(), "--to".into(), form.into()])
    };
    let document: Value = serde_json::from_str(&of("json")?.text)?;
    assert_eq!(document["about"]["name"], hostile);
    let ran = of("ron")?;
    ron::from_str::<ron::Value>(&ran.text)?;
    assert!(!ran.text.contains('\u{1b}'), "{}", ran.text);
    Ok(())
}

#[test]
fn a_slot_is_exported_and_viewed_like_its_session() -> Done {
    let game = Game::new()?;
    let slot = "SLOT:quick-d456f21221c1c606.save";
    let ran = game.run_words(&["export", slot, "--to", "json"])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let of_slot: Value = serde_json::from_str(&ran.text)?;
    // It is a copy of checkpoint 8.
    let ran = game.run("export DIR Relics 8 --to json")?;
    let of_session: Value = serde_json::from_str(&ran.text)?;
    assert_eq!(of_slot["entities"], of_session["entities"]);
    let to = tempfile::tempdir()?;
    let page = to.path().join("slot.html").display().to_string();
    let ran = game.run_words(&["view", slot, "--json", "-o", &page])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert_eq!(ran.object()?["checkpoints"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[cfg(feature = "sqlite")]
#[test]
fn a_database_has_a_table_for_each_kind_of_row() -> Done {
    let game = Game::new()?;
    let to = tempfile::tempdir()?;
    let path = to.path().join("world.db");
    let place = path.display().to_string();
    let words = ["export", "DIR", "Relics", "7", "--to", "sqlite", "-o", &place];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let rows = world(&game)?;
    let database = rusqlite::Connection::open(&path)?;
    let count = |table: &str| {
        database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
    };
    assert_eq!(count("entities")?, rows.iter().filter(is_of_entity).count() as i64);
    assert_eq!(count("resources")?, rows.iter().filter(|row| !is_of_entity(row)).count() as i64);
    let query = "SELECT value FROM entities WHERE type LIKE '%::Name' AND value = '\"Hero\"'";
    let name: String = database.query_row(query, [], |row| row.get(0))?;
    assert_eq!(name, "\"Hero\"");
    let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(whole, "ok");
    assert_eq!(fs::read_dir(to.path())?.count(), 1, "nothing else should be left there");
    assert_eq!(game.run_words(&words)?.code, Some(64), "it is there already");
    Ok(())
}
