//! A report on some sessions together.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use bevy_session_journal::Digested;
use jiff::civil::Date;

use crate::figure::{Distribution, Figure, RATIOS};
use crate::session::{ChapterInsights, GridCell, SessionInsights};
use crate::statistics::Estimate;

/// A report on some sessions together: all of them, or those of a player, a scenario or a tag.
///
/// Sums are exact. A claim about sessions in general is a [`Figure`], which needs at least 20 samples.
///
/// It takes about as long as ten thousand sessions take to be read from memory: make it in a task, see the guide.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct InsightsReport {
    /// The number of sessions that it is about. Those that were played without consent aren't among them.
    pub sessions: usize,
    /// The number of them that are known in part only, because files are damaged or the oldest of them are gone.
    pub incomplete: usize,
    /// Their time, by what it was spent on.
    pub times: TimesReport,
    /// When they were played.
    pub calendar: CalendarReport,
    /// Their endings, and the players' opinions of them.
    pub endings: EndingsReport,
    /// Deaths of the player, in all sessions.
    pub deaths: u64,
    /// Deaths in each cell of the game's own grid, as far as their places are known.
    pub places: BTreeMap<GridCell, u64>,
    /// Slots that were loaded.
    pub loads: u64,
    /// Times that a session went back.
    pub rewinds: u64,
    /// Events of the types that the game named.
    pub events: BTreeMap<String, u64>,
    /// Time played in each value of each saved state.
    pub states: BTreeMap<String, BTreeMap<String, Duration>>,
    /// Chapters by their names.
    pub chapters: BTreeMap<String, ChapterReport>,
    /// Objectives by their keys.
    pub objectives: BTreeMap<String, ObjectiveReport>,
}

/// The time of some sessions, by what it was spent on.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct TimesReport {
    /// Time played.
    pub play: Duration,
    /// Time by the clock that they were paused.
    pub paused: Duration,
    /// Time played in which nothing was done.
    pub idle: Duration,
    /// Time played without the focus.
    pub unfocused: Duration,
    /// Play that crashes took.
    pub lost: Duration,
    /// The play time of sessions that have ended, in seconds.
    pub length: Figure<Distribution>,
    /// The play time without an interruption, in seconds.
    pub stretch: Figure<Distribution>,
    /// Time played by what was expected, of sessions that were completed.
    pub by_expected: Figure<Distribution>,
}

/// When some sessions were played.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct CalendarReport {
    /// Time played on each day.
    pub days: BTreeMap<Date, Duration>,
    /// Time played in each hour of the day, from 0 to 23.
    pub hours: BTreeMap<i8, Duration>,
    /// Time played on each day of the week: 1 is Monday.
    pub weekdays: BTreeMap<i8, Duration>,
    /// The outcomes of the sessions that were started in each week, by its Monday.
    pub weeks: BTreeMap<Date, WeekReport>,
}

/// The endings of some sessions.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct EndingsReport {
    /// The share of sessions without a crash, from 0 to 1.
    pub crash_free: Figure<Estimate>,
    /// Crashes by how the process ended.
    pub crashes: BTreeMap<String, u64>,
    /// The share of those that ended in which the goal was reached.
    pub success: Figure<Estimate>,
    /// The share of thumbs up among all thumbs.
    pub thumbs_up: Figure<Estimate>,
}

/// The outcomes of chapters of one name.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct ChapterReport {
    /// The sums over all sessions.
    pub total: ChapterInsights,
    /// The share of chapters that were completed among those that ended.
    pub completion: Figure<Estimate>,
}

/// The outcomes of an objective.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct ObjectiveReport {
    /// Sessions in which it was completed at any time.
    pub completed: usize,
    /// Sessions in which it was failed at any time.
    pub failed: usize,
    /// Sessions in which something got in its way.
    pub blocked: usize,
    /// The share of sessions that completed it among all: a step of the funnel.
    pub completion: Figure<Estimate>,
    /// When it was completed first, in seconds of play.
    pub completed_at: Figure<Distribution>,
}

/// The outcomes of the sessions that were started in a week.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct WeekReport {
    /// The number of sessions that were started.
    pub started: usize,
    /// The play time of all of them.
    pub play: Duration,
    /// The share of those without a crash.
    pub crash_free: Figure<Estimate>,
    /// The play time of each, in seconds.
    pub length: Figure<Distribution>,
}

