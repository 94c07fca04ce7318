//! The same figures, computed in the plainest way from what a game exports: each by a look at all events, with no regard
//! to what that costs.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy::reflect::TypePath;
use bevy_session::SessionStatus;
use bevy_session::events::{LifecycleEvent, RecordedEvent};
use bevy_session::library::SessionEntry;
use bevy_session_play::*;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::planted::{CELL, Died, Looted};

const STEP: Duration = Duration::from_millis(100);

pub struct Oracle {
    pub events: Vec<RecordedEvent>,
    pub entry: SessionEntry,
}

/// Play between two events: what came before it, from when on by the clock, and how long.
struct Interval<'a> {
    before: &'a [RecordedEvent],
    since: Timestamp,
    played: Duration,
}

impl Oracle {
    fn of_type(&self, path: &str) -> Vec<&RecordedEvent> {
        self.events.iter().filter(|event| &*event.event_type.path == path).collect()
    }

    fn lifecycle(events: &[RecordedEvent]) -> Vec<(usize, LifecycleEvent)> {
        let decoded = |(place, event): (usize, &RecordedEvent)| {
            let is_it = &*event.event_type.path == LifecycleEvent::TYPE_PATH;
            is_it.then(|| (place, event.decode().unwrap()))
        };
        events.iter().enumerate().filter_map(decoded).collect()
    }

    fn happened(&self, subtype: &str) -> usize {
        Self::lifecycle(&self.events).iter().filter(|(_, it)| it.subtype == subtype).count()
    }

    /// The highest play time up to an event.
    fn reached(&self, place: usize) -> Duration {
        self.events[..=place].iter().map(|event| event.moment.play_time).max().unwrap()
    }

