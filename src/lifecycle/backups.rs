//! Sessions in a backup of the replica: what it has got, and that it gives no answer. It decides nothing about play.

use std::time::Instant;

use bevy::prelude::*;
use bevy_session_journal::FailureCause;
use bevy_session_journal::replica::{ReplicaReport, ReplicaTier};
use tracing::{info, warn};

use super::notifications::{
    CheckpointReplicated, ReplicaBack, ReplicaErased, ReplicaLagging, ReplicaLost, notify,
};
use super::runtime::RuntimeParts;
use super::runtime::backup_port::BackupPort;

const TIER: ReplicaTier = ReplicaTier::Backup;

/// Handles the reports of what keeps sessions in a backup. Without a backup this does nothing.
pub(super) fn follow_backup(parts: &mut RuntimeParts, world: &mut World) {
    while let Some(report) = port(parts).and_then(BackupPort::report) {
        take_in(parts, world, report);
    }
    // A keeper that panicked is a bug of this crate. The game and its replica continue without a backup.
    let replica = parts.replica.as_mut();
    if replica.and_then(|it| it.backup.take_if(|backup| backup.is_broken())).is_some() {
        lost(world, FailureCause::new("what keeps sessions in the backup has failed"));
    }
}

/// Before the process ends: waits until the sessions that were left are in the backup.
pub(super) fn wait_for_backup(parts: &mut RuntimeParts, world: &mut World, deadline: Instant) {
    let now = parts.time.now();
    while let Some(backup) = port(parts).filter(|backup| backup.is_leaving()) {
        match backup.wait_for_report(deadline, now) {
            Some(report) => take_in(parts, world, report),
            None => return warn!("the last changes aren't in the backup of the replica yet"),
        }
    }
}

fn port(parts: &mut RuntimeParts) -> Option<&mut BackupPort> {
    parts.replica.as_mut()?.backup.as_mut()
}

fn take_in(parts: &mut RuntimeParts, world: &mut World, report: ReplicaReport) {
    match report {
        ReplicaReport::Replicated(session, checkpoint) => {
            notify(world, CheckpointReplicated { session, checkpoint, tier: TIER });
        }
        ReplicaReport::Lagging(session, checkpoint) => {
            notify(world, ReplicaLagging { session, checkpoint, tier: TIER });
        }
        ReplicaReport::Erased(session) => notify(world, ReplicaErased { session, tier: TIER }),
        ReplicaReport::Lost(fault) => lost(world, FailureCause::new(fault)),
        ReplicaReport::Failed(_, error) => lost(world, FailureCause::new(error)),
        ReplicaReport::Back => notify(world, ReplicaBack { tier: TIER }),
        ReplicaReport::Over(session, _, over) => {
            if let Some(backup) = port(parts) {
                backup.forget(session);
            }
            warn!(%session, ?over, "the session isn't kept in the backup any more");
            lost(world, FailureCause::new(format!("{over:?}")));
        }
        ReplicaReport::LetGo(session, complete) => {
            if let Some(backup) = port(parts) {
                backup.note_let_go(session);
            }
            info!(%session, complete, "this machine has released the session in the backup");
        }
        ReplicaReport::Claimed(session, epoch) => {
            info!(%session, epoch = epoch.0, "this machine keeps the session in the backup");
        }
        // Nothing is asked of it before play, and nobody lists it.
        ReplicaReport::Ready(..) | ReplicaReport::Found(..) => {}
    }
}

fn lost(world: &mut World, error: FailureCause) {
    warn!(%error, "the backup of the replica gets nothing");
    notify(world, ReplicaLost { error, tier: TIER });
}
