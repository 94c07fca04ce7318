//! The trash, and how it is emptied.

use std::time::Duration;

use super::{DAY, bring, closed, digests, forked, go_on, place, stored};
use crate::model::ids::SessionId;
use crate::model::session::{RequestError, ShelfMove, ShelfPlace};
use crate::read::recovery::FoundSession;
use crate::torture::{Action, Play};
use crate::write::{News, Order};

fn offers(play: &mut Play, session: SessionId) -> usize {
    let news = play.game.order(Order::Detect { ticket: None }, play.now);
    let found = news.into_iter().flat_map(News::into_found);
    let of = |found: FoundSession| (found.session == session).then_some(found.offers.len());
    found.filter_map(of).next().expect("the session should be listed")
}

#[test]
fn an_undeleted_session_is_unchanged() {
    let (mut play, session) = closed();
    let before = digests(&play.game.local.store, session);
    let moved = play.shelve(session, ShelfMove::Delete).unwrap();
    assert_eq!(moved.from, ShelfPlace::Open);
    assert_eq!(moved.to, ShelfPlace::Trash { since: play.now.wall });
    assert_eq!(place(&play, session), moved.to);
    play.pass(5);
    let again = play.shelve(session, ShelfMove::Delete).unwrap();
    assert_eq!((again.from, again.to), (moved.to, moved.to), "it lies there since it was deleted");
    assert_eq!(play.shelve(session, ShelfMove::Unarchive), Err(RequestError::NotArchived));
    play.kill();
    assert_eq!(place(&play, session), moved.to);
    let back = play.shelve(session, ShelfMove::Undelete).unwrap();
    assert_eq!((back.from, back.to), (moved.to, ShelfPlace::Open));
    assert_eq!(digests(&play.game.local.store, session), before);
    assert_eq!(play.shelve(session, ShelfMove::Undelete), Err(RequestError::NotInTrash));
}

#[test]
fn a_session_can_be_brought_back_although_the_clock_went_back_since() {
    let (mut play, session) = closed();
    play.shelve(session, ShelfMove::Delete).unwrap();
    play.now.wall = jiff::Timestamp::UNIX_EPOCH;
    play.shelve(session, ShelfMove::Undelete).unwrap();
    assert_eq!(place(&play, session), ShelfPlace::Open);
    play.shelve(session, ShelfMove::Delete).unwrap();
    assert!(place(&play, session).is_in_trash());
}

#[test]
fn resuming_a_session_takes_it_out_of_the_trash() {
    let (mut play, session) = closed();
    play.shelve(session, ShelfMove::Delete).unwrap();
    go_on(&mut play);
    play.perform(&[Action::Settle]);
    assert_eq!(place(&play, session), ShelfPlace::Open);
    assert_eq!(play.shelve(session, ShelfMove::Delete), Err(RequestError::SessionInUse));
    play.perform(&[Action::Auto, Action::Close]);
    assert_eq!(place(&play, session), ShelfPlace::Open);
}

#[test]
fn a_crash_is_not_offered_as_long_as_its_session_is_in_the_trash() {
    let (mut play, session) = closed();
    go_on(&mut play);
    play.perform(&[Action::Auto, Action::Settle, Action::Kill]);
    assert_eq!(offers(&mut play, session), 1);
    play.shelve(session, ShelfMove::Delete).unwrap();
    assert_eq!(offers(&mut play, session), 0);
    play.kill();
    assert_eq!(offers(&mut play, session), 0);
    play.shelve(session, ShelfMove::Undelete).unwrap();
    assert_eq!(offers(&mut play, session), 1);
}

#[test]
fn a_fork_is_deleted_and_undeleted_with_all_its_lines() {
    let (mut play, session) = forked();
    let heads = digests(&play.game.local.store, session);
    assert_eq!(heads.len(), 2);
    play.shelve(session, ShelfMove::Delete).unwrap();
    assert_eq!(offers(&mut play, session), 0);
    play.shelve(session, ShelfMove::Undelete).unwrap();
    assert_eq!(digests(&play.game.local.store, session), heads);
    assert_eq!(offers(&mut play, session), 2);
}

