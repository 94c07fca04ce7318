//! The player in whose name a surface makes its requests.

use bevy_session::SessionCommands;

/// Requests of the player for whom a surface was opened, or of the game itself.
pub fn asked_by<'w, 's>(
    session: SessionCommands<'w, 's>,
    by: &Option<String>,
) -> SessionCommands<'w, 's> {
    match by {
        Some(player) => session.by(player),
        None => session,
    }
}
