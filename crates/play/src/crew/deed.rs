//! What players ask for, as it is recorded, and the guard that looks at their rights.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::{CurrentSession, GuardedRequest};
use serde::{Deserialize, Serialize};

use super::members::Crew;
use super::player::PlayerId;
use super::refusal::CrewRefusal;
use super::rights::{Right, Rights};

/// Somebody asked for something that takes a right: what the session's log of events has of it, beside what the session
/// itself records and [`CrewChange`](crate::CrewChange). It is recorded when it is asked for, and what comes of it
/// afterwards is in the log of its own.
///
/// Each request by a player that takes a right is recorded, and of the game's own those that go back, end, export or manage something.
///
/// ```
/// use bevy_session::{EventPage, EventQuery, LifecycleEvent, SessionId};
/// use bevy_session_play::{CrewChange, CrewDeed, DeedOutcome};
///
/// /// Who did what when, the newest first; the next page comes after [`EventPage::next`].
/// fn activity(session: SessionId) -> EventQuery {
///     let types = [LifecycleEvent::TYPE_PATH, CrewChange::TYPE_PATH, CrewDeed::TYPE_PATH];
///     EventQuery { types: types.map(str::to_owned).into(), ..EventQuery::of(session) }
/// }
///
/// fn refused(page: &EventPage) -> usize {
///     let deeds = page.events.iter().filter_map(|event| event.decode::<CrewDeed>().ok());
///     deeds.filter(|deed| matches!(deed.outcome, DeedOutcome::Refused { .. })).count()
/// }
/// # assert_eq!(refused(&EventPage::default()), 0);
/// # activity(SessionId::random());
/// ```
#[derive(Message, TypePath, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
#[type_path = "bevy_session_play"]
pub struct CrewDeed {
    /// The player who asks; `None` if the game itself does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PlayerId>,
    /// When, in play time of the session.
    pub at: Duration,
    /// What is asked for: the name of a method of [`SessionCommands`](bevy_session::SessionCommands) or
    /// [`CrewCommands`](crate::CrewCommands), as `load` or `hand_over`.
    pub request: String,
    /// The right that it takes.
    pub right: Right,
    /// What the crew says to it.
    pub outcome: DeedOutcome,
}

/// What the crew says to a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DeedOutcome {
    /// Whoever asks has the right.
    Allowed,
    /// An administrator asks for what they have no right to by their role.
    Overridden,
    /// Whoever asks hasn't got the right.
    Refused {
        /// Why, in a sentence.
        reason: String,
    },
}

impl CrewDeed {
    /// What the log calls it.
    pub const TYPE_PATH: &str = "bevy_session_play::CrewDeed";
}

/// Whether a player has a right, and by what.
pub(crate) fn weigh(
    crew: &Crew,
    rights: &Rights,
    player: &PlayerId,
    right: Right,
) -> Result<DeedOutcome, CrewRefusal> {
    match crew.may_by_role(player, right, rights) {
        Ok(()) => Ok(DeedOutcome::Allowed),
        Err(_) if rights.is_admin(player) => Ok(DeedOutcome::Overridden),
        Err(refusal) => Err(refusal),
    }
}

/// Looks at the rights of whoever makes a request of the session.
pub(crate) fn guard_requests(
    In(asked): In<GuardedRequest>,
    session: Option<Res<CurrentSession>>,
    (crew, rights): (Option<Res<Crew>>, Res<Rights>),
    mut deeds: MessageWriter<CrewDeed>,
) -> Result<(), String> {
    let (Some(session), Some(crew)) = (session, crew) else { return Ok(()) };
    let Some(right) = Right::for_request(&asked.request) else { return Ok(()) };
    let by = asked.by.map(PlayerId::from);
    let weighed = match &by {
        None if !is_worth_noting(right) => return Ok(()),
        None => Ok(DeedOutcome::Allowed),
        Some(player) => weigh(&crew, &rights, player, right).map_err(|refusal| refusal.to_string()),
    };
    let outcome = weighed.clone().unwrap_or_else(|reason| DeedOutcome::Refused { reason });
    let request = asked.request.name().to_owned();
    deeds.write(CrewDeed { by, at: session.play_time(), request, right, outcome });
    weighed.map(|_| ())
}

/// Whether the game's own requests of this kind are noted: those that it makes all the time aren't.
fn is_worth_noting(right: Right) -> bool {
    matches!(right, Right::Load | Right::End | Right::Export | Right::Manage)
}

#[cfg(test)]
mod tests {
    use bevy::reflect::TypePath;

    use super::*;

    #[test]
    fn the_log_knows_it_by_the_path_that_is_promised() {
        assert_eq!(<CrewDeed as TypePath>::type_path(), CrewDeed::TYPE_PATH);
    }
}
