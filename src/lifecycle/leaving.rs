//! Leaves the session that is being played.

use std::time::Duration;

use bevy::prelude::*;
use tracing::info;

use super::notifications::{SessionClosed, SessionEnded, notify};
use super::runtime::{RuntimeParts, Transition};
use super::{CurrentSession, SessionCatalog};
use crate::capture::Placed;
use crate::content::{ContentOrder, Order};
use crate::external_saves::ExternalSaveReason;
use crate::journal::{CheckpointKind, SessionId};
use crate::session::{EndReason, Move, RequestError};
use crate::writer::Leave;

impl RuntimeParts {
    /// Takes the last checkpoint of the run, and orders its end.
    pub(super) fn leave(
        &mut self,
        world: &mut World,
        step: Move,
        end: Option<EndReason>,
    ) -> Result<(), RequestError> {
        self.step(world, step)?;
        if self.may_capture() {
            self.take_deferred(world);
        }
        self.give_up_deferred(world);
        // Behind a closed gate the world is no longer the session's: the checkpoint that was taken as
        // the gate closed is the last one.
        if self.may_capture() {
            self.ask_external_now(world, ExternalSaveReason::Exit, None);
            let before = self.newest_captured();
            self.take_checkpoint(world, CheckpointKind::Exit, None);
            if step == Move::Close {
                self.save_exit_slot(world, before);
            }
        }
        let Some(current) = world.get_resource::<CurrentSession>() else {
            return Err(RequestError::NoSession);
        };
        let leave = Leave {
            status: current.status,
            reason: end,
            time: self.time.now().wall,
            play_time: current.play_time,
        };
        self.order(Order::Leave(leave));
        self.transition = Some(Transition::Leaving { end, then: None });
        Ok(())
    }

    /// Takes the run for left, although its end isn't on disk: the exit's patience is over.
    pub(super) fn leave_without_waiting(&mut self, world: &mut World) {
        // Dropping the link would be the next to wait.
        self.writer.be_patient_for(Duration::ZERO);
        match self.session() {
            Some(session) => self.left(world, session, false, None),
            None => self.transition = None,
        }
    }

    /// The run is over. What was read meanwhile of another session is restored now.
    pub(super) fn left(
        &mut self,
        world: &mut World,
        session: SessionId,
        complete: bool,
        bytes: Option<u64>,
    ) {
        let Some(Transition::Leaving { end, then }) =
            self.transition.take_if(|transition| matches!(transition, Transition::Leaving { .. }))
        else {
            return;
        };
        self.claims.clear();
        if let Some(playing) = self.playing.take() {
            self.order(Order::Content(ContentOrder::Free(Box::new(playing.recorder))));
        }
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            placed.end();
        }
        if let Some(current) = world.remove_resource::<CurrentSession>() {
            world.get_resource_or_init::<SessionCatalog>().note_left(&current, bytes);
        }
        info!(%session, ?end, complete, "session left");
        match end {
            None => notify(world, SessionClosed { session, complete }),
            Some(reason) => notify(world, SessionEnded { session, reason, complete }),
        }
        if let Some(taken) = then {
            self.restore_taken(world, *taken);
        }
    }
}
