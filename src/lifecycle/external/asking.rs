//! Asks the game to save, at the moments at which checkpoints are taken too.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use tracing::{debug, info, warn};

use super::{ExternalOperationKind, ExternalSaveRequested, OpenRequest, RuntimeParts, Wanted};
use crate::external_saves::{
    ExternalAnswer, ExternalAutosave, ExternalOutcome, ExternalSaveReason, Question,
};
use crate::journal::SessionId;
use crate::lifecycle::CurrentSession;
use crate::lifecycle::notifications::notify;
use crate::session::SessionStatus;

/// How old the provider's word on saving by itself may be, where a moment doesn't wait; and the shortest
/// time between two saves.
const FRESH: Duration = Duration::from_secs(1);

impl RuntimeParts {
    /// A moment has come at which the game should save. It is asked to as soon as its provider has said
    /// that it wants to be.
    pub(in crate::lifecycle) fn want_external_save(
        &mut self,
        reason: ExternalSaveReason,
        label: Option<&str>,
    ) {
        if let Some(external) = &mut self.external {
            let label = label.map(str::to_owned);
            external.wanted = Some(Wanted { reason, label, is_asked: false });
        }
    }

    /// A moment has come that doesn't wait: what is to be saved is gone in the next frame. What the
    /// provider said last counts.
    pub(in crate::lifecycle) fn ask_external_now(
        &mut self,
        world: &mut World,
        reason: ExternalSaveReason,
        label: Option<&str>,
    ) {
        let Some(external) = &mut self.external else { return };
        external.wanted = None;
        if matches!(external.autosave, Some(ExternalAutosave::Every(_))) {
            self.ask_to_save(world, reason, label.map(str::to_owned));
        }
    }

    /// Asks the provider and the game what is due, once a frame.
    pub(in crate::lifecycle) fn follow_external_saves(&mut self, world: &mut World) {
        if self.external.is_none() {
            return;
        }
        self.follow_external_run(world);
        let may_ask = self.may_ask_to_save(world);
        let is_played = self.playing.is_some();
        let now = self.time.now().elapsed;
        let Some(external) = &mut self.external else { return };
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

    /// The provider has said whether the game wants to be asked; `None` if it couldn't.
    pub(super) fn autosave_known(&mut self, world: &mut World, autosave: Option<ExternalAutosave>) {
        let may_capture = self.is_captured() && self.may_capture();
        let Some(external) = &mut self.external else { return };
        external.autosave = autosave;
        let Some(wanted) = external.wanted.take_if(|wanted| wanted.is_asked) else { return };
        match autosave {
            Some(ExternalAutosave::Every(_)) if may_capture => {
                self.ask_to_save(world, wanted.reason, wanted.label);
            }
            _ => debug!(reason = ?wanted.reason, "the game isn't asked to save"),
        }
    }

    /// Whether the timer may ask the game to save.
    fn may_ask_to_save(&self, world: &mut World) -> bool {
        let is_active = world
            .get_resource::<CurrentSession>()
            .is_some_and(|current| current.status == SessionStatus::Active);
        is_active && self.is_captured() && self.may_capture() && self.saves_by_itself(world)
    }

    fn ask_to_save(
        &mut self,
        world: &mut World,
        reason: ExternalSaveReason,
        label: Option<String>,
    ) {
        let Some(session) = self.session() else { return };
        if let Some(external) = &mut self.external {
            external.since_asked = Duration::ZERO;
        }
        let kind = ExternalOperationKind::Save(reason);
        let Some(answer) = self.open_request(world, session, kind) else { return };
        let request = answer.request();
        info!(%session, ?reason, %request, "the game is asked to save");
        notify(world, ExternalSaveRequested { request, session, reason, label, answer });
        self.take_external_answers(world);
    }

    /// Opens a request to the game.
    pub(super) fn open_request(
        &mut self,
        world: &World,
        session: SessionId,
        kind: ExternalOperationKind,
    ) -> Option<ExternalAnswer> {
        let now = self.time.now();
        let current = world.get_resource::<CurrentSession>();
        let play_time = current.map(CurrentSession::play_time).unwrap_or_default();
        let external = self.external.as_mut()?;
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

    /// The app exits: waits until then for what the game was asked to save, as long as there is a task
    /// that may still answer. What comes later isn't waited for.
    pub(in crate::lifecycle) fn wait_for_external_saves(
        &mut self,
        world: &mut World,
        deadline: Instant,
    ) {
        self.take_external_answers(world);
        while let Some(external) = &self.external {
            let Some(open) = external.open.first() else { return };
            let answer = match external.open.iter().any(OpenRequest::is_held) {
                true => external.answers.wait(deadline),
                false => None,
            };
            match answer {
                Some(answer) => self.take_answer(world, answer.into()),
                None => {
                    warn!(request = %open.request, "the game's own save wasn't answered in time");
                    self.finish_operation(world, open.request, ExternalOutcome::TimedOut);
                }
            }
        }
    }
}

impl OpenRequest {
    pub(super) fn is_save(&self) -> bool {
        matches!(self.kind, ExternalOperationKind::Save(_))
    }

    /// Whether something beside the message that the game may still read can answer.
    fn is_held(&self) -> bool {
        self.holders.strong_count() > 1
    }
}
