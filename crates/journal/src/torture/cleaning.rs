//! Cleanups, with anything else meanwhile.

mod archives;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Action, Game, Play};
use crate::disk::simulated_disk::{Fault, FaultKind, SimulatedDisk, left_after_each_step};
use crate::disk::{Disk, Layout, LocalStore};
use crate::format::{Head, Record};
use crate::model::clock::Moment;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{
    Archived, LeaveCause, RequestError, SessionStatus, SessionUpdate, ShelfMove, ShelfPlace,
};
use crate::write::retention::{Keep, LeftAs, Retention, RetentionReason};
use crate::write::{
    CleanupChange, CleanupOutcome, CleanupReason, CleanupRules, News, Order, Quota, Upkeep,
};

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

fn clean(play: &mut Play, rules: CleanupRules) -> CleanupOutcome {
    let mut now = play.now;
    let mut news = play.game.order(order(&rules, true), now);
    news.extend(settle(&mut play.game, &mut now));
    let mut done = outcomes(news);
    assert_eq!(done.len(), 1, "it should be answered, once");
    done.remove(0)
}

fn outcomes(news: Vec<News>) -> Vec<CleanupOutcome> {
    let outcome = |report| match report {
        News::CleanedUp { outcome, .. } => Some(*outcome),
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
    let (play, sessions) = all_ended(1);
    (play, sessions[0])
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
fn clean_giving_up(play: &mut Play, days: u64) -> CleanupOutcome {
    play.game.keep_to(aged(play, days), play.now);
    clean(play, CleanupRules::default())
}

fn head_of(game: &Game, session: SessionId) -> Head {
    game.local.store.open_session(session).unwrap().index().heads()[0].clone()
}

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * DAY)
}

/// So many sessions that ended, each in a process that died before it could archive it, and one that was closed.
fn all_ended(count: usize) -> (Play, Vec<SessionId>) {
    use Action::{Auto, Close, End, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 5);
    let mut sessions = Vec::new();
    for _ in 0..count {
        play.perform(&[Start, Auto, Settle, End, Settle]);
        sessions.push(newest(&play));
        play.pass(DAY);
        play.kill();
    }
    play.perform(&[Start, Auto, Settle, Close, Settle]);
    play.kill();
    (play, sessions)
}

/// The quota of a game that gives up crashes which waited for so many days.
fn aged(play: &Play, after: u64) -> Quota {
    Quota { unanswered_crashes: Some(days(after)), ..play.game.quota() }
}

// Feature: A crash that nobody answers ends as failed.
// Page: guide/cleanup.md#steps
#[test]
fn an_unanswered_crash_is_given_up_as_failed_and_retained_by_its_rule() {
    let (mut play, session) = crashed(40);
    let died = head_of(&play.game, session).time;
    assert_eq!(clean(&mut play, CleanupRules::default()).sessions, [], "no rule, no deed");
    assert_eq!(clean_giving_up(&mut play, 41).sessions, [], "it isn't that old");
    let done = clean_giving_up(&mut play, 30);
    let given_up = &done.sessions[0];
    assert_eq!((given_up.session, given_up.change), (session, CleanupChange::GivenUp));
    assert_eq!(given_up.reason, CleanupReason::Unanswered);
    let head = head_of(&play.game, session);
    assert_eq!(head.status, SessionStatus::Failed);
    let end = head.end.unwrap();
    assert_eq!(end.leaving.cause, LeaveCause::TimedOut);
    let after = end.time.duration_since(died).as_secs();
    assert!((0..DAY.cast_signed()).contains(&after), "it takes no place among the newest: {after}");
    play.kill();
    // The game asked to archive what ends, and this hasn't: its world stays as it was.
    let rules = CleanupRules { archive_ended: Some(Archived::SummaryOnly), ..archiving() };
    assert_eq!(clean(&mut play, rules).sessions, []);
    play.kill();
    let failed = Retention::default().keep(LeftAs::Failed, Keep::within(days(30)));
    let done = clean(&mut play, CleanupRules { retention: Some(failed), ..archiving() });
    assert_eq!(done.count(CleanupChange::Trashed), 1, "{done:?}");
}

/// A week before its process dies, a game is left alone: nothing new is saved.
#[test]
fn the_age_of_a_crash_counts_from_the_last_sign_of_life() {
    use Action::{Auto, Close, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 3);
    play.perform(&[Start, Auto, Settle, Auto, Settle]);
    let session = newest(&play);
    play.pass(8 * DAY);
    play.game.turn(play.now);
    play.game.order(Order::Beat, play.now);
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 7).sessions, [], "it crashed a moment ago");
    play.perform(&[Start, Auto, Settle, Close]);
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 7).sessions, []);
    play.pass(8 * DAY);
    play.kill();
    play.perform(&[Start, Auto, Settle, Close]);
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 7).sessions[0].session, session);
}

