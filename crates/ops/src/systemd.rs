//! Says to systemd that the game is ready, lives and stops.

mod manager;
mod socket;

use std::ffi::OsString;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::internal::{instant, start_is_decided};
use bevy_session::{SessionLast, SessionSystems};
use tracing::warn;

use manager::Manager;
use socket::Socket;

/// Says to systemd that the game is ready, lives and stops, so that a server that hangs is ended and started again.
///
/// For a service of `Type=notify`, with `WatchdogSec=` if systemd is to watch over it. It sends
///
/// - `READY=1`, once the plugin has decided about earlier sessions: they were read, and none is being taken up or
///   restored any more, or waits for the menu to be recovered without a question. Never where sessions can't be played
///   though they should be, as with policies that can't be read,
/// - `WATCHDOG=1` at the end of a frame, about every third of the time that systemd allows. A main loop that hangs
///   sends nothing, even if other threads go on,
/// - `STOPPING=1` at an exit, before the last checkpoint if the game itself asks for the exit.
///
/// Nothing of it waits: what systemd can't take is sent after the next frame. If no systemd started the game, and on
/// systems other than Linux, nothing is done. Added beside [`SessionPlugin`](bevy_session::SessionPlugin), before or
/// after it.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_ops::SystemdPlugin;
///
/// App::new().add_plugins((
///     MinimalPlugins,
///     SessionPlugin::new("Studio", "Hop").in_memory(),
///     SystemdPlugin::from_environment(),
/// ));
/// ```
#[derive(Clone, Debug)]
pub struct SystemdPlugin {
    manager: Option<Manager>,
}

/// The state of the talk with systemd.
#[derive(Resource)]
struct Supervised {
    socket: Socket,
    /// The time between two signs of life; `None` if systemd doesn't watch.
    beats_every: Option<Duration>,
    /// The last sign of life.
    beat_at: Option<Moment>,
    was_decided: bool,
    is_ready: bool,
    is_stopping: bool,
    has_failed: bool,
}

/// A moment by the clock of the machine, by which systemd goes, and by the game's, which a test or a simulation sets.
#[derive(Clone, Copy)]
struct Moment {
    machine: Instant,
    game: Duration,
}

impl Moment {
    /// The time since an earlier moment, by the clock that is ahead: a sign too many costs nothing, and one that is missing
    /// ends the server.
    fn since(self, earlier: Self) -> Duration {
        let machine = self.machine.saturating_duration_since(earlier.machine);
        machine.max(self.game.saturating_sub(earlier.game))
    }
}

impl SystemdPlugin {
    /// Reads the socket and the time that systemd allows from `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`,
    /// which systemd sets.
    #[must_use]
    pub fn from_environment() -> Self {
        Self { manager: Manager::of_environment() }
    }

    /// Talks to this socket: a path, or `@` and the name of an abstract socket. For tests and other supervisors that
    /// speak systemd's protocol. `watchdog` is the time within which they expect a sign of life.
    #[must_use]
    pub fn at(socket: impl Into<OsString>, watchdog: Option<Duration>) -> Self {
        Self { manager: Some(Manager { socket: socket.into(), watchdog }) }
    }
}

impl Plugin for SystemdPlugin {
    fn build(&self, app: &mut App) {
        let Some(manager) = &self.manager else { return };
        let socket = match Socket::to(&manager.socket) {
            Ok(socket) => socket,
            Err(error) => {
                let socket = manager.socket.display();
                warn!(%error, %socket, "systemd isn't notified");
                return;
            }
        };
        app.insert_resource(Supervised {
            socket,
            // A long frame may pass between the moment at which one is due and its end.
            beats_every: manager.watchdog.map(|watchdog| watchdog / 3),
            beat_at: None,
            was_decided: false,
            is_ready: false,
            is_stopping: false,
            has_failed: false,
        })
        .init_schedule(SessionLast)
        .add_systems(
            SessionLast,
            (
                // The plugin waits for the last checkpoint in between.
                stop.before(SessionSystems::Run),
                (live, stop).chain().after(SessionSystems::Run),
            ),
        );
    }
}

/// Says that the game lives, and once that it is ready.
fn live(world: &mut World) {
    let is_decided = start_is_decided(world);
    let game = world.get_resource::<Time<Real>>().map(Time::elapsed).unwrap_or_default();
    let Some(mut supervised) = world.get_resource_mut::<Supervised>() else { return };
    supervised.frame(is_decided, Moment { machine: instant(), game });
}

/// Says once that the game stops, if it exits.
fn stop(supervised: Option<ResMut<Supervised>>, exits: Option<Res<Messages<AppExit>>>) {
    let Some(mut supervised) = supervised else { return };
    if !supervised.is_stopping && exits.is_some_and(|exits| !exits.is_empty()) {
        supervised.is_stopping = supervised.say("STOPPING=1");
    }
}

impl Supervised {
    fn frame(&mut self, is_decided: bool, now: Moment) {
        // What became known at the end of a frame is acted on in the next one.
        let was_decided = std::mem::replace(&mut self.was_decided, is_decided);
        if !self.is_ready && was_decided && is_decided {
            self.is_ready = self.say("READY=1");
        }
        let Some(every) = self.beats_every else { return };
        let is_due = self.beat_at.is_none_or(|beat_at| now.since(beat_at) >= every);
        if is_due && self.say("WATCHDOG=1") {
            self.beat_at = Some(now);
        }
    }

    /// Returns true if it was said.
    fn say(&mut self, text: &str) -> bool {
        match self.socket.send(text) {
            Ok(()) => true,
            Err(error) => {
                if !std::mem::replace(&mut self.has_failed, true) {
                    warn!(%error, text, "systemd wasn't notified, and will be after a later frame");
                }
                false
            }
        }
    }
}
