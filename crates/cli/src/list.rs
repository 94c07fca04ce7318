//! `list`: one line for each session.

use std::path::{Path, PathBuf};

use bevy_session_journal::store::{StoreError, StoredSession, with_sources};
use bevy_session_journal::{SessionId, ShelfPlace};
use jiff::Timestamp;
use serde::Serialize;

use crate::condition::Condition;
use crate::failure::Failure;
use crate::look::{self, Left, Profile};
use crate::output::{Output, milliseconds, moment, play_time, status_word};

/// What is shown of a session.
#[derive(Serialize)]
pub struct Entry {
    id: SessionId,
    profile: String,
    name: Option<String>,
    player: Option<String>,
    status: Option<String>,
    /// Whether it was left by a crash; `None` if that can't be known here.
    crashed: Option<bool>,
    left: Option<Left>,
    /// What brought that about.
    cause: Option<String>,
    /// What the game says about it.
    words: Option<String>,
    /// Whether the player didn't want it back.
    declined: bool,
    /// Whether it is being deleted.
    forgotten: bool,
    /// The words that it is found by.
    tags: Vec<String>,
    /// Whether the player holds on to it.
    pinned: bool,
    /// Where it stands among all others; `None` if that can't be known.
    place: Option<Place>,
    /// Whether only a summary of it was archived.
    without_world: bool,
    play_time_ms: Option<u64>,
    updated: Option<Timestamp>,
    newest: Option<String>,
    checkpoints: usize,
    bytes: u64,
    pub condition: Condition,
    directory: PathBuf,
    /// Why nothing could be read.
    error: Option<String>,
}

/// Where a session stands among all others.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Open,
    Archive,
    Trash,
}

impl From<ShelfPlace> for Place {
    fn from(place: ShelfPlace) -> Self {
        match place {
            ShelfPlace::Trash { .. } => Self::Trash,
            ShelfPlace::Archive { .. } => Self::Archive,
            _ => Self::Open,
        }
    }
}

impl Entry {
    /// What is known of a session; `None` if it was deleted meanwhile.
    pub fn of(
        profile: &Profile,
        session: SessionId,
        opened: Result<Option<&StoredSession>, &StoreError>,
    ) -> Option<Self> {
        let mut entry = Self::empty(profile, session);
        match opened {
            Ok(stored) => entry.fill(profile, stored?),
            Err(error) => {
                entry.condition = Condition::Lost;
                entry.error = Some(with_sources(error));
            }
        }
        Some(entry)
    }

    fn empty(profile: &Profile, session: SessionId) -> Self {
        Self {
            id: session,
            profile: profile.place.profile.clone(),
            name: None,
            player: None,
            status: None,
            crashed: None,
            left: None,
            cause: None,
            words: None,
            declined: false,
            forgotten: false,
            tags: Vec::new(),
            pinned: false,
            place: None,
            without_world: false,
            play_time_ms: None,
            updated: None,
            newest: None,
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
        self.condition = Condition::of(index);
        // The newest line, as a list in the game shows it.
        let Some(head) = index.heads().first() else { return };
        let left = profile.left(head);
        self.name = Some(head.metadata.name.clone());
        self.player = head.metadata.player.clone();
        self.status = Some(status_word(head.status));
        self.cause = profile.cause(head);
        let words = head.end.as_ref().map(|end| end.leaving.words.clone());
        self.words = words.filter(|words| !words.is_empty());
        let is_known = !matches!(left, Left::Elsewhere | Left::Unknown);
        self.crashed = is_known.then_some(left == Left::Crashed);
        self.declined = head.declined;
        self.tags = head.metadata.tags.iter().map(str::to_owned).collect();
        self.pinned = head.metadata.pinned;
        self.place = Some(head.metadata.place.into());
        self.without_world = index.is_without_world(head.id);
        self.play_time_ms = Some(milliseconds(head.play_time));
        self.updated = Some(head.end.as_ref().map_or(head.time, |end| end.time));
        self.newest = Some(head.id.to_string());
        self.left = Some(left);
    }

    /// The status, and how it was left if that isn't clear from it.
    pub fn standing(&self) -> String {
        if self.forgotten {
            return "being deleted".to_owned();
        }
        let Some(status) = &self.status else {
            return if self.error.is_some() { "unreadable" } else { "no checkpoint" }.to_owned();
        };
        let place = match self.place {
            Some(Place::Trash) => ", in the trash",
            Some(Place::Archive) if self.without_world => ", archived without its world",
            Some(Place::Archive) => ", archived",
            Some(Place::Open) | None => "",
        };
        match &self.left {
            Some(Left::Ended) | None => format!("{status}{place}"),
            Some(left) => {
                let declined = if self.declined { ", declined" } else { "" };
                format!("{status}, {}{declined}{place}", left.word())
            }
        }
    }

    fn row(&self) -> [String; 9] {
        let played = self.play_time_ms.map(std::time::Duration::from_millis).map(play_time);
        [
            self.id.to_string(),
            self.name.clone().unwrap_or_default(),
            self.player.clone().unwrap_or_default(),
            self.standing(),
            played.unwrap_or_default(),
            self.updated.map(moment).unwrap_or_default(),
            self.newest.clone().unwrap_or_default(),
            self.bytes.to_string(),
            self.condition.word().to_owned(),
        ]
    }
}

const HEADING: [&str; 9] =
    ["SESSION", "NAME", "PLAYER", "STATUS", "PLAYED", "UPDATED", "NEWEST", "BYTES", "FILES"];

/// Lists the sessions of all profiles.
pub fn list(directory: &Path, output: &mut Output<'_>) -> Result<Condition, Failure> {
    let mut worst = Condition::Good;
    let mut rows = Vec::new();
    let profiles = look::profiles(directory)?;
    let tells_profiles = profiles.len() > 1;
    for profile in &profiles {
        if tells_profiles && !output.is_json() {
            rows = flush(rows, output)?;
            output.line(format_args!("profile {}", profile.place.profile))?;
        }
        for session in profile.sessions()? {
            let opened = profile.open(session);
            let opened = opened.as_ref().map(Option::as_ref);
            let Some(entry) = Entry::of(profile, session, opened) else { continue };
            worst = worst.max(entry.condition);
            match output.is_json() {
                true => output.object(&entry)?,
                false => rows.push(entry.row()),
            }
        }
    }
    let listed = rows.len();
    flush(rows, output)?;
    if listed == 0 && !tells_profiles && !output.is_json() {
        output.line(format_args!("no sessions in {}", directory.display()))?;
    }
    Ok(worst)
}

/// Writes what has come together, and begins another table.
fn flush(mut rows: Vec<[String; 9]>, output: &mut Output<'_>) -> Result<Vec<[String; 9]>, Failure> {
    if !rows.is_empty() {
        rows.insert(0, HEADING.map(str::to_owned));
        output.table(&rows)?;
    }
    Ok(Vec::new())
}
