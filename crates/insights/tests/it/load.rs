//! The costs of ten thousand sessions with a million attempts.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bevy_session_insights::{Lessons, Measure, Questions, SessionInsights, Study};
use bevy_session_journal::DigestedSessions;
use jiff::Timestamp;

use crate::worlds::{Dice, digested, played};

const SESSIONS: u128 = 10_000;
const ATTEMPTS: u64 = 100;
const CHANGES: u32 = 51;

/// The time that this thread was computing, which nothing else on the machine makes longer, where the system says it.
fn computed() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = said.and_then(|said| said.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

/// Takes figures of 10,000 sessions that are as `session` makes them.
#[expect(clippy::print_stdout, reason = "these are figures")]
fn take(world: &str, questions: &Questions, session: impl Fn(&mut Dice) -> SessionInsights) {
    let mut dice = Dice(36);
    let mut sessions: Vec<_> =
        (1..=SESSIONS).map(|number| digested(number, session(&mut dice))).collect();
    let list = |sessions: &[_]| -> DigestedSessions<_> { sessions.iter().cloned().collect() };
    let now = Timestamp::from_second(1_760_000_000).unwrap();
    let mut study = Study::default();
    let first = list(&sessions);
    let begun = computed();
    for _ in 0..10 {
        study = Study::new(questions.clone());
        study.update(first.clone());
        let lessons: Lessons = study.lessons(now);
        assert_eq!(lessons.skills.iter().map(|it| it.attempts.all as u64).sum::<u64>(), 1_000_000);
    }
    let from_nothing = (computed() - begun) / 10;
    // The system counts in ticks, so it takes several changes to say what one takes.
    let (mut computing, mut waited) = (Duration::ZERO, Vec::new());
    for _ in 0..CHANGES {
        let place = dice.below(SESSIONS as u64) as usize;
        sessions[place] = digested(place as u128 + 1, session(&mut dice));
        let changed = list(&sessions);
        let (begun, at) = (computed(), Instant::now());
        study.update(changed);
        let lessons = study.lessons(now);
        waited.push(at.elapsed());
        computing += computed() - begun;
        assert_eq!(lessons.sessions, SESSIONS as usize);
    }
    waited.sort();
    println!(
        "{world}: from nothing {from_nothing:.0?}; one changed {:.1?} on average, by the clock {:.1?} in the middle",
        computing / CHANGES,
        waited[waited.len() / 2],
    );
}

#[test]
#[ignore = "takes figures, of an optimised build"]
fn ten_thousand_sessions_with_a_million_attempts() {
    let questions = Questions::default().thirds([Measure::Deaths]);
    take("three players", &questions, |dice| played(dice, ATTEMPTS));
    take("one player", &questions, |dice| {
        let mut session = played(dice, ATTEMPTS);
        session.about.player = None;
        session
    });
    take("a thousand players", &questions, |dice| {
        let mut session = played(dice, ATTEMPTS);
        session.about.player = Some(format!("player {}", dice.below(1000)));
        session
    });
    take("60 maps, figures that some sessions lack", &questions, |dice| {
        let mut session = played(dice, ATTEMPTS);
        session.said.choices.insert("map".to_owned(), format!("map {}", dice.below(60)));
        for figure in ["one", "two", "three"] {
            if dice.holds(0.7) {
                session.said.figures.insert(figure.to_owned(), dice.share());
            }
        }
        session
    });
    take("65 figures of the game's own", &questions, |dice| {
        let mut session = played(dice, ATTEMPTS);
        for figure in 0..65 {
            session.said.figures.insert(format!("figure {figure}"), dice.share());
        }
        session
    });
}
