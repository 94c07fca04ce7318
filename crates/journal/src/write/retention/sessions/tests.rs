use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::*;
use crate::deep::Random;
use crate::format::sample::at;
use crate::model::ids::SessionId;
use crate::model::session::{NewSession, ProvenTime, ShelfPlace};
use crate::read::recovery::VersionFit;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A Monday.
const TODAY: i64 = 20_000 - 20_000 % 7 + 4;

fn day(day: i64) -> Timestamp {
    Timestamp::from_second(day * 24 * 60 * 60).unwrap()
}

fn today() -> ProvenTime {
    let mut time = ProvenTime::of_process(day(TODAY + 1));
    time.witness(day(TODAY));
    time
}

fn left(status: SessionStatus, on: i64) -> SessionEntry {
    let session = NewSession::named("Colony").begin(SessionId::random(), day(0));
    SessionEntry {
        status,
        in_use: false,
        newest: Some(at(1, 5)),
        updated: day(on),
        journal_bytes: 100,
        ..SessionEntry::begun(&session)
    }
}

fn closed(on: i64) -> SessionEntry {
    left(SessionStatus::Closed, on)
}

/// The days on which the sessions were left that would go, counted back from today.
fn gone(retention: &Retention, sessions: &[SessionEntry]) -> Vec<i64> {
    let preview = retention.preview(sessions, today(), day(TODAY));
    preview.sessions.iter().map(|it| TODAY - it.left.as_second() / (24 * 60 * 60)).collect()
}

#[test]
fn without_a_rule_nothing_goes() {
    let sessions: Vec<_> = (0..100).map(|ago| closed(TODAY - ago)).collect();
    assert!(gone(&Retention::default(), &sessions).is_empty());
}

#[test]
fn old_sessions_go_by_the_rule_for_how_they_were_left() {
    let mut sessions: Vec<_> = [1, 10, 80, 100].map(|ago| closed(TODAY - ago)).to_vec();
    sessions.extend([5, 95].map(|ago| left(SessionStatus::Completed, TODAY - ago)));
    sessions.extend([6, 8].map(|ago| left(SessionStatus::Failed, TODAY - ago)));
    sessions.extend([300].map(|ago| left(SessionStatus::Abandoned, TODAY - ago)));
    let retention = Retention::default()
        .keep(LeftAs::Completed, Keep::within(90 * DAY))
        .keep(LeftAs::Failed, Keep::within(7 * DAY));
    assert_eq!(gone(&retention, &sessions), [95, 8]);
    let preview = retention.preview(&sessions, today(), day(TODAY));
    assert_eq!(preview.bytes(), 200);
    assert_eq!(preview.sessions[0].reason, RetentionReason::Rule(LeftAs::Completed));
}

#[test]
fn the_newest_and_one_of_each_day_and_week_are_kept() {
    let sessions: Vec<_> = (0..60)
        .map(|half| SessionEntry {
            updated: day(TODAY) - Duration::from_secs(half * 12 * 60 * 60),
            ..closed(TODAY)
        })
        .collect();
    let kept = |keep: Keep| {
        let retention = Retention::default().keep(LeftAs::Closed, keep);
        60 - gone(&retention, &sessions).len()
    };
    // The one that was left last stays in any case.
    assert_eq!(kept(Keep::newest_of(10)), 11);
    assert_eq!(kept(Keep::newest_of(0).or_daily(7)), 8);
    assert_eq!(kept(Keep::newest_of(0).or_weekly(3)), 4);
    assert_eq!(kept(Keep::within(2 * DAY)), 4);
    assert_eq!(kept(Keep::newest_of(1000)), 60);
}

#[test]
fn protected_sessions_are_kept_under_any_rule() {
    let old = || closed(TODAY - 1000);
    let mut protected = vec![
        SessionEntry { in_use: true, ..old() },
        SessionEntry { forked: true, ..old() },
        SessionEntry { fit: VersionFit::Newer, ..old() },
        SessionEntry { newest: None, ..old() },
        SessionEntry { status: SessionStatus::Active, ..old() },
        SessionEntry { status: SessionStatus::Paused, ..old() },
    ];
    let mut pinned = old();
    pinned.session.pinned = true;
    let (mut archived, mut trashed) = (old(), old());
    archived.session.place = ShelfPlace::Archive { since: day(0) };
    trashed.session.place = ShelfPlace::Trash { since: day(0) };
    protected.extend([pinned, archived, trashed]);
    let keep = Keep::within(DAY);
    let all = [LeftAs::Closed, LeftAs::Completed, LeftAs::Failed, LeftAs::Abandoned];
    let retention = all.into_iter().fold(Retention::default(), |it, left| it.keep(left, keep));
    let retention = retention.keep(LeftAs::DeclinedCrash, keep).total_bytes(0);
    protected.push(closed(TODAY));
    assert!(gone(&retention, &protected).is_empty());
    // A crash that was declined may go, and an old one beside all of them.
    let crash = SessionEntry { status: SessionStatus::Active, declined: true, ..old() };
    protected.extend([crash, old()]);
    assert_eq!(gone(&retention, &protected), [1000, 1000]);
}

