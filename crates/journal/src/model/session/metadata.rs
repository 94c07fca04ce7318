//! The metadata of a session: its name, and what the game notes about it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    FieldError, Fields, LinkTarget, Links, SessionContext, ShelfPlace, Tags, optional_milliseconds,
};
use crate::model::ids::SessionId;

/// The metadata of a session: its name, its settings, and the build that last played it. Listings show it in
/// `SessionEntry`.
///
/// It belongs to the session, not to a checkpoint: restoring an older checkpoint doesn't change it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct SessionMetadata {
    /// The session's identity.
    pub id: SessionId,
    /// Its name, as the player sees it.
    pub name: String,
    /// The player's name, if the game has one.
    #[serde(default)]
    pub player: Option<String>,
    /// A sentence about it.
    #[serde(default)]
    pub description: String,
    /// The type of session, in the game's own words: "campaign", "tutorial".
    #[serde(default)]
    pub session_type: String,
    /// Its priority, for retention and listings.
    #[serde(default)]
    pub priority: SessionPriority,
    /// Words by which it is found.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// True if the player wants it kept: no rule of retention removes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// Its place: open, archived, or in the trash.
    #[serde(default, skip_serializing_if = "is_open")]
    pub place: ShelfPlace,
    /// True if it is a draft: planned, and not begun yet. It begins when it is continued for the first time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// The play time that it is expected to take; `None` if the game didn't say.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_milliseconds")]
    pub expected: Option<Duration>,
    /// Links to other sessions, and to pages outside of the game.
    #[serde(default, skip_serializing_if = "Links::is_empty")]
    pub links: Links,
    /// True if automatic checkpoints are taken, as far as the settings allow them.
    #[serde(default = "yes")]
    pub autosave: bool,
    /// True if the session is offered after a crash, as far as the settings allow it.
    #[serde(default = "yes")]
    pub recovery: bool,
    /// The time at which it was started: when it was played first. Of a draft, the time at which it was planned.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub started: Timestamp,
    /// The time at which it was planned, if it began as a draft; see [`created`](Self::created).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub planned: Option<Timestamp>,
    /// The build and the context that it was started with, or last resumed with.
    #[serde(default)]
    pub context: SessionContext,
    /// Its restores and crashes so far.
    #[serde(default)]
    pub tally: SessionTally,
}

/// The restores and crashes of a session, counted over all its runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct SessionTally {
    /// Times that a checkpoint of it was put back into the world: to continue, after a crash, or to go
    /// back.
    #[serde(default)]
    pub restores: u32,
    /// Processes that died while they played it, as far as it was recovered after that.
    #[serde(default)]
    pub deaths: u32,
}

impl SessionMetadata {
    /// The time at which it was created: planned as a draft, or else started. Of a copy, the time at which it was copied.
    ///
    /// A session that began as a draft in a release before there was [`planned`](Self::planned) was created when it was
    /// started.
    ///
    /// ```
    /// use bevy_session_journal::{NewSession, SessionId};
    /// use jiff::Timestamp;
    ///
    /// let (monday, friday) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(345_600)?);
    /// let mut session = NewSession::named("Campaign").begin(SessionId::random(), friday);
    /// assert_eq!((session.created(), session.first_played()), (friday, Some(friday)));
    /// session.planned = Some(monday);
    /// assert_eq!((session.created(), session.first_played()), (monday, Some(friday)));
    /// # Ok::<(), jiff::Error>(())
    /// ```
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.planned.unwrap_or(self.started)
    }

    /// The time at which it was played first; `None` of a draft, which hasn't begun.
    #[must_use]
    pub fn first_played(&self) -> Option<Timestamp> {
        (!self.draft).then_some(self.started)
    }

    /// The metadata of a draft that begins at this time.
    #[doc(hidden)]
    #[must_use]
    pub fn begun(self, now: Timestamp) -> Self {
        Self { planned: Some(self.started), started: now, ..self }
    }

    /// The metadata of a run that resumes the session: from the archive or the trash, it comes back among those that
    /// are played, and is no draft any more.
    #[must_use]
    pub(crate) fn taken_up(self) -> Self {
        Self { place: ShelfPlace::Open, draft: false, ..self }
    }
}

fn yes() -> bool {
    true
}

fn is_open(place: &ShelfPlace) -> bool {
    place.is_open()
}

/// The priority of a session: it decides which one loses history first when all of them together take more than
/// `SessionSettings::max_total_bytes`.
///
/// Among sessions of one priority the least recently played one goes first. The session that is being played loses
/// nothing to others, even with a lower priority, and none loses its last good checkpoint.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum SessionPriority {
    /// Its history goes before that of all others.
    Low,
    /// The default.
    #[default]
    Normal,
    /// Its history goes only when that of all others is gone.
    High,
}

/// A session to be started.
///
/// ```
/// use bevy_session_journal::NewSession;
///
/// let session = NewSession::named("Campaign").player("Maverick").field("difficulty", &"hard");
/// assert!(session.is_ok());
/// ```
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct NewSession {
    #[doc(hidden)]
    pub name: String,
    #[doc(hidden)]
    pub player: Option<String>,
    #[doc(hidden)]
    pub description: String,
    #[doc(hidden)]
    pub session_type: String,
    #[doc(hidden)]
    pub priority: SessionPriority,
    #[doc(hidden)]
    pub tags: Tags,
    #[doc(hidden)]
    pub expected: Option<Duration>,
    #[doc(hidden)]
    pub links: Links,
    #[doc(hidden)]
    pub autosave: bool,
    #[doc(hidden)]
    pub recovery: bool,
    #[doc(hidden)]
    pub fields: Fields,
    #[doc(hidden)]
    pub replaces_current: bool,
}

