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
    assert_eq!(of_own("checkpoint-"), 1);
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
fn names_are_compared_as_a_whole_and_no_file_is_replaced() {
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

/// The inventory knows every file that sessions, slots and processes leave.
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
            kinds.insert(kept.unwrap_or_else(|| panic!("{} isn't in it", path.display())).what);
        }
    }
    assert!(kinds.len() >= 7, "{kinds:?}");
}
