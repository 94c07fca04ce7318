//! Sessions in a replica: claiming, fencing, forking.

use std::sync::Arc;

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock::deadline;
use bevy_session_journal::replica::{Over, Readiness, ReplicaReport, ReplicaSession};
use bevy_session_journal::{
    CheckpointKind, FailureCause, LeaveCause, NewSession, RequestError, SessionId,
};
use tracing::{debug, info, warn};

use super::checkpoints::take_named;
use super::mirrors::{follow_mirror, wait_for_mirror};
use super::notifications::{
    CheckpointReplicated, FenceReason, ReplicaBack, ReplicaErased, ReplicaLagging, ReplicaListed,
    ReplicaLost, SessionClaimed, SessionFenced, SessionForked, SessionReleased, notify,
};
use super::requests::{CurrentRequest, ask};
use super::runtime::RuntimeParts;
use super::runtime::asked_checkpoints::WantedCheckpoint;
use super::runtime::transition::{Departure, Transition};
use super::start_up::elsewhere::{follow_elsewhere, withdraw_all};
use super::transitions::leaving;
use super::transitions::rewinding::branch_off;
use super::transitions::take_up::{make_branch_of_it, not_prepared};
use super::{CurrentSession, SessionCatalog};
use crate::replication::{ReplicaTier, WhenFenced};

const TIER: ReplicaTier = ReplicaTier::Replica;

/// The sessions in the replica, if there is one. It is listed while no session is played;
/// [`ReplicaListed`](crate::replica::ReplicaListed) is sent when it has been.
#[derive(Resource, Clone, Default, Debug)]
pub struct ReplicaSessions {
    sessions: Arc<[ReplicaSession]>,
    is_reachable: Option<bool>,
    is_asked: bool,
}

impl ReplicaSessions {
    /// The sessions, in the order of their ids. Those that were removed aren't among them.
    #[must_use]
    pub fn sessions(&self) -> &[ReplicaSession] {
        &self.sessions
    }

    /// Requests that the replica is listed in this frame, whatever is played.
    /// [`ReplicaListed`](crate::replica::ReplicaListed) follows, or
    /// [`ReplicaLost`](crate::replica::ReplicaLost).
    pub fn look(&mut self) {
        self.is_asked = true;
    }

    /// The replica's entry of a session.
    #[must_use]
    pub fn get(&self, session: SessionId) -> Option<&ReplicaSession> {
        self.sessions.iter().find(|it| it.session == session)
    }

    /// Returns true if the replica answered the last time; `None` before the first time.
    #[must_use]
    pub fn is_reachable(&self) -> Option<bool> {
        self.is_reachable
    }
}

/// Handles the replica's reports, and releases sessions that aren't played any more. Without a
/// replica this does nothing.
pub(super) fn follow_replica(parts: &mut RuntimeParts, world: &mut World) {
    let (now, played) = (parts.time.now(), parts.session());
    let Some(replica) = &mut parts.replica else { return };
    if parts.transition.is_none() {
        replica.let_go_of_others(played, now);
    }
    let mut listed = world.get_resource_or_init::<ReplicaSessions>();
    if std::mem::take(&mut listed.bypass_change_detection().is_asked) {
        replica.look(true, now);
    }
    replica.turn(now);
    while let Some(report) = parts.replica.as_mut().and_then(|replica| replica.report()) {
        take_in(parts, world, report);
    }
    follow_mirror(parts, world);
    leave_fenced(parts, world);
    give_up_broken(parts, world);
}

/// A keeper that panicked is a bug of this crate. The game continues without a replica.
fn give_up_broken(parts: &mut RuntimeParts, world: &mut World) {
    let Some(broken) = parts.replica.take_if(|replica| replica.is_broken()) else { return };
    parts.has_lost_replica = true;
    withdraw_all(parts, world);
    lost(parts, world, FailureCause::new("what keeps sessions in the replica has failed"));
    match broken.take_all_held() {
        // It can't be had any more, and what is here of it is older.
        Some(held) if held.needs_replica => {
            refuse(parts, world, RequestError::ReplicaUnreachable);
        }
        Some(held) => parts.send(held.order),
        None => {}
    }
}

