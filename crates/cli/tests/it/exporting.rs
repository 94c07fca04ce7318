//! `export`: rows for other programs.

// Feature: Saved types and fields that are marked as personal are left out of exports for others.
// Feature: `export` writes JSON, RON, CSV or SQLite, and `view` a page for a browser.
// Page: ../crates/cli/README.md#what-is-written

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use bevy_session_journal::{
    Codec, JournalOptions, NewSession, RestoreFrom, RowReader, RowWriter, SaveId, SavedType,
};
use serde::Serialize;
use serde_json::Value;

use crate::common::{AnyValue, Done, Game, RELICS, damage, journals, run, session_with};

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
fn a_ron_export_has_the_rows_of_the_json_export() -> Done {
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
fn an_invalid_or_damaged_export_writes_no_file() -> Done {
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
        ("export DIR Relics nobody --to json -o x", 64),
        ("export DIR Relics 7 8 --to json -o x", 64),
        ("export DIR --all Relics --to json -o x", 64),
        ("export DIR --all --to json", 64),
        ("export DIR --to json", 64),
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

/// The values of a session's newest checkpoint and what it recorded, each with whose it is.
fn rows_of(game: &Game, session: &str) -> Result<[Vec<Value>; 3], Box<dyn std::error::Error>> {
    let ran = game.run(&format!("export DIR {session} --to json"))?;
    assert_eq!(ran.code, Some(0), "{session}: {}", ran.error);
    let mut document: Value = serde_json::from_str(&ran.text)?;
    Ok(["entities", "resources", "events"].map(|list| {
        let rows = document[list].as_array_mut().map(std::mem::take).unwrap_or_default();
        let with_session = |mut row: Value| {
            row["session"] = session.into();
            row
        };
        rows.into_iter().map(with_session).collect()
    }))
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|it| it["session"].as_str()).collect()
}

#[test]
fn rows_of_several_sessions_name_their_session() -> Done {
    let game = Game::of_format("1.2")?;
    let before = game.snapshot()?;
    let listed = game.run("list --json DIR")?.objects()?;
    let sessions: Vec<String> =
        listed.iter().filter_map(|it| it["id"].as_str()).map(str::to_owned).collect();
    let [one, other, ..] = &sessions[..] else { return Err("two sessions".into()) };
    let to = tempfile::tempdir()?;
    let place = |name: &str| to.path().join(name).display().to_string();
    let file = place("two.json");
    // A session that is named twice is one.
    let words = ["export", "DIR", one, other, one, "--to", "json", "--json", "-o", &file];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let report = ran.object()?;
    let document: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
    assert_eq!(ids(&document["sessions"]), [one.as_str(), other.as_str()]);
    assert_eq!(report["sessions"], document["sessions"]);
    assert_eq!(report["left_out"], Value::Array(Vec::new()));
    let (of_one, of_other) = (rows_of(&game, one)?, rows_of(&game, other)?);
    for (at, list) in ["entities", "resources", "events"].into_iter().enumerate() {
        let rows = document[list].as_array().ok_or("a list")?;
        let expected: Vec<Value> = of_one[at].iter().chain(&of_other[at]).cloned().collect();
        assert_eq!(rows, &expected, "{list}");
    }
    assert!(!of_one[0].is_empty() && !of_other[0].is_empty(), "both should have entities");

    let directory = place("two");
    let ran = game.run_words(&["export", "DIR", one, other, "--to", "csv", "-o", &directory])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert!(ran.text.contains("of 2 sessions to "), "{}", ran.text);
    let text = fs::read_to_string(to.path().join("two/entities.csv"))?;
    assert!(text.starts_with("session,entity,type,version,value,error\r\n"), "{text}");
    for (session, rows) in [(one, &of_one), (other, &of_other)] {
        let count = text.matches(&format!("\r\n{session},")).count();
        assert_eq!(count, rows[0].len(), "{session}");
    }
    let ron = place("two.ron");
    assert_eq!(
        game.run_words(&["export", "DIR", one, other, "--to", "ron", "-o", &ron])?.code,
        Some(0)
    );
    ron::from_str::<ron::Value>(&fs::read_to_string(&ron)?)?;
    assert!(game.snapshot()? == before, "nothing should change");
    Ok(())
}

#[test]
fn an_export_of_all_names_the_sessions_that_cannot_be_exported() -> Done {
    let game = Game::of_format("1.2")?;
    let listed = game.run("list --json DIR")?.objects()?;
    let id = |it: &Value| it["id"].as_str().unwrap_or_default().to_owned();
    let damaged = listed.iter().map(id).find(|it| game.session(it).is_dir()).ok_or("one")?;
    for path in journals(&game.session(&damaged))? {
        damage(&path, 30)?;
    }
    let to = tempfile::tempdir()?;
    let file = to.path().join("all.json").display().to_string();
    let words = ["export", "DIR", "--all", "--to", "json", "--json", "-o", &file];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(1), "{}", ran.error);
    let report = ran.object()?;
    let (written, left_out) = (ids(&report["sessions"]), ids(&report["left_out"]));
    assert!(left_out.contains(&&*damaged), "{report}");
    assert_eq!(written.len() + left_out.len(), listed.len(), "each should be somewhere");
    let document: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
    assert_eq!(ids(&document["sessions"]), written);
    assert!(!ids(&document["entities"]).contains(&&*damaged));
    // Of what is named nothing is left out.
    let one = to.path().join("named.json").display().to_string();
    let words = ["export", "DIR", written[0], &damaged, "--to", "json", "-o", &one];
    let ran = game.run_words(&words)?;
    assert_eq!((ran.code, &*ran.text), (Some(64), ""), "it has no checkpoint: {}", ran.error);
    assert_eq!(fs::read_dir(to.path())?.count(), 1, "nothing of it should be left there");
    Ok(())
}

