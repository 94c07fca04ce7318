//! Claims about players whose skill is known, and suggestions to them.

// Feature: Skills have a rate, a learning curve, and what sittings gain and breaks lose.
// Page: guide/learning.md#answers

use std::time::Duration;

use bevy_session_insights::{
    Attempt, ChapterInsights, Figure, Hardness, Lessons, Questions, SessionInsights, Situation,
    Skill, SkillRecord, SkillReport, Suggested, SuggestionKind, SuggestionReason, Tally,
};
use bevy_session_journal::{DigestedSessions, SessionStatus};
use jiff::{SignedDuration, Timestamp};

use crate::worlds::{Dice, digested, lessons};

const NOON: i64 = 1_700_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOON + seconds).unwrap()
}

/// A session of a player, with attempts at parrying: when, and whether each succeeds.
fn session(player: &str, attempts: impl IntoIterator<Item = (i64, bool)>) -> SessionInsights {
    let mut session = SessionInsights::default();
    session.about.player = Some(player.to_owned());
    let mut record = SkillRecord::default();
    for (seconds, succeeded) in attempts {
        record.take(at(seconds), Attempt::new(succeeded));
    }
    session.skills.insert("parry".to_owned(), record);
    session
}

fn all(sessions: impl IntoIterator<Item = SessionInsights>) -> DigestedSessions<SessionInsights> {
    (1..).zip(sessions).map(|(number, session)| digested(number, session)).collect()
}

fn of(lessons: &Lessons, player: &str) -> SkillReport {
    lessons.skill(Some(player), "parry").unwrap().clone()
}

/// So many of ten succeed, one after the other.
fn tenths(succeed: usize, from: i64, count: i64) -> impl Iterator<Item = (i64, bool)> {
    (0..count).map(move |number| (from + number * 10, (number * 7 % 10) < succeed as i64))
}

#[test]
fn improvement_is_found_for_a_learner_and_not_for_a_steady_player() {
    let learner = (0..10).map(|day| session("Ann", tenths(day, day as i64 * 100_000, 20)));
    let steady = (0..10).map(|day| session("Ben", tenths(5, day * 100_000, 20)));
    let lessons = lessons(Questions::default(), all(learner.chain(steady)));
    let ann = of(&lessons, "Ann");
    let better = ann.better.known().unwrap();
    assert!(better.matters && better.size.low > 0.3, "{better:?}");
    assert_eq!((ann.attempts.all, ann.curve.len()), (200, 10));
    assert!(ann.curve[0].rate.value < 0.1 && ann.curve[9].rate.value > 0.8);
    assert_eq!(ann.mastered_after, Some(162), "with the second attempt of the ninth day");
    let ben = of(&lessons, "Ben");
    assert!(!ben.better.known().unwrap().matters);
    assert_eq!(ben.mastered_after, None);
    // Their first hundred attempts: 20 % of Ann's, half of Ben's.
    let beside = ann.beside_others.known().unwrap();
    assert!(beside.matters && beside.size.high < 0.0, "{beside:?}");
}

#[test]
fn learning_in_a_sitting_and_forgetting_over_a_break_are_separate() {
    const DAY: i64 = 24 * 60 * 60;
    let forgetful = (0..20).map(|day| {
        let attempts = (0..30).map(move |number| (day * DAY + number * 10, number >= 15));
        session("Ann", attempts)
    });
    let lessons = lessons(Questions::default(), all(forgetful));
    let ann = of(&lessons, "Ann");
    assert!(ann.within_sittings.known().unwrap().size.value > 0.9);
    assert!(ann.over_breaks.known().unwrap().size.value < -0.9);
    assert!(!ann.better.known().unwrap().matters, "over all nothing changed");
    // For somebody to whom two days are no break, nothing is lost over one.
    let parry = Skill::new("parry").kept_after(Duration::from_secs(3 * DAY as u64));
    let asked = Questions::default().skills([parry]);
    let forgetful = (0..20).map(|day| session("Ann", tenths(5, day * DAY, 30)));
    let patient = crate::worlds::lessons(asked, all(forgetful));
    assert_eq!(of(&patient, "Ann").over_breaks, Figure::Insufficient { have: 0, need: 40 });
}

