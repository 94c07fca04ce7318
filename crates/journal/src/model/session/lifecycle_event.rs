//! The lifecycle events of a session.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{PanicInfo, SessionStatus, optional_milliseconds};

/// Something that happened to a session itself, as it is recorded among the game's events under
/// [`TYPE_PATH`](Self::TYPE_PATH).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LifecycleEvent {
    /// The kind of event, as `started`, `paused`, `restored` or `state_changed`.
    pub subtype: String,
    /// The session's status before, or the state of the game that was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The status or state from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The trigger.
    pub trigger: EventTrigger,
    /// The writer of the event: `bevy_session`, or another writer of the session.
    pub source: String,
    /// The version of that.
    pub version: String,
    /// Further details for people: the name of a slot, an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// Of a recovered session, the end of the process that played it, by [`HowItEnded::name`](crate::HowItEnded::name),
    /// as far as that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Of a recovered session, the play that was lost, about, as far as that was known. Stored in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_milliseconds")]
    pub lost: Option<Duration>,
    /// Of a recovered session, the ends of the processes that held it since, the oldest first: of the one that played
    /// it, then of those that died while they restored it. The last is the one that `cause` names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deaths: Vec<ProcessDeath>,
}

/// The death of a process that played a session, or was about to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProcessDeath {
    /// The cause, by [`HowItEnded::name`](crate::HowItEnded::name).
    pub cause: String,
    /// The panic, if it was one: message, place, thread and backtrace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panic: Option<PanicInfo>,
}

impl ProcessDeath {
    /// A death, and the panic that it was.
    #[must_use]
    pub fn new(cause: &str, panic: Option<PanicInfo>) -> Self {
        Self { cause: cause.to_owned(), panic }
    }

    /// Returns true if the process died of itself, by a panic or by a hang. One that was killed may have been stopped.
    #[must_use]
    pub fn is_of_the_game(&self) -> bool {
        matches!(&*self.cause, "panicked" | "not_responding")
    }

    /// Bytes that its texts take, about.
    pub(crate) fn text_bytes(&self) -> usize {
        let of_panic = |panic: &PanicInfo| {
            let others = [&panic.place, &panic.thread, &panic.backtrace].into_iter().flatten();
            others.map(String::len).sum::<usize>() + panic.message.len()
        };
        self.cause.len() + self.panic.as_ref().map_or(0, of_panic) + size_of::<Self>()
    }
}

/// The trigger of an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventTrigger {
    /// The game asked for it, mostly because its player did.
    Player,
    /// Time passed: the player was idle, or a wait timed out.
    Timer,
    /// The game entered or left a state.
    State,
    /// The process exits.
    Exit,
    /// The plugin by itself.
    Plugin,
}

impl LifecycleEvent {
    /// The type path of lifecycle events among a session's events.
    pub const TYPE_PATH: &'static str = "bevy_session::Lifecycle";

    /// Something that happened, by what brought it about.
    #[must_use]
    pub fn new(subtype: &str, trigger: EventTrigger, version: &str) -> Self {
        Self {
            subtype: subtype.to_owned(),
            previous: None,
            status: None,
            trigger,
            source: "bevy_session".to_owned(),
            version: version.to_owned(),
            details: None,
            cause: None,
            lost: None,
            deaths: Vec::new(),
        }
    }

    /// Sets the status, or the state of the game, before the event and from then on.
    #[must_use]
    pub fn between(mut self, previous: Option<String>, status: Option<String>) -> Self {
        (self.previous, self.status) = (previous, status);
        self
    }

    /// A change of the session's status.
    #[must_use]
    pub fn of_status(self, previous: SessionStatus, status: SessionStatus) -> Self {
        self.between(Some(word(previous)), Some(word(status)))
    }

    /// Sets the deaths that it followed, the oldest first, and the play that was lost, about.
    #[must_use]
    pub fn after_deaths(mut self, deaths: Vec<ProcessDeath>, lost: Option<Duration>) -> Self {
        self.cause = deaths.last().map(|death| death.cause.clone());
        (self.deaths, self.lost) = (deaths, lost);
        self
    }

    /// Sets further details for people.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }
}

/// A status in small letters.
fn word(status: SessionStatus) -> String {
    format!("{status:?}").to_lowercase()
}
