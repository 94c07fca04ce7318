//! A player is exported, and every kind of file is in the inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::{Action, Play};
use crate::disk::simulated_disk::{FileSystem, Replay, SimulatedDisk};
use crate::disk::{Disk, Kept};
use crate::format::CheckpointKind;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{RequestError, SessionUpdate};
use crate::write::{News, Order};

/// A session of a player, with events, named checkpoints, a slot, and a second run.
fn session_of(play: &mut Play, player: &str, name: &str) -> SessionId {
    use Action::{Auto, Close, Full, Manual, Recover, SaveSlot, Settle, Start};
    let before = play.game.local.store.sessions().unwrap_or_default();
    play.perform(&[Start, Settle, Auto]);
    play.checkpoint_after_events(CheckpointKind::Manual, 3);
    play.perform(&[Full, Manual, Settle, SaveSlot, Settle, Close, Recover, Auto]);
    play.checkpoint_after_events(CheckpointKind::Manual, 2);
    play.perform(&[Full, Auto, Close, Settle]);
    let sessions = play.game.local.store.sessions().unwrap();
    let session = sessions.into_iter().find(|it| !before.contains(it)).unwrap();
    let update = SessionUpdate::default().player(player).name(name);
    let update = update.field("guests", &vec!["Ann", "Ben"]).unwrap();
    let update = Box::new(update);
    play.game.order(Order::Edit { session, update, ticket: Ticket::new() }, play.now);
    play.settle();
    session
}

fn export(play: &mut Play, player: &str, path: &str) -> Result<u64, RequestError> {
    let (player, path, ticket) = (player.to_owned(), path.into(), Ticket::new());
    let mut news = play.game.order(Order::ExportPlayer { player, path, ticket }, play.now);
    while !news.iter().any(|report| matches!(report, News::PlayerExported { .. })) {
        play.now.elapsed += std::time::Duration::from_millis(10);
        news.extend(play.game.turn(play.now));
    }
    let answer = news.into_iter().find_map(|report| match report {
        News::PlayerExported { result, .. } => Some(result),
        _ => None,
    });
    answer.expect("it is answered")
}

fn files_of(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        files.insert(entry.path().unwrap().display().to_string(), content);
    }
    files
}

// Feature: `export_player` writes everything of a player, and of nobody else, as JSON.
#[test]
fn an_export_has_everything_of_the_player_and_nothing_of_others() {
    let mut play = Play::new(SimulatedDisk::default(), 35);
    let own = session_of(&mut play, "Ann", "A garden");
    let other = session_of(&mut play, "Annabel", "A harbour");
    let third = session_of(&mut play, "Ben", "With Ann!");
    let before = play.disk.image().digest();
    let written = export(&mut play, "Ann", "/ann.tar").unwrap();
    let bytes = play.disk.read(Path::new("/ann.tar"), 1 << 30).unwrap();
    assert_eq!(bytes.len() as u64, written);
    let files = files_of(&bytes);
    let whole: Value = serde_json::from_slice(&files["player.json"]).unwrap();
    assert_eq!((&whole["player"], &whole["sessions"]), (&"Ann".into(), &1.into()));
    assert_eq!(whole["incomplete"], serde_json::json!([]));
    let about: Value =
        serde_json::from_slice(&files[&format!("sessions/{own}/session.json")]).unwrap();
    let line = &about["lines"][0];
    assert_eq!(line["session"]["name"], "A garden");
    assert_eq!(line["fields"]["guests"], serde_json::json!(["Ann", "Ben"]));
    let of_own = |part: &str| {
        let begin = format!("sessions/{own}/{part}");
        files.keys().filter(|name| name.starts_with(&begin)).count()
    };
    assert!(of_own("checkpoint-") > 1, "a world is in parts: {:?}", files.keys());
    // The slot was saved before the session had a player.
    assert_eq!(whole["slots"], 1);
    assert!(files.contains_key("slots/1/checkpoint/1.json"), "{:?}", files.keys());
    assert!(of_own("events-") >= 2, "{:?}", files.keys());
    assert!(
        files.keys().all(|name| {
            !name.contains(&other.to_string()) && !name.contains(&third.to_string())
        })
    );
    assert!(
        files
            .values()
            .all(|content| { !content.windows(7).any(|it| it == b"harbour" || it == b"Annabel") })
    );
    play.disk.remove(Path::new("/ann.tar")).unwrap();
    assert_eq!(play.disk.image().digest(), before, "nothing was changed");
}

