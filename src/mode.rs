//! The treatment of earlier sessions at a start, and the environment variable for it.

use std::env;
use std::path::PathBuf;
use std::sync::OnceLock;

#[cfg(feature = "reflect")]
use bevy::prelude::ReflectDefault;
#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;
use tracing::{info, warn};

/// The environment variable that names the mode.
const VARIABLE: &str = "BEVY_SESSION";
/// The prefix of the file to open.
const OPEN: &str = "open:";
/// The other modes that it can name.
const NAMED: [(&str, SessionMode); 4] = [
    ("off", SessionMode::Off),
    ("fresh", SessionMode::Fresh),
    ("continue", SessionMode::Continue),
    ("memory", SessionMode::Memory),
];

/// The treatment of earlier sessions at a start.
///
/// For developers, who set it with the environment variable `BEVY_SESSION`, in lower case:
/// `BEVY_SESSION=fresh cargo run`. Any other value logs a warning and changes nothing. If the game
/// sets a mode with [`SessionPlugin::mode`](crate::SessionPlugin::mode), or is in a test mode, the
/// variable isn't read.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug, Default))]
#[non_exhaustive]
pub enum SessionMode {
    /// The usual behaviour. The default.
    #[default]
    Ordinary,
    /// `off`: nothing is read, written or watched. Every request is answered with
    /// [`RequestError::SessionsAreOff`](crate::RequestError::SessionsAreOff).
    Off,
    /// `fresh`: no earlier session or slot is offered or listed at this start, as on a player's
    /// first day. [`PreviousRun`](crate::PreviousRun) exists all the same. Nothing is deleted, but
    /// a quick save replaces the player's old one.
    Fresh,
    /// `continue`: the newest session that can be continued or recovered is, at once, whichever it
    /// is. The player isn't asked.
    Continue,
    /// `memory`: sessions are kept in memory, and are gone with the app. See
    /// [`SessionPlugin::in_memory`](crate::SessionPlugin::in_memory).
    Memory,
    /// `open:report.tar`: continues from the checkpoint in a
    /// [report](crate::library::LibraryCommands::report), or in a session that was
    /// [exported](crate::library::LibraryCommands::export). See
    /// [`SessionPlugin::open`](crate::SessionPlugin::open).
    Open(PathBuf),
}

impl SessionMode {
    /// The mode that the environment sets. It is read once per process.
    pub(crate) fn of_environment() -> Self {
        static MODE: OnceLock<SessionMode> = OnceLock::new();
        let of_environment = MODE.get_or_init(|| {
            let value = env::var_os(VARIABLE).unwrap_or_default();
            let value = value.to_string_lossy();
            let named = Self::named(&value);
            match &named {
                None => {
                    let legal = NAMED.map(|(name, _)| name).join(", ");
                    warn!("{VARIABLE}={value} is unknown and ignored: use {legal} or {OPEN}FILE");
                }
                Some(Self::Ordinary) => {}
                Some(_) => info!("{VARIABLE}={value} is set for this start"),
            }
            named.unwrap_or_default()
        });
        of_environment.clone()
    }

    /// The mode of this name; the ordinary one for an empty name.
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
