//! Makes figures of a session's log, event by event.

mod passing;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bevy_session_journal::{LifecycleEvent, RecordedEvent, SessionFacts};
use jiff::civil::Date;
use jiff::{Span, Timestamp};

use self::passing::distinct;
use crate::deed::{Deed, DeedKind, tell};
use crate::logged::{NoteChange, NoteStep, ObjectiveChange, ObjectiveStep, ObjectivesSummary};
use crate::mark::Mark;
use crate::reader::InsightsReader;
use crate::session::SessionInsights;
use crate::skill::Tally;
use crate::suggestion::{Suggested, SuggestionKind, SuggestionMade, SuggestionStep};

/// The field of a session that is played without the player's consent. Nothing is made of such a one.
pub const WITHHELD: &str = "bevy_session.insights_withheld";
/// Letters that are kept of what a player wrote about what was learnt.
const MOST_LEARNT: usize = 400;

/// A pause that takes longer by the clock was none: the machine slept, or its clock was set.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// State between one event and the next, while a log is read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Running {
    /// Play time so far.
    at: Duration,
    /// When that was.
    time: Option<Timestamp>,
    /// Since when it has been paused.
    paused: Option<Timestamp>,
    /// Play time since the last interruption.
    stretch: Duration,
    /// True if the game has lost the focus.
    is_unfocused: bool,
    /// The saved states that it is in, by type.
    states: BTreeMap<String, String>,
    /// The types of states that have changed.
    seen: BTreeSet<String>,
    /// The chapters that are open, the outermost first.
    chapters: Vec<String>,
    /// Notes of what was learnt, by their ids.
    learnt: BTreeMap<u64, String>,
}

/// Adds the next event to the figures of its session.
pub(crate) fn take_event(
    insights: &InsightsReader,
    value: &mut SessionInsights,
    event: &RecordedEvent,
) {
    value.pass_to(event.moment.time, event.moment.play_time, &insights.offset());
    let path = &*event.event_type.path;
    if insights.is_counted(path) {
        *value.events.entry(path.to_owned()).or_default() += 1;
    }
    if let Some(place) = insights.death(event) {
        value.deaths += 1;
        for name in distinct(&value.running.chapters) {
            value.chapters.entry(name.clone()).or_default().deaths += 1;
        }
        place.into_iter().for_each(|cell| *value.places.entry(cell).or_default() += 1);
        value.tell(event, DeedKind::Died(1));
    }
    for (skill, attempt) in insights.declared_skills().drawn(event) {
        value.skills.entry(skill).or_default().take(event.moment.time, attempt);
    }
    match path {
        LifecycleEvent::TYPE_PATH => {
            if let Ok(lifecycle) = event.decode() {
                value.take_lifecycle(event, lifecycle);
            }
        }
        ObjectiveChange::TYPE_PATH => {
            if let Ok(change) = event.decode() {
                value.take_objective(event, &change);
            }
        }
        NoteChange::TYPE_PATH => {
            if let Ok(change) = event.decode() {
                value.take_note(change);
            }
        }
        Mark::TYPE_PATH => {
            if let Ok(mark) = event.decode() {
                value.take_mark(insights, event, mark);
            }
        }
        _ => {}
    }
}

