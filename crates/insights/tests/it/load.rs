//! What ten thousand sessions with a million attempts take.

use std::time::Instant;

use bevy_session_insights::{Lessons, Measure, Questions, Study};
use bevy_session_journal::DigestedSessions;
use jiff::Timestamp;

use crate::worlds::{Dice, digested, played};

const SESSIONS: u128 = 10_000;
const ATTEMPTS: u64 = 100;

#[test]
#[ignore = "takes figures, of an optimised build"]
#[expect(clippy::print_stdout, reason = "these are figures")]
fn ten_thousand_sessions_with_a_million_attempts() {
    let mut dice = Dice(36);
    let mut sessions: Vec<_> =
        (1..=SESSIONS).map(|number| digested(number, played(&mut dice, ATTEMPTS))).collect();
    let list = |sessions: &[_]| -> DigestedSessions<_> { sessions.iter().cloned().collect() };
    let now = Timestamp::from_second(1_760_000_000).unwrap();
    let mut study = Study::new(Questions::default().thirds([Measure::Deaths]));
    let first = list(&sessions);
    let begun = Instant::now();
    study.update(first);
    let lessons: Lessons = study.lessons(now);
    println!("from nothing: {:.1?}", begun.elapsed());
    assert_eq!(lessons.skills.iter().map(|it| it.attempts.all as u64).sum::<u64>(), 1_000_000);
    let mut took = Vec::new();
    for step in 0..20 {
        let place = dice.below(SESSIONS as u64) as usize;
        sessions[place] = digested(place as u128 + 1, played(&mut dice, ATTEMPTS + step));
        let changed = list(&sessions);
        let begun = Instant::now();
        study.update(changed);
        let updated = begun.elapsed();
        let lessons = study.lessons(now);
        took.push((begun.elapsed(), updated));
        assert_eq!(lessons.sessions, SESSIONS as usize);
    }
    took.sort();
    println!(
        "one changed: {:.1?} in the middle ({:.1?} of it to take it up), {:.1?} at most",
        took[10].0, took[10].1, took[19].0
    );
}
