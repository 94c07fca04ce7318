//! Decides on the requests of the crew: rights, and the step that follows.

use unicode_normalization::UnicodeNormalization;

use super::change::CrewStep;
use super::deed::{DeedOutcome, weigh};
use super::members::Crew;
use super::player::PlayerId;
use super::refusal::CrewRefusal;
use super::requests::{Asked, CrewRequest};
use super::rights::{Right, Rights};
use super::role::Role;

/// Bytes that a name may have.
const MAX_NAME_BYTES: usize = 200;

/// The right that a request takes, beyond what everybody may do about themselves; `None` if there is none.
pub(crate) fn right_for(asked: &Asked, by: &PlayerId, crew: &Crew) -> Option<Right> {
    let is_own = asked.player == *by && crew.get(by).is_some();
    match asked.request {
        CrewRequest::Join
        | CrewRequest::Leave
        | CrewRequest::Remove
        | CrewRequest::Rename { .. }
            if is_own =>
        {
            None
        }
        CrewRequest::Invite | CrewRequest::Join | CrewRequest::Leave | CrewRequest::Remove => {
            Some(Right::Invite)
        }
        CrewRequest::Rename { .. } | CrewRequest::SetRole { .. } => Some(Right::GiveRoles),
        CrewRequest::HandOver => Some(Right::HandOver),
    }
}

/// The right that a player uses for a request, if it takes one, or the refusal.
pub(crate) fn check_rights(
    asked: &Asked,
    crew: &Crew,
    rights: &Rights,
) -> Result<Option<(Right, DeedOutcome)>, (Option<Right>, CrewRefusal)> {
    let Some(by) = &asked.by else { return Ok(None) };
    by.check().map_err(|error| (None, error.into()))?;
    let Some(right) = right_for(asked, by, crew) else { return Ok(None) };
    let outcome = weigh(crew, rights, by, right);
    outcome.map(|outcome| Some((right, outcome))).map_err(|refusal| (Some(right), refusal))
}

/// The step that a request comes to, if nothing forbids it; `None` if all is that way already.
pub(crate) fn step_of(
    asked: &Asked,
    crew: &Crew,
    rights: &Rights,
) -> Result<Option<CrewStep>, CrewRefusal> {
    let player = &asked.player;
    player.check()?;
    let member = crew.get(player);
    let not_in_crew = || CrewRefusal::NotInCrew { player: player.clone() };
    let is_full = member.is_none() && crew.len() >= Crew::MOST;
    let step = match &asked.request {
        CrewRequest::Invite | CrewRequest::Join if is_full => return Err(CrewRefusal::Full),
        CrewRequest::Join if member.is_some_and(|it| it.is_here()) => return Ok(None),
        CrewRequest::Join => CrewStep::Joined,
        CrewRequest::Invite if member.is_some() => {
            return Err(CrewRefusal::AlreadyInCrew { player: player.clone() });
        }
        CrewRequest::Invite => CrewStep::Invited,
        other => {
            let member = member.ok_or_else(not_in_crew)?;
            match other {
                CrewRequest::Leave if !member.is_here() => return Ok(None),
                CrewRequest::Leave => CrewStep::Left,
                CrewRequest::Remove if member.is_host() => {
                    return Err(CrewRefusal::IsHost { player: player.clone() });
                }
                CrewRequest::Remove => CrewStep::Removed,
                CrewRequest::Rename { name } => CrewStep::Renamed { name: checked_name(name)? },
                CrewRequest::SetRole { role } => {
                    CrewStep::GivenRole { role: checked_role(role, rights)? }
                }
                _ if member.is_host() => return Ok(None),
                _ if member.role() == Role::SPECTATOR => {
                    return Err(CrewRefusal::Spectator { player: player.clone() });
                }
                _ => CrewStep::HandedOver,
            }
        }
    };
    Ok(Some(step))
}

fn checked_name(name: &str) -> Result<String, CrewRefusal> {
    // Long texts aren't worth the work that comes next.
    let is_short = name.len() <= 2 * MAX_NAME_BYTES;
    let name: String = if is_short { name.trim().nfc().collect() } else { String::new() };
    let is_right =
        (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
    is_right.then_some(name).ok_or(CrewRefusal::InvalidName)
}

fn checked_role(role: &Role, rights: &Rights) -> Result<Role, CrewRefusal> {
    match role {
        role if role.can_be_given() && !rights.knows(role) => {
            Err(CrewRefusal::UnknownRole { role: role.clone() })
        }
        role if role.can_be_given() => Ok(role.clone()),
        role if *role == Role::HOST => Err(CrewRefusal::HostIsHandedOver),
        _ => Err(CrewRefusal::InvalidRole),
    }
}
