//! What all sessions have of one figure, or of one choice.

use crate::measure::{Choice, Measure, Outcome};
use crate::questions::Questions;
use crate::session::SessionInsights;

/// What each session has of an outcome; what isn't known is no number.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Column {
    pub(super) outcome: Outcome,
    pub(super) values: Vec<f64>,
    /// The rows with a value, the least value first.
    pub(super) sorted: Vec<u32>,
}

impl Column {
    pub(super) fn of<'a>(
        outcome: Outcome,
        questions: &Questions,
        sessions: impl Iterator<Item = &'a SessionInsights>,
    ) -> Self {
        let values: Vec<f64> = sessions.map(|it| value_of(&outcome, it, questions)).collect();
        let mut sorted: Vec<u32> = (0_u32..).zip(&values).filter_map(known_row).collect();
        sorted.sort_unstable_by(|one, other| {
            at(&values, *one).total_cmp(&at(&values, *other)).then(one.cmp(other))
        });
        Self { outcome, values, sorted }
    }

    /// What a session has now, in the place of what it had.
    pub(super) fn set(&mut self, row: usize, session: &SessionInsights, questions: &Questions) {
        let Ok(number) = u32::try_from(row) else { return };
        let value = value_of(&self.outcome, session, questions);
        if let Some(old) = self.values.get(row).copied().filter(|old| !old.is_nan()) {
            let place = self.place_of(old, number);
            if self.sorted.get(place) == Some(&number) {
                self.sorted.remove(place);
            }
        }
        if !value.is_nan() {
            let place = self.place_of(value, number);
            self.sorted.insert(place, number);
        }
        match self.values.get_mut(row) {
            Some(known) => *known = value,
            None => self.values.push(value),
        }
    }

    fn place_of(&self, value: f64, row: u32) -> usize {
        self.sorted.partition_point(|other| {
            at(&self.values, *other).total_cmp(&value).then(other.cmp(&row)).is_lt()
        })
    }

    pub(super) fn value(&self, row: u32) -> f64 {
        at(&self.values, row)
    }

    /// In which third of all each row is, by this figure. Equal values are in one third.
    pub(super) fn thirds(&self, measure: &Measure) -> ChoiceColumn {
        let third = self.sorted.len() / 3;
        let bound = |place: usize| self.sorted.get(place).map(|row| self.value(*row));
        let (low, high) = (bound(third), bound(2 * third));
        let word = |value: &f64| match (low, high) {
            _ if value.is_nan() => None,
            (Some(low), _) if *value < low => Some("low".to_owned()),
            (_, Some(high)) if *value >= high => Some("high".to_owned()),
            _ => Some("middle".to_owned()),
        };
        ChoiceColumn::named(Choice::Third(measure.clone()), self.values.iter().map(word))
    }
}

fn at(values: &[f64], row: u32) -> f64 {
    values.get(row as usize).copied().unwrap_or(f64::NAN)
}

fn known_row((row, value): (u32, &f64)) -> Option<u32> {
    (!value.is_nan()).then_some(row)
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

/// What each session has of a choice.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct ChoiceColumn {
    pub(super) choice: Choice,
    /// All that was ever chosen.
    pub(super) names: Vec<String>,
    /// The place of its name, for each row.
    pub(super) chosen: Vec<Option<u32>>,
}

impl ChoiceColumn {
    pub(super) fn of<'a>(
        choice: Choice,
        sessions: impl Iterator<Item = &'a SessionInsights>,
    ) -> Self {
        let words: Vec<Option<String>> = sessions.map(|it| word_of(&choice, it)).collect();
        Self::named(choice, words.into_iter())
    }

    pub(super) fn named(choice: Choice, words: impl Iterator<Item = Option<String>>) -> Self {
        let mut column = Self { choice, names: Vec::new(), chosen: Vec::new() };
        for word in words {
            let place = word.and_then(|word| column.place_of(word));
            column.chosen.push(place);
        }
        column
    }

    pub(super) fn set(&mut self, row: usize, session: &SessionInsights) {
        let place = word_of(&self.choice, session).and_then(|word| self.place_of(word));
        match self.chosen.get_mut(row) {
            Some(known) => *known = place,
            None => self.chosen.push(place),
        }
    }

    fn place_of(&mut self, word: String) -> Option<u32> {
        let known = self.names.iter().position(|name| *name == word);
        let place = known.unwrap_or_else(|| {
            self.names.push(word);
            self.names.len() - 1
        });
        u32::try_from(place).ok()
    }

    pub(super) fn of_row(&self, row: u32) -> Option<usize> {
        Some(self.chosen.get(row as usize).copied()?? as usize)
    }

    /// For each row whether it has this name.
    pub(super) fn rows_of(&self, name: &str) -> impl Iterator<Item = bool> {
        let place = self.names.iter().position(|known| known == name);
        let place = place.and_then(|place| u32::try_from(place).ok());
        self.chosen.iter().map(move |chosen| chosen.is_some() && *chosen == place)
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.rows_of(name).filter(|has| *has).count()
    }
}

fn word_of(choice: &Choice, session: &SessionInsights) -> Option<String> {
    if session.is_withheld { None } else { choice.of(session) }
}