impl NewSession {
    /// A session with this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            player: None,
            description: String::new(),
            session_type: String::new(),
            priority: SessionPriority::Normal,
            tags: Tags::default(),
            expected: None,
            links: Links::default(),
            autosave: true,
            recovery: true,
            fields: Fields::default(),
            replaces_current: false,
        }
    }

    /// The metadata of a session that begins with this.
    ///
    /// ```
    /// use bevy_session_journal::{NewSession, SessionId};
    ///
    /// let session = NewSession::named("Campaign").begin(SessionId::random(), jiff::Timestamp::now());
    /// assert_eq!(session.name, "Campaign");
    /// ```
    #[must_use]
    pub fn begin(&self, id: SessionId, started: Timestamp) -> SessionMetadata {
        SessionMetadata {
            id,
            name: self.name.clone(),
            player: self.player.clone(),
            description: self.description.clone(),
            session_type: self.session_type.clone(),
            priority: self.priority,
            tags: self.tags.clone(),
            pinned: false,
            place: ShelfPlace::Open,
            draft: false,
            expected: self.expected,
            links: self.links.clone(),
            autosave: self.autosave,
            recovery: self.recovery,
            started,
            planned: None,
            context: SessionContext::default(),
            tally: SessionTally::default(),
        }
    }

    /// A new session with the metadata of another one.
    #[doc(hidden)]
    pub fn like(session: &SessionMetadata) -> Self {
        Self {
            player: session.player.clone(),
            description: session.description.clone(),
            session_type: session.session_type.clone(),
            priority: session.priority,
            tags: session.tags.clone(),
            expected: session.expected,
            links: session.links.clone(),
            autosave: session.autosave,
            recovery: session.recovery,
            ..Self::named(session.name.clone())
        }
    }

    /// Sets another name, as the player's own for a session of a scenario.
    ///
    /// ```
    /// use bevy_session_journal::Scenario;
    ///
    /// let scenario = Scenario::of_text("frontier.scenario.ron", r#"(name: "Frontier")"#)?;
    /// let session = scenario.new_session().name("Ann's valley");
    /// # Ok::<(), bevy_session_journal::ScenarioError>(())
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The player's name. None by default.
    #[must_use]
    pub fn player(mut self, player: impl Into<String>) -> Self {
        self.player = Some(player.into());
        self
    }

    /// A sentence about the session. Empty by default.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the type of session, in the game's own words. Empty by default.
    #[must_use]
    pub fn session_type(mut self, session_type: impl Into<String>) -> Self {
        self.session_type = session_type.into();
        self
    }

    /// Sets its priority. [`SessionPriority::Normal`] by default.
    #[must_use]
    pub fn priority(mut self, priority: SessionPriority) -> Self {
        self.priority = priority;
        self
    }

    /// A word by which it is found among others; at most 32, of 64 bytes each.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        self.tags.insert(tag);
        self
    }

    /// Sets the play time that it is expected to take. Lists and suggestions go by it, nothing else does.
    #[must_use]
    pub fn expected(mut self, expected: Duration) -> Self {
        self.expected = Some(expected);
        self
    }

    /// Links it with another session, or with an address; at most 16. The relation, of 64 bytes at most, is the
    /// game's own word for it: "sequel of", "guide". The text has at most 512.
    ///
    /// ```
    /// use bevy_session_journal::{NewSession, SessionId};
    ///
    /// # let campaign = SessionId::random();
    /// let practice = NewSession::named("The bridge, again")
    ///     .link("practice of", campaign)
    ///     .link("guide", "https://example.org/the-bridge");
    /// ```
    #[must_use]
    pub fn link(mut self, relation: impl Into<String>, to: impl Into<LinkTarget>) -> Self {
        self.links.insert(relation, to);
        self
    }

    /// Switches automatic checkpoints on or off, as far as `SessionSettings` allows them. On by default.
    #[must_use]
    pub fn autosave(mut self, autosave: bool) -> Self {
        self.autosave = autosave;
        self
    }

    /// Switches the offer after a crash on or off, as far as `SessionSettings` allows it. On by default; a game with
    /// permanent death may switch it off. The game can still ask for a recovery then.
    #[must_use]
    pub fn recovery(mut self, recovery: bool) -> Self {
        self.recovery = recovery;
        self
    }

    /// Sets a custom field from the start.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the value can't be written.
    pub fn field<T: Serialize + ?Sized>(
        mut self,
        name: &str,
        value: &T,
    ) -> Result<Self, FieldError> {
        self.fields.set(name, value)?;
        Ok(self)
    }

    /// Closes the session that is being played, if there is one, instead of being rejected. With
    /// `start`; `start_or_continue` takes no notice of it.
    #[must_use]
    pub fn replacing_current(mut self) -> Self {
        self.replaces_current = true;
        self
    }
}