/// Before the process ends: waits until the sessions that were left are in the replica.
pub(super) fn wait_for_replica(parts: &mut RuntimeParts, world: &mut World) {
    let now = parts.time.now();
    let Some(replica) = &mut parts.replica else { return };
    replica.let_go_of_others(None, now);
    let deadline = deadline(replica.settings.exit_waits);
    while let Some(replica) = parts.replica.as_mut().filter(|replica| replica.is_leaving()) {
        match replica.wait_for_report(deadline, now) {
            Some(report) => take_in(parts, world, report),
            None => {
                return warn!(
                    "the last changes aren't in the replica yet; they are saved on this machine"
                );
            }
        }
    }
    wait_for_mirror(parts, world, deadline);
}

fn take_in(parts: &mut RuntimeParts, world: &mut World, report: ReplicaReport) {
    let now = parts.time.now();
    if let Some(mirror) = parts.mirror() {
        mirror.pass_on(&report, now);
    }
    match report {
        ReplicaReport::Found(sessions, look) => {
            let sessions: Arc<[ReplicaSession]> = sessions.into();
            let replica = parts.replica.as_mut();
            if !replica.is_some_and(|it| it.take_list(Arc::clone(&sessions), look)) {
                return;
            }
            let mut known = world.get_resource_or_init::<ReplicaSessions>();
            known.sessions = sessions;
            known.is_reachable = Some(true);
            follow_elsewhere(parts, world);
            notify(world, ReplicaListed {});
        }
        ReplicaReport::Ready(session, readiness) => ready(parts, world, session, readiness),
        ReplicaReport::Claimed(session, epoch) => {
            info!(%session, epoch = epoch.0, "this machine owns the session in the replica");
            notify(world, SessionClaimed { session, epoch: epoch.0 });
            back(parts, world);
        }
        ReplicaReport::Replicated(session, checkpoint) => {
            notify(world, CheckpointReplicated { session, checkpoint, tier: TIER });
        }
        ReplicaReport::Lagging(session, checkpoint) => {
            notify(world, ReplicaLagging { session, checkpoint });
        }
        ReplicaReport::Lost(fault) => lost(parts, world, FailureCause::new(fault)),
        ReplicaReport::Back => back(parts, world),
        ReplicaReport::Failed(_, error) => lost(parts, world, FailureCause::new(error)),
        ReplicaReport::Over(session, epoch, over) => {
            if let Some(replica) = &mut parts.replica {
                replica.forget(session);
            }
            match (FenceReason::of(&over), over) {
                (Some(reason), _) => fenced(parts, world, session, epoch.0, reason),
                (None, Over::Unreadable(error)) => given_up(parts, world, FailureCause::new(error)),
                (None, Over::Unread(error)) => given_up(parts, world, FailureCause::new(error)),
                (None, _) => {}
            }
        }
        ReplicaReport::Erased(session) => notify(world, ReplicaErased { session, tier: TIER }),
        ReplicaReport::LetGo(session, complete) => {
            if let Some(replica) = &mut parts.replica {
                replica.note_let_go(session);
            }
            info!(%session, complete, "this machine has released the session in the replica");
            notify(world, SessionReleased { session, complete });
        }
    }
}

/// A player may have been erased, or what an erasure had left: it is removed from the replica as well.
pub(super) fn erase(parts: &mut RuntimeParts) {
    let now = parts.time.now();
    if let Some(replica) = &mut parts.replica {
        replica.erase(now);
    }
}

fn lost(parts: &mut RuntimeParts, world: &mut World, error: FailureCause) {
    let now = parts.time.now();
    if let Some(replica) = &mut parts.replica {
        replica.note_lost(now);
    }
    warn!(%error, "the replica can't be reached");
    world.get_resource_or_init::<ReplicaSessions>().is_reachable = Some(false);
    notify(world, ReplicaLost { error, tier: TIER });
}

/// The replica answers again, or has got what files of this machine kept from it.
fn back(parts: &mut RuntimeParts, world: &mut World) {
    let lost = parts.replica.as_mut().and_then(|replica| replica.lost_since.take());
    if lost.is_none() {
        return;
    }
    info!("the replica answers again");
    world.get_resource_or_init::<ReplicaSessions>().is_reachable = Some(true);
    notify(world, ReplicaBack { tier: TIER });
}

/// One session can't be sent any more. The others are listed again.
fn given_up(parts: &mut RuntimeParts, world: &mut World, error: FailureCause) {
    lost(parts, world, error);
    let now = parts.time.now();
    if let Some(replica) = &mut parts.replica {
        replica.look(false, now);
    }
}

