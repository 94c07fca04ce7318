//! Figures of attempts, compared with a walk through all of them.

use bevy_session_insights::{
    Attempt, Figure, Lessons, Questions, SessionInsights, Sitting, Skill, SkillRecord, Tally,
};
use bevy_session_journal::DigestedSessions;
use jiff::{SignedDuration, Timestamp};

use crate::worlds::{Dice, digested, lessons};

const BREAK: i64 = 12 * 3600;

/// Sessions of one player, with sittings of any length at any time, some of which are one after the other.
fn sessions(dice: &mut Dice) -> Vec<SessionInsights> {
    let session = |_| {
        let mut record = SkillRecord::default();
        let mut at = 1_700_000_000 + BREAK * dice.below(90) as i64;
        let skill = dice.share();
        for _ in 0..dice.below(90) {
            at += if dice.holds(0.1) { 3600 * dice.below(30) as i64 } else { 1 };
            let attempt = Attempt::new(dice.holds(skill)).with_quality(dice.share() as f32);
            record.take(Timestamp::from_second(at).unwrap(), attempt);
        }
        let mut session = SessionInsights::default();
        session.skills.insert("parry".to_owned(), record);
        session
    };
    (0..12).map(session).collect()
}

fn more(first: Tally, second: Tally) -> Option<f64> {
    let rate = |tally: Tally| tally.succeeded as f64 / tally.all as f64;
    (first.all >= 20 && second.all >= 20).then(|| rate(first) - rate(second))
}

fn tally<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> Tally {
    attempts.into_iter().copied().collect()
}

#[test]
fn figures_of_attempts_equal_those_of_a_plain_loop() {
    let mut dice = Dice(77);
    for (needed, of_last) in [(8, 10), (1, 1), (60, 100), (30, 30)] {
        let sessions = sessions(&mut dice);
        let mut sittings: Vec<&Sitting> =
            sessions.iter().flat_map(|it| &it.skills["parry"].sittings).collect();
        sittings.sort_by_key(|sitting| sitting.began);
        let all: Vec<Attempt> =
            sittings.iter().flat_map(|sitting| sitting.attempts.clone()).collect();
        let asked =
            Questions::default().skills([Skill::new("parry").mastered_with(needed, of_last)]);
        let list: DigestedSessions<_> =
            (1..).zip(sessions.clone()).map(|(number, it)| digested(number, it)).collect();
        let lessons: Lessons = lessons(asked, list);
        let found = lessons.skill(None, "parry").unwrap();

        assert_eq!(found.attempts, tally(&all));
        let newest = tally(&all[all.len() - 20..]);
        assert_eq!(found.now, Figure::rate(newest.succeeded, 20));
        let half = all.len() / 2;
        let gained = more(tally(&all[all.len() - half..]), tally(&all[..half]));
        assert_eq!(found.better.known().map(|it| it.size.value), gained);
        let mastered = all.windows(of_last).position(|window| tally(window).succeeded >= needed);
        assert_eq!(found.mastered_after, mastered.map(|before| before + of_last));

        let (mut earlier, mut later) = (Tally::default(), Tally::default());
        for Sitting { attempts, .. } in &sittings {
            earlier += tally(&attempts[..attempts.len() / 2]);
            later += tally(&attempts[attempts.len() - attempts.len() / 2..]);
        }
        let within = found.within_sittings.known().map(|it| it.size.value);
        assert_eq!(within, more(later, earlier));

        let (mut before, mut after) = (Tally::default(), Tally::default());
        for pair in sittings.windows(2) {
            let (left, back) = (&pair[0].attempts, &pair[1].attempts);
            let paused = pair[1].began.duration_since(pair[0].ended);
            if paused >= SignedDuration::from_secs(BREAK) {
                let count = left.len().min(back.len()).min(10);
                before += tally(&left[left.len() - count..]);
                after += tally(&back[..count]);
            }
        }
        assert_eq!(found.over_breaks.known().map(|it| it.size.value), more(after, before));

        let last = &sittings.last().unwrap().attempts;
        let third = last.len() / 3;
        let tired = more(tally(&last[last.len() - third..]), tally(&last[..third]));
        assert_eq!(found.tires.known().map(|it| it.size.value), tired);

        let mut walked = 0;
        for point in &found.curve {
            let part = &all[walked..walked + point.attempts.all];
            assert_eq!((point.after, point.attempts), (walked, tally(part)));
            let quality = part.iter().map(|it| f64::from(it.quality())).sum::<f64>();
            let mean = quality / part.len() as f64;
            assert!((point.quality - mean).abs() < 1e-12, "{} isn't {mean}", point.quality);
            walked += part.len();
        }
        assert_eq!(walked, all.len());
    }
}