#[test]
fn a_clock_that_was_behind_makes_no_crash_old() {
    use Action::{Auto, Close, Kill, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 3);
    play.pass(1000 * DAY);
    play.kill();
    play.perform(&[Start, Auto, Settle]);
    let right = play.now.wall;
    play.now.wall = jiff::Timestamp::UNIX_EPOCH;
    play.perform(&[Auto, Settle, Kill]);
    play.now.wall = right;
    play.pass(DAY);
    play.kill();
    play.perform(&[Start, Auto, Settle, Close]);
    play.pass(DAY);
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 30).sessions, []);
}

#[test]
fn a_session_that_another_machine_may_play_is_not_given_up() {
    let (mut play, session) = crashed(40);
    let other = SimulatedDisk::default();
    let host = Game::boot(&other, play.now.wall).local.store.layout().host_id();
    play.disk.replace(&host, &other.read(&host, 1 << 10).unwrap()).unwrap();
    // That one has its own records alone.
    let state = host.parent().unwrap();
    for record in play.disk.list(state).unwrap().iter().filter(|it| it.name.starts_with("process-"))
    {
        play.disk.remove(&state.join(&record.name)).unwrap();
    }
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 30).sessions, []);
    assert_eq!(head_of(&play.game, session).end, None);
}

#[test]
fn a_crash_that_the_player_is_asked_about_is_not_given_up() {
    let (mut play, session) = crashed(40);
    play.game.keep_to(aged(&play, 30), play.now);
    let rules = CleanupRules { offered: [session].into(), ..CleanupRules::default() };
    assert_eq!(clean(&mut play, rules).sessions, []);
}

#[test]
fn a_crash_that_is_given_up_keeps_how_the_process_died() {
    let (mut play, session) = crashed(40);
    assert_eq!(clean_giving_up(&mut play, 30).count(CleanupChange::GivenUp), 1);
    let stored = play.game.local.store.open_session(session).unwrap();
    let records = stored.index().segments().iter().flat_map(|segment| &segment.scan.records);
    let mut deaths = records.filter_map(|(_, record)| match record {
        Record::Declined { deaths, .. } => Some(deaths.len()),
        _ => None,
    });
    assert_eq!(deaths.next(), Some(1));
}

/// Each turn of a cleanup is tried: a session that gets a new name before its turn comes stays.
#[test]
fn a_session_renamed_before_its_turn_is_not_archived() {
    let (mut renamed_first, mut archived_first) = (0, 0);
    for turns in (0..60).step_by(3) {
        let (mut play, sessions) = all_ended(3);
        let session = sessions[0];
        let mut was_open = false;
        clean_and_after(&mut play, &archiving(), turns, |game, now| {
            was_open = place_of(game, session).is_open();
            let update = Box::new(SessionUpdate::default().name("Mine"));
            game.order(Order::Edit { session, update, ticket: Ticket::new() }, now)
        });
        let is_open = place_of(&play.game, session).is_open();
        renamed_first += usize::from(is_open);
        archived_first += usize::from(!was_open);
        assert!(was_open || !is_open, "after {turns}");
    }
    assert!(renamed_first > 0 && archived_first > 0, "{renamed_first} {archived_first}");
}

#[test]
fn a_pinned_crash_is_not_given_up() {
    let (mut play, session) = crashed(40);
    let update = Box::new(SessionUpdate::default().pin(true));
    play.game.order(Order::Edit { session, update, ticket: Ticket::new() }, play.now);
    play.settle();
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 30).sessions, []);
}

/// Does something after so many turns of a cleanup.
fn clean_and_after(
    play: &mut Play,
    rules: &CleanupRules,
    turns: usize,
    act: impl FnOnce(&mut Game, Moment) -> Vec<News>,
) -> (CleanupOutcome, Vec<News>) {
    let mut now = play.now;
    let mut news = play.game.order(order(rules, true), now);
    (0..turns).for_each(|_| news.extend(play.game.turn(now)));
    news.extend(act(&mut play.game, now));
    news.extend(settle(&mut play.game, &mut now));
    let outcome = |report: &News| match report {
        News::CleanedUp { outcome, .. } => Some((**outcome).clone()),
        _ => None,
    };
    (news.iter().find_map(outcome).expect("it is answered"), news)
}

