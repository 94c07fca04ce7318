//! The answers of the game under test, and the time that it gets for them.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{CheckpointId, CheckpointKind, SessionId};

use super::TestGame;
use crate::lifecycle::{
    Condition, GameHooks, RestorePhase, Runtime, RuntimeParts, SessionActivity,
};
use crate::testing::heard::Heard;
use crate::testing::recover_error::RecoverError;
use crate::{CurrentSession, RecoveryOffers, SessionCommandsExt, SessionRestored, SessionSettings};

/// The most frames until the disk was read, or a session has started.
const PATIENCE: usize = 60;
/// The most frames while a game doesn't open its gates.
const MOST_FRAMES: usize = 100_000;
/// The time that the game gets to open its gates, beyond the time after which it is reported as
/// stalled.
const GATE_PATIENCE: Duration = Duration::from_secs(20);

/// Takes a checkpoint, and looks at the game at the end of the frame in which it was captured.
pub(super) fn checkpoint<T>(
    game: &mut TestGame,
    label: &str,
    look: impl Fn(&mut TestGame) -> T,
) -> Result<(CheckpointId, T), RecoverError> {
    let newest = |game: &TestGame| {
        let session = game.app.world().get_resource::<CurrentSession>();
        session.and_then(CurrentSession::last_checkpoint)
    };
    let before = newest(game).map(|newest| newest.id);
    let mut seen = None;
    game.ask(|commands| commands.session().checkpoint(label))?;
    game.wait(|game| {
        if std::mem::take(&mut game.heard().captured) {
            seen = Some(look(game));
        }
        let saved = newest(game).filter(|newest| newest.kind == CheckpointKind::Manual)?;
        let id = Some(saved.id).filter(|id| Some(*id) != before)?;
        Some((id, seen.take()?))
    })
    .map_err(|error| game.name_gate(error))
}

fn restore_phase(game: &TestGame) -> Option<RestorePhase> {
    let activity = game.app.world().get_resource::<SessionActivity>();
    activity.and_then(SessionActivity::restore)
}

impl TestGame {
    /// Makes a request, and listens for the answer.
    pub(crate) fn ask<R>(
        &mut self,
        ask: impl FnOnce(&mut Commands) -> R,
    ) -> Result<(), RecoverError> {
        self.begin()?;
        self.heard().forget_answers();
        self.request(ask);
        Ok(())
    }

    pub(super) fn begin(&self) -> Result<(), RecoverError> {
        let has_plugin = self.app.world().contains_resource::<Runtime>();
        if has_plugin { Ok(()) } else { Err(RecoverError::NoPlugin) }
    }

