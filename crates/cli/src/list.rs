//! `list`: one line for each session.

mod filters;
mod slots;

use std::collections::HashMap;
use std::path::PathBuf;

use bevy_session_journal::internal::disk::{StoreError, StoredSession, with_sources};
use bevy_session_journal::internal::format::Head;
use bevy_session_journal::{SessionId, ShelfPlace};
use jiff::Timestamp;
use serde::Serialize;

use crate::condition::Condition;
use crate::failure::Failure;
use crate::output::{Output, milliseconds, moment, play_time, status_word};
use crate::place::{Left, Place, Profile};
use crate::progress::Progress;
use crate::table::Table;
use filters::Candidate;
pub use filters::{Filters, span};
pub use slots::list_slots;

/// The facts of a session that the list shows.
#[derive(Serialize)]
pub struct Entry {
    id: SessionId,
    profile: String,
    /// True if it is one of a developer's own sessions, which a debug build keeps apart.
    development: bool,
    #[serde(flatten)]
    newest_line: NewestLine,
    /// True if it is being deleted.
    forgotten: bool,
    checkpoints: usize,
    bytes: u64,
    pub condition: Condition,
    directory: PathBuf,
    /// Why nothing could be read.
    error: Option<String>,
}

/// The newest line of a session, as a list in the game shows it.
#[derive(Default, Serialize)]
struct NewestLine {
    name: Option<String>,
    player: Option<String>,
    status: Option<String>,
    /// True if it was left by a crash; `None` if that can't be known here.
    crashed: Option<bool>,
    left: Option<Left>,
    /// The cause of that.
    cause: Option<String>,
    /// The game's words on it.
    words: Option<String>,
    /// True if the player declined to recover it.
    declined: bool,
    /// The words that it is found by.
    tags: Vec<String>,
    /// True if the player pinned it.
    pinned: bool,
    /// True if it is planned, and hasn't begun.
    draft: bool,
    /// Its place among all others; `None` if that can't be known.
    place: Option<Shelf>,
    /// True if only a summary of it was archived.
    without_world: bool,
    play_time_ms: Option<u64>,
    #[serde(flatten)]
    moments: Moments,
    newest: Option<String>,
}

/// The moments of a session.
#[derive(Default, Serialize)]
struct Moments {
    /// When it was planned, or else started.
    created: Option<Timestamp>,
    /// When it was played first.
    started: Option<Timestamp>,
    /// When it was completed, abandoned or failed.
    ended: Option<Timestamp>,
    /// When it was changed last.
    updated: Option<Timestamp>,
}

/// The place of a session among all others.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Shelf {
    Open,
    Archive,
    Trash,
}

impl From<ShelfPlace> for Shelf {
    fn from(place: ShelfPlace) -> Self {
        match place {
            ShelfPlace::Trash { .. } => Self::Trash,
            ShelfPlace::Archive { .. } => Self::Archive,
            _ => Self::Open,
        }
    }
}

impl Entry {
    /// The entry of a session; `None` if it was deleted meanwhile.
    fn of(
        profile: &Profile,
        session: SessionId,
        opened: Result<Option<StoredSession>, StoreError>,
    ) -> Option<Self> {
        match opened {
            Ok(stored) => Some(Self::of_stored(profile, &stored?)),
            Err(error) => Some(Self {
                condition: Condition::Lost,
                error: Some(with_sources(&error)),
                ..Self::empty(profile, session)
            }),
        }
    }

    /// The entry of a session that was read.
    pub fn of_stored(profile: &Profile, stored: &StoredSession) -> Self {
        let mut entry = Self::empty(profile, stored.id());
        entry.fill(profile, stored);
        entry
    }

    fn empty(profile: &Profile, session: SessionId) -> Self {
        Self {
            id: session,
            profile: profile.directory.profile.clone(),
            development: profile.directory.is_development(),
            newest_line: NewestLine::default(),
            forgotten: false,
            checkpoints: 0,
            bytes: 0,
            condition: Condition::Good,
            directory: profile.directory_of(session),
            error: None,
        }
    }

    fn fill(&mut self, profile: &Profile, stored: &StoredSession) {
        let index = stored.index();
        self.forgotten = index.is_forgotten();
        self.checkpoints = index.commits().count();
        self.bytes = stored.bytes();
        self.condition = profile.judge(stored);
        if let Some(head) = index.heads().first() {
            let without_world = index.is_without_world(head.id);
            self.newest_line = NewestLine { without_world, ..NewestLine::of(profile, head) };
        }
    }

    /// The status, and how it was left if that isn't clear from it.
    pub fn standing(&self) -> String {
        if self.forgotten {
            return "being deleted".to_owned();
        }
        let line = &self.newest_line;
        let Some(status) = &line.status else {
            return if self.error.is_some() { "unreadable" } else { "no checkpoint" }.to_owned();
        };
        let place = match line.place {
            Some(Shelf::Trash) => ", in the trash",
            Some(Shelf::Archive) if line.without_world => ", archived without its world",
            Some(Shelf::Archive) => ", archived",
            Some(Shelf::Open) | None => "",
        };
        match &line.left {
            _ if line.draft => format!("draft{place}"),
            Some(Left::Ended) | None => format!("{status}{place}"),
            Some(left) => {
                let declined = if line.declined { ", declined" } else { "" };
                format!("{status}, {}{declined}{place}", left.word())
            }
        }
    }

