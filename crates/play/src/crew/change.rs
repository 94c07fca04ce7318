//! Changes of the crew, as they are recorded.

use std::time::Duration;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::player::PlayerId;
use super::role::Role;

/// A change of the crew, as the session's log of events has it: who, when, and who asked for it, by the
/// ids of players and not by their names.
///
/// This is the one form in which a crew changes. It is [recorded](bevy_session::events::RecordingExt) in the order in which it
/// happened, and handed out after a crash, so that a hand-over which no checkpoint holds isn't forgotten.
///
/// To act on it, observe it: [`Crew`](crate::Crew) has it by then, also after a crash. (A system that reads it as a
/// message may be a frame ahead of the crew then.) What a crash had cut off is heard of again, since the game's own
/// world is that of the newest checkpoint; but not that somebody joined, who does so again in the new process.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{Crew, CrewChange, CrewStep};
///
/// fn greet(change: On<CrewChange>, crew: Res<Crew>) {
///     if change.step == CrewStep::Joined
///         && let Some(member) = crew.get(&change.player)
///     {
///         println!("{} is here", member.name());
///     }
/// }
/// # App::new().add_observer(greet);
/// ```
#[derive(Event, Message, TypePath, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
#[type_path = "bevy_session_play"]
pub struct CrewChange {
    /// Whom it is about.
    pub player: PlayerId,
    /// The player who asked for it; `None` if the game itself did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PlayerId>,
    /// When, in play time of the session.
    pub at: Duration,
    /// The change itself.
    pub step: CrewStep,
}

/// A kind of change to one member of the crew, or to somebody who becomes one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CrewStep {
    /// They are a member from now on.
    Invited,
    /// They play, and are a member if they weren't.
    Joined,
    /// They don't play any more, and stay a member.
    Left,
    /// They are no member any more.
    Removed,
    /// Others read this name.
    Renamed {
        /// The name.
        name: String,
    },
    /// They have this role, also if they host at the moment.
    GivenRole {
        /// The role.
        role: Role,
    },
    /// They are the host, and the previous host isn't.
    HandedOver,
}

impl CrewStep {
    /// Its name in logs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Removed => "removed",
            Self::Renamed { .. } => "renamed",
            Self::GivenRole { .. } => "given_role",
            Self::HandedOver => "handed_over",
        }
    }
}

impl CrewChange {
    /// The name of this type in the log.
    pub const TYPE_PATH: &str = "bevy_session_play::CrewChange";
}

#[cfg(test)]
mod tests {
    use bevy::reflect::TypePath;

    use super::*;

    #[test]
    fn its_type_path_is_the_promised_one() {
        assert_eq!(<CrewChange as TypePath>::type_path(), CrewChange::TYPE_PATH);
    }
}
