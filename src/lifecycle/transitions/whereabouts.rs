//! Starting or continuing a session by its name, where a replica may have it.
//!
//! The replica is listed after the request was made: what was found before may be old. Nothing is begun in the place of a
//! session that may be there.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::replica::{ReplicaOwner, ReplicaSession, Standing};
use bevy_session_journal::{
    NewSession, RequestError, RestoreReason, SessionEntry, SessionId, Ticket,
};

use super::restoring::take_cancellation;
use crate::lifecycle::requests::{RequestQueue, reject_asked};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::replica_port::ReplicaPort;
use crate::lifecycle::runtime::search::{Search, UNANSWERED, has_more};
use crate::lifecycle::start_up::StartUp;
use crate::lifecycle::start_up::elsewhere::is_elsewhere;
use crate::lifecycle::{RecoveryOffers, RecoveryPolicy, SessionCatalog, SessionSettings};

/// The time that it waits for a list at the very most, of a store with many sessions for example.
const UNLISTED: Duration = Duration::from_mins(2);

/// The whereabouts of the session that is to be started or continued.
pub(in crate::lifecycle) enum Whereabouts {
    /// It isn't known yet.
    Unknown,
    /// On this machine.
    Here(SessionId),
    /// On this machine, and the replica, which may have more of it, gives no answer.
    HereAlone(SessionId),
    /// The replica has it, or has more of it than this machine. The reason is the one by which the replica's goes on.
    There(SessionId, RestoreReason),
    /// There is none that can go on.
    Nowhere,
}

/// Finds the session of this name and player that was played last, on this machine and in the replica.
///
/// # Errors
///
/// [`RequestError::SessionInUse`] if another machine plays it, and [`RequestError::ReplicaUnreachable`] if the replica gives
/// no answer, and this machine has none, or none but what another machine has played on.
pub(in crate::lifecycle) fn whereabouts(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    new: &NewSession,
) -> Result<Whereabouts, RequestError> {
    let now = parts.time.now();
    let Some(replica) = &mut parts.replica else {
        let here = newest_here(world, new, &[]).map(|here| here.session.id);
        return match here {
            None if parts.has_lost_replica => Err(RequestError::ReplicaUnreachable),
            None => Ok(Whereabouts::Nowhere),
            Some(here) if parts.has_lost_replica => Ok(Whereabouts::HereAlone(here)),
            Some(here) => Ok(Whereabouts::Here(here)),
        };
    };
    let mut search = match replica.search.take() {
        Some(search) if search.ticket == ticket => search,
        _ => Search::begin(replica, ticket, now),
    };
    let named = Named { start_up: &parts.start_up, replica, world, new };
    let found = match replica.listed_since(search.look) {
        Some(found) => search.go_by(&named, found, now),
        None => search.go_without(&named, now),
    };
    replica.search = Some(search);
    found
}

/// Gives up the search for a session, if the game has cancelled it.
pub(in crate::lifecycle) fn cancel_search_if_asked(parts: &RuntimeParts, world: &mut World) {
    let search = parts.replica.as_ref().and_then(|replica| replica.search.as_ref());
    let queue = world.get_resource::<RequestQueue>();
    let Some(ticket) = search.map(|search| search.ticket) else { return };
    let is_waiting = queue.is_some_and(|queue| queue.has(ticket)) && parts.transition.is_none();
    if is_waiting && take_cancellation(world) {
        let cancelled = world.get_resource_or_init::<RequestQueue>().take_one(ticket);
        cancelled.into_iter().for_each(|it| reject_asked(world, it, RequestError::Cancelled));
    }
}

impl Search {
    fn begin(replica: &mut ReplicaPort, ticket: Ticket, now: Moment) -> Self {
        // A session may have been given the name while it is played.
        Self { ticket, began: now.elapsed, look: replica.look(true, now), owned_since: None }
    }

    fn go_by(
        &mut self,
        named: &Named<'_>,
        found: &[ReplicaSession],
        now: Moment,
    ) -> Result<Whereabouts, RequestError> {
        let owned = named.owned(found);
        if owned == Owned::ByNobody {
            self.owned_since = None;
            return Ok(named.newest(found));
        }
        // Whoever died has renewed nothing for the length of a lease by then.
        let since = *self.owned_since.get_or_insert(now.elapsed);
        let is_late = now.elapsed.saturating_sub(since) >= named.replica.settings.lease_patience();
        match (owned, named.newest(found)) {
            _ if !is_late => Ok(Whereabouts::Unknown),
            // What isn't sent yet may be the very one.
            (Owned::ByAnother, _) | (Owned::Unsent, Whereabouts::Nowhere) => {
                Err(RequestError::SessionInUse)
            }
            (_, newest) => Ok(newest),
        }
    }

    /// The replica gives no answer. What is here goes on, unless the replica was seen to have something newer.
    fn go_without(&self, named: &Named<'_>, now: Moment) -> Result<Whereabouts, RequestError> {
        let waited = |since: Duration| now.elapsed.saturating_sub(since.max(self.began));
        let lost = named.replica.lost_since;
        let is_late =
            lost.is_some_and(|since| waited(since) >= UNANSWERED) || waited(self.began) >= UNLISTED;
        let known = named.replica.found.as_deref().unwrap_or_default();
        let is_elsewhere = named.owned(known) == Owned::ByAnother
            || matches!(named.newest(known), Whereabouts::There(..));
        let here = newest_here(named.world, named.new, &[]).filter(|_| !is_elsewhere);
        match here {
            Some(here) if lost.is_some() || is_late => Ok(Whereabouts::HereAlone(here.session.id)),
            None if is_late => Err(RequestError::ReplicaUnreachable),
            _ => Ok(Whereabouts::Unknown),
        }
    }
}