impl InsightsReport {
    /// Makes the report on these sessions.
    ///
    /// ```
    /// use bevy_session_insights::{InsightsReport, SessionInsights};
    /// use bevy_session_journal::DigestedSessions;
    ///
    /// fn of_ann(sessions: &DigestedSessions<SessionInsights>) -> InsightsReport {
    ///     InsightsReport::of(sessions.iter().filter(|it| it.value.about.player.as_deref() == Some("Ann")))
    /// }
    /// assert_eq!(of_ann(&DigestedSessions::default()).sessions, 0);
    /// ```
    #[must_use]
    pub fn of<'a>(sessions: impl IntoIterator<Item = &'a Digested<SessionInsights>>) -> Self {
        let digested = sessions.into_iter().filter(|digested| !digested.value.is_withheld);
        let digested: Vec<_> = digested.collect();
        let all: Vec<&SessionInsights> = digested.iter().map(|digested| &digested.value).collect();
        let count = |of: fn(&SessionInsights) -> u32| all.iter().map(|it| u64::from(of(it))).sum();
        Self {
            sessions: all.len(),
            incomplete: digested.iter().filter(|digested| !digested.is_complete()).count(),
            times: TimesReport::of(&all),
            calendar: CalendarReport::of(&all),
            endings: EndingsReport::of(&all),
            deaths: count(|it| it.deaths),
            places: summed(&all, |it| it.places.iter().map(|(k, n)| (*k, u64::from(*n)))),
            loads: count(|it| it.loads),
            rewinds: count(|it| it.rewinds),
            events: summed(&all, |it| it.events.iter().map(|(k, n)| (k.clone(), *n))),
            states: states(&all),
            chapters: chapters(&all),
            objectives: objectives(&all),
        }
    }

    /// Reports of the sessions of each key: a session with several keys, such as tags, counts for each.
    ///
    /// ```
    /// use bevy_session_insights::{InsightsReport, SessionInsights};
    /// use bevy_session_journal::DigestedSessions;
    ///
    /// let sessions = DigestedSessions::<SessionInsights>::default();
    /// let by_tag = InsightsReport::by(sessions.iter(), |session| session.about.tags.clone());
    /// let by_player = InsightsReport::by(sessions.iter(), |session| session.about.player.clone());
    /// assert!(by_tag.is_empty() && by_player.is_empty());
    /// ```
    #[must_use]
    pub fn by<'a, I: IntoIterator<Item = String>>(
        sessions: impl IntoIterator<Item = &'a Digested<SessionInsights>>,
        keys: impl Fn(&SessionInsights) -> I,
    ) -> BTreeMap<String, Self> {
        let mut groups: BTreeMap<String, Vec<&Digested<SessionInsights>>> = BTreeMap::new();
        for session in sessions {
            for key in keys(&session.value) {
                groups.entry(key).or_default().push(session);
            }
        }
        groups.into_iter().map(|(key, group)| (key, Self::of(group))).collect()
    }

    /// The objectives by how many sessions got there, the most first.
    #[must_use]
    pub fn funnel(&self) -> Vec<(&str, usize)> {
        let steps = self.objectives.iter().map(|(key, it)| (key.as_str(), it.completed));
        let mut steps: Vec<_> = steps.collect();
        steps.sort_by_key(|(_, completed)| std::cmp::Reverse(*completed));
        steps
    }
}

impl TimesReport {
    fn of(sessions: &[&SessionInsights]) -> Self {
        let total = |of: fn(&SessionInsights) -> Duration| sessions.iter().map(|it| of(it)).sum();
        let ended = sessions.iter().filter(|it| it.is_success().is_some());
        let lengths: Vec<Duration> = ended.map(|it| it.times.play).collect();
        let stretches = sessions.iter().flat_map(|it| &it.times.stretches);
        let stretches: Vec<Duration> = stretches.copied().collect();
        let won = sessions.iter().filter(|it| it.is_success() == Some(true));
        let ratios: Vec<f64> = won.filter_map(|it| it.play_by_expected()).collect();
        Self {
            play: total(|it| it.times.play),
            paused: total(|it| it.times.paused),
            idle: total(|it| it.times.idle),
            unfocused: total(|it| it.times.unfocused),
            lost: total(|it| it.times.lost),
            length: Distribution::of_durations(&lengths),
            stretch: Distribution::of_durations(&stretches),
            by_expected: Figure::of(ratios.len(), || Distribution::of(ratios.clone(), RATIOS)),
        }
    }
}

impl CalendarReport {
    fn of(sessions: &[&SessionInsights]) -> Self {
        Self {
            days: summed(sessions, |it| it.times.days.iter().map(|(k, n)| (*k, *n))),
            hours: summed(sessions, |it| it.times.hours.iter().map(|(k, n)| (*k, *n))),
            weekdays: summed(sessions, |it| it.weekdays()),
            weeks: weeks(sessions),
        }
    }
}