    /// When it was completed, abandoned or failed, behind that word.
    pub fn end(&self) -> Option<(&str, String)> {
        let line = &self.newest_line;
        Some((line.status.as_deref()?, moment(line.moments.ended?)))
    }

    /// A row for people. The session's id is as long as it takes to tell it from the others.
    fn row(&self, id_length: usize) -> Vec<String> {
        let line = &self.newest_line;
        let played = line.play_time_ms.map(std::time::Duration::from_millis).map(play_time);
        let id: String = self.id.to_string().chars().take(id_length).collect();
        let number = line.newest.as_deref().and_then(|newest| newest.split('@').next());
        vec![
            id,
            line.name.clone().unwrap_or_default(),
            line.player.clone().unwrap_or_default(),
            self.standing(),
            played.unwrap_or_default(),
            line.moments.updated.map(moment).unwrap_or_default(),
            number.unwrap_or_default().to_owned(),
            self.bytes.to_string(),
            self.condition.word().to_owned(),
        ]
    }
}

impl NewestLine {
    fn of(profile: &Profile, head: &Head) -> Self {
        let left = profile.left(head);
        let words = head.end.as_ref().map(|end| end.leaving.words.clone());
        let is_known = !matches!(left, Left::Elsewhere | Left::Unknown);
        Self {
            name: Some(head.metadata.name.clone()),
            player: head.metadata.player.clone(),
            status: Some(status_word(head.status)),
            crashed: is_known.then_some(left == Left::Crashed),
            cause: profile.cause(head),
            words: words.filter(|words| !words.is_empty()),
            declined: head.declined,
            tags: head.metadata.tags.iter().map(str::to_owned).collect(),
            pinned: head.metadata.pinned,
            draft: head.metadata.draft,
            place: Some(head.metadata.place.into()),
            without_world: false,
            play_time_ms: Some(milliseconds(head.play_time)),
            moments: Moments {
                created: Some(head.metadata.created()),
                started: head.metadata.first_played(),
                ended: Some(head.updated()).filter(|_| head.status.has_ended()),
                updated: Some(head.updated()),
            },
            newest: Some(head.id.to_string()),
            left: Some(left),
        }
    }
}

const HEADING: [&str; 9] =
    ["SESSION", "NAME", "PLAYER", "STATUS", "PLAYED", "UPDATED", "NEWEST", "BYTES", "FILES"];
/// The columns of numbers.
const NUMBERS: [usize; 3] = [4, 6, 7];
/// Letters of an id at the least. The first 13 are the millisecond in which it was drawn.
const LEAST_ID: usize = 13;

/// Lists the sessions of all profiles that are wanted.
pub fn list(
    place: &Place,
    filters: &Filters,
    output: &mut Output<'_>,
) -> Result<Condition, Failure> {
    let mut worst = Condition::Good;
    let mut is_empty = true;
    let profiles = place.profiles()?;
    let names_profiles = profiles.len() > 1;
    for profile in &profiles {
        if names_profiles && !output.is_json() {
            output.line(format_args!("profile {}", profile.directory.title()))?;
        }
        let entries = wanted(profile, filters)?;
        for entry in &entries {
            is_empty = false;
            worst = worst.max(entry.condition);
            if output.is_json() {
                output.object(entry)?;
            }
        }
        if !entries.is_empty() && !output.is_json() {
            output.table(&table(&entries))?;
        }
    }
    if is_empty && !names_profiles && !output.is_json() {
        let such = if filters.want_all() { "no sessions" } else { "no such sessions" };
        output.line(format_args!("{such} in {place}"))?;
    }
    Ok(worst)
}

/// The sessions of a profile that are wanted, in the order that is wanted.
fn wanted(profile: &Profile, filters: &Filters) -> Result<Vec<Entry>, Failure> {
    let wants_some = !filters.want_all();
    let (mut entries, mut candidates) = (Vec::new(), Vec::new());
    let sessions = profile.sessions()?;
    let progress = Progress::begin("reading sessions", sessions.len() as u64);
    for session in sessions {
        progress.step();
        let opened = profile.open(session);
        if let Ok(Some(stored)) = &opened
            && wants_some
        {
            candidates.extend(Candidate::of(profile, stored));
        }
        entries.extend(Entry::of(profile, session, opened));
    }
    if wants_some {
        let found = filters.find(&candidates);
        let found: HashMap<SessionId, usize> = found.into_iter().zip(0..).collect();
        entries.retain(|entry| found.contains_key(&entry.id));
        entries.sort_by_key(|entry| found.get(&entry.id).copied());
    }
    entries.truncate(filters.limit());
    Ok(entries)
}

fn table(entries: &[Entry]) -> Table {
    let mut table = Table::new(HEADING).numbers(&NUMBERS);
    let id_length = telling_length(entries);
    entries.iter().for_each(|entry| table.add(entry.row(id_length)));
    table
}

/// The number of letters that tell the ids of the sessions apart.
fn telling_length(entries: &[Entry]) -> usize {
    let mut ids: Vec<String> = entries.iter().map(|entry| entry.id.to_string()).collect();
    ids.sort_unstable();
    let pairs = ids.iter().zip(ids.iter().skip(1));
    let common = pairs.map(|(one, other)| {
        one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
    });
    common.max().map_or(LEAST_ID, |common| LEAST_ID.max(common + 1))
}