    fn heard(&mut self) -> Mut<'_, Heard> {
        self.app.world_mut().get_resource_or_init::<Heard>()
    }

    /// The session that the game offers to recover; `None` if the game resumes it by itself.
    pub(super) fn wait_for_offer(&mut self) -> Result<Option<SessionId>, RecoverError> {
        for _ in 0..self.gate_frames() {
            if self.is_taken_up() {
                return Ok(None);
            }
            match self.offer() {
                Offer::Made(session) => {
                    // A game that answers by itself may need a frame for it.
                    self.frames(1);
                    return Ok(Some(session).filter(|_| !self.is_taken_up()));
                }
                Offer::Nothing => {
                    let failed = self.heard().failed.take();
                    let error = failed.map(RecoverError::Unrecoverable);
                    return Err(error.unwrap_or(RecoverError::NothingOffered));
                }
                Offer::NotYet => {
                    self.frames(1);
                }
            }
        }
        Err(RecoverError::OfferWithheld { states: self.gates(|hooks| &hooks.offer_in) })
    }

    fn offer(&mut self) -> Offer {
        let offers = self.app.world().get_resource::<RecoveryOffers>();
        // The player isn't asked about an old crash, and finds it in a load menu.
        let newest = offers.and_then(|offers| offers.offers().iter().chain(offers.older()).next());
        let newest = newest.map(|offer| offer.session.id);
        self.look(|parts| match newest {
            _ if !parts.start_up.sessions_are_known() => Offer::NotYet,
            None => Offer::Nothing,
            Some(_) if parts.start_up.withholds_offers() => Offer::NotYet,
            Some(session) => Offer::Made(session),
        })
        .unwrap_or(Offer::NotYet)
    }

    /// Reads the plugin's state.
    pub(super) fn look<T>(&mut self, look: impl FnOnce(&RuntimeParts) -> T) -> Option<T> {
        let mut runtime = self.app.world_mut().get_resource_mut::<Runtime>()?;
        runtime.parts().map(look)
    }

    fn is_taken_up(&mut self) -> bool {
        self.heard().restored.is_some() || restore_phase(self).is_some()
    }

    /// Waits until the file that the plugin opens is restored.
    pub(in crate::testing) fn opened(&mut self) -> Result<SessionRestored, RecoverError> {
        self.begin()?;
        self.wait_until_restored()
    }

    pub(crate) fn wait_until_restored(&mut self) -> Result<SessionRestored, RecoverError> {
        self.wait_until_restored_in(self.frame)
    }

    /// The same, with frames of another length as long as the restore waits for its gate.
    pub(crate) fn wait_until_restored_in(
        &mut self,
        loading_frame: Duration,
    ) -> Result<SessionRestored, RecoverError> {
        let frame = self.frame;
        let frames = self.frame_time(loading_frame).gate_frames();
        for _ in 0..frames {
            if let Some(answer) = self.heard().take_answer() {
                self.frame_time(frame);
                return answer;
            }
            let waits_for_gate = restore_phase(self) == Some(RestorePhase::WaitingForGate);
            self.frame_time(if waits_for_gate { loading_frame } else { frame });
            self.frames(1);
        }
        self.frame_time(frame);
        if let Some(gate) = self.heard().stalled_at.take() {
            return Err(RecoverError::Stalled { gate });
        }
        if restore_phase(self).is_some() {
            let gate = self.gates(|hooks| &hooks.restore_session_when).join(", ");
            return Err(RecoverError::Stalled { gate });
        }
        Err(RecoverError::NoAnswer { frames })
    }

    /// Runs frames until there is an answer.
    pub(crate) fn wait<T>(
        &mut self,
        mut answer: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<T, RecoverError> {
        for _ in 0..PATIENCE {
            self.frames(1);
            if let Some(error) = self.heard().rejected.take() {
                return Err(error.into());
            }
            if let Some(answer) = answer(self) {
                return Ok(answer);
            }
        }
        Err(RecoverError::NoAnswer { frames: PATIENCE })
    }

    /// The number of frames that a game gets to open its gates.
    fn gate_frames(&self) -> usize {
        let settings = self.app.world().get_resource::<SessionSettings>();
        let patience = settings.map_or(Duration::ZERO, |settings| settings.patience.restore);
        let frames = patience.saturating_add(GATE_PATIENCE).div_duration_f32(self.frame);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded, and a float that is too large becomes the largest number"
        )]
        let frames = frames as usize;
        frames.clamp(PATIENCE, MOST_FRAMES)
    }

    /// Adds the name of the shut gate to the error, if that is why there was no answer.
    fn name_gate(&mut self, error: RecoverError) -> RecoverError {
        let world = self.app.world_mut();
        let session = world.get_resource::<CurrentSession>();
        let played = session.map(CurrentSession::play_time).unwrap_or_default();
        let shut = Runtime::with(world, |parts, world| {
            let is_shut = parts.playing.as_ref().is_some_and(|playing| !playing.gate.is_open());
            is_shut.then(|| parts.hooks.shut_gate(world, played))
        });
        match (error, shut.flatten()) {
            (RecoverError::NoAnswer { .. }, Some(hint)) => RecoverError::GateShut(hint),
            (error, _) => error,
        }
    }

    /// The names of some of the game's conditions.
    fn gates(&mut self, which: impl Fn(&GameHooks) -> &Vec<Condition>) -> Vec<String> {
        let names = |conditions: &Vec<Condition>| {
            conditions.iter().map(|condition| condition.name.clone()).collect()
        };
        self.look(|parts| names(which(&parts.hooks))).unwrap_or_default()
    }
}

/// The offer of the game.
enum Offer {
    /// The disk wasn't read yet, or the game isn't in its menu.
    NotYet,
    /// Nothing.
    Nothing,
    /// This session.
    Made(SessionId),
}