/// Adds the facts of a session that aren't in its events, after all of these.
pub(crate) fn take_facts(
    insights: &InsightsReader,
    value: &mut SessionInsights,
    facts: &SessionFacts,
) {
    let entry = &facts.entry;
    let is_withheld = insights.withholds(entry.session.player.as_deref());
    if is_withheld || entry.summary.fields.contains(WITHHELD) {
        *value = SessionInsights { is_withheld: true, ..SessionInsights::default() };
        return;
    }
    // What was played since the last event that was recorded.
    let last = value.running.time.unwrap_or(entry.session.started);
    value.pass_to(last, entry.play_time, &insights.offset());
    value.end_stretch();
    value.about.name.clone_from(&entry.session.name);
    value.about.player.clone_from(&entry.session.player);
    value.about.scenario.clone_from(&entry.session.session_type);
    value.about.tags = entry.session.tags.iter().map(str::to_owned).collect();
    value.about.started = Some(entry.session.started);
    value.about.week = Some(week_of(insights.offset().to_datetime(entry.session.started).date()));
    value.about.updated = Some(entry.updated);
    value.about.status = Some(entry.status);
    value.times.play = entry.play_time;
    let of_objectives = entry.summary.fields.get(ObjectivesSummary::FIELD);
    let of_objectives = of_objectives.map(|summary: ObjectivesSummary| summary.expected);
    value.about.expected =
        entry.session.expected.or(of_objectives.filter(|expected| !expected.is_zero()));
    value.about.progress = entry.summary.progress();
    value.about.next = entry.summary.objective();
    for (state, now) in &entry.summary.states {
        // It never changed, so it was so all the time.
        if !value.running.seen.contains(state) {
            let values = value.states.entry(state.clone()).or_default();
            *values.entry(now.clone()).or_default() += entry.play_time;
        }
    }
    if let Some(cause) = facts.cause.as_ref().filter(|_| entry.has_crashed()) {
        *value.crashes.entry(cause.name().to_owned()).or_default() += 1;
    }
    value.last_chapter = value.running.chapters.last().cloned();
    value.said.learnt = std::mem::take(&mut value.running.learnt).into_values().collect();
    value.running = Running::default();
}

/// The Monday of a day's week.
fn week_of(day: Date) -> Date {
    let since_monday = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(Span::new().days(since_monday)).unwrap_or(day)
}

impl SessionInsights {
    fn tell(&mut self, event: &RecordedEvent, what: DeedKind) {
        let (time, at) = (event.moment.time, event.moment.play_time);
        tell(&mut self.recent, Deed { time, at, what });
    }

    fn take_lifecycle(&mut self, event: &RecordedEvent, lifecycle: LifecycleEvent) {
        let time = event.moment.time;
        match lifecycle.subtype.as_str() {
            "started" => self.tell(event, DeedKind::Started),
            "paused" => {
                self.end_stretch();
                self.running.paused = Some(time);
                self.times.distractions += 1;
            }
            // What is put back is played at once.
            "resumed" | "undone" | "branched_off" => self.end_pause(time),
            "closed" | "ended" => {
                self.end_pause(time);
                self.end_stretch();
            }
            "continued" => self.interrupt(),
            "recovered" => {
                self.interrupt();
                let cause = lifecycle.cause.unwrap_or_else(|| "unknown".to_owned());
                *self.crashes.entry(cause).or_default() += 1;
                self.times.lost += lifecycle.lost.unwrap_or_default();
                self.tell(event, DeedKind::Recovered);
            }
            "loaded" => {
                self.end_pause(time);
                self.loads += 1;
                self.tell(event, DeedKind::WentBack);
            }
            "rewound" => {
                self.end_pause(time);
                self.rewinds += 1;
                self.tell(event, DeedKind::WentBack);
            }
            "state_changed" => self.take_state(lifecycle),
            "chapter_begun" => self.begin_chapter(event, lifecycle.details),
            "chapter_ended" => self.end_chapter(event, lifecycle),
            _ => {}
        }
    }

    fn take_objective(&mut self, event: &RecordedEvent, change: &ObjectiveChange) {
        let key = change.key.clone();
        let objective = self.objectives.entry(key.clone()).or_default();
        match &change.step {
            ObjectiveStep::Completed => {
                objective.completed += 1;
                objective.completed_at.get_or_insert(change.at);
                self.tell(event, DeedKind::ObjectiveCompleted(key));
            }
            ObjectiveStep::Failed => {
                objective.failed += 1;
                self.tell(event, DeedKind::ObjectiveFailed(key));
            }
            ObjectiveStep::Blocked(_) => objective.blocked += 1,
            _ => {}
        }
    }

