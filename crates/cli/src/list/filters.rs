//! The filters and the order of a list of sessions.

use std::time::Duration;

use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::{
    SessionEntry, SessionId, SessionQuery, SessionStatus, ShelfPlace, SortBy,
};
use clap::{Args, ValueEnum};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::output::status_word;
use crate::place::{Left, Profile};
use crate::session_entry::entry_of;

/// The sessions that are wanted. A filter that isn't given leaves nothing out.
#[derive(Args, Clone, PartialEq, Default, Debug)]
pub struct Filters {
    /// All of these words are in its name, player, description, tags, type or open chapters
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Its status; may be given several times
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Vec<SessionStatus>,
    /// How it was left; may be given several times
    #[arg(long, value_enum)]
    left: Vec<WayOfLeaving>,
    /// Whose it is; may be given several times
    #[arg(long)]
    player: Vec<String>,
    /// Its type; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    session_type: Vec<String>,
    /// A tag that it has; may be given several times, and it has to have all
    #[arg(long)]
    tag: Vec<String>,
    /// The value of a custom field, as JSON or else as a text
    #[arg(long, value_name = "NAME=VALUE", value_parser = field)]
    field: Vec<(String, serde_json::Value)>,
    /// Played at this local time or later: `2026-01-31`, `2026-01-31T12:30`, or an age as `7d`
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    since: Option<Timestamp>,
    /// Not played after this local time, or for this long
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    until: Option<Timestamp>,
    /// Played for as long as this: `1h 30m`
    #[arg(long, value_name = "TIME", value_parser = span)]
    played: Option<Duration>,
    /// The player has pinned it
    #[arg(long)]
    pinned: bool,
    /// It is planned, and hasn't begun
    #[arg(long)]
    drafts: bool,
    /// Where it stands; may be given several times
    #[arg(long = "in", value_enum, value_name = "PLACE")]
    places: Vec<Standing>,
    /// The order of the list [default: the session that was started first comes first]
    #[arg(long, value_enum)]
    sort: Option<Order>,
    /// Reverse the order
    #[arg(long, requires = "sort")]
    reverse: bool,
    /// Show at most this many sessions of each profile
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
}

/// The way in which a session was left, as `left` of JSON has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum WayOfLeaving {
    Cleanly,
    Crash,
    InUse,
    Elsewhere,
    Unknown,
}

/// The place of a session among all others, as `place` of JSON has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Standing {
    Open,
    Archive,
    Trash,
}

/// The order of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Order {
    /// Played last first
    Updated,
    /// By the alphabet
    Name,
    /// Played longest first
    Played,
    /// Started last first
    Started,
    /// Largest first
    Bytes,
}

impl Filters {
    /// True if every session is wanted, also one of which nothing can be read.
    pub fn want_all(&self) -> bool {
        Self { limit: None, ..self.clone() } == Self::default()
    }

    /// The sessions that are wanted, in the order that is wanted.
    pub fn find(&self, candidates: &[Candidate]) -> Vec<SessionId> {
        let candidates =
            candidates.iter().filter(|candidate| self.is_left_and_stands_so(candidate));
        let entries: Vec<SessionEntry> = candidates.map(|it| it.entry.clone()).collect();
        let found = self.query().of(&entries);
        let mut found: Vec<SessionId> =
            found.entries.iter().map(|entry| entry.session.id).collect();
        if self.sort.is_none() {
            found.sort_unstable();
        }
        found
    }

    /// The most of them that are shown.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(usize::MAX)
    }

    fn query(&self) -> SessionQuery {
        let mut query = SessionQuery::default().in_all_places().status(self.status.iter().copied());
        query = query.search(self.search.as_deref().unwrap_or_default());
        for player in &self.player {
            query = query.player(player);
        }
        for session_type in &self.session_type {
            query = query.session_type(session_type);
        }
        for tag in &self.tag {
            query = query.tag(tag);
        }
        for (name, value) in &self.field {
            query = query.with_field(name, value);
        }
        query = query
            .updated(self.since.unwrap_or(Timestamp::MIN)..=self.until.unwrap_or(Timestamp::MAX));
        if let Some(played) = self.played {
            query = query.played(played..);
        }
        if self.pinned {
            query = query.pinned(true);
        }
        if self.drafts {
            query = query.drafts(true);
        }
        query = query.sort(match self.sort {
            Some(Order::Name) => SortBy::Name,
            Some(Order::Played) => SortBy::PlayTime,
            Some(Order::Started) => SortBy::Started,
            Some(Order::Bytes) => SortBy::Bytes,
            Some(Order::Updated) | None => SortBy::Updated,
        });
        if self.reverse { query.reversed() } else { query }
    }

    fn is_left_and_stands_so(&self, candidate: &Candidate) -> bool {
        let place = match candidate.entry.session.place {
            ShelfPlace::Trash { .. } => Standing::Trash,
            ShelfPlace::Archive { .. } => Standing::Archive,
            _ => Standing::Open,
        };
        let left = match candidate.left {
            Left::Ended | Left::Exited => WayOfLeaving::Cleanly,
            Left::Crashed => WayOfLeaving::Crash,
            Left::InUse => WayOfLeaving::InUse,
            Left::Elsewhere => WayOfLeaving::Elsewhere,
            Left::Unknown => WayOfLeaving::Unknown,
        };
        (self.places.is_empty() || self.places.contains(&place))
            && (self.left.is_empty() || self.left.contains(&left))
    }
}

/// A session that may be wanted.
pub struct Candidate {
    entry: SessionEntry,
    left: Left,
}

impl Candidate {
    /// The entry of a session for queries; `None` if it has no checkpoint.
    pub fn of(profile: &Profile, stored: &StoredSession) -> Option<Self> {
        let head = stored.index().heads().first()?;
        let entry = entry_of(profile, stored)?;
        Some(Self { entry, left: profile.left(head) })
    }
}

fn status(text: &str) -> Result<SessionStatus, String> {
    let wanted = SessionStatus::ALL.into_iter().find(|status| status_word(*status) == text);
    let words = || SessionStatus::ALL.map(status_word).join(", ");
    wanted.ok_or_else(|| format!("it may be {}", words()))
}

fn field(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

/// A day or moment by the local clock, or one that is so long ago.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<DateTime>() {
        return TimeZone::system().to_timestamp(moment).map_err(|error| error.to_string());
    }
    let age = span(text)?;
    clock::timestamp().checked_sub(age).map_err(|error| error.to_string())
}

/// A length of time; a day has 24 hours.
pub fn span(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok());
    let span = match days.and_then(|days| days.checked_mul(86_400)) {
        Some(seconds) => SignedDuration::from_secs(seconds),
        None => text.parse().map_err(|error: jiff::Error| error.to_string())?,
    };
    Duration::try_from(span).map_err(|_| "it is below zero".to_owned())
}