#[test]
fn of_a_session_that_two_devices_have_in_a_cloud_folder_the_newer_copy_is_exported() -> Done {
    let root = tempfile::tempdir()?;
    let cloud = root.path().join("cloud");
    let device = |name: &str| {
        let options = JournalOptions::new(root.path().join(name)).watch_panics(false);
        options.cloud_folder(&cloud).open(AnyValue(std::marker::PhantomData))
    };
    device("laptop")?.start(NewSession::named("Colony")).close(|_| 7_u64)?;
    let mut console = device("console")?;
    let session = console.detect()?.first().ok_or("it should be brought")?.session;
    console.restore(session, RestoreFrom::Latest)?.go_on().1.close(|_| 8_u64)?;
    drop(console);
    let all = root.path().join("all.json").display().to_string();
    let place = cloud.display().to_string();
    let words = ["export", &place, "--all", "--to", "json", "--json", "-o", &all];
    let ran = run(words.map(OsString::from))?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let report = ran.object()?;
    let id = session.to_string();
    assert_eq!((ids(&report["sessions"]), ids(&report["left_out"])), (vec![&*id], vec![&*id]));
    Ok(())
}

#[cfg(feature = "sqlite")]
#[test]
fn a_database_keeps_the_rows_of_several_sessions_apart() -> Done {
    let game = Game::of_format("1.2")?;
    let to = tempfile::tempdir()?;
    let path = to.path().join("all.db");
    let place = path.display().to_string();
    let words = ["export", "DIR", "--all", "--to", "sqlite", "--json", "-o", &place];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(0), "{}{}", ran.text, ran.error);
    let report = ran.object()?;
    let database = rusqlite::Connection::open(&path)?;
    for session in ids(&report["sessions"]) {
        let [entities, resources, events] = rows_of(&game, session)?;
        for (table, rows) in [("entities", entities), ("resources", resources), ("events", events)]
        {
            let query = format!("SELECT count(*) FROM {table} WHERE session = ?");
            let count: i64 = database.query_row(&query, [session], |row| row.get(0))?;
            assert_eq!(count, rows.len() as i64, "{table} of {session}");
        }
    }
    let types = "SELECT count(*) - count(DISTINCT path || version) FROM types";
    assert_eq!(database.query_row(types, [], |row| row.get::<_, i64>(0))?, 0, "each type once");
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

/// A game that marks a type and a field as personal, as the engine's plugin writes it.
struct Marked;

impl Marked {
    const DIARY: SavedType = SavedType::new("hop::Diary");
    const SCORE: SavedType = SavedType::new("hop::Score");
    const BUILD: SavedType = SavedType::new("bevy_session::Build");
}

#[derive(Serialize)]
struct Build {
    personal: BTreeMap<&'static str, [&'static str; 1]>,
}

impl Codec for Marked {
    type Capture = ();
    type Image = ();

    fn types(&self) -> &[SavedType] {
        &[Self::DIARY, Self::SCORE, Self::BUILD]
    }

    fn encode(&self, _: (), rows: &mut RowWriter) {
        rows.put(Self::DIARY, SaveId(2), &"my street");
        rows.put(Self::DIARY, SaveId::WORLD, &"my garden");
        rows.put(Self::SCORE, SaveId(2), &"in the open");
        let personal = BTreeMap::from([("types", ["hop::Diary"]), ("fields", ["home"])]);
        rows.put(Self::BUILD, SaveId::WORLD, &Build { personal });
    }