#[test]
fn empty_rules_let_no_session_go() {
    let sessions: Vec<_> = (1..10).map(|ago| closed(TODAY - ago)).collect();
    for keep in [Keep::default(), Keep::newest_of(0), Keep::within(Duration::ZERO)] {
        assert!(gone(&Retention::default().keep(LeftAs::Closed, keep), &sessions).is_empty());
    }
    let nothing = Retention::default().total_bytes(0);
    assert_eq!(gone(&nothing, &sessions).len(), 8, "the one that was left last stays");
}

#[test]
fn the_oldest_sessions_go_when_the_total_is_over_its_limit() {
    let sessions: Vec<_> = (0..10).map(|ago| closed(TODAY - ago)).collect();
    assert_eq!(gone(&Retention::default().total_bytes(700), &sessions), [9, 8, 7]);
    assert_eq!(gone(&Retention::default().total_bytes(1000), &sessions), [0; 0]);
    let both = Retention::default().keep(LeftAs::Closed, Keep::newest_of(6)).total_bytes(500);
    assert_eq!(gone(&both, &sessions), [9, 8, 7, 6, 5]);
}

#[test]
fn a_clock_a_hundred_years_off_removes_no_session() {
    let sessions: Vec<_> = (0..10).map(|ago| closed(TODAY - ago)).collect();
    let retention = Retention::default().keep(LeftAs::Closed, Keep::within(30 * DAY));
    let future = day(TODAY + 36_500);
    let mut time = ProvenTime::of_process(future);
    time.witness(day(TODAY));
    assert!(retention.preview(&sessions, time, future).sessions.is_empty());
    assert!(retention.preview(&sessions, today(), day(0)).sessions.is_empty());
    let unknown = ProvenTime::of_process(day(TODAY));
    assert!(retention.preview(&sessions, unknown, day(TODAY)).sessions.is_empty());
    // Sessions of the future take no place from others.
    let retention = Retention::default().keep(LeftAs::Closed, Keep::newest_of(10));
    let mut sessions = sessions;
    sessions.extend((0..20).map(|_| closed(TODAY + 36_500)));
    assert!(gone(&retention, &sessions).is_empty());
}

#[test]
fn among_equal_sessions_the_choice_does_not_depend_on_their_order() {
    let mut sessions: Vec<_> = (0..100).map(|_| closed(TODAY - 1)).collect();
    let retention = Retention::default().keep(LeftAs::Closed, Keep::newest_of(20));
    let first = retention.preview(&sessions, today(), day(TODAY));
    assert_eq!(first.sessions.len(), 79);
    sessions.reverse();
    assert_eq!(retention.preview(&sessions, today(), day(TODAY)), first);
}

#[test]
fn ten_thousand_sessions_are_judged_each_by_its_rule() {
    let mut random = Random::new(3);
    let statuses = [SessionStatus::Closed, SessionStatus::Completed, SessionStatus::Failed];
    let sessions: Vec<_> = (0..10_000)
        .map(|_| {
            let status = statuses[random.below(3) as usize];
            left(status, TODAY - random.below(2000) as i64)
        })
        .collect();
    let retention = Retention::default()
        .keep(LeftAs::Completed, Keep::within(90 * DAY).or_weekly(20))
        .keep(LeftAs::Failed, Keep::within(7 * DAY).or_newest(100))
        .total_bytes(300_000);
    let begun = Instant::now();
    let preview = retention.preview(&sessions, today(), day(TODAY));
    let took = begun.elapsed();
    crate::deep::tell(&format!("{} of 10,000 would go, found in {took:?}", preview.sessions.len()));
    let by_id: HashMap<_, _> = sessions.iter().map(|it| (it.session.id, it)).collect();
    for session in &preview.sessions {
        let entry = by_id[&session.session];
        match session.reason {
            RetentionReason::Rule(left) => assert_eq!(LeftAs::of(entry), Some(left)),
            RetentionReason::TotalBytes => {}
        }
        assert!(entry.updated < day(TODAY - 7));
    }
    let stays = 10_000 - preview.sessions.len();
    assert!(stays <= 3000, "{stays} sessions of 100 bytes stay");
}
