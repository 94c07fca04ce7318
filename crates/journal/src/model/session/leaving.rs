//! The causes of leaving a session.

use serde::{Deserialize, Serialize};

/// The cause of leaving a session: of closing or ending it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[serde(into = "&'static str", from = "String")]
#[non_exhaustive]
pub enum LeaveCause {
    /// The player asked for it, or the game as its rules want it.
    #[default]
    Player,
    /// Another session took its place.
    Replaced,
    /// The sessions of another profile took its place.
    ProfileChanged,
    /// A window of the game was closed, or was asked to close at any time before.
    Window,
    /// The system asked the process to exit: by a signal, as its console or user session was closed, or, on macOS, by Quit,
    /// which a player may have chosen, too.
    Signal,
    /// Nothing was done for long. Games give this cause, and so does the plugin where it was asked to look for that.
    Idle,
    /// The restored world couldn't be played. Games give this cause, and so does a cleanup that gives a crash up.
    RecoveryFailed,
    /// Something that was waited for didn't come. Games give this cause, and so does a cleanup that gives a crash up.
    TimedOut,
    /// The game exits with an error.
    Error,
    /// Another machine owns the session in the replica.
    Fenced,
    /// A limit of the operator was reached, such as on memory or play time.
    Limit,
    /// A cause that only a later version of this crate knows.
    Other,
}

impl LeaveCause {
    /// Every cause that has a name.
    const NAMED: [Self; 11] = [
        Self::Player,
        Self::Replaced,
        Self::ProfileChanged,
        Self::Window,
        Self::Signal,
        Self::Idle,
        Self::RecoveryFailed,
        Self::TimedOut,
        Self::Error,
        Self::Fenced,
        Self::Limit,
    ];

    /// Its name in files and in the output of tools: `player`, `timed_out`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Player => "player",
            Self::Replaced => "replaced",
            Self::ProfileChanged => "profile_changed",
            Self::Window => "window",
            Self::Signal => "signal",
            Self::Idle => "idle",
            Self::RecoveryFailed => "recovery_failed",
            Self::TimedOut => "timed_out",
            Self::Error => "error",
            Self::Fenced => "fenced",
            Self::Limit => "limit",
            Self::Other => "other",
        }
    }
}

impl From<LeaveCause> for &'static str {
    fn from(cause: LeaveCause) -> Self {
        cause.name()
    }
}

impl From<String> for LeaveCause {
    fn from(name: String) -> Self {
        Self::NAMED.into_iter().find(|cause| cause.name() == name).unwrap_or(Self::Other)
    }
}

/// The cause of a session's being closed or ended, with the game's words about it.
///
/// ```
/// use bevy_session_journal::{LeaveCause, Leaving};
///
/// let leaving = Leaving::by(LeaveCause::Idle).saying("ten minutes without input");
/// assert_eq!(leaving.cause, LeaveCause::Idle);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct Leaving {
    /// The cause.
    #[serde(default)]
    pub cause: LeaveCause,
    /// The game's own words about it; may be empty.
    #[serde(default)]
    pub words: String,
}

impl Leaving {
    /// Leaves for this cause, without words of the game.
    #[must_use]
    pub fn by(cause: LeaveCause) -> Self {
        Self { cause, words: String::new() }
    }

    /// With the game's own words, such as a sentence that its load menu shows.
    #[must_use]
    pub fn saying(mut self, words: impl Into<String>) -> Self {
        self.words = words.into();
        self
    }

    /// Returns true if the cause is the default one, and the game added nothing.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl From<LeaveCause> for Leaving {
    fn from(cause: LeaveCause) -> Self {
        Self::by(cause)
    }
}

/// The game's own words, about something that its player did.
impl From<&str> for Leaving {
    fn from(words: &str) -> Self {
        Self::default().saying(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_leave_cause_is_read_as_other() {
        for cause in LeaveCause::NAMED {
            let bytes = rmp_serde::to_vec_named(&Leaving::by(cause)).unwrap();
            assert_eq!(rmp_serde::from_slice::<Leaving>(&bytes).unwrap().cause, cause);
        }
        let bytes = rmp_serde::to_vec_named("telepathy").unwrap();
        assert_eq!(rmp_serde::from_slice::<LeaveCause>(&bytes).unwrap(), LeaveCause::Other);
    }
}
