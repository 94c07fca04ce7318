//! A row for each session, a column for each figure and choice.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy_session_journal::{Digested, DigestedSessions, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;

use super::changes::Change;
use super::columns::{ChoiceColumn, Column};
use super::comparing::Comparing;
use super::together;
use super::words::Words;
use crate::lessons::{Comparison, FigureTrend};
use crate::measure::{Choice, Measure, Outcome};
use crate::questions::Questions;
use crate::session::SessionInsights;

/// A row for each session, a column for each figure and choice.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    last_chapters: Words<String>,
    weeks: Words<Date>,
    /// In the order of their outcomes, and of their choices.
    columns: Vec<Column>,
    choices: Vec<ChoiceColumn<String>>,
    /// The number of sessions that have each figure, and choice, that not every game has.
    measured: BTreeMap<Measure, usize>,
    chosen: BTreeMap<Choice, usize>,
}

/// The facts of a session apart from figures and choices.
#[derive(Clone, Debug)]
pub(super) struct Row {
    session: SessionId,
    is_withheld: bool,
    pub(super) is_complete: bool,
    /// When it was touched last, of a session that hasn't ended.
    open_since: Option<Timestamp>,
    suggests: bool,
}

/// The sessions that were left for good.
pub(super) struct LeftForGood {
    pub(super) rows: Vec<bool>,
    choice: ChoiceColumn,
}

impl Row {
    fn of(digested: &Digested<SessionInsights>) -> Self {
        let value = &digested.value;
        Self {
            session: digested.session,
            is_withheld: value.is_withheld,
            is_complete: digested.is_complete(),
            open_since: value.about.updated.filter(|_| value.is_success().is_none()),
            suggests: !value.said.suggestions.is_empty(),
        }
    }
}

impl Table {
    pub(super) fn of(sessions: &DigestedSessions<SessionInsights>, questions: &Questions) -> Self {
        let mut table = Self {
            rows: sessions.iter().map(Row::of).collect(),
            last_chapters: sessions.iter().map(|it| it.value.last_chapter.clone()).collect(),
            weeks: sessions.iter().map(|it| it.value.about.week).collect(),
            ..Self::default()
        };
        sessions.iter().for_each(|it| table.count(&it.value));
        table.know_columns(sessions, questions);
        table
    }

    /// Replaces a session, adds or removes one. [`know_columns`](Self::know_columns) has to follow.
    pub(super) fn replace(&mut self, change: &Change, questions: &Questions) {
        let row = change.row;
        if let Some(old) = change.old {
            self.discount(&old.value);
        }
        if let Some(new) = change.new {
            self.count(&new.value);
        }
        match (change.old, change.new) {
            (Some(_), Some(new)) => {
                let value = &new.value;
                if let Some(known) = self.rows.get_mut(row) {
                    *known = Row::of(new);
                }
                self.last_chapters.set(row, value.last_chapter.clone());
                self.weeks.set(row, value.about.week);
                self.columns.iter_mut().for_each(|column| column.set(row, value, questions));
                self.choices.iter_mut().for_each(|choice| choice.set(row, value));
            }
            (None, Some(new)) => {
                let value = &new.value;
                self.rows.insert(row.min(self.rows.len()), Row::of(new));
                self.last_chapters.insert(row, value.last_chapter.clone());
                self.weeks.insert(row, value.about.week);
                self.columns.iter_mut().for_each(|column| column.insert(row, value, questions));
                self.choices.iter_mut().for_each(|choice| choice.insert(row, value));
            }
            (_, None) if row < self.rows.len() => {
                self.rows.remove(row);
                self.last_chapters.remove(row);
                self.weeks.remove(row);
                self.columns.iter_mut().for_each(|column| column.remove(row));
                self.choices.iter_mut().for_each(|choice| choice.words.remove(row));
            }
            (_, None) => {}
        }
    }

    fn count(&mut self, session: &SessionInsights) {
        if !session.is_withheld {
            Measure::found_in(session).for_each(|it| *self.measured.entry(it).or_default() += 1);
            Choice::found_in(session).for_each(|it| *self.chosen.entry(it).or_default() += 1);
        }
    }

    fn discount(&mut self, session: &SessionInsights) {
        if !session.is_withheld {
            Measure::found_in(session).for_each(|it| discount(&mut self.measured, &it));
            Choice::found_in(session).for_each(|it| discount(&mut self.chosen, &it));
        }
    }

