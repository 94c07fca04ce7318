//! Leaves cleanly when the app exits.

use bevy::prelude::*;
use tracing::{info, warn};

use super::SessionSettings;
use super::runtime::{RuntimeParts, Transition};
use crate::clock::deadline;
use crate::content::Order;
use crate::session::Move;

impl RuntimeParts {
    /// Once the app's exit is seen, writes it down, closes the session and waits, for a bounded
    /// time, until that is on disk.
    pub(super) fn exit_if_asked(&mut self, world: &mut World) {
        let is_asked = self.exit_is_asked(world);
        if self.exited && !is_asked {
            self.play_on();
        }
        if self.exited || !is_asked {
            return;
        }
        self.exited = true;
        self.write_exit_down();
        // What waits for a gate is given up; it can be restored at the next start.
        self.cancel_restoring(world);
        let already_leaving = matches!(self.transition, Some(Transition::Leaving { .. }));
        if self.playing.is_some() && !already_leaving {
            // An exit goes before whatever was being prepared.
            self.transition = None;
            if let Err(error) = self.leave(world, Move::Close, None) {
                warn!(%error, "the session can't be closed at the exit");
            }
        }
        self.wait_until_left(world);
    }

    /// Before anything else: whatever happens from here on is no crash.
    pub(super) fn write_exit_down(&mut self) {
        if let Some(process) = &self.process {
            process.exit_seen();
        }
        self.order(Order::Beat);
        if let Some(process) = &self.process {
            process.write_exit_down();
        }
    }

    /// Whoever runs the app took no notice of the exit: there will be another one.
    fn play_on(&mut self) {
        self.exited = false;
        if let Some(process) = &self.process {
            process.exit_ignored();
        }
        self.order(Order::Beat);
    }

    fn exit_is_asked(&self, world: &mut World) -> bool {
        let signalled = self.process.as_ref().is_some_and(|process| process.was_signalled());
        let asked =
            world.get_resource::<Messages<AppExit>>().is_some_and(|messages| !messages.is_empty());
        if signalled && !asked {
            info!("a signal asks the game to exit");
            world.write_message(AppExit::Success);
        }
        signalled || asked
    }

    fn wait_until_left(&mut self, world: &mut World) {
        let patience = world.get_resource_or_init::<SessionSettings>().exit_patience;
        let deadline = deadline(patience);
        while matches!(self.transition, Some(Transition::Leaving { .. })) {
            match self.link.wait_for_report(deadline, self.now) {
                Some(report) => self.handle_report(world, report),
                None => {
                    warn!(?patience, "the last checkpoint and the session's end are not on disk");
                    self.leave_without_waiting(world);
                }
            }
        }
    }
}
