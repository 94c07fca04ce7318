//! Says to systemd that the game is ready, lives and stops.

mod manager;
mod socket;

use std::ffi::OsString;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::internal::start_is_decided;
use bevy_session::{SessionLast, SessionSystems};
use tracing::warn;

use manager::Manager;
use socket::Socket;

/// Says to systemd that the game is ready, lives and stops, so that a server that hangs is ended and started again.
///
/// For a service of `Type=notify`, with `WatchdogSec=` if systemd is to watch over it. It sends
///
/// - `READY=1`, once the plugin has decided about earlier sessions: they were read, and none is being taken up or
///   restored any more,
/// - `WATCHDOG=1` at the end of a frame, about every half of the time that systemd allows. A main loop that hangs
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
    beat_at: Option<Duration>,
    was_decided: bool,
    is_ready: bool,
    is_stopping: bool,
    has_failed: bool,
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
            beats_every: manager.watchdog.map(|watchdog| watchdog / 2),
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
    let now = world.get_resource::<Time<Real>>().map(Time::elapsed).unwrap_or_default();
    let Some(mut supervised) = world.get_resource_mut::<Supervised>() else { return };
    supervised.frame(is_decided, now);
}

/// Says once that the game stops, if it exits.
fn stop(supervised: Option<ResMut<Supervised>>, exits: Option<Res<Messages<AppExit>>>) {
    let Some(mut supervised) = supervised else { return };
    if !supervised.is_stopping && exits.is_some_and(|exits| !exits.is_empty()) {
        supervised.is_stopping = supervised.say("STOPPING=1");
    }
}

impl Supervised {
    fn frame(&mut self, is_decided: bool, now: Duration) {
        // What became known at the end of a frame is acted on in the next one.
        let was_decided = std::mem::replace(&mut self.was_decided, is_decided);
        if !self.is_ready && was_decided && is_decided {
            self.is_ready = self.say("READY=1");
        }
        let Some(every) = self.beats_every else { return };
        let is_due = self.beat_at.is_none_or(|beat_at| now.saturating_sub(beat_at) >= every);
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
