//! Puts a prepared checkpoint back into the world.

use std::time::Instant;

use bevy::prelude::*;
use tracing::{debug, error, info, info_span};

use super::activity::set_activity;
use super::notifications::{
    RestorePrepared, RestoreStarted, SessionRecovered, SessionRestored, notify,
};
use super::runtime::{Playing, RuntimeParts};
use super::{CurrentSession, LastCheckpoint, RecoveryOffers, SessionCatalog};
use crate::journal::RunId;
use crate::recovery::Prepared;
use crate::session::RestoreReason;
use crate::session::SessionStatus;
use crate::writer::{Order, TakeUp};

impl RuntimeParts {
    /// Runs the restore protocol from the point where nothing of the world has changed yet.
    pub(super) fn restore(&mut self, world: &mut World, prepared: Prepared) {
        let Some(preparing) = self.end_preparing() else { return };
        let session = prepared.metadata.id;
        let checkpoint = prepared.checkpoint;
        let span = info_span!("restore", %session, %checkpoint, entities = tracing::field::Empty);
        let _span = span.enter();
        notify(world, RestorePrepared { session, checkpoint });
        set_activity(world, |activity| activity.restoring = true);
        notify(world, RestoreStarted { session, checkpoint });

        let carried = prepared.image.carried();
        let begun = Instant::now();
        let mut image = prepared.image;
        image.insert_resources(world);
        let mut current = CurrentSession::new(prepared.metadata.clone(), prepared.fields);
        current.play_time = prepared.play_time;
        current.last_checkpoint = Some(LastCheckpoint {
            id: checkpoint,
            kind: prepared.kind,
            play_time: prepared.play_time,
        });
        current.status = SessionStatus::Active;
        current.updated = self.now.wall;
        world.insert_resource(current);
        if let Err(error) = image.set_states(world) {
            error!(%error, "the saved states can't be entered");
        }
        let replaced = image.replace_entities(world);
        set_activity(world, |activity| activity.restoring = false);
        span.record("entities", replaced.report.entities);
        debug!(elapsed = ?begun.elapsed(), "world put back");

        let run = RunId::random();
        self.order(Order::TakeUp(Box::new(TakeUp {
            metadata: prepared.metadata,
            run,
            ancestors: prepared.ancestors,
            supersedes: prepared.supersedes,
            next_save_id: prepared.next_save_id,
            seeds: replaced.seeds,
            carried,
            unknown_frames: prepared.unknown_frames,
        })));
        let recorder = self.recorder(world);
        self.playing = Some(Playing::new(session, run, prepared.newest_counter, recorder));
        world.get_resource_or_init::<RecoveryOffers>().remove(session);
        if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
            entry.in_use = true;
        }
        let reason = preparing.reason;
        let elapsed = preparing.asked_at.elapsed();
        info!(?reason, ?elapsed, "session restored");
        let report = replaced.report;
        notify(world, SessionRestored { session, checkpoint, reason, report, elapsed });
        if reason == RestoreReason::Recovered {
            notify(world, SessionRecovered { session, checkpoint });
        }
    }
}
