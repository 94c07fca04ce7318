//! Sessions in groups: by player, by week, by how they went.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Left;
use crate::model::session::SessionStatus;
use crate::read::recovery::SessionEntry;

/// Seconds of a week.
const WEEK: i64 = 7 * 24 * 60 * 60;
/// From the first Monday to the beginning of 1970, in seconds.
const MONDAY: i64 = 3 * 24 * 60 * 60;
/// Seconds of an hour.
const HOUR: i64 = 60 * 60;
const HOURS_OF_A_DAY: i64 = 24;
/// The bounds between groups by length, in minutes.
const LENGTHS: [u64; 4] = [15, 60, 4 * 60, 20 * 60];

/// The property to group sessions by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum GroupBy {
    /// Their player.
    Player,
    /// Their type, in the game's own words: its scenarios, say.
    SessionType,
    /// Their tags. A session with several of them is in several groups.
    Tag,
    /// The week in which they were played last, from Monday to Sunday of UTC.
    Week,
    /// Their outcome.
    Outcome,
    /// Their play time, in ranges.
    Length,
    /// The hour of the day at which they were played last, of UTC.
    Hour,
    /// The mods that they were played with last. A session with several of them is in several groups.
    Mod,
}

/// The outcome of a session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It is a draft, which hasn't begun.
    Planned,
    /// It is played now.
    Played,
    /// It was left by a crash, or may be played on another machine.
    Crashed,
    /// It was left cleanly, and can be continued.
    Closed,
    /// It ended: the player reached its goal.
    Completed,
    /// It ended: the player lost, or the game could not continue.
    Failed,
    /// It ended: the player gave it up.
    Abandoned,
}

impl Outcome {
    /// The outcome of this one.
    #[must_use]
    pub fn of(entry: &SessionEntry) -> Self {
        match (Left::of(entry), entry.status) {
            _ if entry.session.draft => Self::Planned,
            (Left::InUse, _) => Self::Played,
            (Left::Crash, _) => Self::Crashed,
            (_, SessionStatus::Completed) => Self::Completed,
            (_, SessionStatus::Failed) => Self::Failed,
            (_, SessionStatus::Abandoned) => Self::Abandoned,
            _ => Self::Closed,
        }
    }
}

/// The common property of the sessions in a group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum GroupKey {
    /// Their player, if they have one.
    Player(Option<String>),
    /// Their type; empty if they have none.
    SessionType(String),
    /// A tag; `None` for those without any.
    Tag(Option<String>),
    /// The week that begins at this moment.
    Week {
        /// Monday, 00:00 UTC.
        begins: Timestamp,
    },
    /// Their outcome.
    Outcome(Outcome),
    /// Their play time: under 15 minutes, up to 1, 4 or 20 hours, or longer.
    Length {
        /// The least play time.
        from: Duration,
        /// And not as long as this; `None` for the longest.
        until: Option<Duration>,
    },
    /// The hour of the day, of UTC: from 0 to 23.
    Hour(u8),
    /// A mod; `None` for those without any.
    Mod(Option<String>),
}

impl GroupKey {
    /// The groups that a session is in: one, or of tags and mods as many as it has.
    #[must_use]
    pub fn of(entry: &SessionEntry, by: GroupBy) -> Vec<Self> {
        let session = &entry.session;
        let key = match by {
            GroupBy::Player => Self::Player(session.player.clone()),
            GroupBy::SessionType => Self::SessionType(session.session_type.clone()),
            GroupBy::Tag if session.tags.is_empty() => Self::Tag(None),
            GroupBy::Tag => {
                let tags = session.tags.iter();
                return tags.map(|tag| Self::Tag(Some(tag.to_owned()))).collect();
            }
            GroupBy::Week => Self::Week { begins: week_of(entry.updated) },
            GroupBy::Outcome => Self::Outcome(Outcome::of(entry)),
            GroupBy::Length => length_of(entry.play_time),
            GroupBy::Hour => Self::Hour(hour_of(entry.updated)),
            GroupBy::Mod if session.context.mods.is_empty() => Self::Mod(None),
            GroupBy::Mod => {
                let mods: BTreeSet<&String> = session.context.mods.iter().collect();
                return mods.into_iter().map(|name| Self::Mod(Some(name.clone()))).collect();
            }
        };
        vec![key]
    }
}

fn week_of(moment: Timestamp) -> Timestamp {
    let since_monday = (moment.as_second() + MONDAY).rem_euclid(WEEK);
    // Before the first week of all time there is none.
    Timestamp::from_second(moment.as_second() - since_monday).unwrap_or(Timestamp::MIN)
}

fn hour_of(moment: Timestamp) -> u8 {
    let hour = moment.as_second().div_euclid(HOUR).rem_euclid(HOURS_OF_A_DAY);
    u8::try_from(hour).unwrap_or_default()
}

fn length_of(play_time: Duration) -> GroupKey {
    let mut bounds = LENGTHS.into_iter().map(|minutes| Duration::from_secs(minutes * 60));
    let until = bounds.clone().find(|until| play_time < *until);
    let from = bounds.rfind(|from| play_time >= *from).unwrap_or_default();
    GroupKey::Length { from, until }
}

/// Sessions that have something in common.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionGroup<'a> {
    /// The property that they have in common.
    pub key: GroupKey,
    /// The number of its sessions.
    pub count: usize,
    /// The one that was played last.
    pub newest: &'a SessionEntry,
}

/// All groups of sessions.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionGroups<'a> {
    /// The group with the session first that was played last; groups by length, the shortest first, and by hour, from
    /// midnight on.
    pub groups: Vec<SessionGroup<'a>>,
    /// The time that it took.
    pub took: Duration,
}

impl<'a> SessionGroups<'a> {
    pub(super) fn of(
        entries: impl Iterator<Item = &'a SessionEntry>,
        by: GroupBy,
        begun: Instant,
    ) -> Self {
        let mut groups: BTreeMap<GroupKey, (usize, &'a SessionEntry)> = BTreeMap::new();
        for entry in entries {
            for key in GroupKey::of(entry, by) {
                let (count, newest) = groups.entry(key).or_insert((0, entry));
                *count += 1;
                if is_newer(entry, newest) {
                    *newest = entry;
                }
            }
        }
        let group = |(key, (count, newest))| SessionGroup { key, count, newest };
        let mut groups: Vec<SessionGroup<'a>> = groups.into_iter().map(group).collect();
        if !matches!(by, GroupBy::Length | GroupBy::Hour) {
            // Of two with one moment, the one that comes first in the alphabet: the sort is stable.
            groups.sort_by_key(|group| std::cmp::Reverse(group.newest.updated));
        }
        Self { groups, took: begun.elapsed() }
    }
}

fn is_newer(entry: &SessionEntry, than: &SessionEntry) -> bool {
    (entry.updated, than.session.id) > (than.updated, entry.session.id)
}