#[test]
fn attempts_out_of_order_and_of_the_future_count_once_and_make_no_break() {
    const CENTURY: i64 = 100 * 365 * 24 * 60 * 60;
    let odd = [
        session("Ann", tenths(5, CENTURY, 30)),
        // A clock that was set back, while playing and from one session to the next.
        session("Ann", (0..30).map(|number| (-number * 3_600, true))),
        session("Ann", tenths(5, 0, 30)),
    ];
    let found = lessons(Questions::default(), all(odd.clone()));
    let ann = of(&found, "Ann");
    assert_eq!(ann.attempts.all, 90);
    assert_eq!(ann.rate.samples(), 90);
    let mut backwards = odd;
    backwards.reverse();
    assert_eq!(of(&lessons(Questions::default(), all(backwards)), "Ann").rate, ann.rate);
    let mut record = SkillRecord::default();
    record.take(at(0), Attempt::new(true));
    record.take(at(-60), Attempt::new(true));
    assert_eq!(record.sittings.len(), 1, "a minute back is no pause");
    record.take(Timestamp::MAX, Attempt::new(true));
    record.take(Timestamp::MIN, Attempt::new(true));
    assert_eq!(record.sittings.len(), 3);
    assert_eq!(record.tally(), Tally { succeeded: 4, all: 4 });
    let paused = record.sittings[2].began.duration_since(record.sittings[1].ended);
    assert!(paused < SignedDuration::ZERO);
}

#[test]
fn one_attempt_is_too_few_and_equal_attempts_show_no_improvement() {
    let one = lessons(Questions::default(), all([session("Ann", [(0, true)])]));
    let ann = of(&one, "Ann");
    assert_eq!(ann.rate, Figure::Insufficient { have: 1, need: 20 });
    assert_eq!(ann.better, Figure::Insufficient { have: 0, need: 40 });
    assert_eq!(ann.curve, []);
    let none = lessons(Questions::default(), all([session("Ann", [])]));
    assert_eq!(of(&none, "Ann").rate, Figure::Insufficient { have: 0, need: 20 });
    let equal = lessons(Questions::default(), all([session("Ann", tenths(10, 0, 100))]));
    let ann = of(&equal, "Ann");
    let rate = ann.rate.known().unwrap();
    assert!((rate.value, rate.high) == (1.0, 1.0) && rate.low > 0.9);
    assert!(!ann.better.known().unwrap().matters);
}

#[test]
fn each_suggestion_has_its_reason_and_nothing_is_suggested_without_one() {
    let mut dice = Dice(4);
    let mut sessions = Vec::new();
    for number in 0..120 {
        let player = if number % 2 == 0 { "Ann" } else { "Ben" };
        let mut session =
            session(player, tenths(if number % 2 == 0 { 1 } else { 8 }, number * 100_000, 20));
        session.about.scenario = ["meadow", "frontier"][usize::from(player == "Ben")].to_owned();
        session.about.status = Some(SessionStatus::Completed);
        for (level, completes) in [("one", 0.9), ("two", 0.9), ("three", 0.2)] {
            let mut chapter = ChapterInsights::default();
            chapter.begun = 1;
            (chapter.completed, chapter.failed) =
                if dice.holds(completes) { (1, 0) } else { (0, 1) };
            session.chapters.insert(level.to_owned(), chapter);
        }
        sessions.push(session);
    }
    // The newest sitting is a long one.
    sessions.push(session("Ben", (0..120).map(|number| (90_000_000 + number * 10, number < 40))));
    let lessons = lessons(Questions::default(), all(sessions));
    let of_player = |player: &'static str, scenario: &'static str| {
        let chapters = vec!["three"];
        let hint_below = Situation::HINT_BELOW;
        let situation = Situation {
            player: Some(player),
            scenario: Some(scenario),
            chapters,
            hint_below,
            ..Situation::default()
        };
        let kinds = lessons.suggestions_for(&situation).into_iter().map(|it| it.suggested);
        kinds.map(|it| (it.kind, it.what)).collect::<Vec<_>>()
    };
    let owned = |kind: SuggestionKind, what: &str| (kind, what.to_owned());
    assert_eq!(
        of_player("Ann", "meadow"),
        [
            owned(SuggestionKind::Hint, "parry"),
            owned(SuggestionKind::Easier, "three"),
            owned(SuggestionKind::Harder, "meadow"),
            owned(SuggestionKind::Scenario, "frontier"),
        ]
    );
    let ben = of_player("Ben", "frontier");
    assert_eq!(ben[0], owned(SuggestionKind::Break, ""), "{ben:?}");
    assert_eq!(
        lessons.levels.iter().map(|it| it.hardness()).collect::<Vec<_>>(),
        [Hardness::Easier, Hardness::Harder, Hardness::Easier]
    );
    let not_now = vec![Suggested { kind: SuggestionKind::Hint, what: "parry".to_owned() }];
    let situation =
        Situation { player: Some("Ann"), not_now, hint_below: 0.5, ..Situation::default() };
    let rest = lessons.suggestions_for(&situation);
    assert!(rest.iter().all(|it| it.suggested.kind == SuggestionKind::Scenario), "{rest:?}");
    let SuggestionReason::OthersComplete { rate, samples } = rest[0].why else {
        panic!("{rest:?}")
    };
    assert!(rate.low > 0.9 && samples == 60, "{rate:?} of {samples}");
}
