//! The scenarios that are suggested, and the reasons.

// Feature: Scenarios are suggested, with reasons.
// Page: guide/scenarios.md#suggestions

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{entry, moment};
use crate::model::scenario::Scenario;
use crate::model::session::{NewSession, SessionStatus, ShelfPlace};
use crate::read::finding::{Suggestion, SuggestionReason, suggest};
use crate::read::recovery::SessionEntry;

fn scenario(key: &str, level: Option<u8>, minutes: u64) -> Scenario {
    let level = level.map_or(String::new(), |level| format!("level: {level},"));
    let text = format!("(name: \"The {key}\", {level} expected: \"{minutes}min\")");
    Scenario::of_text(&format!("{key}.scenario.ron"), &text).unwrap()
}

/// A session of a scenario, left this number of hours after the beginning of time.
fn played(key: &str, hours: u32, minutes: u64) -> SessionEntry {
    let new = NewSession::named("x").session_type(key);
    let mut entry = entry(u128::from(hours), &new);
    entry.play_time = Duration::from_secs(minutes * 60);
    entry
}

fn completed(key: &str, hours: u32) -> SessionEntry {
    let mut entry = played(key, hours, 1);
    entry.status = SessionStatus::Completed;
    entry
}

/// Keys and sentences.
fn said(suggested: &[Suggestion]) -> Vec<(String, Vec<String>)> {
    let sentences =
        |why: &[SuggestionReason]| why.iter().map(SuggestionReason::to_string).collect();
    let said = |it: &Suggestion| (it.scenario.key.clone(), sentences(&it.why));
    suggested.iter().map(said).collect()
}

/// Levels 1, 2 and 4, and one that has none.
fn all() -> [Scenario; 4] {
    [
        scenario("sandbox", None, 600),
        scenario("moor", Some(4), 200),
        scenario("river", Some(2), 60),
        scenario("meadow", Some(1), 20),
    ]
}

fn keys<'a>(suggested: &[Suggestion<'a>]) -> Vec<&'a str> {
    suggested.iter().map(|suggestion| &*suggestion.scenario.key).collect()
}

#[test]
fn a_new_player_is_suggested_the_easiest_scenarios() {
    let all = all();
    let suggested = suggest(&all, &[], moment(0));
    assert_eq!(keys(&suggested), ["sandbox", "meadow"]);
    assert!(suggested.iter().all(|suggestion| suggestion.why == [SuggestionReason::NeverTried]));
    assert!(suggest(&[], &[], moment(0)).is_empty());
}

#[test]
fn completing_a_scenario_suggests_the_next_harder_one() {
    let all = all();
    let sessions = [completed("meadow", 1), completed("meadow", 2)];
    let suggested = suggest(&all, &sessions, moment(1000));
    let next = "It comes after The meadow, which you completed.".to_owned();
    let untried = "You haven't tried it yet.".to_owned();
    let wanted =
        [("river".to_owned(), vec![next, untried.clone()]), ("sandbox".to_owned(), vec![untried])];
    assert_eq!(said(&suggested), wanted);
    // All are done: nothing is out of reach, and nothing is new.
    let sessions = [completed("moor", 1), completed("meadow", 2)];
    assert_eq!(keys(&suggest(&all, &sessions, moment(1000))), ["sandbox", "river"]);
}

#[test]
fn recent_pinned_and_usual_length_scenarios_are_suggested_with_reasons() {
    let all = all();
    let mut sessions: Vec<SessionEntry> =
        [50, 60, 70].map(|minutes| played("river", 100 + minutes as u32, minutes)).into();
    sessions[0].session.pinned = true;
    let suggested = suggest(&all, &sessions, moment(100 + 70 + 5 * 24 + 1));
    let wanted = [
        "You pinned a session of it.",
        "You played it 5 days ago.",
        "It takes about as long as you usually play: 1 h.",
    ];
    assert_eq!(said(&suggested)[0], ("river".to_owned(), wanted.map(str::to_owned).to_vec()));
    assert_eq!(keys(&suggested), ["river", "sandbox", "meadow"]);
    // Two weeks and an hour later it is recent no more, and sessions in the trash count for nothing.
    let later = moment(170 + 14 * 24 + 1);
    let is_recent = |reason: &SuggestionReason| matches!(reason, SuggestionReason::Recent { .. });
    assert!(!suggest(&all, &sessions, later)[0].why.iter().any(is_recent));
    let since = later;
    sessions.iter_mut().for_each(|entry| entry.session.place = ShelfPlace::Trash { since });
    assert_eq!(keys(&suggest(&all, &sessions, later)), ["sandbox", "meadow"]);
}

#[test]
fn scenarios_often_played_at_this_hour_are_suggested_across_midnight() {
    let all = all();
    // Twice at 23:00, once at noon, long ago.
    let sessions = [played("moor", 23, 1), played("moor", 47, 1), played("moor", 60, 1)];
    let now = |hour: i64| moment(24 * 100 + hour);
    let why = |now| {
        let suggested = suggest(&all, &sessions, now);
        let moor = suggested.into_iter().find(|it| it.scenario.key == "moor");
        moor.map(|it| it.why).unwrap_or_default()
    };
    for hour in [21, 23, 0, 1] {
        assert_eq!(why(now(hour)), [SuggestionReason::AtThisHour], "{hour}");
    }
    for hour in [3, 12, 19] {
        assert_eq!(why(now(hour)), [], "{hour}");
    }
}

#[test]
fn a_clock_that_was_a_hundred_years_off_makes_nothing_recent_and_nothing_fails() {
    let all = all();
    let mut sessions = [played("river", 5, 60), played("meadow", 6, 60)];
    sessions[0].updated = moment(0) + SignedDuration::from_hours(100 * 366 * 24);
    sessions[1].updated = Timestamp::MAX;
    for now in [Timestamp::MIN, moment(10), Timestamp::MAX] {
        for suggestion in suggest(&all, &sessions[..1], now) {
            let recent = matches!(suggestion.why[0], SuggestionReason::Recent { .. });
            assert!(!recent, "{now}");
        }
        _ = suggest(&all, &sessions, now);
    }
}

#[test]
fn suggestions_do_not_depend_on_the_order_of_scenarios_and_sessions() {
    let mut all = all();
    let mut sessions = vec![
        completed("meadow", 1),
        played("river", 2, 30),
        played("sandbox", 3, 30),
        played("moor", 4, 30),
    ];
    let first = said(&suggest(&all, &sessions, moment(9)));
    assert_eq!(first.len(), 4);
    all.reverse();
    sessions.reverse();
    assert_eq!(said(&suggest(&all, &sessions, moment(9))), first);
}
