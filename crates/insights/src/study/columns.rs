//! The values of all sessions for one figure, or for one choice.

use super::words::Words;
use crate::measure::{Choice, Measure, Outcome};
use crate::questions::Questions;
use crate::session::SessionInsights;

/// The value of each session for an outcome; NaN if it isn't known.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) outcome: Outcome,
    values: Vec<f64>,
    /// The known values, each with its row: the least first, and of equal ones the first row.
    sorted: Vec<(f64, u32)>,
}

impl Column {
    pub(super) fn of<'a>(
        outcome: Outcome,
        questions: &Questions,
        sessions: impl Iterator<Item = &'a SessionInsights>,
    ) -> Self {
        let values: Vec<f64> = sessions.map(|it| value_of(&outcome, it, questions)).collect();
        let rows = values.iter().copied().zip(0_u32..);
        let mut sorted: Vec<(f64, u32)> = rows.filter(|(value, _)| !value.is_nan()).collect();
        sorted.sort_unstable_by(in_order);
        Self { outcome, values, sorted }
    }

    /// Replaces the value of a session.
    pub(super) fn set(&mut self, row: usize, session: &SessionInsights, questions: &Questions) {
        let value = value_of(&self.outcome, session, questions);
        let Some(known) = self.values.get_mut(row) else { return };
        let old = std::mem::replace(known, value);
        if old.to_bits() != value.to_bits() {
            self.take_out(row, old);
            self.put_in(row, value);
        }
    }

    /// A session comes before this one.
    pub(super) fn insert(&mut self, row: usize, session: &SessionInsights, questions: &Questions) {
        let value = value_of(&self.outcome, session, questions);
        let later = |of: &&mut (f64, u32)| of.1 as usize >= row;
        self.sorted.iter_mut().filter(later).for_each(|(_, later)| *later += 1);
        self.values.insert(row.min(self.values.len()), value);
        self.put_in(row, value);
    }

    /// The session is gone.
    pub(super) fn remove(&mut self, row: usize) {
        if row < self.values.len() {
            let old = self.values.remove(row);
            self.take_out(row, old);
            let later = |of: &&mut (f64, u32)| of.1 as usize > row;
            self.sorted.iter_mut().filter(later).for_each(|(_, later)| *later -= 1);
        }
    }

    fn take_out(&mut self, row: usize, value: f64) {
        if let Ok(place) = self.place_of(row, value) {
            self.sorted.remove(place);
        }
    }

    fn put_in(&mut self, row: usize, value: f64) {
        if let (false, Err(place), Ok(row)) =
            (value.is_nan(), self.place_of(row, value), u32::try_from(row))
        {
            self.sorted.insert(place, (value, row));
        }
    }

    fn place_of(&self, row: usize, value: f64) -> Result<usize, usize> {
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        self.sorted.binary_search_by(|other| in_order(other, &(value, row)))
    }

    /// The known values, each with its row, the least first.
    pub(super) fn sorted(&self) -> &[(f64, u32)] {
        &self.sorted
    }

    /// The value of each row.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// In which third of all each row is, by this figure. Equal values are in one third.
    pub(super) fn thirds(&self, measure: &Measure) -> ChoiceColumn {
        let third = self.sorted.len() / 3;
        let bound = |place: usize| self.sorted.get(place).map(|(value, _)| *value);
        let (low, high) = (bound(third), bound(2 * third));
        let word = |value: &f64| match (low, high) {
            _ if value.is_nan() => None,
            (Some(low), _) if *value < low => Some("low"),
            (_, Some(high)) if *value >= high => Some("high"),
            _ => Some("middle"),
        };
        let words = self.values.iter().map(word);
        ChoiceColumn { choice: Choice::Third(measure.clone()), words: words.collect() }
    }
}

fn in_order(one: &(f64, u32), other: &(f64, u32)) -> std::cmp::Ordering {
    one.0.total_cmp(&other.0).then(one.1.cmp(&other.1))
}

fn value_of(outcome: &Outcome, session: &SessionInsights, questions: &Questions) -> f64 {
    if session.is_withheld {
        return f64::NAN;
    }
    let flag = |holds: Option<bool>| holds.map(|holds| f64::from(u8::from(holds)));
    let value = match outcome {
        Outcome::Completed => flag(session.is_success()),
        Outcome::ThumbsUp => flag(session.said.thumbs_up),
        Outcome::Amount(measure) => measure.of(session, &questions.weights_of(measure)),
    };
    value.unwrap_or(f64::NAN)
}

/// The word of each session for a choice. Words that no session has by itself are the study's own.
#[derive(Clone, Debug)]
pub(super) struct ChoiceColumn<T = &'static str> {
    pub(super) choice: Choice,
    pub(super) words: Words<T>,
}

impl ChoiceColumn<String> {
    pub(super) fn of<'a>(
        choice: Choice,
        sessions: impl Iterator<Item = &'a SessionInsights>,
    ) -> Self {
        let words = sessions.map(|it| word_of(&choice, it)).collect();
        Self { choice, words }
    }

    pub(super) fn set(&mut self, row: usize, session: &SessionInsights) {
        self.words.set(row, word_of(&self.choice, session));
    }

    pub(super) fn insert(&mut self, row: usize, session: &SessionInsights) {
        self.words.insert(row, word_of(&self.choice, session));
    }
}

fn word_of(choice: &Choice, session: &SessionInsights) -> Option<String> {
    if session.is_withheld { None } else { choice.of(session) }
}
