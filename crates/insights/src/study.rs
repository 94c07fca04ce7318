//! A study of sessions: what they teach, brought up to date with what changed.

mod columns;
mod comparing;
mod players;
mod together;

use std::collections::{BTreeMap, BTreeSet};

use bevy_session_journal::{Digested, DigestedSessions};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::effect::settle;
use crate::figure::Figure;
use crate::lessons::{Leaving, Lessons};
use crate::measure::{Choice, Measure, Outcome};
use crate::questions::Questions;
use crate::session::SessionInsights;
use columns::{ChoiceColumn, Column};
use comparing::{Smallest, compare};
use players::Players;

/// What sessions are held against each other with, kept from one look to the next: a session that changed costs as much
/// as it has to say, and none of the others is read again.
///
/// ```
/// use bevy_session_insights::{Questions, Study};
/// use bevy_session_journal::DigestedSessions;
///
/// let mut study = Study::new(Questions::default());
/// study.update(DigestedSessions::default());
/// let lessons = study.lessons(jiff::Timestamp::now());
/// assert_eq!(lessons.sessions, 0);
/// ```
#[derive(Debug, Default)]
pub struct Study {
    questions: Questions,
    sessions: DigestedSessions<SessionInsights>,
    table: Table,
    players: Players,
}

/// A row for each session, a column for each figure and choice.
#[derive(Debug, Default)]
struct Table {
    rows: Vec<Row>,
    columns: Vec<Column>,
    choices: Vec<ChoiceColumn>,
}

/// What is looked at apart from figures and choices.
#[derive(Clone, Debug, Default)]
struct Row {
    is_withheld: bool,
    is_complete: bool,
    /// When it was touched last, of a session that hasn't ended.
    open_since: Option<Timestamp>,
    week: Option<Date>,
    suggests: bool,
}

impl Study {
    /// A study that asks these questions.
    #[must_use]
    pub fn new(questions: Questions) -> Self {
        Self { questions, ..Self::default() }
    }

    /// Takes up how sessions are now. What is the same value as before isn't read again.
    pub fn update(&mut self, sessions: DigestedSessions<SessionInsights>) {
        let before = std::mem::replace(&mut self.sessions, sessions.clone());
        let changed = changed_rows(&before, &sessions);
        let Some(changed) = changed.filter(|rows| rows.iter().all(|it| self.replace(*it))) else {
            self.begin();
            return;
        };
        let mut players = BTreeSet::new();
        for (_, digested) in changed {
            let old = before.get(digested.session).map(|old| &old.value.about.player);
            players.extend(old.into_iter().chain([&digested.value.about.player]).cloned());
        }
        self.players.look_again(&self.sessions, &self.questions, &players);
    }

    /// Everything from nothing.
    fn begin(&mut self) {
        let read = || self.sessions.iter().filter(|it| !it.value.is_withheld);
        let mut measures: BTreeSet<Measure> = Measure::ALWAYS.into();
        let mut choices: BTreeSet<Choice> = Choice::ALWAYS.into();
        for Digested { value, .. } in read() {
            measures.extend(Measure::found_in(value));
            choices.extend(Choice::found_in(value));
        }
        let amounts = measures.into_iter().map(Outcome::Amount);
        let outcomes = [Outcome::Completed, Outcome::ThumbsUp].into_iter().chain(amounts);
        let columns = outcomes.map(|outcome| {
            Column::of(outcome, &self.questions, self.sessions.iter().map(|it| &it.value))
        });
        let choices = choices
            .into_iter()
            .map(|choice| ChoiceColumn::of(choice, self.sessions.iter().map(|it| &it.value)));
        self.table = Table {
            rows: self.sessions.iter().map(Row::of).collect(),
            columns: columns.collect(),
            choices: choices.collect(),
        };
        self.players = Players::of(&self.sessions, &self.questions);
    }

    /// Takes up a session in the place of the one before. Whether all that it has was known before.
    fn replace(&mut self, (row, digested): Changed) -> bool {
        let Table { rows, columns, choices } = &mut self.table;
        let value = &digested.value;
        let known: BTreeSet<&Outcome> = columns.iter().map(|column| &column.outcome).collect();
        let is_known = Measure::found_in(value).all(|it| known.contains(&Outcome::Amount(it)))
            && Choice::found_in(value).all(|it| choices.iter().any(|known| known.choice == it));
        if !is_known {
            return false;
        }
        match rows.get_mut(row) {
            Some(known) => *known = Row::of(digested),
            None => rows.push(Row::of(digested)),
        }
        columns.iter_mut().for_each(|column| column.set(row, value, &self.questions));
        choices.iter_mut().for_each(|choice| choice.set(row, value));
        true
    }

    /// What they teach, as of this moment by the clock.
    #[must_use]
    pub fn lessons(&self, now: Timestamp) -> Lessons {
        let Self { questions, table, .. } = self;
        let seen = || table.rows.iter().filter(|row| !row.is_withheld);
        let left = table.left_for_good(now, questions);
        let mut lessons = Lessons {
            sessions: seen().count(),
            withheld: table.rows.len() - seen().count(),
            incomplete: seen().filter(|row| !row.is_complete).count(),
            skills: self.players.skills(),
            levels: self.players.levels(&left, &self.sessions),
            works: table.what_works(questions),
            groups: table.groups(questions),
            leaving: self.leaving(&left),
            trends: table.trends_by_week(),
            correlations: together::correlations(&table.columns),
            scenarios: self.players.scenarios(),
            suggestions: self.suggestions(),
        };
        lessons.trends.extend(self.players.trends());
        settle(&mut lessons.effects());
        lessons
    }

