//! Names of places, sessions and checkpoints.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{Done, EVENINGS, Game, RELICS, damage, journals, run};

/// The checkpoints of Relics, with the moments at which they were taken.
fn relics() -> Result<(Game, Vec<Value>), Box<dyn std::error::Error>> {
    let game = Game::new()?;
    let shown = game.run(&format!("show --json DIR {RELICS}"))?.object()?;
    let checkpoints = shown["checkpoints"].as_array().ok_or("a list")?.clone();
    Ok((game, checkpoints))
}

#[test]
fn a_session_is_found_by_id_prefix_and_name_in_any_case() -> Done {
    let game = Game::new()?;
    for name in [RELICS, "01a1fb8e-1228", "01A1FB8E-12", "Relics", "relics", "RELICS"] {
        let shown = game.run_words(&["show", "--json", "DIR", name])?.object()?;
        assert_eq!(shown["id"], RELICS, "{name}");
    }
    let shown = game.run_words(&["show", "--json", "DIR", "hundreds of evenings"])?.object()?;
    assert_eq!(shown["id"], EVENINGS);
    Ok(())
}

#[test]
fn last_names_the_most_recently_played_session() -> Done {
    let game = Game::new()?;
    let listed = game.run("list --json DIR")?.objects()?;
    let mut played: Vec<(&str, &str)> = listed
        .iter()
        .filter(|entry| entry["forgotten"] == false)
        .filter_map(|entry| Some((entry["updated"].as_str()?, entry["id"].as_str()?)))
        .collect();
    played.sort_unstable();
    played.reverse();
    assert!(played.len() > 3 && played[0].0 > played[1].0, "{played:?}");
    for (steps, (_, id)) in played.iter().enumerate().take(2) {
        let name = if steps == 0 { "last".to_owned() } else { format!("last~{steps}") };
        assert_eq!(game.run(&format!("show --json DIR {name}"))?.object()?["id"], *id, "{name}");
    }
    let ran = game.run("show DIR last~99")?;
    assert_eq!(ran.code, Some(64));
    assert!(ran.error.contains("last~99") && ran.error.contains(RELICS), "{}", ran.error);
    Ok(())
}

#[test]
fn a_checkpoint_is_found_by_id_number_label_and_time() -> Done {
    let (game, checkpoints) = relics()?;
    let ids: Vec<&str> = checkpoints.iter().filter_map(|it| it["id"].as_str()).collect();
    // The rows of a checkpoint tell it from all others: the clock goes on.
    let clock = |name: &str| -> Result<String, Box<dyn std::error::Error>> {
        let ran = game.run(&format!("cat DIR Relics {name} --json"))?;
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.error);
        Ok(ran.text)
    };
    let bridge = clock(ids[2])?;
    assert_eq!(ids[2], "7@e5a92f783b06a338");
    for name in ["7", "7@e5a9", "7@E5A9", "last~2"] {
        assert_eq!(clock(name)?, bridge, "{name}");
    }
    assert_ne!(clock("last")?, bridge);
    assert_eq!(clock("last")?, clock("")?, "the last one is meant if none is named");
    let time = checkpoints[2]["time"].as_str().ok_or("a time")?.trim_end_matches('Z');
    let (_, of_day) = time.split_once('T').ok_or("a time of day")?;
    for name in [format!("@{time}"), format!("@{of_day}")] {
        assert_eq!(clock(&name)?, bridge, "{name}");
    }
    assert_eq!(clock("@2099-01-01T00:00")?, clock("last")?);
    Ok(())
}

#[test]
fn an_unknown_name_is_answered_with_the_existing_ones() -> Done {
    let (game, _) = relics()?;
    for (line, words) in [
        ("cat DIR nobody", &["nobody", RELICS][..]),
        ("cat DIR Relics 99", &["99", "9 from 1", "to 9"]),
        ("cat DIR Relics 7@abc", &["7@abc", "9 from 1"]),
        ("cat DIR Relics last~9", &["last~9", "9 from 1"]),
        ("cat DIR Relics @2001-01-01T00:00", &["@2001-01-01T00:00:00", "2026-01-01T00:00:0"]),
        ("cat DIR Relics noon", &["noon", "last~2", "@12:30"]),
        ("cat DIR Relics --entity Zorro", &["entity Zorro", "Hero"]),
        ("cat DIR Relics --type Zorro", &["type Zorro", "golden::Health"]),
        ("cat DIR Relics --resource Zorro", &["resource Zorro", "Score"]),
    ] {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{line}");
        for word in words {
            assert!(ran.error.contains(word), "{line} should name {word}: {}", ran.error);
        }
    }
    Ok(())
}

/// A report as the plugin writes it, with nothing in it but a checkpoint.
pub fn report(path: &Path, slot: &[u8]) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(fs::File::create(path)?);
    for (name, content) in [("report.ron", &b"(format: 2)"[..]), ("checkpoint.slot", slot)] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_cksum();
        archive.append_data(&mut header, name, content)?;
    }
    archive.finish()
}