    fn take_note(&mut self, change: NoteChange) {
        let cut = |text: String| text.chars().take(MOST_LEARNT).collect();
        match change.step {
            NoteStep::Written { new } if new.learnt => {
                self.running.learnt.insert(change.note, cut(new.text));
            }
            NoteStep::Edited { text } => {
                if let Some(known) = self.running.learnt.get_mut(&change.note) {
                    *known = cut(text);
                }
            }
            NoteStep::Removed => drop(self.running.learnt.remove(&change.note)),
            _ => {}
        }
    }

    fn take_mark(&mut self, insights: &InsightsReader, event: &RecordedEvent, mark: Mark) {
        match mark {
            Mark::Thumbs(up) => self.said.thumbs_up = Some(up),
            Mark::Focus(has_focus) => {
                let was_unfocused = std::mem::replace(&mut self.running.is_unfocused, !has_focus);
                self.times.distractions += u32::from(!has_focus && !was_unfocused);
            }
            Mark::Idle(idle) => {
                self.times.idle = self.times.idle.saturating_add(idle);
                self.times.distractions += 1;
            }
            Mark::Attempt { skill, attempt } => {
                let skill = insights.declared_skills().todays_name(skill);
                self.skills.entry(skill).or_default().take(event.moment.time, attempt);
            }
            Mark::Figure { name, value } if value.is_finite() => {
                self.said.figures.insert(name, value);
            }
            Mark::Figure { .. } => {}
            Mark::Choice { of, chosen } => drop(self.said.choices.insert(of, chosen)),
            Mark::Weights { score, weights } => drop(self.said.weights.insert(score, weights)),
            Mark::Suggestion { suggested, step } => {
                self.take_suggestion(event.moment.play_time, suggested, step);
            }
        }
    }

    fn take_suggestion(&mut self, at: Duration, suggested: Suggested, step: SuggestionStep) {
        let before = self.tally_of(&suggested);
        self.said.suggestions.push(SuggestionMade { suggested, step, at, before });
    }

    /// The attempts that a suggestion may help with: those at the skill that it is a hint for, and else all.
    pub(crate) fn tally_of(&self, suggested: &Suggested) -> Tally {
        let helps = |skill: &str| suggested.kind != SuggestionKind::Hint || suggested.what == skill;
        let records = self.skills.iter().filter(|(skill, _)| helps(skill));
        records.flat_map(|(_, record)| record.attempts()).collect()
    }

    fn begin_chapter(&mut self, event: &RecordedEvent, name: Option<String>) {
        let name = name.unwrap_or_default();
        self.chapters.entry(name.clone()).or_default().begun += 1;
        self.running.chapters.push(name.clone());
        self.tell(event, DeedKind::ChapterBegun(name));
    }

    fn end_chapter(&mut self, event: &RecordedEvent, lifecycle: LifecycleEvent) {
        let name = lifecycle.details.unwrap_or_default();
        if let Some(place) = self.running.chapters.iter().rposition(|open| *open == name) {
            self.running.chapters.remove(place);
        }
        let chapter = self.chapters.entry(name.clone()).or_default();
        let deed = match lifecycle.status.as_deref() {
            Some("completed") => {
                chapter.completed += 1;
                DeedKind::ChapterCompleted(name)
            }
            Some("failed") => {
                chapter.failed += 1;
                DeedKind::ChapterFailed(name)
            }
            _ => {
                chapter.abandoned += 1;
                DeedKind::ChapterAbandoned(name)
            }
        };
        self.tell(event, deed);
    }

    fn take_state(&mut self, lifecycle: LifecycleEvent) {
        let Some(state) = lifecycle.details else { return };
        let is_first = self.running.seen.insert(state.clone());
        if let Some(previous) = lifecycle.previous.filter(|_| is_first) {
            let values = self.states.entry(state.clone()).or_default();
            *values.entry(previous).or_default() += self.running.at;
        }
        match lifecycle.status {
            Some(status) => drop(self.running.states.insert(state, status)),
            None => drop(self.running.states.remove(&state)),
        }
    }
}
