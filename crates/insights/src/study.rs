//! A study of sessions: what they teach, brought up to date with what changed.

mod changes;
mod columns;
mod comparing;
mod levels;
mod players;
mod suggested;
mod table;
mod together;
mod words;

use bevy_session_journal::DigestedSessions;
use jiff::Timestamp;

use crate::effect::settle;
use crate::figure::Figure;
use crate::lessons::{Leaving, Lessons};
use crate::questions::Questions;
use crate::session::SessionInsights;
use changes::{Change, changes};
use comparing::Comparing;
use levels::Levels;
use players::Players;
use table::{LeftForGood, Table};

/// A comparison of sessions, kept between updates: a changed session costs as much as the size of its insights, and
/// none of the others is read again.
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
    levels: Levels,
    comparing: Comparing,
}

/// If one of so many sessions or more has changed, it is quicker to begin from nothing.
const MANY_CHANGED: usize = 8;

impl Study {
    /// A study that asks these questions.
    #[must_use]
    pub fn new(questions: Questions) -> Self {
        Self { questions, ..Self::default() }
    }

    /// Updates the study to these sessions. Values that are the same as before aren't read again.
    pub fn update(&mut self, sessions: DigestedSessions<SessionInsights>) {
        let before = std::mem::replace(&mut self.sessions, sessions);
        let now = self.sessions.clone();
        let changed = changes(&before, &now);
        if changed.len() * MANY_CHANGED >= now.len() {
            self.begin(&now);
        } else {
            changed.iter().for_each(|change| self.replace(change));
            self.table.know_columns(&now, &self.questions);
        }
        let Self { questions, table, players, .. } = self;
        players.look_again(&now, questions, table.columns(), |session| table.row_of(session));
    }

    /// Everything from nothing.
    fn begin(&mut self, sessions: &DigestedSessions<SessionInsights>) {
        self.table = Table::of(sessions, &self.questions);
        (self.players, self.levels) = (Players::default(), Levels::default());
        for digested in sessions.iter().filter(|it| !it.value.is_withheld) {
            self.players.put_in(digested.session, &digested.value);
            self.levels.put_in(&digested.value);
        }
    }

    fn replace(&mut self, change: &Change) {
        self.table.replace(change, &self.questions);
        if let Some(old) = change.old.filter(|old| !old.value.is_withheld) {
            self.players.take_out(old.session, &old.value);
            self.levels.take_out(&old.value);
        }
        if let Some(new) = change.new.filter(|new| !new.value.is_withheld) {
            self.players.put_in(new.session, &new.value);
            self.levels.put_in(&new.value);
        }
    }

    /// The lessons as of this moment by the clock.
    #[must_use]
    pub fn lessons(&mut self, now: Timestamp) -> Lessons {
        let Self { questions, sessions, table, players, levels, comparing } = self;
        let left = table.left_for_good(now, questions.left_after);
        let suggesting = sessions.iter().zip(table.suggests()).filter(|(_, suggests)| *suggests);
        let mut lessons = Lessons {
            sessions: table.seen().count(),
            withheld: sessions.len() - table.seen().count(),
            incomplete: table.seen().filter(|row| !row.is_complete).count(),
            skills: players.skills(),
            levels: levels.reports(&left.rows, table.last_chapters()),
            works: table.what_works(comparing, questions),
            groups: table.groups(comparing, questions),
            leaving: leaving(table, &left, comparing, questions),
            trends: table.trends_by_week(),
            correlations: together::correlations(table.columns()),
            scenarios: players.scenarios(),
            suggestions: suggested::suggestions(suggesting.map(|(digested, _)| &digested.value)),
        };
        lessons.trends.extend(players.trends());
        settle(&mut lessons.effects());
        lessons
    }
}

fn leaving(
    table: &Table,
    left: &LeftForGood,
    comparing: &mut Comparing,
    questions: &Questions,
) -> Leaving {
    let gone = left.rows.iter().filter(|is_left| **is_left).count();
    Leaving {
        rate: Figure::rate(gone, table.seen().count()),
        places: table.left_in(left),
        apart: table.apart(left, comparing, questions),
    }
}
