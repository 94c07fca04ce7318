//! Watches for the app's exit.

use bevy::prelude::*;
use bevy_session_journal::LeaveCause;
use bevy_session_journal::internal::disk::process::ProcessGuard;
use jiff::Timestamp;
use tracing::info;

use crate::checkpoints::{StandingAlert, SurvivedFailure};

/// A window of the game was closed, or is about to be.
#[derive(Resource)]
pub(crate) struct WindowClosed;

/// The app's exit, and the record of it for the next process.
pub(crate) struct ExitWatch {
    process: ProcessGuard,
    /// True once the app's exit was seen and handled.
    seen: bool,
    /// True if the system asked for it.
    by_signal: bool,
    /// True if the session that was left at the exit isn't wholly on disk.
    is_incomplete: bool,
}

impl ExitWatch {
    pub(crate) fn new(process: ProcessGuard) -> Self {
        Self { process, seen: false, by_signal: false, is_incomplete: false }
    }

    pub(in crate::lifecycle) fn was_seen(&self) -> bool {
        self.seen
    }

    /// Notes that the app's exit was seen and is being handled.
    pub(in crate::lifecycle) fn note_seen(&mut self) {
        self.seen = true;
        self.by_signal = self.process.was_signalled();
    }

    /// Notes that the session was left without its last checkpoint or its end.
    pub(in crate::lifecycle) fn note_incomplete(&mut self) {
        self.is_incomplete = self.seen;
    }

    /// Exits with an error if the system asked for the exit and something was lost with it, so that a supervisor hears of it.
    /// An exit of the game's own has the code that the game gave it.
    pub(in crate::lifecycle) fn exit_with_an_error_if_incomplete(&self, world: &mut World) {
        if self.is_incomplete && self.by_signal {
            world.write_message(AppExit::error());
        }
    }

    /// The app's runner ignored the exit.
    pub(in crate::lifecycle) fn note_ignored(&mut self) {
        self.seen = false;
        self.is_incomplete = false;
        self.process.exit_ignored();
    }

    /// Records the exit: whatever happens from now on is no crash.
    pub(in crate::lifecycle) fn note_exit(&self) {
        self.process.exit_seen();
    }

    /// Records the exit for the next process.
    pub(in crate::lifecycle) fn write_exit_down(&self) {
        self.process.write_exit_down();
    }

    /// Records that the system suspends the game: what happens in the background is no crash.
    pub(in crate::lifecycle) fn note_suspended(&self) {
        self.process.suspended();
    }

    /// The game is in the foreground.
    pub(in crate::lifecycle) fn note_resumed(&self) {
        self.process.resumed();
    }

    /// A frame was completed. Returns true if the process has survived a panic, which should be
    /// recorded.
    pub(in crate::lifecycle) fn frame_completed(&self, now: Timestamp) -> bool {
        self.process.frame_completed(now)
    }

    /// The frame that ends, counted from 0 since the process was started.
    pub(in crate::lifecycle) fn frame(&self) -> u64 {
        self.process.frame()
    }

    /// Code of the game failed in this frame, and the game continues. Returns true the first time.
    pub(in crate::lifecycle) fn game_goes_on_after(
        &self,
        failure: SurvivedFailure,
        times: u64,
    ) -> bool {
        self.process.went_on_after(failure, times)
    }

    /// Replaces the alerts in the record of this process.
    pub(in crate::lifecycle) fn alerts_stand(&self, alerts: Vec<StandingAlert>) {
        self.process.alerts_stand(alerts);
    }

    /// The cause of the exit.
    pub(in crate::lifecycle) fn cause(&self, world: &World) -> LeaveCause {
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

    pub(in crate::lifecycle) fn is_asked_for(&self, world: &mut World) -> bool {
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

/// Returns true if it is Bevy's answer to Ctrl+C, which Bevy handles in the plugin's place: the
/// exit code of a shell for `SIGINT`.
fn is_interrupt(exit: &AppExit) -> bool {
    const INTERRUPTED: u8 = 128 + 2;
    matches!(exit, AppExit::Error(code) if code.get() == INTERRUPTED)
}
