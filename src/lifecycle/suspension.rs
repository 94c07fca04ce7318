//! The system suspends the game, as a phone does, and may end it without another word.

use std::time::Instant;

use bevy::prelude::*;
use tracing::warn;

use super::SessionSettings;
use super::runtime::RuntimeParts;
use crate::clock::deadline;
use crate::external_saves::ExternalSaveReason;
use crate::journal::CheckpointKind;

/// What the system has said of suspending the game. It isn't there where nothing looks at windows.
#[derive(Resource, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Suspension {
    /// The game runs.
    #[default]
    None,
    /// The system suspends it after this frame.
    Announced,
    /// Frames that come now, if any, are in the background.
    InForce,
}

impl Suspension {
    /// Whether the game is in the background after this frame.
    pub(super) fn is_on(world: &World) -> bool {
        world.get_resource::<Self>().is_some_and(|suspension| *suspension != Self::None)
    }

    /// Whether it was announced in this frame.
    fn begins(world: &mut World) -> bool {
        let Some(mut suspension) = world.get_resource_mut::<Self>() else { return false };
        let begins = *suspension == Self::Announced;
        if begins {
            *suspension = Self::InForce;
        }
        begins
    }
}

impl RuntimeParts {
    /// Once the system suspends the game, takes a checkpoint and waits, for a bounded time, until it is on
    /// disk: there may be no other frame. What can't be captured now, in a restore or behind a closed gate,
    /// isn't captured later either, since the moment is over then.
    pub(super) fn suspend_if_asked(&mut self, world: &mut World) {
        if !Suspension::begins(world) {
            return;
        }
        if self.is_captured() && self.may_capture() && self.saves_by_itself(world) {
            let label = "suspended".to_owned();
            self.ask_external_now(world, ExternalSaveReason::Leaving, Some(&label));
            self.take_checkpoint(world, CheckpointKind::State, Some(label));
        }
        let patience = world.get_resource_or_init::<SessionSettings>().suspend_patience;
        self.wait_until_durable(world, deadline(patience));
    }

    /// Waits until all that was captured is on disk.
    fn wait_until_durable(&mut self, world: &mut World, deadline: Instant) {
        while self.playing.as_ref().is_some_and(|playing| playing.line.is_ahead_of_disk()) {
            match self.writer.link.wait_for_report(deadline, self.time.now()) {
                Some(report) => self.handle_report(world, report),
                None => {
                    warn!("the game is suspended before its newest checkpoint is on disk");
                    return;
                }
            }
        }
    }
}
