//! The basis for a game's own dialogs and menus, beside the notifications and resources at the
//! crate's root.
//!
//! The package `bevy_session_ui` is built on it and on nothing else that a game couldn't use.

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use jiff::Timestamp;

pub use crate::lifecycle::{may_ask_about_crashes, play_time_text};
pub use bevy_session_journal::internal::read::recovery::THUMBNAIL;

use crate::lifecycle::Runtime;

/// The time of this frame by the clock of sessions: the machine's, or that of
/// [`clock_from`](crate::SessionPlugin::clock_from) in a test. Use it to show how long ago
/// something was saved.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::presentation;
///
/// # let mut app = App::new();
/// # app.add_plugins(MinimalPlugins);
/// let date = "2026-01-01T00:00:00Z".parse()?;
/// app.add_plugins(SessionPlugin::new("Studio", "Hop").in_memory().clock_from(date));
/// app.finish();
/// app.update();
/// assert_eq!(presentation::wall_clock(app.world_mut()), date);
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn wall_clock(world: &mut World) -> Timestamp {
    let mut runtime = world.get_resource_mut::<Runtime>();
    let moment = runtime.as_mut().and_then(|runtime| runtime.wall_clock());
    moment.unwrap_or_else(clock::timestamp)
}
