//! Everything that is kept of a player: in one file, or gone, and the log of who did that.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use bevy::prelude::*;
use bevy_session::library::{
    AuditDeed, AuditEntry, AuditRead, PlayerErased, PlayerExported, Remaining, SessionPurged,
};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionId};

use crate::common::*;

fn listening(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<PlayerExported>(app);
        listen::<PlayerErased>(app);
        listen::<AuditRead>(app);
        listen::<SessionPurged>(app);
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

// Feature: `export_player` writes everything of a player, and of nobody else, as JSON.
// Page: guide/players-data.md#an-export
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

fn erase(app: &mut App, player: &str) {
    request(app, |commands| commands.session().library().erase_player(player));
    frames(app, 60);
}

fn catalogued(app: &App) -> Vec<SessionId> {
    app.world().resource::<SessionCatalog>().sessions().iter().map(|it| it.session.id).collect()
}

#[test]
fn an_erased_player_is_removed_from_the_lists_and_others_are_kept() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk);
    let sessions = [play(&mut app, "Ann", "Garden"), play(&mut app, "Ann", "Pond")];
    let other = play(&mut app, "Annabel", "Harbour");
    erase(&mut app, "Ann");
    let erased = received::<PlayerErased>(&app).pop().expect("it should be answered");
    assert_eq!(erased.player, "Ann");
    let receipt = erased.receipt;
    assert_eq!((receipt.sessions, receipt.slots), (2, 2), "{receipt:?}");
    assert!(receipt.is_complete() && receipt.files > 4 && receipt.bytes > 0, "{receipt:?}");
    let purged: Vec<SessionId> =
        received::<SessionPurged>(&app).into_iter().map(|it| it.session).collect();
    assert!(sessions.iter().all(|session| purged.contains(session)), "{purged:?}");
    assert_eq!(catalogued(&app), [other]);
    let slots = app.world().resource::<SessionCatalog>().slots();
    assert_eq!(slots.len(), 1, "the slot of the other player is listed, and no other one");
    erase(&mut app, "Ann");
    let rejected = received::<RequestRejected>(&app).pop().expect("there is nothing any more");
    assert_eq!(rejected.error, RequestError::UnknownPlayer);
    // And for the next process.
    drop(app);
    assert_eq!(catalogued(&listening(&disk)), [other]);
}

// Feature: An erasure continues after a power cut, and after a session that is played.
#[test]
fn a_played_session_is_erased_by_the_first_cleanup_after_it_is_left() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk);
    let gone = play(&mut app, "Ann", "Garden");
    let played = begin(&mut app, NewSession::named("Pond").player("Ann"));
    seconds(&mut app, 2.0);
    erase(&mut app, "Ann");
    let receipt = received::<PlayerErased>(&app).pop().expect("it should be answered").receipt;
    assert!(receipt.remaining.contains(&Remaining::InUse { session: played }), "{receipt:?}");
    assert!(!receipt.is_complete() && !catalogued(&app).contains(&gone));
    seconds(&mut app, 2.0);
    close(&mut app);
    frames(&mut app, 3);
    assert!(catalogued(&app).contains(&played), "it was played on as if nothing was");
    request(&mut app, |commands| commands.session().library().clean_up());
    frames(&mut app, 60);
    assert_eq!(catalogued(&app), []);
}

fn audited(app: &mut App) -> Vec<AuditEntry> {
    request(app, |commands| commands.session().library().audit(10));
    frames(app, 6);
    received::<AuditRead>(app).pop().expect("it should be answered").entries
}

#[test]
fn the_audit_log_names_the_player_or_the_game() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk);
    let session = play(&mut app, "Ann", "Garden");
    request(&mut app, |commands| commands.session().library().delete(session));
    frames(&mut app, 20);
    assert_eq!(audited(&mut app), [], "it is off by default");
    app.world_mut().resource_mut::<SessionSettings>().storage.audit = true;
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().library().undelete(session));
    frames(&mut app, 20);
    request(&mut app, |commands| commands.session().by("Ben").library().delete(session));
    frames(&mut app, 20);
    request(&mut app, |commands| commands.session().library().export_player("Ann", "a.tar"));
    frames(&mut app, 60);
    let said: Vec<_> =
        audited(&mut app).into_iter().map(|it| (it.who, it.what, it.session)).collect();
    let expected = [
        ("Ben".to_owned(), AuditDeed::Trashed, Some(session)),
        (AuditEntry::BY_GAME.to_owned(), AuditDeed::ExportedPlayer, None),
    ];
    assert_eq!(said, expected);
}