#[test]
fn an_export_matches_whole_names_and_replaces_no_file() {
    let mut play = Play::new(SimulatedDisk::default(), 36);
    let names = ["a", "id", "7", "Ann", "\u{30d7}\u{30ec}\u{30a4}", "game::World"];
    for name in names {
        session_of(&mut play, name, "Marsh");
    }
    for unknown in ["", "A", "An", "nn", "Marsh", "guests", "World", "Ann "] {
        let refused = export(&mut play, unknown, "/x.tar");
        assert_eq!(refused, Err(RequestError::UnknownPlayer), "{unknown}");
        assert!(play.disk.open(Path::new("/x.tar")).is_err(), "no file is left");
    }
    for (number, name) in names.into_iter().enumerate() {
        let path = format!("/{number}.tar");
        export(&mut play, name, &path).unwrap();
        let bytes = play.disk.read(Path::new(&path), 1 << 30).unwrap();
        let whole: Value = serde_json::from_slice(&files_of(&bytes)["player.json"]).unwrap();
        assert_eq!(whole["sessions"], 1, "{name}");
        let again = export(&mut play, name, &path);
        assert!(matches!(again, Err(RequestError::FileExists { .. })), "{again:?}");
        assert_eq!(play.disk.read(Path::new(&path), 1 << 30).unwrap(), bytes);
    }
}

/// Drops the rest of an export after so many turns.
fn export_until(play: &mut Play, player: &str, path: &str, turns: usize) -> bool {
    let (player, path, ticket) = (player.to_owned(), path.into(), Ticket::new());
    let mut news = play.game.order(Order::ExportPlayer { player, path, ticket }, play.now);
    for _ in 0..turns {
        play.now.elapsed += std::time::Duration::from_millis(10);
        news.extend(play.game.turn(play.now));
    }
    news.iter().any(|report| matches!(report, News::PlayerExported { .. }))
}

#[test]
fn an_interrupted_export_leaves_no_partial_file() {
    let (mut halves, mut whole) = (0, 0);
    for turns in (0..60).step_by(3) {
        let mut play = Play::new(SimulatedDisk::default(), 38);
        session_of(&mut play, "Ann", "A garden");
        let is_done = export_until(&mut play, "Ann", "/ann.tar", turns);
        let is_there = play.disk.open(Path::new("/ann.tar")).is_ok();
        assert_eq!(is_there, is_done, "after {turns} turns");
        // An exit doesn't wait for it: if not much is missing, it ends in the last turns.
        let now = play.now;
        let last = play.game.finish(now);
        let is_done = is_done || last.iter().any(|it| matches!(it, News::PlayerExported { .. }));
        let disk = play.disk.clone();
        drop(play);
        let image = disk.image();
        let beside =
            image.files().filter(|(place, _)| place.path().parent() == Some(Path::new("/")));
        let names: Vec<_> = beside.map(|(place, _)| place.path().to_path_buf()).collect();
        match is_done {
            true => whole += usize::from(names == [Path::new("/ann.tar")]),
            false => halves += usize::from(names.is_empty()),
        }
    }
    assert_eq!(halves + whole, 20, "nothing but whole exports is left: {halves} and {whole}");
    assert!(halves > 0 && whole > 0, "{halves} and {whole}");
}

#[test]
fn an_export_finishes_in_the_profile_where_it_began() {
    let mut play = Play::new(SimulatedDisk::default(), 39);
    let own = session_of(&mut play, "Ann", "A garden");
    assert!(!export_until(&mut play, "Ann", "/ann.tar", 2), "it has hardly begun");
    let ticket = Ticket::new();
    let mut news =
        play.game.order(Order::UseProfile { profile: "second".into(), ticket }, play.now);
    assert!(play.disk.open(Path::new("/ann.tar")).is_err(), "the change doesn't wait for it");
    while !news.iter().any(|report| matches!(report, News::PlayerExported { .. })) {
        play.now.elapsed += std::time::Duration::from_millis(10);
        news.extend(play.game.turn(play.now));
    }
    let files = files_of(&play.disk.read(Path::new("/ann.tar"), 1 << 30).unwrap());
    assert!(files.contains_key(&format!("sessions/{own}/session.json")), "{:?}", files.keys());
}

