//! The list in groups, with a heading above each.

use std::collections::HashMap;

use bevy_session::external::Outcome;
use jiff::Timestamp;

use super::listed::Listed;
use super::state::EntryId;
use crate::surfaces::SessionStrings;
use crate::surfaces::describe::shortened;

/// Seconds of a week, and from the first Monday to the beginning of 1970, as `GroupBy::Week` has them.
const WEEK: i64 = 7 * 24 * 60 * 60;
const MONDAY: i64 = 3 * 24 * 60 * 60;

/// The property by which the list is grouped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Grouping {
    #[default]
    Nothing,
    Player,
    Tag,
    Scenario,
    Week,
    Outcome,
}

impl Grouping {
    pub const ALL: [Self; 6] =
        [Self::Nothing, Self::Player, Self::Tag, Self::Scenario, Self::Week, Self::Outcome];

    pub fn name(self, words: &SessionStrings) -> &str {
        match self {
            Self::Nothing => &words.group_nothing,
            Self::Player => &words.group_player,
            Self::Tag => &words.group_tag,
            Self::Scenario => &words.group_scenario,
            Self::Week => &words.group_week,
            Self::Outcome => &words.group_outcome,
        }
    }
}

/// The property that the entries of a group have in common: `None` if they don't have it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Group {
    Player(Option<String>),
    Tag(Option<String>),
    Scenario(Option<String>),
    /// The number of a week, from Monday to Sunday of UTC.
    Week(i64),
    Outcome(Outcome),
    /// Saves of the player, which have no outcome.
    Saves,
}

/// A line of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Line {
    Heading(Group),
    Row {
        entry: EntryId,
        /// The number of rows above that list the same entry.
        copy: usize,
    },
}

impl Line {
    /// The entry that it lists; `None` for a heading.
    pub fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Heading(_) => None,
            Self::Row { entry, .. } => Some(*entry),
        }
    }

    /// Its height, in halves of a row.
    fn height(&self) -> usize {
        if self.entry().is_some() { 2 } else { 1 }
    }
}

/// The number of lines from this one on that fit into so many rows. A heading isn't the last.
pub(super) fn shown_from(lines: &[Line], first: usize, rows: usize) -> usize {
    let below = lines.get(first..).unwrap_or_default();
    let mut room = 2 * rows;
    let fits = |line: &&Line| {
        let left = room.checked_sub(line.height());
        room = left.unwrap_or_default();
        left.is_some()
    };
    let shown = below.iter().take_while(fits).count();
    let ends_in_heading = shown > 1 && below.get(shown - 1).is_some_and(|it| it.entry().is_none());
    if ends_in_heading { shown - 1 } else { shown }
}

/// The first line that is shown when the list is at its end.
pub(super) fn last_first(lines: &[Line], rows: usize) -> usize {
    let mut room = 2 * rows;
    let fits = |line: &&Line| {
        let left = room.checked_sub(line.height());
        room = left.unwrap_or_default();
        left.is_some()
    };
    lines.len() - lines.iter().rev().take_while(fits).count()
}

/// Puts what is listed into groups, each where its first entry stands, and those without anything in common last.
pub(super) fn group(listed: &[Listed], by: Grouping) -> Vec<Line> {
    let mut rows = Rows::default();
    if by == Grouping::Nothing {
        return listed.iter().map(|entry| rows.next(entry.id())).collect();
    }
    let mut groups: Vec<(Group, Vec<EntryId>)> = Vec::new();
    let mut places: HashMap<Group, usize> = HashMap::new();
    for entry in listed {
        for key in groups_of(*entry, by) {
            let place = *places.entry(key.clone()).or_insert_with(|| {
                groups.push((key, Vec::new()));
                groups.len() - 1
            });
            if let Some((_, entries)) = groups.get_mut(place) {
                entries.push(entry.id());
            }
        }
    }
    groups.sort_by_key(|(key, _)| match key {
        Group::Saves => 2,
        Group::Player(None) | Group::Tag(None) | Group::Scenario(None) => 1,
        _ => 0,
    });
    let lines = groups.into_iter().flat_map(|(key, entries)| {
        let below: Vec<Line> = entries.into_iter().map(|entry| rows.next(entry)).collect();
        [Line::Heading(key)].into_iter().chain(below)
    });
    lines.collect()
}

