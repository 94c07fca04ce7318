//! Works with a game's own save system: asks it to save at the right moments, and to load after a
//! crash.
//!
//! The provider is called on a separate thread, one question at a time: a task pool would lose a
//! thread to a provider that hangs. A frame that can't wait uses an answer that may be a second
//! old. Requests to the game have numbers, and their answers are handled out of turn, before
//! requests that wait for them.

mod app_ext;
pub(super) mod asking;
pub(super) mod looking;
mod notifications;
pub(super) mod operations;
pub(super) mod receiving;
pub(super) mod requests;
mod search;

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{RunId, SessionId};
use tracing::error;

use crate::external_saves::{
    AnswerSheet, Asker, ExternalAutosave, ExternalOperationKind, ExternalOutcome,
    ExternalRequestId, ExternalSaveReason, ExternalSaves,
};
use search::Looking;

pub use app_ext::ExternalSavesExt;
pub(crate) use app_ext::take_provider;
pub(super) use asking::{
    ask_external_now, follow_external_saves, wait_for_external_saves, want_external_save,
};
pub(super) use looking::{
    better_backup, is_looking_for_backups, look_for_backups, note_backups_of, waits_for_backups,
};
pub(crate) use notifications::register as register_external_notifications;
pub use notifications::{
    ExternalCallFailed, ExternalOperationFinished, ExternalRestoreRequested, ExternalSaveDamaged,
    ExternalSaveRequested,
};
pub(super) use requests::{answer_external, take_external_answers};

/// The state of the game's own save system, kept from frame to frame.
pub(crate) struct External {
    asker: Asker,
    answers: AnswerSheet,
    /// Requests to the game that wait for its answer.
    open: Vec<OpenRequest>,
    /// The provider's last answer about autosaves; `None` while that isn't known.
    autosave: Option<ExternalAutosave>,
    /// The time of that question.
    autosave_asked_at: Option<Duration>,
    /// Play time since the game was asked to save.
    since_asked: Duration,
    /// A save that is due, and waits for the provider to say if the game wants it.
    wanted: Option<Wanted>,
    /// The run that was played in the last frame.
    run: Option<RunId>,
    /// Sessions without a checkpoint that can be restored, which therefore aren't listed.
    unreadable: HashSet<SessionId>,
    /// The search for backups that is under way.
    looking: Option<Looking>,
    /// The outcomes of loading backups, for the restore that waits for them.
    loaded: VecDeque<(ExternalRequestId, String, ExternalOutcome)>,
}

/// A request to the game that waits for its answer.
pub(super) struct OpenRequest {
    request: ExternalRequestId,
    session: SessionId,
    kind: ExternalOperationKind,
    asked: jiff::Timestamp,
    asked_at: Duration,
    play_time: Duration,
    /// The holders that may still answer it, beside a system that uses the request's id.
    holders: Weak<()>,
}

/// A save that is due.
struct Wanted {
    reason: ExternalSaveReason,
    label: Option<String>,
    /// True if the provider was asked since.
    is_asked: bool,
}

impl External {
    /// Works with this provider from now on; `None` if its thread can't be started.
    pub(crate) fn new(provider: Arc<dyn ExternalSaves>) -> Option<Box<Self>> {
        let asker = Asker::new(provider);
        let asker = asker.inspect_err(|error| {
            error!(%error, "the thread that asks the game's save system can't be started");
        });
        Some(Box::new(Self {
            asker: asker.ok()?,
            answers: AnswerSheet::new(),
            open: Vec::new(),
            autosave: None,
            autosave_asked_at: None,
            since_asked: Duration::ZERO,
            wanted: None,
            run: None,
            unreadable: HashSet::new(),
            looking: None,
            loaded: VecDeque::new(),
        }))
    }

    /// Returns true if no checkpoint of the session can be restored.
    pub(super) fn knows_unreadable(&self, session: SessionId) -> bool {
        self.unreadable.contains(&session)
    }

    /// Takes the outcome of loading a backup.
    pub(super) fn take_loaded(&mut self) -> Option<(ExternalRequestId, String, ExternalOutcome)> {
        self.loaded.pop_front()
    }

    /// Advances play time.
    pub(super) fn pass(&mut self, passed: Duration) {
        self.since_asked = self.since_asked.saturating_add(passed);
    }
}
