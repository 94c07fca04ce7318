//! Cleanups, with anything else meanwhile.

use std::collections::HashSet;
use std::time::Duration;

use super::{Action, Game, Play};
use crate::disk::simulated_disk::{FileSystem, Replay, SimulatedDisk};
use crate::model::clock::Moment;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{
    Archived, CleanedTo, CleanedUp, CleanupReason, LeaveCause, SessionStatus, SessionUpdate,
    ShelfMove, ShelfPlace,
};
use crate::write::retention::{Keep, LeftAs, Retention};
use crate::write::{CleanupRules, News, Order, Quota};

const DAY: u64 = 24 * 60 * 60;

/// The last session that was played.
fn newest(play: &Play) -> SessionId {
    play.sessions().next().expect("one was played")
}

/// Lets the writer work until it has nothing to do.
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

fn order(rules: &CleanupRules, is_asked_for: bool) -> Order<super::content::Bytes> {
    Order::CleanUp { rules: Box::new(rules.clone()), ticket: is_asked_for.then(Ticket::new) }
}

fn clean(play: &mut Play, rules: CleanupRules) -> CleanedUp {
    let mut now = play.now;
    let mut news = play.game.order(order(&rules, true), now);
    news.extend(settle(&mut play.game, &mut now));
    let mut done = outcomes(news);
    assert_eq!(done.len(), 1, "it should be answered, once");
    done.remove(0)
}

fn outcomes(news: Vec<News>) -> Vec<CleanedUp> {
    let outcome = |report| match report {
        News::CleanedUp { done, .. } => Some(*done),
        _ => None,
    };
    news.into_iter().filter_map(outcome).collect()
}

fn place_of(game: &Game, session: SessionId) -> ShelfPlace {
    game.local.store.open_session(session).unwrap().index().heads()[0].metadata.place
}

fn shelve(play: &mut Play, session: SessionId, how: ShelfMove) {
    play.game.order(Order::Shelve { session, how, ticket: Ticket::new() }, play.now);
    play.settle();
    play.kill();
}

/// A session that ended, in a process that died before it could archive it.
fn ended() -> (Play, SessionId) {
    use Action::{Auto, Close, End, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 5);
    play.perform(&[Start, Auto, Settle, End, Settle]);
    let session = newest(&play);
    play.pass(DAY);
    play.kill();
    play.perform(&[Start, Auto, Settle, Close, Settle]);
    play.kill();
    (play, session)
}

fn archiving() -> CleanupRules {
    CleanupRules { archive_ended: Some(Archived::WithWorld), ..CleanupRules::default() }
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
    let done = clean(&mut play, archiving());
    assert_eq!(done.count(CleanedTo::Archived), 1, "{done:?}");
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

#[test]
fn a_session_that_the_player_took_back_stays() {
    let (mut play, session) = ended();
    assert_eq!(clean(&mut play, archiving()).count(CleanedTo::Archived), 1);
    play.kill();
    shelve(&mut play, session, ShelfMove::Unarchive);
    assert!(place_of(&play.game, session).is_open());
    assert_eq!(clean(&mut play, archiving()).sessions, [], "it isn't taken away again");
    assert!(place_of(&play.game, session).is_open());
}

#[test]
fn a_cleanup_of_another_profile_ends_and_the_next_one_comes() {
    let (mut play, session) = ended();
    let mut now = play.now;
    let mut news = play.game.order(order(&archiving(), true), now);
    let profile = |name: &str| Order::UseProfile { profile: name.into(), ticket: Ticket::new() };
    news.extend(play.game.order(profile("another"), now));
    news.extend(settle(&mut play.game, &mut now));
    let done = outcomes(news);
    assert_eq!(done.len(), 1, "it is answered, though it did nothing");
    assert_eq!(done[0].sessions, []);
    play.game.order(profile("default"), now);
    settle(&mut play.game, &mut now);
    assert!(place_of(&play.game, session).is_open());
    // One that nobody asked for is dropped, and keeps none of the later ones from their turn.
    play.game.order(order(&archiving(), false), now);
    play.game.order(profile("another"), now);
    settle(&mut play.game, &mut now);
    play.game.order(profile("default"), now);
    let mut news = play.game.order(order(&archiving(), false), now);
    news.extend(play.game.order(order(&archiving(), false), now));
    news.extend(settle(&mut play.game, &mut now));
    let done = outcomes(news);
    assert_eq!(done.len(), 1, "one is under way, so no second one is begun: {done:?}");
    assert_eq!(done[0].sessions[0].session, session);
}

#[test]
fn a_cleanup_that_is_cut_off_leaves_each_session_changed_or_not_and_the_next_one_ends_it() {
    let (mut play, session) = ended();
    let from = play.disk.position();
    clean(&mut play, archiving());
    let trace = play.disk.trace();
    let (mut open, mut archived, mut seen) = (0, 0, HashSet::new());
    for file_system in [FileSystem::Posix, FileSystem::Journaled] {
        let mut replay = Replay::new(&trace, file_system);
        for position in from..=trace.steps.len() {
            replay.advance_to(position);
            for image in [replay.strict(), replay.kept()] {
                if !seen.insert(image.digest()) {
                    continue;
                }
                let mut now = play.now;
                let mut game = Game::boot(&SimulatedDisk::from_image(&image), now.wall);
                game.order(Order::Detect { ticket: None }, now);
                settle(&mut game, &mut now);
                *(if place_of(&game, session).is_open() { &mut open } else { &mut archived }) += 1;
                game.order(order(&archiving(), false), now);
                settle(&mut game, &mut now);
                let place = place_of(&game, session);
                assert!(matches!(place, ShelfPlace::Archive { .. }), "after {position}: {place:?}");
                let mut stored = game.local.store.open_session(session).unwrap();
                let head = stored.index().heads()[0].id;
                let newest = stored.newest_verified(head).unwrap().expect("it is restorable");
                assert_eq!(newest.checkpoint, head, "after {position}");
            }
        }
    }
    assert!(open > 0 && archived > 0, "{open} and {archived}");
}
