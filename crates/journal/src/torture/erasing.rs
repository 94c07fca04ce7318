//! A player is erased, whatever happens meanwhile; and what a cleanup does.

mod cleaning;

use std::time::Duration;

use super::opening::layout;
use super::{Action, Game, Play};
use crate::disk::Disk;
use crate::disk::simulated_disk::{Fault, FaultKind, FileSystem, Image, Replay, SimulatedDisk};
use crate::model::clock::Moment;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{
    AuditActor, AuditDeed, AuditEntry, ErasureReceipt, RequestError, SessionUpdate, ShelfMove,
};
use crate::write::{CleanupRules, News, Order};

const NAME: &str = "Zo\u{eb} Quist";
/// A player whose name has the other's in it.
const LONGER: &str = "Zo\u{eb} Quistgaard";

/// Sessions of three players.
struct Shelf {
    play: Play,
    /// The player's own.
    own: Vec<SessionId>,
    /// Another player's, in which this one is named.
    named: SessionId,
    /// One of the player with the longer name.
    other: SessionId,
}

fn another_session(play: &mut Play, by: &str, name: &str) -> SessionId {
    use Action::{Auto, Close, Full, Manual, Recover, SaveSlot, Settle, Start};
    let before = play.game.local.store.sessions().unwrap();
    play.perform(&[Start, Settle, Auto, Full, Manual, SaveSlot, Settle, Auto, Close]);
    play.perform(&[Recover, Auto, Full, Auto, Close, Settle]);
    let sessions = play.game.local.store.sessions().unwrap();
    let session = sessions.into_iter().find(|it| !before.contains(it)).unwrap();
    let guests = vec![NAME, LONGER];
    let update = SessionUpdate::default().player(by).name(name);
    let update = if by == "Ben" { update.field("guests", &guests).unwrap() } else { update };
    edit(play, session, update);
    session
}

fn edit(play: &mut Play, session: SessionId, update: SessionUpdate) {
    let ticket = Ticket::new();
    let order = Order::Edit { session, update: Box::new(update), ticket };
    play.game.order(order, play.now);
    play.settle();
}

fn shelf() -> Shelf {
    let mut play = Play::new(SimulatedDisk::default(), 35);
    let own = vec![
        another_session(&mut play, NAME, "A garden"),
        another_session(&mut play, NAME, "A marsh"),
    ];
    let named = another_session(&mut play, "Ben", &format!("With {NAME}!"));
    let other = another_session(&mut play, LONGER, "A harbour");
    let order = Order::Shelve { session: own[1], how: ShelfMove::Delete, ticket: Ticket::new() };
    play.game.order(order, play.now);
    let who = AuditActor::Player(NAME.to_owned());
    let entry = AuditEntry::new(play.now.wall, who, AuditDeed::Deleted, Some(own[1]));
    play.game.local.store.audit().add(&mut None, &[entry]).unwrap();
    play.settle();
    play.kill();
    Shelf { play, own, named, other }
}

/// Lets the writer work until it rests.
fn settle(game: &mut Game, now: &mut Moment) -> Vec<News> {
    let mut news = Vec::new();
    let mut idle = 0;
    while idle < 3 {
        now.elapsed += Duration::from_millis(10);
        news.extend(game.turn(*now));
        idle = if game.is_idle() { idle + 1 } else { 0 };
    }
    news
}

fn erase(game: &mut Game, now: &mut Moment) -> Result<ErasureReceipt, RequestError> {
    let order = Order::ErasePlayer { player: NAME.to_owned(), ticket: Ticket::new() };
    let mut news = game.order(order, *now);
    news.extend(settle(game, now));
    let erased = news.into_iter().find_map(|report| match report {
        News::PlayerErased { result, ticket: Some(_) } => Some(result.map(|receipt| *receipt)),
        _ => None,
    });
    erased.expect("it should be answered")
}

/// A start of the game, and its first cleanup.
fn clean_up(disk: &SimulatedDisk, now: &mut Moment) -> Game {
    let mut game = Game::boot(disk, now.wall);
    game.order(Order::Detect { ticket: None }, *now);
    let rules = Box::new(CleanupRules::default());
    game.order(Order::CleanUp { rules, ticket: None }, *now);
    settle(&mut game, now);
    game
}

