//! The state of the panel.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::{
    AutosaveStretched, CheckpointDrifted, DataPlaceChanged, TypeFailed, TypeNotSaved,
};
use bevy_session::hints::HintGiven;
use bevy_session::recovery::{CorruptionDetected, RestoreLoss, RestoreLossReason, RestorePrepared};
use bevy_session::slots::SlotFailed;
use bevy_session::{
    CheckpointCaptured, CheckpointFailed, CheckpointId, CheckpointSaved, RequestRejected,
};

use super::SessionPanelPlugin;
use super::activity::Activity;
use crate::surfaces::describe::shortened;

/// As many checkpoints are remembered.
pub(super) const REMEMBERED: usize = 60;
/// As many errors.
const ERRORS: usize = 4;

/// The session panel.
#[derive(Resource, Debug, Default)]
pub struct SessionPanel {
    pub(super) is_open: bool,
    /// The checkpoints that became durable, the newest last.
    pub(super) samples: VecDeque<Sample>,
    /// Checkpoints that were captured and aren't durable yet.
    pub(super) on_their_way: VecDeque<(CheckpointId, Duration)>,
    /// The latest errors, the newest last.
    pub(super) errors: VecDeque<String>,
    /// The latest events.
    pub(super) activity: Activity,
    /// True if the panel is to get the keyboard focus.
    pub(super) wants_focus: bool,
    /// Grows with each checkpoint.
    pub(super) version: u32,
}

/// A checkpoint that became durable.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Sample {
    pub checkpoint: CheckpointId,
    pub capture: Duration,
    pub write: Duration,
    pub bytes: u64,
}

impl SessionPanel {
    /// Returns true if the panel is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    fn note_error(&mut self, error: &str) {
        if self.errors.len() >= ERRORS {
            self.errors.pop_front();
        }
        self.errors.push_back(shortened(error, 160));
    }
}

pub(super) fn note_captured(captured: On<CheckpointCaptured>, mut panel: ResMut<SessionPanel>) {
    // A writer that hangs is no reason to fill the memory.
    if panel.on_their_way.len() >= 1000 {
        panel.on_their_way.pop_front();
    }
    panel.on_their_way.push_back((captured.checkpoint, captured.capture_time));
}

pub(super) fn note_saved(saved: On<CheckpointSaved>, mut panel: ResMut<SessionPanel>) {
    // Those before it of the same run were merged into it, or are durable as well.
    let mut capture = Duration::ZERO;
    panel.on_their_way.retain(|(checkpoint, capture_time)| {
        if *checkpoint == saved.checkpoint {
            capture = *capture_time;
        }
        checkpoint.run == saved.checkpoint.run && checkpoint.counter > saved.checkpoint.counter
    });
    if panel.samples.len() >= REMEMBERED {
        panel.samples.pop_front();
    }
    let (checkpoint, write, bytes) = (saved.checkpoint, saved.write_time, saved.bytes);
    panel.samples.push_back(Sample { checkpoint, capture, write, bytes });
    panel.version = panel.version.wrapping_add(1);
}

pub(super) fn note_failed(failed: On<CheckpointFailed>, mut panel: ResMut<SessionPanel>) {
    let error = format!("checkpoint {}: {}", failed.checkpoint.counter, failed.error);
    panel.note_error(&error);
}

pub(super) fn note_rejected(rejected: On<RequestRejected>, mut panel: ResMut<SessionPanel>) {
    let request = shortened(&format!("{:?}", rejected.request), 60);
    panel.note_error(&format!("{request}: {}", rejected.error));
}

pub(super) fn note_slot_failed(failed: On<SlotFailed>, mut panel: ResMut<SessionPanel>) {
    panel.note_error(&format!("slot {:?}: {}", failed.slot.name(), failed.error));
}

pub(super) fn note_corrupted(found: On<CorruptionDetected>, mut panel: ResMut<SessionPanel>) {
    panel.note_error(&format!("{} damaged files", found.files.len()));
}

pub(super) fn note_drifted(drifted: On<CheckpointDrifted>, mut panel: ResMut<SessionPanel>) {
    panel.note_error(&format!("changed without a trace: {:?}", drifted.types));
}

pub(super) fn note_stretched(stretched: On<AutosaveStretched>, mut panel: ResMut<SessionPanel>) {
    panel.note_error(&format!("interval is now {:?}", stretched.interval));
}

pub(super) fn note_place_changed(changed: On<DataPlaceChanged>, mut panel: ResMut<SessionPanel>) {
    panel.note_error(&format!("sessions are kept in {}", changed.used.display()));
}

pub(super) fn note_type_failed(failed: On<TypeFailed>, mut panel: ResMut<SessionPanel>) {
    panel.note_error(&format!("{}: {}", failed.type_path, failed.message));
}

pub(super) fn note_unsaved_type(unsaved: On<TypeNotSaved>, mut panel: ResMut<SessionPanel>) {
    panel.note_error(&format!("{} isn't saved: {}", unsaved.type_path, unsaved.reason));
}

/// Each type that a restore couldn't use. Where the developer is to see it at once, the panel opens.
pub(super) fn note_losses(
    prepared: On<RestorePrepared>,
    plugin: Res<SessionPanelPlugin>,
    mut panel: ResMut<SessionPanel>,
) {
    for RestoreLoss { type_path, rows, reason, .. } in &prepared.losses {
        panel.note_error(&format!("{rows} × {type_path} not restored: {}", described(reason)));
    }
    panel.is_open |= plugin.opens_on_losses && !prepared.losses.is_empty();
}

fn described(reason: &RestoreLossReason) -> String {
    match reason {
        RestoreLossReason::UnknownType => "this build doesn't save the type".to_owned(),
        RestoreLossReason::NotWritten => "it could not be saved".to_owned(),
        RestoreLossReason::NotRebuilt { message } => message.clone(),
        RestoreLossReason::Undecodable { error, .. } => error.clone(),
        other => format!("{other:?}"),
    }
}

pub(super) fn note_hint(given: On<HintGiven>, mut panel: ResMut<SessionPanel>) {
    panel.note_error(&given.hint.to_string());
}
