//! Worlds whose truth is known: intervals have it in them as often as they say, and where nothing matters, nothing is
//! said to.

// Feature: Claims have intervals that equal those of scipy and cover a known truth.

use std::sync::Arc;
use std::time::Duration;

use bevy_session_insights::statistics::{
    Sample, correlation, median_difference, rate, rate_difference, trend,
};
use bevy_session_insights::{
    Attempt, ChapterInsights, Estimate, Figure, Lessons, Measure, Questions, SessionInsights,
    SkillRecord, Study, Weights,
};
use bevy_session_journal::{Digested, DigestedSessions, HistoryLosses, SessionId, SessionStatus};
use jiff::Timestamp;
use jiff::civil::date;

/// Dice that always fall the same way.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, sides: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(sides)) >> 64) as u64
    }

    /// From 0 to 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn holds(&mut self, chance: f64) -> bool {
        self.share() < chance
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.share()).ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos()
    }
}

/// In how many of 1,000 lives the interval has the truth in it.
fn covered(seed: u64, mut live: impl FnMut(&mut Dice) -> (Estimate, f64)) -> usize {
    let mut dice = Dice(seed);
    let lives = (0..1000).map(|_| live(&mut dice));
    lives.filter(|(interval, truth)| interval.includes(*truth)).count()
}

#[track_caller]
fn assert_covers(covered: usize) {
    assert!((930..=970).contains(&covered), "{covered} of 1,000 intervals have the truth in them");
}

#[test]
fn intervals_of_rates_cover_the_true_skill() {
    assert_covers(covered(1, |dice| {
        let (skill, attempts) = (0.05 + 0.9 * dice.share(), 20 + dice.below(400) as usize);
        let succeeded = (0..attempts).filter(|_| dice.holds(skill)).count();
        (rate(succeeded, attempts).unwrap(), skill)
    }));
}

#[test]
fn intervals_of_rate_differences_cover_the_true_gain() {
    assert_covers(covered(2, |dice| {
        let (before, after) = (0.1 + 0.8 * dice.share(), 0.1 + 0.8 * dice.share());
        let mut tried = |skill: f64| {
            let attempts = 20 + dice.below(300) as usize;
            ((0..attempts).filter(|_| dice.holds(skill)).count(), attempts)
        };
        let (first, second) = (tried(after), tried(before));
        (rate_difference(first, second).unwrap(), after - before)
    }));
}

#[test]
fn intervals_of_median_differences_cover_the_true_one() {
    assert_covers(covered(3, |dice| {
        let shift = 4.0 * dice.share() - 2.0;
        let mut group = |middle: f64| -> Sample {
            let of = 20 + dice.below(400);
            (0..of).map(|_| middle + 3.0 * dice.normal()).collect()
        };
        let (one, other) = (group(10.0 + shift), group(10.0));
        (median_difference(&one, &other, 5).unwrap(), shift)
    }));
}

#[test]
fn intervals_of_trends_cover_the_true_slope() {
    assert_covers(covered(4, |dice| {
        let slope = dice.share() - 0.5;
        let weeks = 10 + dice.below(60) as u32;
        let points = (0..weeks).map(f64::from);
        let points = points.map(|week| (week, slope * week + 2.0 * dice.normal()));
        (trend(points).unwrap().slope, slope)
    }));
}

#[test]
fn intervals_of_correlations_cover_the_true_one() {
    assert_covers(covered(5, |dice| {
        let together = 1.6 * dice.share() - 0.8;
        let truth = 6.0 / std::f64::consts::PI * (together / 2.0).asin();
        let apart = (1.0_f64 - together * together).sqrt();
        let pairs: Vec<(f64, f64)> = (0..20 + dice.below(200))
            .map(|_| {
                let one = dice.normal();
                (one, together * one + apart * dice.normal())
            })
            .collect();
        (correlation(pairs).unwrap().rho, truth)
    }));
}

/// A digested session with this number.
pub fn digested(number: u128, value: SessionInsights) -> Arc<Digested<SessionInsights>> {
    let session: SessionId = format!("{number:032x}").parse().unwrap();
    Arc::new(Digested::new(session, value, HistoryLosses::default()))
}

