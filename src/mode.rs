//! How a start goes about the sessions of earlier ones, and the environment variable that says so.

use std::env;
use std::path::PathBuf;
use std::sync::OnceLock;

#[cfg(feature = "reflect")]
use bevy::prelude::ReflectDefault;
#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;
use tracing::warn;

/// The environment variable that names the mode.
const VARIABLE: &str = "BEVY_SESSION";
/// What stands before the file that is to be opened.
const OPEN: &str = "open:";
/// The modes that it can name otherwise.
const NAMED: [(&str, SessionMode); 4] = [
    ("off", SessionMode::Off),
    ("fresh", SessionMode::Fresh),
    ("continue", SessionMode::Continue),
    ("memory", SessionMode::Memory),
];

/// How a start goes about the sessions of earlier ones.
///
/// For developers, who name it with the environment variable `BEVY_SESSION`, in small letters:
/// `BEVY_SESSION=fresh cargo run`. A value that is none of the five is warned of and changes
/// nothing. Where the game names a mode with [`SessionPlugin::mode`](crate::SessionPlugin::mode), or
/// is in a test mode, the variable isn't looked at.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug, Default))]
#[non_exhaustive]
pub enum SessionMode {
    /// Nothing out of the ordinary. The default.
    #[default]
    Ordinary,
    /// `off`: nothing is read, written or watched. Every request is answered with
    /// [`RequestError::SessionsAreOff`](crate::RequestError::SessionsAreOff).
    Off,
    /// `fresh`: no old session or slot is offered or listed at this start, as on a player's first day.
    /// [`PreviousRun`](crate::PreviousRun) is there all the same. Nothing is deleted, but a quick save
    /// replaces the player's old one.
    Fresh,
    /// `continue`: the newest session that can go on is continued or recovered at once, whichever it
    /// is. The player isn't asked.
    Continue,
    /// `memory`: sessions are kept in memory, and are gone with the app. See
    /// [`SessionPlugin::in_memory`](crate::SessionPlugin::in_memory).
    Memory,
    /// `open:report.tar`: goes on where a [report](crate::library::LibraryCommands::report) was written, or
    /// from a session that was [exported](crate::library::LibraryCommands::export). See
    /// [`SessionPlugin::open`](crate::SessionPlugin::open).
    Open(PathBuf),
}

impl SessionMode {
    /// The mode that the environment names. It is read once in the life of the process.
    pub(crate) fn of_environment() -> Self {
        static MODE: OnceLock<SessionMode> = OnceLock::new();
        let of_environment = MODE.get_or_init(|| {
            let value = env::var_os(VARIABLE).unwrap_or_default();
            let value = value.to_string_lossy();
            Self::named(&value).unwrap_or_else(|| {
                let legal = NAMED.map(|(name, _)| name).join(", ");
                warn!("{VARIABLE}={value} means nothing: it can be {legal}, {OPEN}FILE");
                Self::Ordinary
            })
        });
        of_environment.clone()
    }

    /// The mode of this name; the ordinary one of none.
    fn named(value: &str) -> Option<Self> {
        if value.is_empty() {
            return Some(Self::Ordinary);
        }
        if let Some(path) = value.strip_prefix(OPEN).filter(|path| !path.is_empty()) {
            return Some(Self::Open(path.into()));
        }
        NAMED.iter().find(|(name, _)| *name == value).map(|(_, mode)| mode.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_names_are_legal_and_nothing_else_is() {
        assert_eq!(SessionMode::named(""), Some(SessionMode::Ordinary));
        assert_eq!(SessionMode::named("off"), Some(SessionMode::Off));
        assert_eq!(SessionMode::named("fresh"), Some(SessionMode::Fresh));
        assert_eq!(SessionMode::named("continue"), Some(SessionMode::Continue));
        assert_eq!(SessionMode::named("memory"), Some(SessionMode::Memory));
        let report = SessionMode::Open("a report.tar".into());
        assert_eq!(SessionMode::named("open:a report.tar"), Some(report));
        for other in ["OFF", "open", "open:", "0", "ordinary", " fresh", "✨"] {
            assert_eq!(SessionMode::named(other), None, "{other}");
        }
    }
}