#[test]
fn a_line_of_another_device_undeletes_its_session() {
    let (mut play, session) = closed();
    let mut other = play.on_device(2, &[]);
    go_on(&mut other);
    other.perform(&[Action::Auto, Action::Close]);
    play.shelve(session, ShelfMove::Delete).unwrap();
    bring(&other, &play, session);
    assert_eq!(place(&play, session), ShelfPlace::Open);
    // Also where it is one of two lines.
    let (mut play, session) = forked();
    let mut third = play.on_device(3, &[]);
    play.shelve(session, ShelfMove::Delete).unwrap();
    go_on(&mut third);
    third.perform(&[Action::Auto, Action::Close]);
    bring(&third, &play, session);
    assert_eq!(stored(&play.game.local.store, session).index().heads().len(), 2);
    assert_eq!(place(&play, session), ShelfPlace::Open);
}

/// Starts another session after a while, and says whether the first one is still there.
fn is_there_after(play: &mut Play, session: SessionId, days: u64) -> bool {
    play.pass(days * DAY);
    play.kill();
    play.perform(&[Action::Start, Action::Auto, Action::Settle, Action::Close]);
    play.game.local.store.sessions().unwrap().contains(&session)
}

#[test]
fn sessions_are_removed_after_thirty_days_in_the_trash() {
    let (mut play, session) = closed();
    play.shelve(session, ShelfMove::Delete).unwrap();
    assert!(is_there_after(&mut play, session, 20));
    assert!(is_there_after(&mut play, session, 9), "it lies there for 29 days");
    assert!(is_there_after(&mut play, session, 1), "no run before has seen day 30");
    play.kill();
    play.perform(&[Action::Auto, Action::Settle]);
    let there = play.game.local.store.sessions().unwrap();
    assert!(there.contains(&session), "a start that takes nothing up looks only");
    assert!(!is_there_after(&mut play, session, 0), "now one has");
}

#[test]
fn an_undeleted_session_is_not_removed() {
    let (mut play, session) = closed();
    play.shelve(session, ShelfMove::Delete).unwrap();
    assert!(is_there_after(&mut play, session, 40));
    play.shelve(session, ShelfMove::Undelete).unwrap();
    assert!(is_there_after(&mut play, session, 1));
    // Deleted once more, its time there begins again.
    play.shelve(session, ShelfMove::Delete).unwrap();
    assert!(is_there_after(&mut play, session, 29));
}

#[test]
fn a_clock_a_hundred_years_off_removes_nothing() {
    let (mut play, session) = closed();
    play.shelve(session, ShelfMove::Delete).unwrap();
    assert!(is_there_after(&mut play, session, 36_500), "no run before has seen that day");
    // If the clock was behind when it was deleted, it was there when it was played last.
    let (mut play, session) = closed();
    let now = play.now.wall;
    play.now.wall = jiff::Timestamp::UNIX_EPOCH;
    play.shelve(session, ShelfMove::Delete).unwrap();
    play.now.wall = now;
    assert!(is_there_after(&mut play, session, 2));
    assert!(is_there_after(&mut play, session, 2));
    // And one that was deleted in the future stays there until then.
    let (mut play, session) = closed();
    play.now.wall += Duration::from_secs(36_500 * DAY);
    play.shelve(session, ShelfMove::Delete).unwrap();
    play.now.wall = now;
    assert!(is_there_after(&mut play, session, 100));
    assert!(is_there_after(&mut play, session, 100));
}

#[test]
fn the_trash_is_kept_for_as_long_as_the_game_says() {
    let (mut play, session) = closed();
    play.keep_trash(None);
    play.shelve(session, ShelfMove::Delete).unwrap();
    let mut keep_and_look = |keep: Option<Duration>| {
        play.pass(100 * DAY);
        play.kill();
        play.keep_trash(keep);
        play.perform(&[Action::Start, Action::Auto, Action::Settle, Action::Close]);
        play.game.local.store.sessions().unwrap().contains(&session)
    };
    assert!(keep_and_look(None));
    assert!(keep_and_look(None));
    assert!(keep_and_look(Some(Duration::from_secs(1000 * DAY))));
    assert!(!keep_and_look(Some(Duration::from_secs(150 * DAY))));
}