/// A session in which no choice has anything to do with how it went.
pub fn played(dice: &mut Dice, attempts: u64) -> SessionInsights {
    let mut session = SessionInsights::default();
    let started = Timestamp::from_second(1_700_000_000 + dice.below(20_000_000) as i64).unwrap();
    session.about.player = Some(["Ann", "Ben", "Cleo"][dice.below(3) as usize].to_owned());
    session.about.scenario = ["meadow", "frontier", "marsh"][dice.below(3) as usize].to_owned();
    session.about.started = Some(started);
    session.about.updated = Some(started);
    let week = date(2024, 1, 1).saturating_add(jiff::Span::new().weeks(dice.below(40) as i64));
    session.about.week = Some(week);
    session.about.status = Some(match dice.below(3) {
        0 => SessionStatus::Completed,
        1 => SessionStatus::Failed,
        _ => SessionStatus::Active,
    });
    session.times.play = Duration::from_secs(60 + dice.below(7000));
    session.times.stretches = vec![Duration::from_secs(60 + dice.below(7000))];
    session.times.distractions = dice.below(6) as u32;
    session.times.hours.insert(dice.below(24) as i8, session.times.play);
    session.deaths = dice.below(9) as u32;
    session.said.thumbs_up = dice.holds(0.5).then(|| dice.holds(0.6));
    session.said.figures.insert("gold".to_owned(), dice.normal());
    for (of, all) in [("opening", ["king", "queen"]), ("difficulty", ["easy", "hard"])] {
        session.said.choices.insert(of.to_owned(), all[dice.below(2) as usize].to_owned());
    }
    let mut record = SkillRecord::default();
    for _ in 0..attempts {
        record.take(started, Attempt::new(dice.holds(0.6)));
    }
    session.skills.insert("parry".to_owned(), record);
    for level in ["one", "two", "three"] {
        let mut chapter = ChapterInsights::default();
        (chapter.begun, chapter.play) = (1, Duration::from_secs(dice.below(900)));
        (chapter.completed, chapter.failed) = if dice.holds(0.5) { (1, 0) } else { (0, 1) };
        session.chapters.insert(level.to_owned(), chapter);
    }
    session
}

pub fn world(
    seed: u64,
    sessions: u128,
    change: impl Fn(&mut SessionInsights, &mut Dice),
) -> DigestedSessions<SessionInsights> {
    let mut dice = Dice(seed);
    let sessions = (1..=sessions).map(|number| {
        let mut session = played(&mut dice, 12);
        change(&mut session, &mut dice);
        digested(number, session)
    });
    sessions.collect()
}

pub fn lessons(questions: Questions, sessions: DigestedSessions<SessionInsights>) -> Lessons {
    let mut study = Study::new(questions);
    study.update(sessions);
    study.lessons(Timestamp::from_second(1_760_000_000).unwrap())
}

/// All that a page says to matter.
fn said(lessons: &Lessons) -> Vec<String> {
    let json = serde_json::to_value(lessons).unwrap();
    let mut found = Vec::new();
    look(&json, "", &mut found);
    found
}

fn look(json: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(fields) => {
            if fields.get("matters") == Some(&serde_json::Value::Bool(true)) {
                found.push(format!("{path}: {json}"));
            }
            fields.iter().for_each(|(name, value)| look(value, &format!("{path}/{name}"), found));
        }
        serde_json::Value::Array(values) => {
            values
                .iter()
                .enumerate()
                .for_each(|(at, value)| look(value, &format!("{path}/{at}"), found));
        }
        _ => {}
    }
}

#[test]
fn at_most_fifty_of_a_thousand_worlds_without_effects_have_a_finding() {
    let questions =
        Questions::default().thirds([Measure::Deaths, Measure::Said("gold".to_owned())]);
    let wrong = (0..1000).filter(|seed| {
        let lessons = lessons(questions.clone(), world(1000 + seed, 120, |_, _| {}));
        assert!(lessons.works.iter().any(|it| it.difference.known().is_some()), "it is asked");
        !said(&lessons).is_empty()
    });
    let wrong = wrong.count();
    assert!(wrong <= 50, "{wrong} of 1,000 worlds are said to have something that matters");
}