/// A session that is to be played is ready in the replica, or never will be.
fn ready(parts: &mut RuntimeParts, world: &mut World, session: SessionId, readiness: Readiness) {
    let Some(replica) = &mut parts.replica else { return };
    let held = replica.take_held(session);
    if readiness == Readiness::Claimed {
        replica.note_newest(session);
    }
    if !matches!(readiness, Readiness::Claimed | Readiness::Unclaimed) {
        replica.forget(session);
    }
    // Nobody wants it any more.
    let Some(held) = held else { return };
    let by_name = parts.replica.as_ref().is_some_and(|it| it.by_name == Some(session));
    let refusal = match readiness {
        // Even if its lock is free by now, what is newest of it isn't here.
        Readiness::InUse if by_name => Some(RequestError::SessionInUse),
        Readiness::Claimed | Readiness::Unclaimed | Readiness::InUse => None,
        Readiness::Owned => Some(RequestError::SessionInUse),
        Readiness::Unreachable => Some(RequestError::ReplicaUnreachable),
        Readiness::Removed => Some(RequestError::NothingToRestore),
        Readiness::Forked if by_name => Some(RequestError::SessionForked),
        Readiness::Forked => {
            notify(world, SessionForked { session });
            make_branch_of_it(parts, &like(world, session));
            None
        }
    };
    match refusal {
        None => parts.send(held),
        Some(error) => refuse(parts, world, error),
    }
}

/// The checkpoint that is waited for can't be had.
fn refuse(parts: &mut RuntimeParts, world: &mut World, error: RequestError) {
    if let Some(Transition::Preparing(preparing)) = &parts.transition {
        let ticket = preparing.ticket;
        not_prepared(parts, world, error, ticket);
    }
}

/// A new session with the name of another one.
fn like(world: &World, session: SessionId) -> NewSession {
    let current = world.get_resource::<CurrentSession>().filter(|it| it.id() == session);
    let listed = world.get_resource::<SessionCatalog>().and_then(|it| it.get(session));
    let metadata = current.map(CurrentSession::metadata).or(listed.map(|entry| &entry.session));
    metadata.map_or_else(|| NewSession::named(""), NewSession::like)
}

fn fenced(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    epoch: u64,
    reason: FenceReason,
) {
    warn!(%session, epoch, ?reason, "this machine doesn't own the session in the replica any more");
    if parts.session() == Some(session)
        && let Some(replica) = &mut parts.replica
    {
        replica.fenced = Some(session);
    }
    notify(world, SessionFenced { session, epoch, reason });
}

/// Leaves a session that another machine owns, once no other operation on it is in progress.
fn leave_fenced(parts: &mut RuntimeParts, world: &mut World) {
    let (played, is_busy) = (parts.session(), parts.transition.is_some());
    let Some(replica) = &mut parts.replica else { return };
    if played.is_none() || replica.fenced != played {
        replica.fenced = None;
        return;
    }
    if is_busy {
        return;
    }
    let Some(session) = replica.fenced.take() else { return };
    let result = match replica.settings.when_fenced {
        WhenFenced::Close => leaving::leave(parts, world, Departure::close(LeaveCause::Fenced)),
        WhenFenced::GoOnAsFork => go_on_as_fork(parts, world, session),
    };
    if let Err(error) = result {
        // It is tried again in the next frame.
        debug!(%session, %error, "the session can't be left now");
        if let Some(replica) = &mut parts.replica {
            replica.fenced = Some(session);
        }
    }
}

/// Continues the played session as a separate session, from this moment on.
fn go_on_as_fork(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
) -> Result<(), RequestError> {
    if parts.writer.is_behind() {
        return Err(RequestError::WriterBehind);
    }
    // Behind a closed gate the world isn't the session's: what was captured as the gate closed goes on.
    let wanted = WantedCheckpoint::unasked(CheckpointKind::Rewind, None);
    let taken = if parts.may_capture() { take_named(parts, world, wanted) } else { None };
    let newest = parts.playing.as_ref().map(|playing| playing.newest().checkpoint);
    let checkpoint = taken.or(newest).ok_or(RequestError::NothingToRestore)?;
    let fork = like(world, session);
    let request = CurrentRequest::BranchOff { checkpoint, session: Box::new(fork.clone()) };
    let ticket = ask(world, request);
    branch_off(parts, world, ticket, checkpoint, &fork)
}
