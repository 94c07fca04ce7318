//! The audit log.

// Feature: An audit log keeps who exported, erased, archived, deleted or reported what.
// Page: guide/players-data.md#the-audit-log

use std::path::{Path, PathBuf};

use super::{answer, erase, files_that_name, order, small_library};
use crate::disk::{AuditFile, Disk, MOST_AUDIT_ENTRIES};
use crate::model::ids::Ticket;
use crate::model::session::{Archived, AuditDeed, AuditEntry, SessionEdit, ShelfMove};
use crate::torture::Play;
use crate::write::{EditMany, News, OneOfMany, Order};

fn audited(play: &mut Play, limit: usize) -> (Vec<AuditEntry>, usize) {
    let news = order(play, Order::ReadAudit { limit, ticket: Ticket::new() });
    let read = news.into_iter().find_map(|report| match report {
        News::AuditRead { result, .. } => Some(result),
        _ => None,
    });
    read.expect("it is answered").unwrap()
}

fn asked_by(play: &mut Play, player: &str) -> Ticket {
    let ticket = Ticket::new();
    order(play, Order::AskedBy { player: player.to_owned(), ticket });
    ticket
}

#[test]
fn the_audit_log_says_who_did_what_and_forgets_a_player_who_is_erased() {
    let mut library = small_library(64);
    let play = &mut library.play;
    let log = play.game.local.store.layout().audit_log();
    let [ann, other] = [library.of["Ann-Q"][0], library.of["Ann-Qabel"][0]];
    let shelve = |session, how, ticket| Order::Shelve { session, how, ticket };
    order(play, shelve(ann, ShelfMove::Delete, Ticket::new()));
    assert!(play.disk.open(&log).is_err(), "it is off by default");
    assert_eq!(audited(play, 10), (Vec::new(), 0));
    order(play, Order::KeepAudit(true));
    let ticket = asked_by(play, "Ann-Q");
    order(play, Order::ExportPlayer { player: "Ann-Q".into(), path: "/a.tar".into(), ticket });
    order(play, shelve(other, ShelfMove::Delete, Ticket::new()));
    order(play, shelve(other, ShelfMove::Undelete, Ticket::new()));
    // Another player may be called like the game.
    let ticket = asked_by(play, "game");
    order(play, shelve(other, ShelfMove::Archive(Archived::WithWorld), ticket));
    // What is refused is no deed.
    let ticket = asked_by(play, "Ann-Q");
    order(play, Order::ExportPlayer { player: "Nobody".into(), path: "/b.tar".into(), ticket });
    let ticket = asked_by(play, "Ann-Q");
    let sessions = [OneOfMany { session: ann, newest: None }].into();
    let edit = Box::new(EditMany { sessions, edit: SessionEdit::Purge });
    order(play, Order::EditMany { order: edit, ticket });
    let said = |entries: &[AuditEntry]| {
        let said = entries.iter().map(|it| (it.who.clone(), it.by_player, it.what, it.session));
        said.collect::<Vec<_>>()
    };
    let by = |who: &str, by_player, what, session| (who.to_owned(), by_player, what, session);
    let expected = [
        by("Ann-Q", true, AuditDeed::ExportedPlayer, None),
        by("game", false, AuditDeed::Trashed, Some(other)),
        by("game", true, AuditDeed::Archived, Some(other)),
        by("Ann-Q", true, AuditDeed::Deleted, Some(ann)),
    ];
    let (entries, total) = audited(play, 10);
    assert_eq!((said(&entries), total), (expected.to_vec(), 4));
    assert_eq!(said(&audited(play, 1).0), expected[3..].to_vec());
    // It is there after the process was killed, since it is durable before it is answered.
    play.kill();
    assert_eq!(said(&audited(play, 10).0), expected.to_vec());
    order(play, Order::KeepAudit(true));
    let ticket = asked_by(play, "Ann-Q");
    let erased = order(play, Order::ErasePlayer { player: "Ann-Q".into(), ticket });
    assert!(answer(erased).unwrap().is_complete());
    let (entries, _) = audited(play, 10);
    let whose: Vec<&str> = entries.iter().map(|it| &*it.who).collect();
    let erased = AuditEntry::ERASED;
    assert_eq!(whose, [erased, "game", "game", erased, "game", erased]);
    assert_eq!(entries.last().unwrap().what, AuditDeed::ErasedPlayer);
    play.disk.remove(Path::new("/a.tar")).unwrap();
    play.game.finish(play.now);
    assert_eq!(files_that_name(&play.disk.image(), "Ann-Q"), Vec::<PathBuf>::new());
    // The one who is called like the game is told from the game.
    play.kill();
    erase(play, "game").unwrap();
    let whose: Vec<String> = audited(play, 10).0.into_iter().map(|it| it.who).collect();
    assert_eq!(whose, [erased, "game", erased, erased, "game", erased]);
}

#[test]
fn the_audit_log_is_bounded_and_leaves_no_files_on_a_disk_that_refuses() {
    let mut library = small_library(65);
    let play = &mut library.play;
    let session = library.of["Ann-Qabel"][0];
    order(play, Order::KeepAudit(true));
    let toggle = |play: &mut Play, times: usize| {
        for _ in 0..times {
            for how in [ShelfMove::Delete, ShelfMove::Undelete] {
                order(play, Order::Shelve { session, how, ticket: Ticket::new() });
            }
        }
    };
    toggle(play, 5);
    let operations = play.disk.operations().len();
    audited(play, 3);
    let synced = play.disk.operations()[operations..]
        .iter()
        .any(|it| matches!(it, crate::Operation::SyncDirectory));
    assert!(!synced, "reading syncs nothing");
    toggle(play, MOST_AUDIT_ENTRIES + 3);
    assert_eq!(audited(play, 1000).1, MOST_AUDIT_ENTRIES);
    let log = play.game.local.store.layout().audit_log();
    let lock = AuditFile::of(&play.game.local.store).lock().unwrap();
    toggle(play, 1);
    assert_eq!(audited(play, 1000).1, MOST_AUDIT_ENTRIES + 1, "one waits for another process");
    drop(lock);
    toggle(play, 1);
    assert_eq!(audited(play, 1000).1, MOST_AUDIT_ENTRIES);
    let before = play.disk.image();
    play.disk.replace(&log, b"what is this?\n").unwrap();
    assert_eq!(audited(play, 1000).1, 0, "a line that can't be understood is none");
    toggle(play, 1);
    assert_eq!(audited(play, 1000).1, 1);
    let text = play.disk.read(&log, 1 << 20).unwrap();
    assert!(text.starts_with(b"what is this?\n"), "it is carried along");
    assert_eq!(before.files().count(), play.disk.image().files().count());
}