/// Another machine that has a session of the name.
#[derive(PartialEq, Eq)]
enum Owned {
    ByNobody,
    ByAnother,
    /// One has a session of which no journal was sent yet, so that its name isn't known.
    Unsent,
    /// One has a session that can't be read, as one of another game.
    Unreadable,
}

/// The sessions of the name and player that were asked for.
struct Named<'a> {
    start_up: &'a StartUp,
    replica: &'a ReplicaPort,
    world: &'a World,
    new: &'a NewSession,
}

impl Named<'_> {
    fn owned(&self, found: &[ReplicaSession]) -> Owned {
        let by_another = || found.iter().filter(|it| self.is_played_elsewhere(it));
        let has_name =
            |it: &ReplicaSession| it.entry.as_ref().is_some_and(|it| is_named(it, self.new));
        let nameless = || by_another().filter(|it| it.entry.is_none() && it.here.is_none());
        if by_another().any(|it| has_name(it) && self.is_wanted(it)) {
            Owned::ByAnother
        } else if nameless().any(|it| it.is_unsent) {
            Owned::Unsent
        } else if nameless().next().is_some() {
            Owned::Unreadable
        } else {
            Owned::ByNobody
        }
    }

    /// The session that was played last, of those that nobody else has.
    fn newest(&self, found: &[ReplicaSession]) -> Whereabouts {
        let of_name = found.iter().filter_map(|it| Some((it, it.entry.as_ref()?)));
        let of_name = of_name.filter(|(it, entry)| is_named(entry, self.new) && self.is_wanted(it));
        let (open, over): (Vec<_>, Vec<_>) =
            of_name.partition(|(_, entry)| may_go_on(self.world, entry));
        // What this machine has of them is older.
        let is_behind = |it: &ReplicaSession| it.here == Some(Standing::MachineIsBehind);
        let over = over.into_iter().filter(|(it, _)| is_behind(it)).map(|(it, _)| it.session);
        let here = newest_here(self.world, self.new, &over.collect::<Vec<_>>());
        let there = open.into_iter().max_by_key(|(_, entry)| entry.updated);
        let is_newer = |it: &ReplicaSession, entry: &SessionEntry| {
            let is_older =
                |here: &SessionEntry| here.session.id == it.session || here.updated < entry.updated;
            has_more(it) && here.is_none_or(is_older)
        };
        match (there, here) {
            (Some((it, entry)), _) if is_newer(it, entry) => {
                Whereabouts::There(it.session, reason(entry))
            }
            (_, Some(here)) => Whereabouts::Here(here.session.id),
            (_, None) => Whereabouts::Nowhere,
        }
    }

    /// A machine that was started again may go on at once: its claim is its own.
    fn is_played_elsewhere(&self, there: &ReplicaSession) -> bool {
        let own = self.replica.settings.name();
        let is_own = |machine: &str| machine == own && (!own.is_empty() || there.is_from_here);
        matches!(&there.owner, ReplicaOwner::Another(machine) if !is_own(machine))
    }

    /// Not what was removed, put into the trash, declined or ended on this machine.
    fn is_wanted(&self, there: &ReplicaSession) -> bool {
        let session = there.session;
        let here = self.world.get_resource::<SessionCatalog>().and_then(|known| known.get(session));
        let goes_on = |here: &SessionEntry| here.can_go_on() || has_open_line(self.world, here);
        let is_unwanted_here = here.is_some_and(|entry| !entry.in_use && !goes_on(entry));
        let is_declined = self.replica.declined.contains(&session);
        let is_hidden = self.start_up.hides(session);
        !there.was_removed_here() && !is_unwanted_here && !is_declined && !is_hidden
    }
}

/// Returns true if a session has the name and the player that were asked for.
pub(super) fn is_named(entry: &SessionEntry, new: &NewSession) -> bool {
    entry.session.name == new.name && entry.session.player == new.player
}

/// The newest session of this name and player on this machine that can be resumed, without these.
fn newest_here<'a>(
    world: &'a World,
    new: &NewSession,
    over: &[SessionId],
) -> Option<&'a SessionEntry> {
    let known = world.get_resource::<SessionCatalog>()?;
    let mut sessions = known.sessions().iter().filter(|it| !over.contains(&it.session.id));
    let goes_on = |entry: &SessionEntry| may_go_on(world, entry) || has_open_line(world, entry);
    sessions.find(|entry| is_named(entry, new) && goes_on(entry))
}

fn may_go_on(world: &World, entry: &SessionEntry) -> bool {
    let settings = world.get_resource::<SessionSettings>();
    let recovers = settings.is_none_or(|it| it.recovery != RecoveryPolicy::Never);
    entry.can_go_on() && (recovers || !entry.has_crashed())
}

/// Returns true if the line with the most checkpoints has ended, which is the one that is listed, and another one of the
/// session was offered. By its name a session goes on with the line that was played last of those that have not ended.
fn has_open_line(world: &World, entry: &SessionEntry) -> bool {
    let offers = world.get_resource::<RecoveryOffers>();
    let mut offered = offers.into_iter().flat_map(|offers| offers.of(entry.session.id));
    entry.forked && entry.status.has_ended() && offered.any(|offer| !is_elsewhere(offer))
}

/// The reason by which what the replica has goes on. Of a fork this machine's side may go on instead, which is seen when it
/// is read.
fn reason(there: &SessionEntry) -> RestoreReason {
    match there.has_crashed() {
        true => RestoreReason::Recovered,
        false => RestoreReason::Continued,
    }
}