/// Each turn of a cleanup is tried: before it is looked at, between the look and the deed, and after it.
#[test]
fn a_crash_resumed_or_answered_before_its_turn_is_not_given_up() {
    let (mut refused, mut answered, mut given_up) = (0, 0, 0);
    for turns in 0..8 {
        let (mut play, session) = crashed(40);
        play.game.keep_to(aged(&play, 30), play.now);
        let mut lock = None;
        let (done, _) = clean_and_after(&mut play, &CleanupRules::default(), turns, |game, _| {
            lock = game.local.store.lock_session(session).unwrap();
            Vec::new()
        });
        let has_ended = head_of(&play.game, session).end.is_some();
        assert_eq!(done.count(CleanupChange::GivenUp) == 1, has_ended);
        given_up += usize::from(has_ended);
        refused += usize::from(done.refused == [(session, RequestError::SessionInUse)]);
        let (mut play, session) = crashed(40);
        play.game.keep_to(aged(&play, 30), play.now);
        let (done, _) = clean_and_after(&mut play, &CleanupRules::default(), turns, |game, now| {
            game.order(Order::Decline { decline: session.into(), ticket: Ticket::new() }, now)
        });
        let head = head_of(&play.game, session);
        assert_ne!(head.declined, head.end.is_some(), "after {turns}: {done:?}");
        assert_eq!(done.count(CleanupChange::GivenUp) == 1, head.end.is_some(), "{done:?}");
        assert_eq!(done.refused, [], "an answer is no refusal");
        answered += usize::from(head.declined);
    }
    assert!(refused > 0 && answered > 0 && given_up > 0, "{refused} {answered} {given_up}");
}

#[test]
fn a_refused_session_is_in_the_outcome_of_the_cleanup() {
    let (mut play, session) = ended();
    let lock = play.game.local.store.lock_session(session).unwrap();
    let (done, news) = clean_and_after(&mut play, &archiving(), 0, |_, _| Vec::new());
    assert_eq!(done.refused, [(session, RequestError::SessionInUse)]);
    assert!(done.is_complete, "the others were tried");
    assert!(!news.iter().any(|report| matches!(report, News::Shelved { .. })), "{news:?}");
    drop(lock);
}

#[test]
fn a_cleanup_stops_after_some_refusals_of_the_disk() {
    let (mut play, sessions) = all_ended(8);
    let at = play.disk.operations().len();
    play.disk.fail(Fault { at, kind: FaultKind::ReadOnly, for_ever: true });
    let done = clean(&mut play, archiving());
    assert_eq!((done.refused.len(), done.is_complete), (3, false), "{done:?}");
    play.disk.heal();
    play.kill();
    assert_eq!(clean(&mut play, archiving()).count(CleanupChange::Archived), sessions.len());
}

#[test]
fn a_clock_a_year_off_gives_up_nothing() {
    let (mut play, _) = crashed(1);
    play.pass(365 * DAY);
    play.kill();
    assert_eq!(clean_giving_up(&mut play, 30).sessions, [], "no run has seen that day");
}

// Feature: `CleanupFinished` says of each session what became of it and why.
// Page: guide/cleanup.md
#[test]
fn the_outcome_of_a_cleanup_has_each_change_and_its_reason() {
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
    let by_rule = CleanupReason::Retention(RetentionReason::Rule(LeftAs::Completed));
    let went: Vec<_> = done.sessions.iter().map(|it| (it.session, it.change, it.reason)).collect();
    assert_eq!(went, [(completed, CleanupChange::Trashed, by_rule)]);
    // And from there, once it has been there for long, without a session being played.
    play.pass(40 * DAY);
    play.kill();
    play.perform(&[Start, Auto, Settle, Close, Settle]);
    play.pass(DAY);
    play.kill();
    let bytes = play.game.local.store.session_bytes(completed).unwrap();
    let done = clean(&mut play, rules);
    let went: Vec<_> = done.sessions.iter().map(|it| (it.session, it.change, it.reason)).collect();
    assert_eq!(went, [(completed, CleanupChange::Removed, CleanupReason::Trash)]);
    assert_eq!((done.freed, done.is_complete), (bytes, true), "{done:?}");
    assert!(!play.game.local.store.sessions().unwrap().contains(&completed));
}

