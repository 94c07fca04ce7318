//! The moment at which the crew of a session that came back is complete.

use bevy::prelude::*;
use bevy_session::{CurrentSession, SessionId};

use crate::line::announce;

/// A session came back, and its crew with it: the world is that of the checkpoint with everybody's characters in it, and
/// what happened to the crew since then, which a crash may have cut off, is done. From now on only requests change
/// [`Crew`](crate::Crew).
///
/// It comes once after each restore, in the frame after [`SessionRestored`](bevy_session::SessionRestored), before what
/// is asked for in that frame. When a session was resumed, no member is here yet: this is the place to let those
/// join who are. Characters that the world of the checkpoint doesn't have, as after a rewind to before somebody came,
/// are the game's to make. A session that branched off has an empty crew.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{Crew, CrewCommandsExt, CrewRestored};
///
/// /// The player who hosted the session last sits at this keyboard.
/// fn sit_down(_: On<CrewRestored>, crew: Res<Crew>, mut commands: Commands) {
///     if let Some(host) = crew.host().filter(|host| !host.is_here()) {
///         commands.crew().join(host.player().clone());
///     }
/// }
/// # App::new().add_observer(sit_down);
/// ```
#[derive(Event, Message, Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CrewRestored {
    /// The session.
    pub session: SessionId,
}

/// The session that came back, until its crew is complete.
#[derive(Resource, Default)]
pub(crate) struct ComesBack(pub Option<SessionId>);

/// Announces that the crew is complete, if a session came back that is still played.
pub(crate) fn tell_of_restored(world: &mut World) {
    let came = world.get_resource_or_init::<ComesBack>().bypass_change_detection().0.take();
    let played = world.get_resource::<CurrentSession>().map(CurrentSession::id);
    if let Some(session) = came.filter(|came| played == Some(*came)) {
        announce(world, CrewRestored { session });
    }
}
