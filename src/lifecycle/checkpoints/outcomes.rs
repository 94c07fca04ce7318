//! The outcomes of checkpoints: durable, not durable yet, or given up.

use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{
    CheckpointError, CheckpointId, CheckpointKind, Saved, StopReason, TimelineCheckpoint,
};
use tracing::{debug, error};

use super::pacing::keep_to_write_rate;
use super::ticket_of_failure;
use crate::lifecycle::notifications::{
    CheckpointFailed, CheckpointSaved, SavingResumed, SavingStopped, notify,
};
use crate::lifecycle::requests::finish_if_asked;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{CurrentSession, LastCheckpoint};

pub(in crate::lifecycle) fn saved(parts: &mut RuntimeParts, world: &mut World, saved: &Saved) {
    let Some(playing) = &mut parts.playing else { return };
    if !playing.line.note_durable(saved.id) {
        return;
    }
    playing.pace.note_durable();
    playing.figures.note_saved();
    let session = playing.session;
    if let Some(replica) = &mut parts.replica {
        replica.saved(session, saved.id, parts.time.now());
    }
    let asker = playing.line.asked.durable(saved.id.counter);
    // They are written in order: what is older and was not saved won't be.
    give_up_asked(parts, world, saved.id.counter, &CheckpointError::WriterBehind);
    if let Some(mut current) = world.get_resource_mut::<CurrentSession>() {
        let last = LastCheckpoint { id: saved.id, kind: saved.kind, play_time: saved.play_time };
        current.last_checkpoint = Some(last);
        let next = TimelineCheckpoint::saved(saved.id, saved.kind, saved.time, saved.play_time);
        let chapters = current.chapters.listed_at(saved.play_time);
        let next = next.called(saved.label.clone()).within(chapters);
        Arc::make_mut(&mut current.timeline).follow(next);
    }
    debug!(%session, checkpoint = %saved.id, bytes = saved.bytes, "checkpoint saved");
    let notification = CheckpointSaved {
        session,
        checkpoint: saved.id,
        kind: saved.kind,
        label: saved.label.clone(),
        ticket: asker.ticket(),
        bytes: saved.bytes,
        write_time: saved.write_time,
    };
    notify(world, notification);
    finish_if_asked(world, asker.answered());
    if saved.kind == CheckpointKind::Auto
        && let Some(playing) = &mut parts.playing
    {
        playing.pace.note_written(saved.bytes);
        keep_to_write_rate(parts, world);
    }
}

/// A checkpoint isn't durable. If it isn't tried again, a chapter that began with it begins with
/// the next.
pub(in crate::lifecycle) fn checkpoint_failed(
    parts: &mut RuntimeParts,
    world: &mut World,
    checkpoint: CheckpointId,
    error: CheckpointError,
    retry_in: Option<Duration>,
) {
    let Some(playing) = &mut parts.playing else { return };
    let session = playing.session;
    let is_lost = retry_in.is_none();
    if is_lost {
        parts.forks.forget(checkpoint);
    }
    let line = &mut playing.line;
    // The last words of the run before may come when its place was taken.
    let (label, asker) = match checkpoint.run == line.run() {
        true => line.asked.failed(checkpoint.counter, &error, is_lost),
        false => Default::default(),
    };
    error!(%session, %checkpoint, label, ?error, ?retry_in, "checkpoint not saved");
    // The next one has what this one would have had.
    parts.has_failed |= is_lost
        && checkpoint.run == line.run()
        && playing.after_failure == Some(checkpoint.counter);
    if is_lost && let Some(mut current) = world.get_resource_mut::<CurrentSession>() {
        current.chapters_changed |= current.chapters.forget_checkpoint(checkpoint);
    }
    let ticket = if is_lost { ticket_of_failure(world, asker) } else { asker.ticket() };
    notify(world, CheckpointFailed { session, checkpoint, label, ticket, error, retry_in });
}

/// Reports requested checkpoints older than `before` as failed: with the error for which a newer
/// one was given up, or with `why`.
pub(in crate::lifecycle) fn give_up_asked(
    parts: &mut RuntimeParts,
    world: &mut World,
    before: u64,
    why: &CheckpointError,
) {
    let Some(line) = parts.playing.as_ref().map(|playing| &playing.line) else { return };
    let run = line.run();
    for (counter, error) in line.asked.before(before) {
        let error = error.unwrap_or_else(|| why.clone());
        checkpoint_failed(parts, world, CheckpointId { run, counter }, error, None);
    }
}

/// Captures aren't written any more, except requested ones.
pub(in crate::lifecycle) fn saving_stopped(
    parts: &mut RuntimeParts,
    world: &mut World,
    reason: StopReason,
) {
    let session = parts.session();
    error!(?session, %reason, "saving has stopped");
    if let Some(playing) = &mut parts.playing {
        playing.is_stopped = true;
    }
    notify(world, SavingStopped { session, reason });
}

pub(in crate::lifecycle) fn saving_resumed(parts: &mut RuntimeParts, world: &mut World) {
    let Some(playing) = &mut parts.playing else { return };
    playing.is_stopped = false;
    notify(world, SavingResumed { session: playing.session });
}
