//! Requests of players, as they are recorded, and the guard that checks their rights.

use std::time::Duration;

use bevy::ecs::system::SystemId;
use bevy::prelude::*;
use bevy_session::CurrentSession;
use bevy_session::requests::GuardedRequest;
use serde::{Deserialize, Serialize};

use super::members::Crew;
use super::player::PlayerId;
use super::refusal::CrewRefusal;
use super::rights::{Right, Rights};

/// Somebody asked for something that takes a right: what the session's log of events has of it, beside what the session
/// itself records and [`CrewChange`](crate::CrewChange). It is recorded when it is asked for, and its effect is in the
/// log separately.
///
/// Each request by a player that takes a right is recorded, and of the game's own those that go back, end, export or manage something.
///
/// ```
/// use bevy_session::SessionId;
/// use bevy_session::events::{EventPage, EventQuery, LifecycleEvent};
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
    /// The request: the name of a method of [`SessionCommands`](bevy_session::SessionCommands) or
    /// [`CrewCommands`](crate::CrewCommands), as `load` or `hand_over`.
    pub request: String,
    /// The right that it takes.
    pub right: Right,
    /// The decision on it.
    pub outcome: DeedOutcome,
}

/// The decision on a player's request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DeedOutcome {
    /// The player has the right.
    Allowed,
    /// An administrator asks for what they have no right to by their role.
    Overridden,
    /// The player doesn't have the right.
    Refused {
        /// Why, in a sentence.
        reason: String,
    },
}

impl CrewDeed {
    /// The name of this type in the log.
    pub const TYPE_PATH: &str = "bevy_session_play::CrewDeed";
}

/// Checks a right of a player: allowed by their role, or overridden as an administrator.
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

/// Checks the rights of the player who makes a request of the session.
pub(crate) fn guard_session_requests(
    In(asked): In<GuardedRequest>,
    world: &mut World,
) -> Result<(), String> {
    let weighed = look_at_rights(world, asked);
    weighed.map_err(|refusal| in_words(world, refusal))
}

fn look_at_rights(world: &mut World, asked: GuardedRequest) -> Result<(), CrewRefusal> {
    let Some(session) = world.get_resource::<CurrentSession>() else { return Ok(()) };
    let Some(right) = Right::for_request(&asked.request) else { return Ok(()) };
    let (at, by) = (session.play_time(), asked.by.map(PlayerId::from));
    let rights = world.get_resource_or_init::<Rights>().clone();
    let weighed = match &by {
        None if !is_worth_noting(right) => return Ok(()),
        None => Ok(DeedOutcome::Allowed),
        Some(player) => weigh(&world.get_resource_or_init::<Crew>(), &rights, player, right),
    };
    let refused = |refusal: &CrewRefusal| DeedOutcome::Refused { reason: refusal.to_string() };
    let outcome = weighed.clone().unwrap_or_else(|refusal| refused(&refusal));
    let request = asked.request.name().to_owned();
    world.write_message(CrewDeed { by, at, request, right, outcome });
    weighed.map(|_| ())
}

/// The game's system that puts a refusal into words for its players.
#[derive(Resource)]
pub(crate) struct RefusalWords(pub SystemId<In<CrewRefusal>, String>);

fn in_words(world: &mut World, refusal: CrewRefusal) -> String {
    let plain = refusal.to_string();
    let Some(&RefusalWords(words)) = world.get_resource::<RefusalWords>() else { return plain };
    world.run_system_with(words, refusal).unwrap_or(plain)
}

/// True if the game's own requests of this kind are recorded: those that it makes all the time aren't.
fn is_worth_noting(right: Right) -> bool {
    matches!(right, Right::Load | Right::End | Right::Export | Right::Manage)
}

#[cfg(test)]
mod tests {
    use bevy::reflect::TypePath;

    use super::*;

    #[test]
    fn its_type_path_is_the_promised_one() {
        assert_eq!(<CrewDeed as TypePath>::type_path(), CrewDeed::TYPE_PATH);
    }
}