#[test]
fn real_effects_are_found_with_intervals_that_cover_them() {
    let sessions = world(7, 600, |session, dice| {
        if session.said.choices["opening"] == "king" {
            session.deaths += 3;
            if session.is_success().is_some() {
                let won = dice.holds(0.8);
                session.about.status =
                    Some(if won { SessionStatus::Completed } else { SessionStatus::Failed });
            }
        }
        let third = session.chapters.get_mut("three").unwrap();
        (third.completed, third.failed) = if dice.holds(0.2) { (1, 0) } else { (0, 1) };
    });
    let lessons = lessons(Questions::default(), sessions);
    let found = lessons.what_matters();
    let of = |outcome: &str| {
        let it = found
            .iter()
            .find(|it| it.choice.to_string() == "opening" && it.outcome.to_string() == outcome);
        let it = it.unwrap_or_else(|| panic!("{outcome} isn't among {found:#?}"));
        let effect = *it.difference.known().unwrap();
        if it.chosen == "king" {
            (effect.size.low, effect.size.high)
        } else {
            (-effect.size.high, -effect.size.low)
        }
    };
    let (low, high) = of("completed");
    assert!(low < 0.3 && 0.3 < high, "{low} to {high}");
    let (low, high) = of("deaths");
    assert!(low <= 3.0 && 3.0 <= high, "{low} to {high}");
    let hard = lessons.levels.iter().find(|it| it.level == "three").unwrap();
    assert_eq!(hard.hardness(), bevy_session_insights::Hardness::Harder, "{hard:#?}");
}

#[test]
fn sixty_five_figures_of_noise_give_no_finding() {
    let sessions = world(3, 60, |session, dice| {
        for figure in 0..65 {
            session.said.figures.insert(format!("figure {figure}"), dice.normal());
        }
    });
    let lessons = lessons(Questions::default(), sessions);
    assert!(lessons.works.len() > 65 * 4, "{}", lessons.works.len());
    assert_eq!(said(&lessons), Vec::<String>::new());
}

#[test]
fn figures_that_are_not_finite_are_ignored() {
    let sessions = world(5, 120, |session, dice| {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][dice.below(3) as usize];
        session.said.figures.insert("odd".to_owned(), odd);
        if dice.holds(0.5) {
            session.said.figures.insert("gold".to_owned(), odd);
        }
    });
    let asked = Questions::default()
        .thirds([Measure::Said("odd".to_owned()), Measure::Said("gold".to_owned())]);
    let lessons = lessons(asked, sessions);
    assert_eq!(said(&lessons), Vec::<String>::new());
    let json = serde_json::to_string(&lessons).unwrap();
    assert!(!json.contains("null,\"high\""), "an interval has two ends");
    for it in &lessons.works {
        let known = it.with.samples + it.without.samples;
        assert!(it.outcome.to_string() != "odd", "nobody has it");
        assert!(it.outcome.to_string() != "gold" || known < 80, "half of them have it: {it:?}");
    }
    assert!(lessons.trends.iter().all(|it| it.points.iter().all(|point| point.1.is_finite())));
}

#[test]
fn equal_sessions_give_no_finding() {
    let mut one = played(&mut Dice(1), 0);
    one.chapters.clear();
    let sessions = (1..=120).map(|number| digested(number, one.clone())).collect();
    let lessons = lessons(Questions::default().thirds([Measure::Deaths]), sessions);
    assert_eq!(said(&lessons), Vec::<String>::new());
    assert_eq!((lessons.works.len(), lessons.leaving.apart.len()), (0, 0), "all are of one sort");
    for pair in &lessons.correlations {
        assert_eq!(pair.rho, Figure::Insufficient { have: 120, need: 121 }, "{pair:?}");
    }
}

#[test]
fn scores_by_other_weights_are_not_compared() {
    let today = || Weights::default().weigh("gold", 1.0).weigh("time", 2.0);
    let sessions = world(6, 90, |session, dice| {
        session.said.figures.insert("time".to_owned(), dice.share());
        let weights = if dice.holds(0.5) { today() } else { today().weigh("gold", 9.0) };
        session.said.weights.insert("flow".to_owned(), weights);
    });
    let of_today = sessions.iter().filter(|it| it.value.said.weights["flow"] == today()).count();
    let lessons = lessons(Questions::default().score("flow", today()), sessions);
    let compared = lessons.works.iter().find(|it| it.outcome.to_string() == "score flow").unwrap();
    assert_eq!(compared.with.samples + compared.without.samples, of_today);
}

#[test]
fn with_no_or_one_session_each_figure_says_how_many_it_needs() {
    for sessions in [0, 1] {
        let lessons = lessons(Questions::default(), world(1, sessions, |_, _| {}));
        assert_eq!(lessons.sessions, sessions as usize);
        let nothing = Figure::Insufficient { have: sessions as usize, need: 20 };
        assert_eq!(lessons.leaving.rate, nothing);
        assert_eq!(said(&lessons), Vec::<String>::new());
        for it in &lessons.works {
            assert!(
                matches!(it.difference, Figure::Insufficient { have, need: 40 } if have <= 1),
                "{it:?}"
            );
        }
        for it in &lessons.trends {
            assert!(it.slope.known().is_none(), "{it:?}");
        }
    }
}