/// Nobody can say whose a file is that can't be read, so it is named.
#[test]
fn files_that_an_export_cannot_read_are_named() {
    let mut play = Play::new(SimulatedDisk::default(), 40);
    let own = session_of(&mut play, "Ann", "A garden");
    let stored = play.game.local.store.open_session(own).unwrap();
    let line = stored.index().heads()[0].id;
    let group = *stored.index().plan(line).unwrap().groups.last().unwrap();
    let path = stored.path_of(group.segment).unwrap().to_path_buf();
    let at = stored.index().group(group).unwrap().frames[0].offset + 50;
    let mut bytes = play.disk.read(&path, 1 << 24).unwrap();
    bytes[usize::try_from(at).unwrap()] ^= 0x10;
    play.disk.replace(&path, &bytes).unwrap();
    let slots = play.game.local.store.layout().slots();
    play.disk.replace(&slots.join("torn.save"), b"nothing").unwrap();
    play.kill();
    export(&mut play, "Ann", "/ann.tar").unwrap();
    let files = files_of(&play.disk.read(Path::new("/ann.tar"), 1 << 30).unwrap());
    let whole: Value = serde_json::from_slice(&files["player.json"]).unwrap();
    let named: Vec<&str> =
        whole["incomplete"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let is_named = |part: &str| named.iter().any(|name| name.contains(part));
    assert!(is_named("torn.save"), "{named:?}");
    assert!(is_named(&format!("checkpoint-{line}")) && is_named("is beside it"), "{named:?}");
    let worlds: BTreeSet<&str> = files
        .keys()
        .filter_map(|name| name.strip_prefix(&format!("sessions/{own}/"))?.split('/').next())
        .filter(|name| name.starts_with("checkpoint-"))
        .collect();
    assert!(worlds.iter().any(|name| *name != format!("checkpoint-{line}")), "{worlds:?}");
}

/// The inventory knows every file that sessions, slots and processes leave.
// Feature: An inventory lists each kind of file, its place and its personal data.
// Page: guide/players-data.md#an-inventory
#[test]
fn every_file_is_in_the_inventory() {
    let mut play = Play::new(SimulatedDisk::default(), 37);
    session_of(&mut play, "Ann", "A garden");
    play.perform(&[Action::Start, Action::Auto, Action::Settle, Action::Kill]);
    play.kill();
    let trace = play.disk.trace();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    let mut kinds = BTreeSet::new();
    for position in 0..=trace.steps.len() {
        replay.advance_to(position);
        for (place, _) in replay.kept().files() {
            let path = place.path();
            let kept = Kept::of(path);
            let kept = kept.unwrap_or_else(|| panic!("{} isn't in it", path.display()));
            kinds.insert(kept.what);
            // In the directory that it names as well: of sessions, of slots, or of the state.
            let directory = path.parent().unwrap().to_str().unwrap();
            let is_of = |part: &str| kept.place.contains(part) == directory.contains(part);
            assert!(is_of("sessions") && is_of("slots"), "{}: {}", path.display(), kept.place);
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.contains(&play.game.local.store.layout().profile) {
                assert!(kept.personal.contains("name of the profile"), "{name}");
            }
        }
    }
    // What this game doesn't leave: pictures, archives on another drive, erasures, consents and an audit log, a replica's mark, logs, figures, an
    // index of sessions that it never closes in order, the files of a file cloud, and room for an exit, which is kept after five seconds.
    let unseen: Vec<&str> =
        Kept::ALL.iter().map(|kept| kept.what).filter(|what| !kinds.contains(what)).collect();
    let of_sessions = ["attachment", "place of a session's archive"];
    let of_people = ["erasure of a player", "consent of a player", "audit log"];
    let of_machine = ["mark of a replicated session", "last lines of a process", "log"];
    let indexes = ["index of sessions", "digests of sessions"];
    let of_devices = [
        "file for a player's other devices",
        "id of the device in a file cloud",
        "note of a deleted session",
    ];
    let later = ["place of archives", "reserve"];
    let all = [&of_sessions[..], &of_people, &of_machine, &indexes, &of_devices, &later];
    assert_eq!(unseen, all.concat());
}