    fn intervals(&self) -> Vec<Interval<'_>> {
        let interval = |place: usize| {
            let end = match self.events.get(place + 1) {
                Some(_) => self.reached(place + 1),
                None => self.entry.play_time,
            };
            Interval {
                before: &self.events[..=place],
                since: self.events[place].moment.time,
                played: end.saturating_sub(self.reached(place)),
            }
        };
        // A writer that answers a turn late has the first event a frame after the beginning.
        let before_all = Interval {
            before: &[],
            since: self.entry.session.started,
            played: self.events.first().map_or(self.entry.play_time, |_| self.reached(0)),
        };
        std::iter::once(before_all).chain((0..self.events.len()).map(interval)).collect()
    }

    fn crashes(&self) -> BTreeMap<String, u32> {
        let mut crashes = BTreeMap::new();
        for (_, event) in Self::lifecycle(&self.events) {
            if event.subtype == "recovered" {
                *crashes.entry(event.cause.unwrap_or("unknown".to_owned())).or_default() += 1;
            }
        }
        crashes
    }

    fn lost(&self) -> Duration {
        Self::lifecycle(&self.events).iter().filter_map(|(_, event)| event.lost).sum()
    }

    fn paused(&self) -> Duration {
        let all = Self::lifecycle(&self.events);
        let mut paused = Duration::ZERO;
        for (place, event) in &all {
            if event.subtype != "paused" {
                continue;
            }
            let ends = [
                "resumed",
                "closed",
                "ended",
                "loaded",
                "rewound",
                "continued",
                "recovered",
                "undone",
            ];
            let end = all
                .iter()
                .find(|(later, event)| later > place && ends.contains(&event.subtype.as_str()));
            let Some((end, how)) = end else { continue };
            if how.subtype != "continued" && how.subtype != "recovered" {
                let time = |place: usize| self.events[place].moment.time;
                let took = Duration::try_from(time(*end).duration_since(time(*place)));
                paused += took.unwrap_or_default();
            }
        }
        paused
    }

    fn stretches(&self) -> Vec<Duration> {
        let ends = ["paused", "closed", "ended", "continued", "recovered"];
        let mut bounds = vec![Duration::ZERO];
        for (place, event) in Self::lifecycle(&self.events) {
            if ends.contains(&event.subtype.as_str()) {
                bounds.push(self.reached(place));
            }
        }
        bounds.push(self.entry.play_time);
        let stretches = bounds.windows(2).map(|two| two[1].saturating_sub(two[0]));
        stretches.filter(|stretch| !stretch.is_zero()).collect()
    }

    fn states(&self) -> BTreeMap<String, BTreeMap<String, Duration>> {
        let changes = |events: &[RecordedEvent], state: &str| -> Vec<LifecycleEvent> {
            let all = Self::lifecycle(events).into_iter().map(|(_, event)| event);
            all.filter(|it| it.subtype == "state_changed" && it.details.as_deref() == Some(state))
                .collect()
        };
        let mut states: BTreeMap<String, BTreeMap<String, Duration>> = BTreeMap::new();
        for (state, last) in &self.entry.summary.states {
            for interval in self.intervals() {
                let before = changes(interval.before, state).pop().and_then(|it| it.status);
                let first = changes(&self.events, state).into_iter().next();
                let first = first.and_then(|it| it.previous);
                let value = before.or(first).unwrap_or_else(|| last.clone());
                let values = states.entry(state.clone()).or_default();
                *values.entry(value).or_default() += interval.played;
            }
        }
        states.values_mut().for_each(|values| values.retain(|_, played| !played.is_zero()));
        states
    }

    /// The names of the chapters that were open after these events.
    fn open(events: &[RecordedEvent]) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        for (_, event) in Self::lifecycle(events) {
            let name = event.details.clone().unwrap_or_default();
            if event.subtype == "chapter_begun" {
                open.push(name);
            } else if event.subtype == "chapter_ended"
                && let Some(place) = open.iter().rposition(|it| *it == name)
            {
                open.remove(place);
            }
        }
        open
    }

    fn chapter(&self, name: &str) -> (u32, u32, u32, u32, Duration) {
        let all = Self::lifecycle(&self.events);
        let count = |subtype: &str, status: Option<&str>| {
            let is_it = |event: &LifecycleEvent| {
                event.subtype == subtype
                    && event.details.as_deref() == Some(name)
                    && (status.is_none() || event.status.as_deref() == status)
            };
            all.iter().filter(|(_, event)| is_it(event)).count() as u32
        };
        let is_open = |it: &Interval<'_>| Self::open(it.before).iter().any(|open| open == name);
        (
            count("chapter_begun", None),
            count("chapter_ended", Some("completed")),
            count("chapter_ended", Some("failed")),
            count("chapter_ended", Some("abandoned")),
            self.intervals().iter().filter(|it| is_open(it)).map(|it| it.played).sum(),
        )
    }

    fn marks(&self) -> Vec<InsightMark> {
        self.of_type(InsightMark::TYPE_PATH).iter().map(|it| it.decode().unwrap()).collect()
    }

    fn unfocused(&self) -> Duration {
        let mut unfocused = Duration::ZERO;
        for interval in self.intervals() {
            let mut has_focus = true;
            for event in interval.before {
                match &*event.event_type.path {
                    InsightMark::TYPE_PATH => {
                        if let InsightMark(Mark::Focus(focus)) = event.decode().unwrap() {
                            has_focus = focus;
                        }
                    }
                    LifecycleEvent::TYPE_PATH => {
                        let event: LifecycleEvent = event.decode().unwrap();
                        has_focus |= ["continued", "recovered"].contains(&&*event.subtype);
                    }
                    _ => {}
                }
            }
            unfocused += if has_focus { Duration::ZERO } else { interval.played };
        }
        unfocused
    }

    fn objective(&self, key: &str) -> (u32, u32, Option<Duration>) {
        let changes = self.of_type(ObjectiveChange::TYPE_PATH);
        let changes: Vec<ObjectiveChange> = changes.iter().map(|it| it.decode().unwrap()).collect();
        let of = |step: ObjectiveStep| {
            let is_it = move |it: &&ObjectiveChange| it.key.as_str() == key && it.step == step;
            changes.iter().filter(is_it).collect::<Vec<_>>()
        };
        let completed = of(ObjectiveStep::Completed);
        let first = completed.first().map(|it| it.at);
        (completed.len() as u32, of(ObjectiveStep::Failed).len() as u32, first)
    }

    /// Play by day and hour, a tenth of a second after the other.
    fn calendar(&self) -> (BTreeMap<Date, Duration>, BTreeMap<i8, Duration>) {
        let (mut days, mut hours) = (BTreeMap::new(), BTreeMap::new());
        for interval in self.intervals() {
            let mut moment = interval.since;
            for _ in 0..interval.played.as_millis() / STEP.as_millis() {
                let local = moment.to_zoned(TimeZone::UTC);
                *days.entry(local.date()).or_default() += STEP;
                *hours.entry(local.hour()).or_default() += STEP;
                moment += SignedDuration::from_millis(100);
            }
        }
        (days, hours)
    }

    fn places(&self) -> BTreeMap<GridCell, u32> {
        let mut places = BTreeMap::new();
        for died in self.of_type(Died::type_path()) {
            let Died { x, y } = died.decode().unwrap();
            let cell = GridCell { x: (x / CELL) as i32, y: (y / CELL) as i32 };
            *places.entry(cell).or_default() += 1;
        }
        places
    }

    fn monday(&self) -> Date {
        let mut day = self.entry.session.started.to_zoned(TimeZone::UTC).date();
        while day.weekday() != Weekday::Monday {
            day = day.checked_sub(1.day()).unwrap();
        }
        day
    }

    pub fn compare(&self, value: &SessionInsights) {
        let session = &self.entry.session;
        assert_eq!((&value.about.name, &value.about.player), (&session.name, &session.player));
        assert_eq!(value.about.scenario, session.session_type);
        assert_eq!(value.about.tags, session.tags.iter().collect::<Vec<_>>());
        assert_eq!(
            (value.about.started, value.times.play),
            (Some(session.started), self.entry.play_time)
        );
        assert_eq!(value.deaths as usize, self.of_type(Died::type_path()).len());
        assert_eq!(value.places, self.places());
        let looted = self.of_type(Looted::type_path()).len() as u64;
        assert_eq!(value.events.get(Looted::type_path()).copied().unwrap_or(0), looted);
        assert_eq!(value.loads as usize, self.happened("loaded"));
        assert_eq!(value.rewinds as usize, self.happened("rewound"));
        assert_eq!((&value.crashes, value.times.lost), (&self.crashes(), self.lost()));
        assert_eq!((value.times.paused, value.times.unfocused), (self.paused(), self.unfocused()));
        assert_eq!(value.times.stretches, self.stretches());
        let mut states = value.states.clone();
        states.values_mut().for_each(|values| values.retain(|_, played| !played.is_zero()));
        assert_eq!(states, self.states());
        for (name, it) in &value.chapters {
            let found = (it.begun, it.completed, it.failed, it.abandoned, it.play);
            assert_eq!(found, self.chapter(name), "{name}");
        }
        assert_eq!(
            value.chapters.values().map(|it| it.begun as usize).sum::<usize>(),
            self.happened("chapter_begun")
        );
        for key in ["town/well", "town/wall", "sail", "town"] {
            let found = value.objectives.get(key).copied().unwrap_or_default();
            let found = (found.completed, found.failed, found.completed_at);
            assert_eq!(found, self.objective(key), "{key}");
        }
        let idle = self.marks().into_iter().map(|mark| match mark {
            InsightMark(Mark::Idle(idle)) => idle,
            _ => Duration::ZERO,
        });
        assert_eq!(value.times.idle, idle.sum());
        let thumbs = self.marks().into_iter().filter_map(|mark| match mark {
            InsightMark(Mark::Thumbs(up)) => Some(up),
            _ => None,
        });
        assert_eq!(value.said.thumbs_up, thumbs.collect::<Vec<_>>().last().copied());
        assert_eq!((value.times.days.clone(), value.times.hours.clone()), self.calendar());
        assert_eq!(value.about.expected, Some(Duration::from_secs(8)), "what the objectives say");
        assert_eq!(value.about.progress, self.entry.summary.progress());
    }
}

