//! What is kept of players: exported, erased; who did what; and cleanups.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::library::{
    Archived, CleanedTo, CleanupFinished, CleanupReason, SessionPurged, ShelfPlace,
};
use bevy_session::players::{AuditRead, PlayerErased, PlayerExported};
use bevy_session::prelude::*;
use bevy_session::rules::SessionRulesExt;
use bevy_session::{LeaveCause, MemoryDisk, RequestError, SessionId, SessionStatus};

use crate::common::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn listening(disk: &MemoryDisk, day: u32, add: impl FnOnce(&mut App)) -> App {
    let began: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut app = game_with(plugin(disk).clock_from(began + DAY * day), |app| {
        listen::<AuditRead>(app);
        listen::<CleanupFinished>(app);
        listen::<PlayerErased>(app);
        listen::<PlayerExported>(app);
        listen::<RequestRejected>(app);
        listen::<SessionPurged>(app);
        add(app);
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

/// The files below the game's directories in which a text stands as it is.
fn files_with(disk: &MemoryDisk, text: &str) -> Vec<String> {
    let has_text = |path: &std::path::PathBuf| {
        let bytes = disk.content(path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let found = disk.paths().into_iter().filter(has_text);
    found.map(|path| path.display().to_string()).collect()
}

fn audited(app: &mut App) -> Vec<(String, &'static str, Option<SessionId>)> {
    request(app, |commands| commands.session().library().read_audit(100));
    frames(app, 3);
    let read = received::<AuditRead>(app).pop().expect("it should be answered");
    let entry = |entry: &bevy_session::players::AuditEntry| {
        (entry.who.to_string(), entry.what.name(), entry.session)
    };
    read.entries.iter().map(entry).collect()
}

#[test]
fn a_player_is_erased_and_another_whose_name_is_longer_stays() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, 0, |_| {});
    let own = play(&mut app, "Zoe Quist", "Garden");
    let other = play(&mut app, "Zoe Quistgaard", "Harbour");
    request(&mut app, |commands| commands.session().by("Zoe Quist").library().delete(own));
    frames(&mut app, 3);
    assert!(!files_with(&disk, "Zoe Quist").is_empty());
    request(&mut app, |commands| {
        commands.session().by("admin").library().erase_player("Zoe Quist")
    });
    frames(&mut app, 40);
    let erased = received::<PlayerErased>(&app).pop().expect("it should be answered");
    assert!(erased.receipt.is_complete() && erased.receipt.files > 2, "{erased:?}");
    assert!(app.world().resource::<SessionCatalog>().get(own).is_none());
    assert_eq!(received::<SessionPurged>(&app).pop().unwrap().session, own);
    assert!(app.world().resource::<SessionCatalog>().get(other).is_some());
    let slots = app.world().resource::<SessionCatalog>().slots();
    assert_eq!(slots.len(), 1, "the other's");
    for path in files_with(&disk, "Zoe Quist") {
        let longer = files_with(&disk, "Zoe Quistgaard");
        assert!(longer.contains(&path), "{path} has the name");
    }
    let who: Vec<_> = audited(&mut app);
    assert_eq!(who[0], ("an erased player".to_owned(), "deleted", Some(own)));
    assert_eq!(who.last().unwrap(), &("admin".to_owned(), "erased_player", None));
    assert!(!disk.paths().iter().any(|path| path.extension().is_some_and(|it| it == "erasure")));
}

#[test]
fn a_player_who_plays_and_one_without_a_name_are_not_erased() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, 0, |_| {});
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Garden").player("Ann"));
    seconds(&mut app, 2.0);
    for (player, expected) in [
        ("Ann", RequestError::SessionRunning { current: session }),
        ("", RequestError::UnknownPlayer),
    ] {
        request(&mut app, |commands| commands.session().library().erase_player(player));
        frames(&mut app, 20);
        assert_eq!(received::<RequestRejected>(&app).pop().unwrap().error, expected);
    }
    let odd = ["../..", "a/b", "\u{202e}rtl", "プレイヤー", "steam:42", "%00"];
    for player in odd {
        request(&mut app, |commands| commands.session().library().erase_player(player));
        frames(&mut app, 20);
    }
    assert_eq!(received::<PlayerErased>(&app).len(), odd.len(), "of whom nothing is kept");
    assert!(app.world().resource::<SessionCatalog>().get(session).is_some());
}

#[test]
fn an_export_is_read_without_this_crate() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, 0, |_| {});
    let session = play(&mut app, "Ann", "Garden");
    play(&mut app, "Ben", "Harbour");
    request(&mut app, |commands| commands.session().library().export_player("Ann", "ann.tar"));
    frames(&mut app, 20);
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
    let json = |name: &str| -> serde_json::Value {
        let text = files.get(name).unwrap_or_else(|| panic!("{name} of {:?}", files.keys()));
        serde_json::from_str(text).unwrap()
    };
    assert_eq!(json("player.json")["sessions"], 1);
    assert_eq!(json("player.json")["incomplete"].as_array().unwrap().len(), 0);
    let about = json(&format!("sessions/{session}/session.json"));
    assert_eq!(about["session"][0]["says"]["name"], "Garden");
    let world = json(&format!("sessions/{session}/checkpoint.json"));
    let health = world.as_object().unwrap().iter().find(|(path, _)| path.ends_with("Health"));
    let values: Vec<_> = health.unwrap().1.as_object().unwrap().values().collect();
    assert_eq!(values, [&serde_json::json!(7)]);
    assert!(json(&format!("sessions/{session}/events.json")).is_array());
    assert_eq!(json("slots/1/slot.json")["name"], "Garden");
    assert!(!files.values().any(|text| text.contains("Harbour")), "Ben's is Ben's");

    for (player, path, expected) in [
        ("Cleo", "cleo.tar", RequestError::UnknownPlayer),
        ("Ann", "ann.tar", RequestError::FileExists { path: "ann.tar".into() }),
    ] {
        request(&mut app, |commands| commands.session().library().export_player(player, path));
        frames(&mut app, 20);
        assert_eq!(received::<RequestRejected>(&app).pop().unwrap().error, expected);
    }
    assert_eq!(disk.content(Path::new("ann.tar")), Some(bytes), "what is there stays");
}