    /// Adds columns of what no session had before, and lets those go of which no session has anything any more.
    pub(super) fn know_columns(
        &mut self,
        sessions: &DigestedSessions<SessionInsights>,
        questions: &Questions,
    ) {
        let values = || sessions.iter().map(|it| &it.value);
        let Self { columns, choices, measured, chosen, .. } = self;
        columns.retain(|column| match &column.outcome {
            Outcome::Amount(it) => Measure::ALWAYS.contains(it) || measured.contains_key(it),
            Outcome::Completed | Outcome::ThumbsUp => true,
        });
        let amounts = Measure::ALWAYS.into_iter().chain(measured.keys().cloned());
        let amounts = amounts.map(Outcome::Amount);
        for outcome in [Outcome::Completed, Outcome::ThumbsUp].into_iter().chain(amounts) {
            if let Err(place) = columns.binary_search_by(|column| column.outcome.cmp(&outcome)) {
                columns.insert(place, Column::of(outcome, questions, values()));
            }
        }
        choices.retain(|it| Choice::ALWAYS.contains(&it.choice) || chosen.contains_key(&it.choice));
        for choice in Choice::ALWAYS.into_iter().chain(chosen.keys().cloned()) {
            if let Err(place) = choices.binary_search_by(|known| known.choice.cmp(&choice)) {
                choices.insert(place, ChoiceColumn::of(choice, values()));
            }
        }
    }

    /// The rows of sessions that were played with consent.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.is_withheld)
    }

    /// For each row whether something was suggested.
    pub(super) fn suggests(&self) -> impl Iterator<Item = bool> {
        self.rows.iter().map(|row| row.suggests)
    }

    pub(super) fn row_of(&self, session: SessionId) -> Option<usize> {
        self.rows.binary_search_by_key(&session, |row| row.session).ok()
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(super) fn last_chapters(&self) -> &Words<String> {
        &self.last_chapters
    }

    fn amounts(&self) -> impl Iterator<Item = (&Measure, &Column)> {
        self.columns.iter().filter_map(|column| match &column.outcome {
            Outcome::Amount(measure) => Some((measure, column)),
            Outcome::Completed | Outcome::ThumbsUp => None,
        })
    }

    /// Comparisons of outcomes by what was chosen.
    pub(super) fn what_works(
        &self,
        comparing: &mut Comparing,
        questions: &Questions,
    ) -> Vec<Comparison> {
        let went = |column: &&Column| match &column.outcome {
            Outcome::Completed | Outcome::ThumbsUp => true,
            Outcome::Amount(measure) => !measure.is_behaviour(),
        };
        let mut works = Vec::new();
        for choice in self.choices.iter().filter(|it| !it.choice.is_behaviour()) {
            for column in self.columns.iter().filter(went) {
                works.extend(comparing.compare(choice, column, questions));
            }
        }
        works
    }

    /// Comparisons of all figures by thirds, and by events that came up.
    pub(super) fn groups(
        &self,
        comparing: &mut Comparing,
        questions: &Questions,
    ) -> Vec<Comparison> {
        let mut groups = Vec::new();
        for measure in &questions.thirds {
            let of_measure = self.amounts().find(|(known, _)| *known == measure);
            let Some(thirds) = of_measure.map(|(_, column)| column.thirds(measure)) else {
                continue;
            };
            let columns = self.columns.iter();
            groups.extend(columns.flat_map(|it| comparing.compare(&thirds, it, questions)));
        }
        for uses in self.choices.iter().filter(|it| matches!(it.choice, Choice::Uses(_))) {
            let columns = self.columns.iter();
            groups.extend(columns.flat_map(|it| comparing.compare(uses, it, questions)));
        }
        groups
    }

    /// Finds the sessions that were left for good. A session that may still go on is no such one yet.
    pub(super) fn left_for_good(&self, now: Timestamp, after: Duration) -> LeftForGood {
        let is_over = |since: Timestamp| {
            let untouched = Duration::try_from(now.duration_since(since));
            untouched.is_ok_and(|untouched| untouched >= after)
        };
        let is_left = |row: &Row| !row.is_withheld && row.open_since.is_some_and(is_over);
        let rows: Vec<bool> = self.rows.iter().map(is_left).collect();
        let words = self.rows.iter().zip(&rows).map(|(row, is_left)| match is_left {
            _ if row.is_withheld => None,
            true => Some(Choice::LEFT),
            false => Some("others"),
        });
        let choice = ChoiceColumn { choice: Choice::LeftForGood, words: words.collect() };
        LeftForGood { rows, choice }
    }

    /// The number of sessions that were left in each chapter; an empty name is outside of any.
    pub(super) fn left_in(&self, left: &LeftForGood) -> BTreeMap<String, usize> {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (place, _) in self.last_chapters.rows().zip(&left.rows).filter(|(_, left)| **left) {
            let name = place.and_then(|place| self.last_chapters.word(place));
            let name = name.map(String::as_str).unwrap_or_default();
            match places.get_mut(name) {
                Some(count) => *count += 1,
                None => _ = places.insert(name.to_owned(), 1),
            }
        }
        places
    }

    /// Comparisons of the sessions that were left with the others.
    pub(super) fn apart(
        &self,
        left: &LeftForGood,
        comparing: &mut Comparing,
        questions: &Questions,
    ) -> Vec<Comparison> {
        let amounts = self.amounts();
        amounts.flat_map(|(_, it)| comparing.compare(&left.choice, it, questions)).collect()
    }

    pub(super) fn trends_by_week(&self) -> Vec<FigureTrend> {
        let trends = self.amounts();
        trends.filter_map(|(measure, it)| together::by_week(measure, it, &self.weeks)).collect()
    }
}

fn discount<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
