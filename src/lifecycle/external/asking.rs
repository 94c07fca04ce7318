//! Asks the game to save, at the moments at which checkpoints are taken.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session_journal::{SessionId, SessionStatus};
use tracing::{debug, info, warn};

use super::operations::{finish_operation, follow_external_run};
use super::requests::{take_answer, take_external_answers};
use super::{ExternalOperationKind, ExternalSaveRequested, OpenRequest, Wanted};
use crate::external_saves::{
    ExternalAnswer, ExternalAutosave, ExternalOutcome, ExternalSaveReason, Question,
};
use crate::lifecycle::CurrentSession;
use crate::lifecycle::gates::saves_by_itself;
use crate::lifecycle::notifications::notify;
use crate::lifecycle::runtime::RuntimeParts;

/// The greatest age of the provider's last answer about autosaves, for a moment that can't wait;
/// also the shortest time between two saves.
const FRESH: Duration = Duration::from_secs(1);

/// A moment has come at which the game should save. It is asked as soon as its provider has
/// confirmed that it wants to be.
pub(in crate::lifecycle) fn want_external_save(
    parts: &mut RuntimeParts,
    reason: ExternalSaveReason,
    label: Option<&str>,
) {
    if let Some(external) = &mut parts.external {
        let label = label.map(str::to_owned);
        external.wanted = Some(Wanted { reason, label, is_asked: false });
    }
}

/// A moment has come that can't wait: the world to save is gone in the next frame. The provider's
/// last answer is used.
pub(in crate::lifecycle) fn ask_external_now(
    parts: &mut RuntimeParts,
    world: &mut World,
    reason: ExternalSaveReason,
    label: Option<&str>,
) {
    let Some(external) = &mut parts.external else { return };
    external.wanted = None;
    if matches!(external.autosave, Some(ExternalAutosave::Every(_))) {
        ask_to_save(parts, world, reason, label.map(str::to_owned));
    }
}

/// Asks the provider and the game the questions that are due, once a frame.
pub(in crate::lifecycle) fn follow_external_saves(parts: &mut RuntimeParts, world: &mut World) {
    if parts.external.is_none() {
        return;
    }
    follow_external_run(parts, world);
    let may_ask = may_ask_to_save(parts, world);
    let is_played = parts.playing.is_some();
    let now = parts.time.now().elapsed;
    let Some(external) = &mut parts.external else { return };
    let is_answered = !external.open.iter().any(OpenRequest::is_save);
    if let Some(ExternalAutosave::Every(interval)) = external.autosave
        && may_ask
        && external.wanted.is_none()
        && is_answered
        && external.since_asked >= interval.max(FRESH)
    {
        let reason = ExternalSaveReason::Timer;
        external.wanted = Some(Wanted { reason, label: None, is_asked: false });
    }
    let asked_at = external.autosave_asked_at;
    let is_old = asked_at.is_none_or(|asked_at| now.saturating_sub(asked_at) >= FRESH);
    let is_wanted = external.wanted.as_ref().is_some_and(|wanted| !wanted.is_asked);
    if !is_played || !external.asker.is_free() || !(is_old || (is_wanted && is_answered)) {
        return;
    }
    external.asker.ask(Question::Autosave, now);
    external.autosave_asked_at = Some(now);
    if let Some(wanted) = &mut external.wanted {
        wanted.is_asked = is_answered;
    }
}

/// The provider has answered if the game wants to be asked; `None` if it couldn't.
pub(in crate::lifecycle) fn autosave_known(
    parts: &mut RuntimeParts,
    world: &mut World,
    autosave: Option<ExternalAutosave>,
) {
    let may_capture = parts.is_captured() && parts.may_capture();
    let Some(external) = &mut parts.external else { return };
    external.autosave = autosave;
    let Some(wanted) = external.wanted.take_if(|wanted| wanted.is_asked) else { return };
    match autosave {
        Some(ExternalAutosave::Every(_)) if may_capture => {
            ask_to_save(parts, world, wanted.reason, wanted.label);
        }
        _ => debug!(reason = ?wanted.reason, "the game isn't asked to save"),
    }
}

/// Returns true if the timer may ask the game to save.
fn may_ask_to_save(parts: &RuntimeParts, world: &mut World) -> bool {
    let is_active = world
        .get_resource::<CurrentSession>()
        .is_some_and(|current| current.status == SessionStatus::Active);
    is_active && parts.is_captured() && parts.may_capture() && saves_by_itself(world)
}

fn ask_to_save(
    parts: &mut RuntimeParts,
    world: &mut World,
    reason: ExternalSaveReason,
    label: Option<String>,
) {
    let Some(session) = parts.session() else { return };
    if let Some(external) = &mut parts.external {
        external.since_asked = Duration::ZERO;
    }
    let kind = ExternalOperationKind::Save(reason);
    let Some(answer) = open_request(parts, world, session, kind) else { return };
    let request = answer.request();
    info!(%session, ?reason, %request, "the game is asked to save");
    notify(world, ExternalSaveRequested { request, session, reason, label, answer });
    take_external_answers(parts, world);
}

/// Opens a request to the game.
pub(in crate::lifecycle) fn open_request(
    parts: &mut RuntimeParts,
    world: &World,
    session: SessionId,
    kind: ExternalOperationKind,
) -> Option<ExternalAnswer> {
    let now = parts.time.now();
    let current = world.get_resource::<CurrentSession>();
    let play_time = current.map(CurrentSession::play_time).unwrap_or_default();
    let external = parts.external.as_mut()?;
    let (answer, holders) = external.answers.ask();
    external.open.push(OpenRequest {
        request: answer.request(),
        session,
        kind,
        asked: now.wall,
        asked_at: now.elapsed,
        play_time,
        holders,
    });
    Some(answer)
}

/// The app exits: waits for requested saves, as long as a task may still answer. Later answers
/// aren't waited for.
pub(in crate::lifecycle) fn wait_for_external_saves(
    parts: &mut RuntimeParts,
    world: &mut World,
    deadline: Instant,
) {
    take_external_answers(parts, world);
    while let Some(external) = &parts.external {
        let Some(open) = external.open.first() else { return };
        let answer = match external.open.iter().any(OpenRequest::is_held) {
            true => external.answers.wait(deadline),
            false => None,
        };
        match answer {
            Some(answer) => take_answer(parts, world, answer.into()),
            None => {
                warn!(request = %open.request, "the game didn't answer in time whether it has saved");
                finish_operation(parts, world, open.request, ExternalOutcome::TimedOut);
            }
        }
    }
}

impl OpenRequest {
    pub(super) fn is_save(&self) -> bool {
        matches!(self.kind, ExternalOperationKind::Save(_))
    }

    /// Returns true if a system of the game still holds the request, and so may answer it.
    fn is_held(&self) -> bool {
        self.holders.strong_count() > 1
    }
}
