//! Why something can't be done.

use super::members::Crew;
use super::player::{PlayerId, PlayerIdError};
use super::rights::Right;
use super::role::Role;

/// Why something that a player or the game asks for isn't done. [`Display`](std::fmt::Display) says it in a sentence,
/// which is also the reason in [`RequestError::Refused`](bevy_session::RequestError::Refused) where the crew refuses a
/// request of the session.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrewRefusal {
    /// An id can't be a player's.
    #[error(transparent)]
    InvalidPlayer(#[from] PlayerIdError),
    /// A name is empty, longer than 200 bytes, or has a control character in it.
    #[error("a name has 1 to 200 bytes, and no control characters")]
    InvalidName,
    /// A role is empty, longer than [`Role::MAX_BYTES`], or has a control character in it.
    #[error("a role has 1 to {} bytes, and no control characters", Role::MAX_BYTES)]
    InvalidRole,
    /// The game says nothing of this role in its [`Rights`](crate::Rights), as when it is misspelt.
    #[error("there is no role {role} in the game's `Rights`")]
    UnknownRole {
        /// The role that isn't in the table.
        role: Role,
    },
    /// A player isn't in the crew.
    #[error("{player:?} isn't in the crew")]
    NotInCrew {
        /// The player.
        player: PlayerId,
    },
    /// A player is in the crew already.
    #[error("{player:?} is in the crew already")]
    AlreadyInCrew {
        /// The player.
        player: PlayerId,
    },
    /// A player hasn't got the right to what they ask for.
    #[error("{player:?} may not {right}: the role is {role}")]
    MissingRight {
        /// The player.
        player: PlayerId,
        /// The role.
        role: Role,
        /// The right that is missing.
        right: Right,
    },
    /// The host can't be removed, and is the host as long as nothing is handed over.
    #[error("{player:?} is the host, and has to hand over first")]
    IsHost {
        /// The host.
        player: PlayerId,
    },
    /// Being the host isn't given like other roles.
    #[error("the role of host can't be given: the host hands it over")]
    HostIsHandedOver,
    /// A spectator can't become the host.
    #[error("{player:?} is a spectator, and can't host")]
    Spectator {
        /// The spectator.
        player: PlayerId,
    },
    /// There are [`Crew::MOST`] members.
    #[error("the crew has {} members, and there can't be more", Crew::MOST)]
    Full,
    /// No session is played.
    #[error("no session is played")]
    NoSession,
    /// The session that it was asked of isn't played any more.
    #[error("the request is about a session that isn't being played any more")]
    OtherSession,
}