    fn decode(&self, _: &mut RowReader<'_>) {}
}

#[test]
fn values_of_personal_types_are_shown_only_on_request() -> Done {
    let root = tempfile::tempdir()?;
    let mut journal = JournalOptions::new(root.path()).watch_panics(false).open(Marked)?;
    journal.start(NewSession::named("Marked")).close(|_| ())?;
    let of = |words: &[&str]| {
        let place = root.path().display().to_string();
        let words = words.iter().map(|word| match *word {
            "DIR" => OsString::from(&place),
            word => OsString::from(word),
        });
        run(words)
    };
    for form in ["json", "ron"] {
        let kept = of(&["export", "DIR", "last", "--to", form])?;
        assert_eq!(kept.code, Some(0), "{}", kept.error);
        assert!(!kept.text.contains("street") && !kept.text.contains("garden"), "{}", kept.text);
        assert!(kept.text.contains("hop::Diary") && kept.text.contains("in the open"));
        let waived = of(&["export", "DIR", "last", "--to", form, "--private"])?;
        assert!(waived.text.contains("my street") && waived.text.contains("my garden"));
    }
    let to = tempfile::tempdir()?;
    let page = to.path().join("page.html").display().to_string();
    let file = to.path().join("world.json").display().to_string();
    let said = of(&["export", "DIR", "last", "--to", "json", "-o", &file])?;
    assert!(said.text.contains("left out: 2 personal values, see --private"), "{}", said.text);
    let viewed = of(&["view", "DIR", "last", "-o", &page])?;
    assert_eq!(viewed.code, Some(0), "{}", viewed.error);
    let text = fs::read_to_string(&page)?;
    assert!(!text.contains("my street") && !text.contains("my garden"));
    assert!(text.contains("in the open"), "the page should have other values");
    let stats = of(&["stats", "DIR", "last"])?.text;
    assert!(stats.contains("hop::Diary (personal)") && stats.contains("hop::Score "), "{stats}");
    assert!(!stats.contains("hop::Score (personal)"), "{stats}");
    assert!(stats.contains("personal fields: home"), "{stats}");
    Ok(())
}

/// A game that writes who plays into what it saves.
struct Signed;

impl Codec for Signed {
    type Capture = ();
    type Image = ();

    fn types(&self) -> &[SavedType] {
        &[Marked::SCORE]
    }

    fn encode(&self, _: (), rows: &mut RowWriter) {
        rows.put(Marked::SCORE, SaveId(2), &("by steam:42", 7));
        rows.put(Marked::SCORE, SaveId::WORLD, &"nobody's");
    }

    fn decode(&self, _: &mut RowReader<'_>) {}
}

// Feature: Exports for analysis have pseudonyms by a key that stays at home.
// Page: ../crates/cli/README.md#what-is-written
#[test]
fn an_export_with_pseudonyms_has_no_real_names() -> Done {
    let root = tempfile::tempdir()?;
    let mut journal = JournalOptions::new(root.path()).watch_panics(false).open(Signed)?;
    for name in ["Mother's farm", "Pond"] {
        journal.start(NewSession::named(name).player("steam:42")).close(|_| ())?;
    }
    let place = root.path().display().to_string();
    let to = tempfile::tempdir()?;
    let key = to.path().join("hop.key").display().to_string();
    let export = |form: &str, file: &str, more: &[&str]| {
        let file = to.path().join(file).display().to_string();
        let words = ["export", &place, "--all", "--to", form, "-o", &file];
        run(words.iter().chain(more).map(OsString::from))
    };
    let plain = export("json", "plain.json", &[])?;
    assert_eq!(plain.code, Some(0), "{}", plain.error);
    for file in ["one.json", "two.json"] {
        let exported = export("json", file, &["--pseudonyms", &key])?;
        assert_eq!(exported.code, Some(0), "{}", exported.error);
    }
    let text = |file: &str| fs::read_to_string(to.path().join(file));
    let (plain, one) = (text("plain.json")?, text("one.json")?);
    assert_eq!(one, text("two.json")?, "the same key gives the same pseudonyms");
    let ids = fs::read_dir(root.path().join("data/profiles/default/sessions"))?;
    let ids: Vec<String> = ids
        .map(|entry| Ok(entry?.file_name().display().to_string()))
        .collect::<Result<_, std::io::Error>>()?;
    assert_eq!(ids.len(), 2);
    for known in ids.iter().map(String::as_str).chain(["steam:42", "Mother"]) {
        assert!(plain.contains(known) && !one.contains(known), "{known}: {one}");
    }
    let document: Value = serde_json::from_str(&one)?;
    let abouts = document["sessions"].as_array().ok_or("a list")?;
    let player = abouts[0]["player"].as_str().ok_or("a pseudonym")?;
    assert!(player.starts_with("player-") && abouts[1]["player"] == player, "{abouts:?}");
    assert_ne!(abouts[0]["session"], abouts[1]["session"]);
    assert_eq!(one.matches(&format!("by {player}")).count(), 2);
    assert!(one.contains("nobody's"));

    for (more, code) in
        [(&["--pseudonyms", &key, "--private"][..], 64), (&["--pseudonyms", &place], 2)]
    {
        let refused = export("csv", "refused", more)?;
        assert_eq!(refused.code, Some(code), "{}", refused.error);
        assert!(!to.path().join("refused").exists());
    }
    Ok(())
}