    fn leaving(&self, left: &ChoiceColumn) -> Leaving {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (digested, is_left) in self.sessions.iter().zip(left.rows_of("left")) {
            if is_left {
                *places
                    .entry(digested.value.last_chapter.clone().unwrap_or_default())
                    .or_default() += 1;
            }
        }
        let (gone, all) = (left.count("left"), left.count("left") + left.count("others"));
        let measures = self.table.columns.iter();
        let measures = measures.filter(|column| matches!(column.outcome, Outcome::Amount(_)));
        let apart = measures.flat_map(|column| compare(left, column, Smallest(&self.questions)));
        let apart = apart.filter(|it| it.chosen == "left").collect();
        Leaving { rate: Figure::rate(gone, all), places, apart }
    }

    fn suggestions(&self) -> Vec<crate::lessons::SuggestionReport> {
        let with = self.sessions.iter().zip(&self.table.rows).filter(|(_, row)| row.suggests);
        players::suggestions(with.map(|(digested, _)| &digested.value))
    }
}

impl Row {
    fn of(digested: &Digested<SessionInsights>) -> Self {
        let value = &digested.value;
        Self {
            is_withheld: value.is_withheld,
            is_complete: digested.is_complete(),
            open_since: value.about.updated.filter(|_| value.is_success().is_none()),
            week: value.about.week,
            suggests: !value.said.suggestions.is_empty(),
        }
    }
}

impl Table {
    /// What was chosen, beside how it went.
    fn what_works(&self, questions: &Questions) -> Vec<crate::lessons::Comparison> {
        let went = |column: &&Column| match &column.outcome {
            Outcome::Completed | Outcome::ThumbsUp => true,
            Outcome::Amount(measure) => !measure.is_behaviour(),
        };
        let chosen = self.choices.iter().filter(|it| !it.choice.is_behaviour());
        let columns: Vec<&Column> = self.columns.iter().filter(went).collect();
        chosen
            .flat_map(|choice| {
                columns.iter().flat_map(move |column| compare(choice, column, Smallest(questions)))
            })
            .collect()
    }

    /// What is different about sessions of a third, or with some events.
    fn groups(&self, questions: &Questions) -> Vec<crate::lessons::Comparison> {
        let thirds = questions.thirds.iter().filter_map(|measure| self.thirds(measure));
        let uses = self.choices.iter().filter(|it| matches!(it.choice, Choice::Uses(_)));
        let groups: Vec<ChoiceColumn> = thirds.chain(uses.cloned()).collect();
        groups
            .iter()
            .flat_map(|group| {
                let columns = self.columns.iter();
                columns.flat_map(move |column| compare(group, column, Smallest(questions)))
            })
            .collect()
    }

    fn thirds(&self, measure: &Measure) -> Option<ChoiceColumn> {
        let amount = Outcome::Amount(measure.clone());
        Some(self.columns.iter().find(|column| column.outcome == amount)?.thirds(measure))
    }

    /// Which sessions were left for good. Of those that may still go on it isn't known.
    fn left_for_good(&self, now: Timestamp, questions: &Questions) -> ChoiceColumn {
        let is_over = |since: Timestamp| {
            let untouched = std::time::Duration::try_from(now.duration_since(since));
            untouched.is_ok_and(|untouched| untouched >= questions.left_after)
        };
        let words = self.rows.iter().map(|row| match row.open_since {
            _ if row.is_withheld => None,
            Some(since) if is_over(since) => Some("left".to_owned()),
            _ => Some("others".to_owned()),
        });
        ChoiceColumn::named(Choice::LeftForGood, words)
    }

    fn trends_by_week(&self) -> Vec<crate::lessons::FigureTrend> {
        let amounts = self.columns.iter().filter_map(|column| match &column.outcome {
            Outcome::Amount(measure) => Some((measure, column)),
            _ => None,
        });
        let weeks: Vec<Option<Date>> = self.rows.iter().map(|row| row.week).collect();
        amounts.filter_map(|(measure, column)| together::by_week(measure, column, &weeks)).collect()
    }
}

/// A row and what it is now.
type Changed<'a> = (usize, &'a Digested<SessionInsights>);

/// The rows whose value is another one. `None` where a session is gone, or came before others.
fn changed_rows<'a>(
    before: &DigestedSessions<SessionInsights>,
    now: &'a DigestedSessions<SessionInsights>,
) -> Option<Vec<Changed<'a>>> {
    let is_same_place = before.iter().zip(now.iter()).all(|(old, new)| old.session == new.session);
    if before.is_empty() || before.len() > now.len() || !is_same_place {
        return None;
    }
    let known = before.iter().map(Some).chain(std::iter::repeat(None));
    let rows = known.zip(now.iter()).enumerate();
    let changed = rows.filter_map(|(row, (old, new))| {
        let is_same = old.is_some_and(|old| std::ptr::eq(old, new));
        (!is_same).then_some((row, new))
    });
    Some(changed.collect())
}