/// The files in which the name stands for itself, with whatever is packed in them opened by whatever opens zstd.
fn files_with_name(image: &Image) -> Vec<String> {
    let mut found = Vec::new();
    for (place, content) in image.files() {
        let bytes = content.bytes();
        let path = place.path().display().to_string();
        let mut all = vec![path.clone().into_bytes(), bytes.to_vec()];
        const ZSTD: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
        let begins = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&ZSTD));
        all.extend(begins.filter_map(|at| zstd::bulk::decompress(&bytes[at..], 1 << 24).ok()));
        all.extend((0..bytes.len()).filter(|at| bytes[*at..].starts_with(&ZSTD)).filter_map(
            |at| {
                use std::io::Read;
                let mut raw = Vec::new();
                // What follows the packed bytes is none of them.
                let _ = zstd::stream::read::Decoder::new(&bytes[at..]).ok()?.read_to_end(&mut raw);
                Some(raw)
            },
        ));
        let is_named = |bytes: &Vec<u8>| {
            let places = bytes.windows(NAME.len()).enumerate();
            let mut places = places.filter(|(_, window)| *window == NAME.as_bytes());
            places.any(|(at, _)| !bytes[at..].starts_with(LONGER.as_bytes()))
        };
        if all.iter().any(is_named) {
            found.push(path);
        }
    }
    found
}

fn receipts(game: &Game) -> usize {
    let entries = game.local.store.audit().read().unwrap();
    entries.iter().filter(|entry| entry.what == AuditDeed::ErasedPlayer).count()
}

/// Nothing of the player is left, and everything of the others.
fn assert_erased(shelf: &Shelf, game: &Game, disk: &SimulatedDisk, when: &str) {
    assert_eq!(files_with_name(&disk.image()), Vec::<String>::new(), "{when}");
    let mut there = game.local.store.sessions().unwrap();
    there.sort_unstable();
    let mut expected = vec![shelf.named, shelf.other];
    expected.sort_unstable();
    assert_eq!(there, expected, "{when}");
    for session in expected {
        let mut stored = game.local.store.open_session(session).unwrap();
        let head = stored.index().heads()[0].id;
        let plan = stored.newest_verified(head).unwrap().expect("it should be restorable");
        assert_eq!(plan.checkpoint, head, "{when}");
    }
    let named = game.local.store.open_session(shelf.named).unwrap();
    let head = &named.index().heads()[0];
    assert_eq!(head.metadata.player.as_deref(), Some("Ben"), "{when}");
    assert_eq!(head.metadata.name.len(), format!("With {NAME}!").len());
    let other = game.local.store.open_session(shelf.other).unwrap();
    assert_eq!(other.index().heads()[0].metadata.player.as_deref(), Some(LONGER), "{when}");
    assert!(other.index().heads().len() == 1 && game.local.store.erasures().unwrap().is_empty());
}

#[test]
fn nothing_of_a_player_is_left_and_the_others_keep_what_is_theirs() {
    let mut shelf = shelf();
    assert!(files_with_name(&shelf.play.disk.image()).len() > 5, "it was everywhere");
    let mut now = shelf.play.now;
    let receipt = erase(&mut shelf.play.game, &mut now).unwrap();
    assert_eq!(receipt.sessions, 2);
    assert!(
        receipt.slots > 0,
        "slots of the player's sessions go, whoever's they were when they were saved"
    );
    assert_eq!(receipt.reduced, [shelf.named]);
    assert!(receipt.is_complete() && receipt.files > 5 && receipt.bytes > 100, "{receipt:?}");
    assert_erased(&shelf, &shelf.play.game, &shelf.play.disk, "at once");
    let entries = shelf.play.game.local.store.audit().read().unwrap();
    assert_eq!(entries[0].who, AuditActor::ErasedPlayer);
    assert_eq!(receipts(&shelf.play.game), 1);
    // The next process, which writes all it knows, knows nothing of it either.
    let disk = shelf.play.disk.clone();
    disk.kill_process();
    let game = clean_up(&disk, &mut now);
    assert_erased(&shelf, &game, &disk, "after a start");
}

/// The inventory knows every file that sessions, slots, processes and an erasure leave.
#[test]
fn every_file_stands_in_the_inventory() {
    let mut shelf = shelf();
    let mut now = shelf.play.now;
    let from = shelf.play.disk.position();
    erase(&mut shelf.play.game, &mut now).unwrap();
    let trace = shelf.play.disk.trace();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    let mut kinds = std::collections::BTreeSet::new();
    for position in from..=trace.steps.len() {
        replay.advance_to(position);
        for (place, _) in replay.kept().files() {
            let path = place.path();
            let kept = crate::disk::Kept::of(path);
            kinds.insert(kept.unwrap_or_else(|| panic!("{} isn't in it", path.display())).what);
        }
    }
    assert!(kinds.len() >= 9, "{kinds:?}");
}

#[test]
fn erasing_twice_finds_nothing() {
    let mut shelf = shelf();
    let mut now = shelf.play.now;
    erase(&mut shelf.play.game, &mut now).unwrap();
    let again = erase(&mut shelf.play.game, &mut now).unwrap();
    assert_eq!((again.sessions, again.slots, again.reduced.len()), (0, 0, 0));
}