/// A session that may have anything: skills in many sittings, tags, events, suggestions, no player.
fn lived(dice: &mut Dice) -> SessionInsights {
    let mut session = played(dice, 0);
    session.skills.clear();
    if dice.holds(0.3) {
        session.about.player = None;
    }
    for skill in ["parry", "dodge", "aim"] {
        if dice.holds(0.6) {
            let record = session.skills.entry(skill.to_owned()).or_default();
            let mut at = 1_700_000_000 + 3600 * dice.below(40) as i64;
            for _ in 0..dice.below(150) {
                at += if dice.holds(0.05) { 3600 * dice.below(60) as i64 } else { 5 };
                let attempt = Attempt::new(dice.holds(0.4)).with_quality(dice.share() as f32);
                record.take(Timestamp::from_second(at).unwrap(), attempt);
            }
        }
    }
    for tag in ["long", "co-op", "modded"] {
        if dice.holds(0.1) {
            session.about.tags.push(tag.to_owned());
        }
    }
    if dice.holds(0.2) {
        session.events.insert("game::Looted".to_owned(), dice.below(9));
    }
    if dice.holds(0.7) {
        let last = ["one", "two", "three"][dice.below(3) as usize];
        session.last_chapter = Some(last.to_owned());
    }
    // A number for everybody, as a seed: words that come and go.
    session.said.choices.insert("seed".to_owned(), dice.below(30).to_string());
    session.is_withheld = dice.holds(0.05);
    session
}

#[test]
fn an_updated_study_equals_one_from_scratch() {
    let questions = || Questions::default().thirds([Measure::Deaths]);
    let now = Timestamp::from_second(1_760_000_000).unwrap();
    let mut dice = Dice(9);
    let mut numbers: Vec<u128> = (1..=120).map(|number| number * 100).collect();
    let mut sessions: Vec<_> =
        numbers.iter().map(|number| digested(*number, lived(&mut dice))).collect();
    let mut study = Study::new(questions());
    for step in 0..60 {
        // What one skill, one tag and one type of events came up in alone comes and goes with it.
        let mut session = lived(&mut dice);
        if step % 7 == 0 {
            session.events.insert("game::Rare".to_owned(), 3);
            session.skills.insert("rare".to_owned(), SkillRecord::default());
            session.about.tags.push("rare".to_owned());
            session.about.player = Some("Rare".to_owned());
        }
        let place = dice.below(sessions.len() as u64) as usize;
        match step % 4 {
            0 | 1 => sessions[place] = digested(numbers[place], session),
            2 => {
                numbers.insert(place, numbers[place] - 1 - u128::from(step as u64));
                sessions.insert(place, digested(numbers[place], session));
            }
            _ => {
                numbers.remove(place);
                sessions.remove(place);
            }
        }
        let list = || -> DigestedSessions<_> { sessions.iter().cloned().collect() };
        assert_eq!(list().len(), sessions.len(), "ids are of one session each");
        study.update(list());
        let mut fresh = Study::new(questions());
        fresh.update(list());
        let (lessons, expected) = (study.lessons(now), fresh.lessons(now));
        assert_eq!(lessons, expected, "after step {step}");
        assert_eq!(study.lessons(now), expected, "it says the same twice");
    }
}

#[test]
fn differences_of_sessions_that_were_left_for_good_are_found() {
    let sessions = world(11, 400, |session, dice| {
        session.about.status = Some(SessionStatus::Completed);
        if dice.holds(0.2) {
            session.about.status = Some(SessionStatus::Active);
            session.deaths += 5;
            session.last_chapter = Some("three".to_owned());
        }
    });
    let leaving = lessons(Questions::default(), sessions).leaving;
    let left = leaving.places["three"];
    assert!((60..100).contains(&left), "{left}");
    let deaths = leaving.apart.iter().find(|it| it.outcome.to_string() == "deaths").unwrap();
    assert_eq!((&*deaths.chosen, deaths.with.samples), ("left", left));
    let more = deaths.difference.known().unwrap();
    assert!(more.matters && more.size.includes(5.0), "{more:?}");
}
