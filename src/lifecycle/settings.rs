//! What a game or player may change while it runs.

use std::time::Duration;

use bevy::prelude::*;

/// How often checkpoints are taken, and what they may cost. Change it at any time.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use std::time::Duration;
///
/// fn apply_option_menu(mut settings: ResMut<SessionSettings>) {
///     settings.interval = Duration::from_secs(1);
/// }
/// # bevy::ecs::system::assert_is_system(apply_option_menu);
/// ```
#[derive(Resource, Clone, PartialEq, Debug)]
pub struct SessionSettings {
    /// Time between automatic checkpoints, in real time; it stands still while the session is
    /// paused. Defaults to 5 seconds.
    pub interval: Duration,
    /// Whether automatic checkpoints are taken. What the game asks for by name is always taken,
    /// and so is the one at the exit. Defaults to `true`.
    pub autosave: bool,
    /// Whether crashed sessions are offered, and restored when asked. Off means no new offers and
    /// no restores; how the last process ended is still told by
    /// [`PreviousRun`](crate::PreviousRun). Defaults to `true`.
    pub recovery: bool,
    /// Mean bytes per second that automatic checkpoints may write. Where they would write more,
    /// the interval is stretched, and [`AutosaveStretched`](crate::AutosaveStretched) says so.
    /// Defaults to 1 MiB.
    pub max_bytes_per_second: u64,
    /// Bytes that one session's history may take on disk. Never met at the price of the last good
    /// checkpoint. Defaults to 256 MiB.
    pub max_session_bytes: u64,
    /// Bytes that all sessions together may take on disk. Never met at the price of a session's
    /// last good checkpoint. Defaults to 1 GiB.
    pub max_total_bytes: u64,
    /// Whether a slot of kind [`SlotKind::Exit`](crate::SlotKind::Exit) is left behind when a session
    /// is closed, by a request or by the exit of the game; one for each session, which is replaced
    /// each time. Defaults to `false`, since a session that was closed can be continued anyway.
    pub exit_slot: bool,
    /// How long an exit waits for the last checkpoint to be on disk. Defaults to 3 seconds.
    pub exit_patience: Duration,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            autosave: true,
            recovery: true,
            max_bytes_per_second: 1 << 20,
            max_session_bytes: 256 << 20,
            max_total_bytes: 1 << 30,
            exit_slot: false,
            exit_patience: Duration::from_secs(3),
        }
    }
}