impl EndingsReport {
    fn of(sessions: &[&SessionInsights]) -> Self {
        let ended: Vec<bool> = sessions.iter().filter_map(|it| it.is_success()).collect();
        let thumbs: Vec<bool> = sessions.iter().filter_map(|it| it.said.thumbs_up).collect();
        let share = |of: &[bool]| Figure::rate(of.iter().filter(|holds| **holds).count(), of.len());
        Self {
            crash_free: crash_free(sessions),
            crashes: summed(sessions, |it| {
                it.crashes.iter().map(|(k, n)| (k.clone(), u64::from(*n)))
            }),
            success: share(&ended),
            thumbs_up: share(&thumbs),
        }
    }
}

fn crash_free(sessions: &[&SessionInsights]) -> Figure<Estimate> {
    Figure::rate(sessions.iter().filter(|it| it.is_crash_free()).count(), sessions.len())
}

/// Sums by key.
fn summed<'a, K: Ord, V: Default + AddAssign, I: IntoIterator<Item = (K, V)>>(
    sessions: &[&'a SessionInsights],
    parts: impl Fn(&'a SessionInsights) -> I,
) -> BTreeMap<K, V> {
    let mut sums = BTreeMap::new();
    for session in sessions {
        for (key, value) in parts(session) {
            *sums.entry(key).or_insert_with(V::default) += value;
        }
    }
    sums
}

fn states(sessions: &[&SessionInsights]) -> BTreeMap<String, BTreeMap<String, Duration>> {
    let mut states: BTreeMap<String, BTreeMap<String, Duration>> = BTreeMap::new();
    for (state, values) in sessions.iter().flat_map(|it| &it.states) {
        let sums = states.entry(state.clone()).or_default();
        for (value, played) in values {
            *sums.entry(value.clone()).or_default() += *played;
        }
    }
    states
}

fn chapters(sessions: &[&SessionInsights]) -> BTreeMap<String, ChapterReport> {
    let mut totals: BTreeMap<&String, ChapterInsights> = BTreeMap::new();
    for (name, chapter) in sessions.iter().flat_map(|it| &it.chapters) {
        let total = totals.entry(name).or_default();
        total.begun += chapter.begun;
        total.completed += chapter.completed;
        total.failed += chapter.failed;
        total.abandoned += chapter.abandoned;
        total.play += chapter.play;
        total.deaths += chapter.deaths;
    }
    let report = |(name, total): (&String, ChapterInsights)| {
        let ended = total.completed + total.failed + total.abandoned;
        let completion = Figure::rate(total.completed as usize, ended as usize);
        (name.clone(), ChapterReport { total, completion })
    };
    totals.into_iter().map(report).collect()
}

fn objectives(sessions: &[&SessionInsights]) -> BTreeMap<String, ObjectiveReport> {
    let mut found: BTreeMap<&String, Vec<_>> = BTreeMap::new();
    for (key, objective) in sessions.iter().flat_map(|it| &it.objectives) {
        found.entry(key).or_default().push(objective);
    }
    let report = |(key, found): (&String, Vec<&super::session::ObjectiveInsights>)| {
        let completed = found.iter().filter(|it| it.completed > 0).count();
        let times: Vec<Duration> = found.iter().filter_map(|it| it.completed_at).collect();
        let report = ObjectiveReport {
            completed,
            failed: found.iter().filter(|it| it.failed > 0).count(),
            blocked: found.iter().filter(|it| it.blocked > 0).count(),
            completion: Figure::rate(completed, sessions.len()),
            completed_at: Distribution::of_durations(&times),
        };
        (key.clone(), report)
    };
    found.into_iter().map(report).collect()
}

fn weeks(sessions: &[&SessionInsights]) -> BTreeMap<Date, WeekReport> {
    let mut weeks: BTreeMap<Date, Vec<&SessionInsights>> = BTreeMap::new();
    for session in sessions {
        if let Some(week) = session.about.week {
            weeks.entry(week).or_default().push(session);
        }
    }
    let report = |(monday, sessions): (Date, Vec<&SessionInsights>)| {
        let lengths: Vec<Duration> = sessions.iter().map(|it| it.times.play).collect();
        let week = WeekReport {
            started: sessions.len(),
            play: lengths.iter().sum(),
            crash_free: crash_free(&sessions),
            length: Distribution::of_durations(&lengths),
        };
        (monday, week)
    };
    weeks.into_iter().map(report).collect()
}
