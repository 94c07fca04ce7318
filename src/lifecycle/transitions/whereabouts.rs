//! Starting or continuing a session by its name, where a replica may have it.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::replica::{ReplicaOwner, ReplicaSession};
use bevy_session_journal::{NewSession, RequestError, RestoreReason, SessionEntry, SessionId};

use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::replica_port::ReplicaPort;
use crate::lifecycle::{RecoveryPolicy, SessionCatalog, SessionSettings};

/// The time that a start waits for the first answer of a replica, longer than a store tries.
const LISTING: Duration = Duration::from_secs(15);

/// The whereabouts of the session that is to be started or continued.
pub(in crate::lifecycle) enum Whereabouts {
    /// It isn't known yet.
    Unknown,
    /// On this machine, or nowhere.
    Here,
    /// The replica has it, or has played it later than this machine.
    There(SessionId, RestoreReason),
}

/// Finds the session of this name and player that was played last, on this machine and in the replica.
///
/// # Errors
///
/// [`RequestError::SessionInUse`] if another machine plays it, and [`RequestError::ReplicaUnreachable`] if this machine
/// has none and the replica gives no answer.
pub(in crate::lifecycle) fn whereabouts(
    parts: &RuntimeParts,
    world: &World,
    new: &NewSession,
) -> Result<Whereabouts, RequestError> {
    let Some(replica) = &parts.replica else { return Ok(Whereabouts::Here) };
    let now = parts.time.now().elapsed;
    let waited = replica.waits_since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
    let here = newest_here(world, new);
    let Some(found) = replica.listed() else {
        return match here {
            Some(_) if replica.is_lost || waited >= LISTING => Ok(Whereabouts::Here),
            None if waited >= LISTING => Err(RequestError::ReplicaUnreachable),
            _ => Ok(Whereabouts::Unknown),
        };
    };
    let is_same =
        |it: &&ReplicaSession| it.entry.as_ref().is_some_and(|entry| is_named(entry, new));
    let same = found.iter().filter(is_same).filter(|it| !parts.start_up.hides(it.session));
    if same.clone().any(|it| is_played_elsewhere(replica, it)) {
        // Whoever died has renewed nothing for the length of a lease by then.
        return match waited < replica.settings.lease_patience() {
            true => Ok(Whereabouts::Unknown),
            false => Err(RequestError::SessionInUse),
        };
    }
    let wanted =
        same.filter(|it| may_be_taken(world, it)).filter_map(|it| Some((it, it.entry.as_ref()?)));
    let there = wanted.max_by_key(|(_, entry)| entry.updated);
    Ok(match there {
        Some((it, entry))
            if here.is_none_or(|here| {
                here.session.id != it.session && here.updated < entry.updated
            }) =>
        {
            Whereabouts::There(it.session, reason(it, entry))
        }
        _ => Whereabouts::Here,
    })
}

/// Returns true if a session has the name and the player that were asked for.
pub(super) fn is_named(entry: &SessionEntry, new: &NewSession) -> bool {
    entry.session.name == new.name && entry.session.player == new.player
}

/// A machine that was started again may go on at once: its claim is its own.
fn is_played_elsewhere(replica: &ReplicaPort, there: &ReplicaSession) -> bool {
    let own = replica.settings.name();
    let is_own = |machine: &str| there.is_from_here || (machine == own && !own.is_empty());
    matches!(&there.owner, ReplicaOwner::Another(machine) if !is_own(machine))
}

/// The newest session of this name and player on this machine that can be resumed.
pub(super) fn newest_here<'a>(world: &'a World, new: &NewSession) -> Option<&'a SessionEntry> {
    let known = world.get_resource::<SessionCatalog>()?;
    let mut sessions = known.sessions().iter();
    sessions.find(|entry| is_named(entry, new) && may_go_on(world, entry))
}

fn may_go_on(world: &World, entry: &SessionEntry) -> bool {
    let settings = world.get_resource::<SessionSettings>();
    let recovers = settings.is_none_or(|it| it.recovery != RecoveryPolicy::Never);
    entry.can_go_on() && (recovers || !entry.has_crashed())
}

/// Not what was removed, put into the trash, declined or ended on this machine.
fn may_be_taken(world: &World, there: &ReplicaSession) -> bool {
    let known = world.get_resource::<SessionCatalog>();
    let here = known.and_then(|known| known.get(there.session));
    let is_unwanted_here = here.is_some_and(|entry| !entry.can_go_on());
    let can_go_on = there.entry.as_ref().is_some_and(|entry| may_go_on(world, entry));
    can_go_on && !there.was_removed_here() && !is_unwanted_here
}

/// What this machine has of it may know less of how it was left than the replica, and more.
fn reason(there: &ReplicaSession, entry: &SessionEntry) -> RestoreReason {
    match there.here.is_none() && !entry.has_crashed() {
        true => RestoreReason::Continued,
        false => RestoreReason::Recovered,
    }
}