/// The middle of some values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// A rate says what the plain share is, with that within its interval.
#[track_caller]
fn assert_share(figure: &Figure<Estimate>, some: usize, all: usize) {
    match *figure {
        Figure::Known { value, samples } if all >= 20 => {
            assert_eq!((value.value, samples), (some as f64 / all as f64, all));
            assert!(value.low < value.high && value.includes(value.value), "{value:?}");
        }
        _ => assert_eq!(*figure, Figure::Insufficient { have: all, need: 20 }),
    }
}

pub fn compare_all(oracles: &[Oracle], report: &InsightsReport) {
    let sum = |of: fn(&Oracle) -> Duration| oracles.iter().map(of).sum::<Duration>();
    assert_eq!(report.times.play, sum(|it| it.entry.play_time));
    assert_eq!((report.times.paused, report.times.lost), (sum(Oracle::paused), sum(Oracle::lost)));
    assert_eq!(report.times.unfocused, sum(Oracle::unfocused));
    let deaths = oracles.iter().map(|it| it.of_type(Died::type_path()).len() as u64);
    assert_eq!(report.deaths, deaths.sum::<u64>());
    let crash_free = oracles.iter().filter(|it| it.happened("recovered") == 0).count();
    assert_share(&report.endings.crash_free, crash_free, oracles.len());
    let ended: Vec<_> = oracles.iter().filter(|it| it.entry.status.has_ended()).collect();
    let won = ended.iter().filter(|it| it.entry.status == SessionStatus::Completed).count();
    assert_share(&report.endings.success, won, ended.len());
    assert_eq!(report.times.length.samples(), ended.len());
    let stretches: Vec<f64> =
        oracles.iter().flat_map(Oracle::stretches).map(|it| it.as_secs_f64()).collect();
    let spread = report.times.stretch.known().expect("there are more than 20");
    assert!((spread.median - median(stretches.clone())).abs() < 1e-9);
    assert_eq!(spread.buckets.iter().map(|(_, count)| count).sum::<usize>(), stretches.len());
    let up_to = |bound: f64| stretches.iter().filter(|it| **it <= bound).count();
    assert_eq!(spread.buckets[0], (Some(60.0), up_to(60.0)));
    for (key, objective) in &report.objectives {
        let completed = oracles.iter().filter(|it| it.objective(key).0 > 0).count();
        assert_eq!(objective.completed, completed, "{key}");
        assert_share(&objective.completion, completed, oracles.len());
    }
    for (name, chapter) in &report.chapters {
        let begun: u32 = oracles.iter().map(|it| it.chapter(name).0).sum();
        assert_eq!(chapter.total.begun, begun, "{name}");
    }
    for (monday, week) in &report.calendar.weeks {
        let started = oracles.iter().filter(|it| it.monday() == *monday).collect::<Vec<_>>();
        assert_eq!(week.started, started.len());
        assert_eq!(week.play, started.iter().map(|it| it.entry.play_time).sum());
    }
    assert_eq!(
        report.calendar.weeks.values().map(|week| week.started).sum::<usize>(),
        oracles.len()
    );
    let mut days: BTreeMap<Date, Duration> = BTreeMap::new();
    for (day, played) in oracles.iter().flat_map(|it| it.calendar().0) {
        *days.entry(day).or_default() += played;
    }
    assert_eq!(report.calendar.days, days);
    let weekdays: Duration = report.calendar.weekdays.values().sum();
    assert_eq!(weekdays, report.times.play);
}
