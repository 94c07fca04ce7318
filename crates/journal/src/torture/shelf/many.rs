//! One thing that is done with many sessions: with each of them wholly or not at all, and as it was reported.

use std::collections::BTreeMap;

use super::crashes::after_power_cuts;
use super::faults::after_each_fault;
use super::{DAY, again, digests};
use crate::disk::LocalStore;
use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{Archived, RequestError, SessionEdit, SessionUpdate, ShelfMove};
use crate::torture::{Action, Play};
use crate::write::{EditMany, EditedMany, News, OneOfMany, Order};

/// Each with how many steps of the disk were done when it was reported.
type Reports = BTreeMap<SessionId, (usize, Result<(), RequestError>)>;

/// Three sessions that were played and closed.
fn several() -> (Play, Vec<SessionId>) {
    let mut play = Play::new(SimulatedDisk::default(), 23);
    play.pass(1000 * DAY);
    for _ in 0..3 {
        play.perform(&[Action::Start, Action::Settle, Action::Auto, Action::Full, Action::Close]);
        play.pass(DAY);
    }
    play.kill();
    let sessions = play.game.local.store.sessions().unwrap();
    assert_eq!(sessions.len(), 3);
    (play, sessions)
}

fn edits() -> [SessionEdit; 5] {
    let update = SessionUpdate::default().name("Edited").field("stars", &3).unwrap();
    [
        update.into(),
        SessionEdit::Move(ShelfMove::Delete),
        SessionEdit::Move(ShelfMove::Archive(Archived::WithWorld)),
        SessionEdit::Move(ShelfMove::Archive(Archived::SummaryOnly)),
        SessionEdit::Purge,
    ]
}

/// Does it with all of them, and notes what is reported of each.
fn edit_all(play: &mut Play, sessions: &[SessionId], edit: &SessionEdit) -> (Reports, EditedMany) {
    let sessions = sessions.iter().map(|session| OneOfMany { session: *session, newest: None });
    let order = EditMany { sessions: sessions.collect(), edit: edit.clone() };
    let mut reports = Reports::new();
    let mut news = play
        .game
        .order(Order::EditMany { order: Box::new(order), ticket: Ticket::new() }, play.now);
    for _ in 0..1000 {
        for news in news {
            let (session, result) = match news {
                News::Edited { session, result, .. } | News::Forgotten { session, result, .. } => {
                    (session, result)
                }
                News::Shelved { session, result, .. } => (session, result.map(drop)),
                News::EditedMany { edited: done, .. } => return (reports, *done),
                _ => continue,
            };
            let twice = reports.insert(session, (play.disk.position(), result));
            assert_eq!(twice, None, "each is reported once");
        }
        news = play.game.turn(play.now);
    }
    panic!("it should be reported");
}

/// Returns true if it was done with a session, which is whole either way.
fn is_done(local: &LocalStore, session: SessionId, edit: &SessionEdit) -> bool {
    let found = local.store.open_session(session).ok().filter(|it| !it.index().is_forgotten());
    let head = found.as_ref().and_then(|found| found.index().heads().first().cloned());
    let (Some(found), Some(head)) = (found, head) else {
        assert_eq!(*edit, SessionEdit::Purge, "nothing of it is left");
        return true;
    };
    let place = head.metadata.place;
    let (is_done, has_world) = match edit {
        SessionEdit::Update(_) => {
            let is_named = head.metadata.name == "Edited";
            // The name and the fields are two records, in this order.
            let stars = head.fields_at(head.id).and_then(|fields| fields.get::<u32>("stars"));
            (is_named && stars == Some(3), true)
        }
        SessionEdit::Move(ShelfMove::Delete) => (place.is_in_trash(), true),
        SessionEdit::Move(ShelfMove::Archive(Archived::SummaryOnly)) => {
            (place.is_archived(), !place.is_archived())
        }
        SessionEdit::Move(_) => (place.is_archived(), true),
        SessionEdit::Purge => (false, true),
    };
    assert_eq!(found.index().is_without_world(head.id), !has_world, "{edit:?}");
    assert_eq!(digests(&local.store, session).iter().all(Option::is_some), has_world, "{edit:?}");
    is_done
}

#[test]
fn a_power_cut_during_an_edit_of_many_keeps_reported_edits() {
    for edit in edits() {
        let (mut play, sessions) = several();
        let from = play.disk.position();
        let (reports, done) = edit_all(&mut play, &sessions, &edit);
        assert_eq!((done.edited, done.refused.len()), (3, 0), "{edit:?}");
        let (mut before, mut after) = (0, 0);
        after_power_cuts(&play, from, |position, local| {
            for (session, (reported, result)) in &reports {
                assert_eq!(*result, Ok(()));
                match is_done(local, *session, &edit) {
                    true => after += 1,
                    false => {
                        before += 1;
                        assert!(position < *reported, "{edit:?} after {position} steps");
                    }
                }
            }
        });
        assert!(before > 20 && after > 20, "{edit:?}: {before} and {after}");
    }
}

#[test]
fn a_fault_in_an_edit_of_many_affects_one_session_at_most() {
    let mut refused = 0;
    for edit in edits() {
        let (before, sessions) = several();
        let act = |play: &mut Play| edit_all(play, &sessions, &edit);
        after_each_fault(&[false], again(&before), act, |play, (reports, done), fault| {
            let failed = reports.values().filter(|(_, result)| result.is_err()).count();
            assert_eq!((reports.len(), done.refused.len()), (3, failed));
            assert!(failed <= 1, "{edit:?} {fault}: {reports:?}");
            assert_eq!(done.edited, 3 - failed);
            refused += failed;
            for (session, (_, result)) in reports {
                let is_done = is_done(&play.game.local, session, &edit);
                assert!(is_done || result.is_err(), "{edit:?} {fault}");
            }
        });
    }
    assert!(refused > 100, "{refused}");
}