#[test]
fn an_unarchived_session_is_not_archived_again() {
    let (mut play, session) = ended();
    assert_eq!(clean(&mut play, archiving()).count(CleanupChange::Archived), 1);
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
    assert_eq!((&*done[0].sessions, done[0].is_complete), (&[][..], false));
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
fn an_undeleted_session_is_not_trashed_again() {
    let (mut play, session) = ended();
    let completed =
        Retention::default().keep(LeftAs::Completed, Keep::within(Duration::from_secs(DAY / 2)));
    let rules = CleanupRules { retention: Some(completed), ..CleanupRules::default() };
    assert_eq!(clean(&mut play, rules.clone()).sessions[0].change, CleanupChange::Trashed);
    play.kill();
    shelve(&mut play, session, ShelfMove::Undelete);
    assert_eq!(clean(&mut play, rules).sessions, []);
    assert!(place_of(&play.game, session).is_open());
}

#[test]
fn a_declined_crash_goes_by_its_rule() {
    let (mut play, session) = crashed(40);
    play.game.order(Order::Decline { decline: session.into(), ticket: Ticket::new() }, play.now);
    play.settle();
    play.kill();
    let declined = Retention::default().keep(LeftAs::DeclinedCrash, Keep::within(days(30)));
    let done = clean(&mut play, CleanupRules { retention: Some(declined), ..archiving() });
    assert_eq!(done.sessions[0].session, session, "a decline is no change");
}

#[test]
fn a_session_whose_last_checkpoint_is_missing_is_not_archived() {
    let (mut play, session) = ended();
    let rules = CleanupRules { incomplete: [session].into(), ..archiving() };
    assert_eq!(clean(&mut play, rules).sessions, []);
}

#[test]
fn a_copy_of_an_ended_session_is_not_archived() {
    let (mut play, session) = ended();
    let before = play.game.local.store.sessions().unwrap();
    let (name, ticket) = ("Another".to_owned(), Ticket::new());
    play.game.order(Order::Copy { session, name, ticket }, play.now);
    play.settle();
    play.kill();
    let done = clean(&mut play, archiving());
    let archived: Vec<_> = done.sessions.iter().map(|it| it.session).collect();
    assert_eq!(archived, [session], "and the one that was played is");
    let there = play.game.local.store.sessions().unwrap();
    let copy = there.into_iter().find(|it| !before.contains(it)).expect("it was copied");
    assert!(place_of(&play.game, copy).is_open());
}

/// Another process puts the newer of two sessions into the trash after this one has looked at both. So it takes no place
/// among those that are kept.
#[test]
fn a_cleanup_judges_sessions_by_their_current_state() {
    let (mut play, sessions) = all_ended(2);
    settle(&mut play.game, &mut play.now.clone());
    let layout = play.game.local.store.layout().clone();
    let disk: Arc<dyn Disk> = Arc::new(play.disk.clone());
    let mut other = Upkeep::of(LocalStore::new(disk, Layout { ..layout }));
    other.shelve(sessions[1], ShelfMove::Delete, play.now.wall).unwrap();
    let newest = Retention::default().keep(LeftAs::Completed, Keep::newest_of(1));
    let rules = CleanupRules { retention: Some(newest), ..CleanupRules::default() };
    assert_eq!(clean(&mut play, rules).sessions, []);
    assert!(place_of(&play.game, sessions[0]).is_open());
}

#[test]
fn a_cleanup_archives_all_of_many_sessions() {
    let (mut play, sessions) = all_ended(40);
    let done = clean(&mut play, archiving());
    let archived: HashSet<_> = done.sessions.iter().map(|it| it.session).collect();
    assert_eq!(archived, sessions.iter().copied().collect());
    assert_eq!((done.sessions.len(), done.refused.len()), (40, 0));
}

#[test]
fn a_cleanup_cut_off_by_a_power_cut_is_finished_by_the_next_one() {
    let (mut play, sessions) = all_ended(3);
    let rules = archiving();
    let from = play.disk.position();
    clean(&mut play, rules.clone());
    let trace = play.disk.trace();
    let mut halfway = HashSet::new();
    left_after_each_step(&trace, from, |position, image| {
        let mut now = play.now;
        let mut game = Game::boot(&SimulatedDisk::from_image(image), now.wall);
        game.order(Order::Detect { ticket: None }, now);
        settle(&mut game, &mut now);
        let is_open = |session: &&SessionId| place_of(&game, **session).is_open();
        halfway.insert(sessions.iter().filter(is_open).count());
        game.order(order(&rules, false), now);
        settle(&mut game, &mut now);
        for session in &sessions {
            let place = place_of(&game, *session);
            assert!(place.is_archived(), "after {position}: {place:?}");
            let mut stored = game.local.store.open_session(*session).unwrap();
            let head = stored.index().heads()[0].id;
            let newest = stored.newest_verified(head).unwrap().expect("it is restorable");
            assert_eq!(newest.checkpoint, head, "after {position}");
        }
    });
    assert_eq!(halfway.len(), 4, "none, one, two and all were archived: {halfway:?}");
}
