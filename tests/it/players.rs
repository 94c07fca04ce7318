//! Everything that is kept of a player, in one file.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use bevy::prelude::*;
use bevy_session::library::PlayerExported;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionId};

use crate::common::*;

fn listening(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<PlayerExported>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    app
}

/// Plays a session of a player, with a slot, and closes it.
fn play(app: &mut App, player: &str, name: &str) -> SessionId {
    app.world_mut().spawn(Health(7));
    let session = begin(app, NewSession::named(name).player(player));
    seconds(app, 2.0);
    request(app, |commands| commands.session().slots().save(SaveSlot::manual(name)));
    frames(app, 6);
    close(app);
    frames(app, 3);
    session
}

#[test]
fn an_export_is_read_without_this_crate() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk);
    let session = play(&mut app, "Ann", "Garden");
    play(&mut app, "Ben", "Harbour");
    request(&mut app, |commands| commands.session().library().export_player("Ann", "ann.tar"));
    frames(&mut app, 40);
    let exported = received::<PlayerExported>(&app).pop().expect("it should be answered");
    let bytes = disk.content(Path::new("ann.tar")).expect("it should be there");
    assert_eq!(bytes.len() as u64, exported.bytes);
    let mut files = HashMap::new();
    for entry in tar::Archive::new(&*bytes).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.insert(entry.path().unwrap().display().to_string(), text);
    }
    let json = |begin: &str| -> serde_json::Value {
        let found = files.iter().find(|(name, _)| name.starts_with(begin));
        let (_, text) = found.unwrap_or_else(|| panic!("{begin} of {:?}", files.keys()));
        serde_json::from_str(text).unwrap()
    };
    assert_eq!(json("player.json")["sessions"], 1);
    assert_eq!(json("player.json")["slots"], 1);
    assert_eq!(json("player.json")["incomplete"].as_array().unwrap().len(), 0);
    let about = json(&format!("sessions/{session}/session.json"));
    assert_eq!(about["lines"][0]["session"]["name"], "Garden");
    let world = json(&format!("sessions/{session}/checkpoint-"));
    let health = world.as_object().unwrap().iter().find(|(path, _)| path.ends_with("Health"));
    let mut values = health.unwrap().1.as_object().unwrap().values();
    assert!(values.any(|value| *value == serde_json::json!(7)), "{world}");
    assert_eq!(json("slots/1/slot.json")["name"], "Garden");
    assert!(!files.values().any(|text| text.contains("Harbour")), "Ben's is Ben's");

    for (player, path, expected) in [
        ("Cleo", "cleo.tar", RequestError::UnknownPlayer),
        ("ann", "small.tar", RequestError::UnknownPlayer),
        ("Ann", "ann.tar", RequestError::FileExists { path: "ann.tar".into() }),
    ] {
        request(&mut app, |commands| commands.session().library().export_player(player, path));
        frames(&mut app, 40);
        assert_eq!(received::<RequestRejected>(&app).pop().unwrap().error, expected);
    }
    assert_eq!(disk.content(Path::new("ann.tar")), Some(bytes), "what is there stays");
}