#[test]
fn a_file_needs_no_name_of_its_session() -> Done {
    let game = Game::of_format("1.2")?;
    let slots = game.profile().join("slots");
    let slot = slots.join("quick-d456f21221c1c606.save");
    let report_file = game.root.path().join("report.tar");
    report(&report_file, &fs::read(&slot)?)?;
    let session = game.run("show --json DIR Hundreds")?.code;
    assert_eq!(session, Some(64), "a name isn't cut short");
    let evenings = game.run_words(&["show", "--json", "DIR", "Hundreds of evenings"])?.object()?;
    let directory = game.session(evenings["id"].as_str().ok_or("an id")?);
    let files = journals(&directory)?;
    let archive = files.iter().find(|path| path.extension().is_some_and(|it| it == "archive"));
    for file in [&slot, &report_file, archive.ok_or("an archive")?] {
        let of_file = |words: &[&str]| {
            run(words.iter().map(|word| match *word {
                "FILE" => file.clone().into_os_string(),
                word => word.into(),
            }))
        };
        let listed = of_file(&["list", "--json", "FILE"])?.object()?;
        let shown = of_file(&["show", "--json", "FILE"])?.object()?;
        assert_eq!(listed["id"], shown["id"], "{}", file.display());
        assert!(listed["newest"].is_string(), "{listed}");
        let verified = of_file(&["verify", "--read-data", "--json", "FILE"])?;
        assert_eq!((verified.code, verified.object()?["read"].is_u64()), (Some(0), true));
        let rows = of_file(&["cat", "--json", "FILE"])?;
        assert_eq!(rows.code, Some(0), "{}", rows.error);
        assert!(rows.objects()?.len() > 5, "{}", rows.text);
        assert_eq!(of_file(&["cat", "--json", "FILE", "last"])?.text, rows.text);
        assert_eq!(of_file(&["show", "FILE", "last"])?.code, Some(64), "none is named there");
    }
    // A file and the session it came from say the same.
    let newest = game.run("list --json SLOT:quick-d456f21221c1c606.save")?.object()?;
    let (id, newest) = (newest["id"].as_str().ok_or("")?, newest["newest"].as_str().ok_or("")?);
    let in_session = game.run(&format!("cat DIR {id} {newest}"))?;
    assert_eq!(in_session.text, game.run("cat SLOT:quick-d456f21221c1c606.save")?.text);
    Ok(())
}

#[test]
fn a_file_of_something_else_is_refused() -> Done {
    let game = Game::new()?;
    let file = game.root.path().join("something");
    for content in [&b""[..], b"short", &[0; 4096], b"#!/bin/sh\n", &[0xff; 600]] {
        fs::write(&file, content)?;
        for verb in ["list", "show", "verify", "cat"] {
            let ran = run([verb.into(), file.clone().into()])?;
            assert_eq!((ran.code, &*ran.text), (Some(2), ""), "{verb} of {content:?}");
            assert!(ran.error.contains("something"), "{}", ran.error);
        }
    }
    // A slot whose header is damaged may be anything.
    let slot = game.profile().join("slots/quick-d456f21221c1c606.save");
    damage(&slot, 40)?;
    assert_eq!(run(["cat".into(), slot.into()])?.code, Some(2));
    Ok(())
}

/// Makes a file one of the next major version, as far as this one knows it.
pub fn make_newer(path: &Path) -> std::io::Result<()> {
    let mut bytes = fs::read(path)?;
    bytes[8] += 1;
    let body = u32::from_le_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]) as usize;
    let checked = [&bytes[..16], &bytes[24..24 + body]].concat();
    let sum = xxhash_rust::xxh3::xxh3_64(&checked).to_le_bytes();
    bytes[16..24].copy_from_slice(&sum);
    fs::write(path, bytes)
}

#[test]
fn files_of_a_newer_format_are_reported_as_newer() -> Done {
    let game = Game::new()?;
    let newest = journals(&game.session(RELICS))?.pop().ok_or("a file")?;
    make_newer(&newest)?;
    assert_eq!(game.run("list DIR")?.code, Some(1));
    // It was called otherwise in the files before.
    for line in [format!("show DIR {RELICS}"), "verify DIR".to_owned()] {
        let ran = game.run(&line)?;
        assert_eq!(ran.code, Some(1), "{line}: {}", ran.error);
        assert!(ran.text.contains("newer than this tool"), "{line}: {}", ran.text);
    }
    let rows = game.run(&format!("cat DIR {RELICS}"))?;
    assert_eq!(rows.code, Some(0), "the other files can be read: {}", rows.error);
    for verb in ["list", "show", "verify", "cat"] {
        let ran = run([verb.into(), newest.clone().into()])?;
        assert_eq!((ran.code, &*ran.text), (Some(2), ""), "{verb}");
        assert!(ran.error.contains("newer than this tool"), "{}", ran.error);
    }
    let slot = game.profile().join("slots/quick-d456f21221c1c606.save");
    make_newer(&slot)?;
    assert_eq!(game.run("cat SLOT:quick-d456f21221c1c606.save")?.code, Some(2));
    Ok(())
}

#[cfg(unix)]
#[test]
fn cyclic_links_are_refused_as_places() -> Done {
    let root = tempfile::tempdir()?;
    let (one, other) = (root.path().join("one"), root.path().join("other"));
    std::os::unix::fs::symlink(&one, &other)?;
    std::os::unix::fs::symlink(&other, &one)?;
    for verb in ["list", "verify"] {
        let ran = run([verb.into(), one.clone().into()])?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{}", ran.error);
    }
    Ok(())
}