/// Counts the rows of each entry.
#[derive(Default)]
struct Rows(HashMap<EntryId, usize>);

impl Rows {
    fn next(&mut self, entry: EntryId) -> Line {
        let count = self.0.entry(entry).or_default();
        let copy = *count;
        *count += 1;
        Line::Row { entry, copy }
    }
}

fn groups_of(listed: Listed, by: Grouping) -> Vec<Group> {
    let Some(session) = listed.session() else { return vec![Group::Saves] };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
    let group = match by {
        Grouping::Player => Group::Player(session.player.as_deref().and_then(some)),
        Grouping::Scenario => Group::Scenario(some(&session.session_type)),
        Grouping::Tag if session.tags.is_empty() => Group::Tag(None),
        Grouping::Tag => {
            return session.tags.iter().map(|tag| Group::Tag(Some(tag.to_owned()))).collect();
        }
        Grouping::Week => listed.time().map_or(Group::Saves, |time| Group::Week(week_of(time))),
        Grouping::Nothing | Grouping::Outcome => match listed {
            Listed::Session(entry) => Group::Outcome(Outcome::of(entry)),
            _ => Group::Saves,
        },
    };
    vec![group]
}

fn week_of(moment: Timestamp) -> i64 {
    (moment.as_second() + MONDAY).div_euclid(WEEK)
}

impl Group {
    /// The heading of the group.
    pub fn heading(&self, words: &SessionStrings, now: Timestamp) -> String {
        match self {
            Self::Player(Some(text)) | Self::Tag(Some(text)) => shortened(text, 48),
            Self::Scenario(Some(key)) => shortened(&name_of_key(key), 48),
            Self::Player(None) => words.no_player.clone(),
            Self::Tag(None) => words.no_tags.clone(),
            Self::Scenario(None) => words.no_scenario.clone(),
            Self::Week(week) => match u64::try_from(week_of(now) - week) {
                Ok(weeks @ 1..) => words.weeks_ago.of(weeks),
                // A clock may have been set back since.
                _ => words.this_week.clone(),
            },
            Self::Outcome(outcome) => match outcome {
                Outcome::Played => words.entry_in_use.clone(),
                Outcome::Planned => words.entry_draft.clone(),
                Outcome::Crashed => words.entry_crashed.clone(),
                Outcome::Completed => words.entry_completed.clone(),
                Outcome::Failed => words.entry_failed.clone(),
                Outcome::Abandoned => words.entry_abandoned.clone(),
                _ => words.entry_session.clone(),
            },
            Self::Saves => words.saves.clone(),
        }
    }
}

/// "First night" of "first-night": the name of a scenario itself isn't in its sessions.
fn name_of_key(key: &str) -> String {
    let words = key.replace(['-', '_'], " ");
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use bevy_session::slots::SlotId;

    use super::*;

    fn lines(shape: &str) -> Vec<Line> {
        let line = |letter| match letter {
            'h' => Line::Heading(Group::Saves),
            _ => Line::Row { entry: EntryId::Slot(SlotId::random()), copy: 0 },
        };
        shape.chars().map(line).collect()
    }

    #[test]
    fn headings_take_half_the_room_of_a_row_and_never_end_a_page() {
        let lines = lines("hrrrhrhr");
        assert_eq!(shown_from(&lines, 0, 3), 3, "a heading and two rows, and half a row is left");
        assert_eq!(shown_from(&lines, 2, 3), 2, "a heading without a row below it is left out");
        assert_eq!(shown_from(&lines, 4, 3), 4);
        assert_eq!(last_first(&lines, 3), 4);
        assert_eq!(shown_from(&lines, 8, 3), 0);
        assert_eq!(last_first(&[], 3), 0);
    }

    #[test]
    fn the_key_of_a_scenario_is_shown_as_a_name() {
        assert_eq!(name_of_key("first-night"), "First night");
        assert_eq!(name_of_key("\u{e9}lan_vital"), "\u{c9}lan vital");
        assert_eq!(name_of_key(""), "");
    }
}
