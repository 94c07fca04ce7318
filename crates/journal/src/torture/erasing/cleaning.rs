//! What a cleanup does with sessions.

use std::time::Duration;

use super::settle;
use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{
    Archived, CleanedTo, CleanedUp, CleanupReason, LeaveCause, SessionStatus, SessionUpdate,
};
use crate::torture::{Action, Play};
use crate::write::retention::{Keep, LeftAs, Retention};
use crate::write::{CleanupRules, News, Order, Quota};

const DAY: u64 = 24 * 60 * 60;

/// The last session that was played.
fn newest(play: &Play) -> SessionId {
    play.sessions().next().expect("one was played")
}

fn clean(play: &mut Play, rules: CleanupRules) -> CleanedUp {
    let ticket = Some(Ticket::new());
    let mut news = play.game.order(Order::CleanUp { rules: Box::new(rules), ticket }, play.now);
    let mut now = play.now;
    news.extend(settle(&mut play.game, &mut now));
    let done = news.into_iter().find_map(|report| match report {
        News::CleanedUp { done, .. } => Some(*done),
        _ => None,
    });
    done.expect("it should be answered")
}

/// A session that crashed, so many days ago by what a later run has written.
fn crashed(days: u64) -> (Play, SessionId) {
    use Action::{Auto, Close, Kill, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 3);
    play.perform(&[Start, Auto, Settle, Auto, Settle, Kill]);
    let session = newest(&play);
    play.pass(days * DAY);
    play.kill();
    play.perform(&[Start, Auto, Settle, Close]);
    play.kill();
    (play, session)
}

/// A cleanup that gives up crashes which waited for so many days.
fn clean_giving_up(play: &mut Play, days: u64) -> CleanedUp {
    let unanswered_crashes = Some(Duration::from_secs(days * DAY));
    let quota = Quota { unanswered_crashes, ..play.game.quota() };
    play.game.keep_to(quota, play.now);
    clean(play, CleanupRules::default())
}

#[test]
fn a_crash_that_nobody_answers_ends_as_failed_and_is_archived_later() {
    let (mut play, session) = crashed(40);
    assert_eq!(clean(&mut play, CleanupRules::default()).sessions, [], "no rule, no deed");
    assert_eq!(clean_giving_up(&mut play, 41).sessions, [], "it isn't that old");
    let done = clean_giving_up(&mut play, 30);
    let given_up = &done.sessions[0];
    assert_eq!((given_up.session, given_up.became), (session, CleanedTo::Failed));
    assert_eq!(given_up.why, CleanupReason::Unanswered);
    let stored = play.game.local.store.open_session(session).unwrap();
    let head = &stored.index().heads()[0];
    assert_eq!(head.status, SessionStatus::Failed);
    assert_eq!(head.end.as_ref().unwrap().leaving.cause, LeaveCause::TimedOut);
    drop(stored);
    play.kill();
    let rules =
        CleanupRules { archive_ended: Some(Archived::WithWorld), ..CleanupRules::default() };
    let done = clean(&mut play, rules);
    assert_eq!(done.count(CleanedTo::Archived), 1);
    assert_eq!(done.sessions[0].why, CleanupReason::Ended);
}

#[test]
fn a_pinned_crash_and_one_that_a_process_holds_stay() {
    let (mut play, session) = crashed(40);
    let update = Box::new(SessionUpdate::default().pin(true));
    play.game.order(Order::Edit { session, update, ticket: Ticket::new() }, play.now);
    play.settle();
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 30).sessions, []);
    let (mut play, session) = crashed(40);
    let lock = play.game.local.store.lock_session(session).unwrap();
    assert_eq!(clean_giving_up(&mut play, 30).count(CleanedTo::Failed), 0);
    drop(lock);
}

#[test]
fn a_clock_a_year_off_gives_up_nothing() {
    let (mut play, _) = crashed(1);
    play.pass(365 * DAY);
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 30).sessions, [], "no run has seen that day");
}

#[test]
fn a_cleanup_says_of_each_session_where_it_went_and_why() {
    use Action::{Auto, Close, End, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 5);
    play.perform(&[Start, Auto, Settle, End, Settle]);
    let completed = newest(&play);
    play.pass(60 * DAY);
    play.kill();
    for _ in 0..3 {
        play.perform(&[Start, Auto, Settle, Close, Settle]);
        play.pass(DAY);
        play.kill();
    }
    let retention =
        Retention::default().keep(LeftAs::Completed, Keep::within(Duration::from_secs(30 * DAY)));
    let rules = CleanupRules { retention: Some(retention), ..CleanupRules::default() };
    let done = clean(&mut play, rules.clone());
    let went: Vec<_> = done.sessions.iter().map(|it| (it.session, it.became, it.why)).collect();
    assert_eq!(went, [(completed, CleanedTo::Trashed, CleanupReason::Retention)]);
    // And from there, once it has been there for long, without a session being played.
    play.pass(40 * DAY);
    play.kill();
    play.perform(&[Start, Auto, Settle, Close, Settle]);
    play.pass(DAY);
    play.kill();
    let there = play.game.local.store.sessions().unwrap();
    let done = clean(&mut play, rules);
    let is_gone = !play.game.local.store.sessions().unwrap().contains(&completed);
    assert!(is_gone, "{done:?}, there were {there:?}");
}
