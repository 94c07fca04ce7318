//! The mirror of the replica: which sessions it gets, and what a game hears of it.

use std::time::Instant;

use bevy::prelude::*;
use bevy_session_journal::FailureCause;
use bevy_session_journal::replica::MirrorReport;
use tracing::{debug, info, warn};

use super::notifications::{
    CheckpointReplicated, MirrorRefusal, MirrorRefused, ReplicaBack, ReplicaErased, ReplicaLost,
    notify,
};
use super::runtime::RuntimeParts;
use crate::replication::ReplicaTier;

const TIER: ReplicaTier = ReplicaTier::Mirror;

/// Handles the mirror's reports. Without a mirror this does nothing.
pub(super) fn follow_mirror(parts: &mut RuntimeParts, world: &mut World) {
    let now = parts.time.now();
    let Some(mirror) = parts.mirror() else { return };
    mirror.turn(now);
    while let Some(report) = parts.mirror().and_then(|mirror| mirror.report()) {
        take_in(parts, world, report);
    }
    give_up_broken(parts, world);
}

/// Before the process ends: waits until the mirror has what the replica has, for as long as that may take.
pub(super) fn wait_for_mirror(parts: &mut RuntimeParts, world: &mut World, deadline: Instant) {
    let now = parts.time.now();
    while let Some(mirror) = parts.mirror().filter(|mirror| mirror.is_leaving()) {
        match mirror.wait_for_report(deadline, now) {
            Some(report) => take_in(parts, world, report),
            None => return warn!("the last changes aren't in the replica's mirror yet"),
        }
    }
}

/// What mirrors the replica has panicked, which is a bug of this crate. The game continues without it.
fn give_up_broken(parts: &mut RuntimeParts, world: &mut World) {
    let Some(replica) = &mut parts.replica else { return };
    if replica.mirror.take_if(|mirror| mirror.is_broken()).is_some() {
        let error = FailureCause::new("what mirrors the replica has failed");
        warn!(%error, "the replica isn't mirrored any more");
        notify(world, ReplicaLost { error, tier: TIER });
    }
}

fn take_in(parts: &mut RuntimeParts, world: &mut World, report: MirrorReport) {
    match report {
        MirrorReport::Replicated(session, checkpoint) => {
            notify(world, CheckpointReplicated { session, checkpoint, tier: TIER });
        }
        MirrorReport::Lost(fault) => {
            let error = FailureCause::new(fault);
            warn!(%error, "the replica's mirror can't be reached");
            notify(world, ReplicaLost { error, tier: TIER });
        }
        MirrorReport::Back => {
            info!("the replica's mirror answers again");
            notify(world, ReplicaBack { tier: TIER });
        }
        MirrorReport::Refused(session, why) => {
            let reason = MirrorRefusal::of(&why);
            let error = FailureCause::new(why);
            warn!(%session, %error, "the session isn't mirrored");
            notify(world, MirrorRefused { session, reason, error });
        }
        MirrorReport::Removed(session) => {
            info!(%session, "the session was removed from the replica's mirror");
            notify(world, ReplicaErased { session, tier: TIER });
        }
        MirrorReport::LetGo(session, complete) => {
            debug!(%session, complete, "the session isn't mirrored by this process any more");
            if let Some(mirror) = parts.mirror() {
                mirror.note_let_go(session);
            }
        }
    }
}