#[test]
fn a_player_who_plays_is_not_erased() {
    let mut shelf = shelf();
    let mut now = shelf.play.now;
    let before = shelf.play.disk.image().digest();
    let lock = shelf.play.game.local.store.layout().lock(shelf.own[0]);
    let held = shelf.play.disk.try_lock(&lock).unwrap().unwrap();
    let refused = erase(&mut shelf.play.game, &mut now);
    assert!(matches!(refused, Err(RequestError::SessionInUse)), "{refused:?}");
    let there = shelf.play.game.local.store.sessions().unwrap();
    assert!(shelf.own.iter().all(|own| there.contains(own)));
    assert!(shelf.play.game.local.store.erasures().unwrap().is_empty());
    let _ = before;
    drop(held);
    erase(&mut shelf.play.game, &mut now).unwrap();
    assert_erased(&shelf, &shelf.play.game, &shelf.play.disk, "afterwards");
}

/// Another player's session in which this one is named is played meanwhile: the rest goes at once, and this with the next
/// cleanup.
#[test]
fn what_is_played_is_done_at_the_next_contact() {
    let mut shelf = shelf();
    let mut now = shelf.play.now;
    let lock = shelf.play.game.local.store.layout().lock(shelf.named);
    let held = shelf.play.disk.try_lock(&lock).unwrap().unwrap();
    let receipt = erase(&mut shelf.play.game, &mut now).unwrap();
    assert_eq!(receipt.pending, [shelf.named]);
    assert_eq!(shelf.play.game.local.store.erasures().unwrap().len(), 1);
    assert_eq!(receipts(&shelf.play.game), 0, "it isn't done");
    drop(held);
    let disk = shelf.play.disk.clone();
    disk.kill_process();
    let game = clean_up(&disk, &mut now);
    assert_erased(&shelf, &game, &disk, "at the next cleanup");
    assert_eq!(receipts(&game), 1);
}

#[test]
fn a_power_cut_at_any_step_leaves_a_player_or_none() {
    let mut shelf = shelf();
    let from = shelf.play.disk.position();
    let mut now = shelf.play.now;
    erase(&mut shelf.play.game, &mut now).unwrap();
    let trace = shelf.play.disk.trace();
    let (mut whole, mut erased, mut seen) = (0, 0, std::collections::HashSet::new());
    for file_system in [FileSystem::Posix, FileSystem::Journaled] {
        let mut replay = Replay::new(&trace, file_system);
        for position in from..=trace.steps.len() {
            replay.advance_to(position);
            for image in [replay.strict(), replay.kept()] {
                if !seen.insert(image.digest()) {
                    continue;
                }
                let disk = SimulatedDisk::from_image(&image);
                let local =
                    crate::disk::LocalStore::new(std::sync::Arc::new(disk.clone()), layout());
                let had_begun = !local.store.erasures().unwrap().is_empty();
                let is_done = files_with_name(&image).is_empty();
                let game = clean_up(&disk, &mut now);
                if had_begun || is_done {
                    erased += 1;
                    assert_erased(&shelf, &game, &disk, &format!("cut after {position}"));
                    assert!(receipts(&game) == 1, "after {position}: {}", receipts(&game));
                } else {
                    whole += 1;
                    let there = game.local.store.sessions().unwrap();
                    assert!(shelf.own.iter().all(|own| there.contains(own)), "after {position}");
                }
            }
        }
    }
    assert!(whole > 0 && erased > 30, "{whole} and {erased}");
}

#[test]
fn a_disk_that_refuses_at_any_step_leaves_work_for_later_and_loses_nothing_else() {
    let shelf = shelf();
    let image = shelf.play.disk.image();
    let mut failed = 0;
    for at in 0.. {
        let disk = SimulatedDisk::from_image(&image);
        let mut now = shelf.play.now;
        let mut game = Game::boot(&disk, now.wall);
        game.order(Order::Detect { ticket: None }, now);
        settle(&mut game, &mut now);
        let at = disk.operations().len() + at;
        disk.fail(Fault { at, kind: FaultKind::InputOutput, for_ever: false });
        let result = erase(&mut game, &mut now);
        let struck = disk.heal().is_some();
        if result.is_err() || result.is_ok_and(|receipt| !receipt.is_complete()) {
            failed += 1;
        }
        disk.kill_process();
        let mut game = clean_up(&disk, &mut now);
        if !files_with_name(&disk.image()).is_empty() {
            // It was refused before anything was begun.
            erase(&mut game, &mut now).unwrap();
        }
        assert_erased(&shelf, &game, &disk, &format!("refused at {at}"));
        if !struck {
            break;
        }
    }
    assert!(failed > 10, "{failed}");
}
