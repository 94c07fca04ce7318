//! Leaves cleanly when the app exits.

use std::time::Instant;

use bevy::prelude::*;
use jiff::Timestamp;
use tracing::{info, warn};

use super::SessionSettings;
use super::leaving::Departure;
use super::requests::{RequestQueue, reject_all, reject_asked};
use super::runtime::RuntimeParts;
use crate::clock::{self, deadline};
use crate::content::Order;
use crate::process::ProcessGuard;
use crate::session::{LeaveCause, RequestError};
use crate::{StandingAlert, SurvivedFailure};

/// A window of the game was closed, or is about to be.
#[derive(Resource)]
pub(crate) struct WindowClosed;

/// Whether the app exits, and what the next process will know of that.
pub(crate) struct ExitWatch {
    process: ProcessGuard,
    /// Whether the app's exit was seen and dealt with.
    seen: bool,
}

impl ExitWatch {
    pub(crate) fn new(process: ProcessGuard) -> Self {
        Self { process, seen: false }
    }

    pub(super) fn was_seen(&self) -> bool {
        self.seen
    }

    /// A frame was completed; whether the process has survived a panic, which is worth writing down.
    pub(super) fn frame_completed(&self, now: Timestamp) -> bool {
        self.process.frame_completed(now)
    }

    /// Something of the game failed in this frame, and the game goes on; whether that is the first time.
    pub(super) fn game_goes_on_after(&self, failure: SurvivedFailure, times: u64) -> bool {
        self.process.went_on_after(failure, times)
    }

    /// These alerts stand, and no others: the record of this process names them.
    pub(crate) fn alerts_stand(&self, alerts: Vec<StandingAlert>) {
        self.process.alerts_stand(alerts);
    }

    /// What brings the exit about.
    fn cause(&self, world: &World) -> LeaveCause {
        let exits = world.get_resource::<Messages<AppExit>>();
        let any = |is_so: fn(&AppExit) -> bool| {
            exits.is_some_and(|exits| exits.get_cursor().read(exits).any(is_so))
        };
        if self.process.was_signalled() || any(is_interrupt) {
            LeaveCause::Signal
        } else if any(AppExit::is_error) {
            LeaveCause::Error
        } else if world.contains_resource::<WindowClosed>() {
            LeaveCause::Window
        } else {
            LeaveCause::Player
        }
    }

    fn is_asked_for(&self, world: &mut World) -> bool {
        let signalled = self.process.was_signalled();
        let asked =
            world.get_resource::<Messages<AppExit>>().is_some_and(|messages| !messages.is_empty());
        if signalled && !asked {
            info!("the system asks the game to exit");
            world.write_message(AppExit::Success);
        }
        signalled || asked
    }
}

/// Whether it is Bevy's answer to Ctrl+C, which it takes in the plugin's place: the exit code of a shell for
/// `SIGINT`.
fn is_interrupt(exit: &AppExit) -> bool {
    const INTERRUPTED: u8 = 128 + 2;
    matches!(exit, AppExit::Error(code) if code.get() == INTERRUPTED)
}

impl RuntimeParts {
    /// Once the app's exit is seen, writes it down, closes the session and waits, for a bounded
    /// time, until that is on disk.
    pub(super) fn exit_if_asked(&mut self, world: &mut World) {
        let is_asked = self.exit.is_asked_for(world);
        if self.exit.seen && !is_asked {
            self.play_on();
        }
        if !is_asked {
            return;
        }
        if self.exit.seen {
            return answer_before_exit(world);
        }
        self.exit.seen = true;
        self.write_exit_down();
        // What is being read or waits for a gate is given up; it can be restored at the next start.
        self.give_up_preparing(world);
        self.cancel_restoring(world);
        self.cancel_loading(world);
        if self.playing.is_some() && !self.is_leaving() {
            self.transition = None;
            let cause = self.exit.cause(world);
            if let Err(error) = self.leave(world, Departure::close(cause)) {
                warn!(%error, "the session can't be closed at the exit");
            }
        }
        let patience = world.get_resource_or_init::<SessionSettings>().exit_patience;
        let deadline = deadline(patience);
        self.wait_until_left(world, deadline);
        self.wait_for_external_saves(world, deadline);
        // What is done already is no news of later.
        self.handle_reports(world);
        self.start_up.end_race();
        answer_before_exit(world);
    }

    /// Before anything else: whatever happens from here on is no crash.
    pub(super) fn write_exit_down(&mut self) {
        self.exit.process.exit_seen();
        self.order(Order::Beat);
        self.exit.process.write_exit_down();
    }

    /// Whoever runs the app took no notice of the exit: there will be another one.
    fn play_on(&mut self) {
        self.exit.seen = false;
        self.exit.process.exit_ignored();
        self.order(Order::Beat);
    }

    fn wait_until_left(&mut self, world: &mut World, deadline: Instant) {
        while self.is_leaving() {
            self.go_on_ending(world);
            let pause = self.pause_between_hooks().map(clock::deadline);
            let until = pause.unwrap_or(deadline);
            match self.writer.link.wait_for_report(until, self.time.now()) {
                Some(report) => self.handle_report(world, report),
                None if pause.is_some() => {}
                None => {
                    warn!("the last checkpoint and the session's end are not on disk");
                    self.leave_without_waiting(world);
                }
            }
        }
    }
}

/// Answers what nobody would hear the answer of later.
fn answer_before_exit(world: &mut World) {
    for asked in world.get_resource_or_init::<RequestQueue>().take_all() {
        reject_asked(world, asked, RequestError::Exiting);
    }
    reject_all(world, None, &RequestError::Exiting);
}