/// It ended, and the process died before it was archived.
#[test]
fn a_cleanup_archives_what_ended_in_a_process_that_died() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, 0, |_| {});
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Garden").player("Ann"));
    seconds(&mut app, 2.0);
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 6);
    let died = disk.snapshot();
    drop(app);
    let mut app = listening(&died, 1, |app| {
        app.archive_ended_sessions(Archived::WithWorld);
    });
    play(&mut app, "Ben", "Harbour");
    frames(&mut app, 40);
    let finished = received::<CleanupFinished>(&app);
    let done = &finished.first().expect("the first one comes once something is played").done;
    let [cleaned] = &*done.sessions else { panic!("{done:?}") };
    assert_eq!(cleaned.session, session);
    assert_eq!((cleaned.became, cleaned.why), (CleanedTo::Archived, CleanupReason::Ended));
    let place = entry(&app, session).session.place;
    assert!(matches!(place, ShelfPlace::Archive { .. }), "{place:?}");
    let who = audited(&mut app);
    assert!(who.contains(&("cleanup".to_owned(), "archived", Some(session))), "{who:?}");
}

#[test]
fn a_cleanup_comes_every_hour_and_when_it_is_asked_for() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, 0, |_| {});
    frames(&mut app, 10);
    assert_eq!(received::<CleanupFinished>(&app).len(), 0, "there is no rule");
    long(&mut app, 3_590);
    assert_eq!(received::<CleanupFinished>(&app).len(), 0);
    long(&mut app, 20);
    assert_eq!(received::<CleanupFinished>(&app).len(), 1);
    request(&mut app, |commands| commands.session().library().clean_up());
    frames(&mut app, 20);
    let asked = received::<CleanupFinished>(&app).pop().unwrap();
    assert!(asked.ticket.is_some() && asked.done.sessions.is_empty(), "{asked:?}");
}

#[test]
fn a_crash_that_nobody_answers_ends_as_failed_and_is_offered_no_more() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, 0, |_| {});
    app.world_mut().spawn(Health(7));
    let crashed = begin(&mut app, NewSession::named("Garden").player("Ann"));
    seconds(&mut app, 12.0);
    let disk = disk.snapshot();
    drop(app);
    // A run of 40 days later, so that the day is known to have come.
    let mut app = listening(&disk, 40, |_| {});
    play(&mut app, "Ben", "Harbour");
    drop(app);
    let mut app = listening(&disk, 41, |app| {
        let mut settings = app.world_mut().resource_mut::<SessionSettings>();
        settings.storage.unanswered_crashes = Some(DAY * 30);
    });
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1);
    request(&mut app, |commands| commands.session().library().clean_up());
    frames(&mut app, 40);
    let done = received::<CleanupFinished>(&app).pop().unwrap().done;
    assert_eq!(done.count(CleanedTo::Failed), 1, "{done:?}");
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 0);
    let found = entry(&app, crashed);
    assert_eq!(found.status, SessionStatus::Failed);
    assert_eq!(found.left.unwrap().cause, LeaveCause::TimedOut);
    drop(app);
    let app = listening(&disk, 42, |_| {});
    assert_eq!(entry(&app, crashed).status, SessionStatus::Failed, "the next start agrees");
}
