//! Lists that are on the screen, and their updates.

use std::time::Duration;

use bevy::prelude::*;

use crate::content::Order;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::last_look::LastLook;
use crate::lifecycle::{CurrentSession, SessionCatalog, SessionUpdated};

/// The interval at which other processes' changes are looked for while a watch is followed. A
/// change is known within a second.
const BETWEEN_LOOKS: Duration = Duration::from_millis(750);

/// The time of the last look for changes by other processes.
#[derive(Resource, Default)]
pub(crate) struct WatchedSessions {
    looked: LastLook,
}

/// Has the writer look for changes by other processes, if a watch is followed.
pub(in crate::lifecycle) fn look_for_watches(parts: &mut RuntimeParts, world: &mut World) {
    let catalog = world.get_resource::<SessionCatalog>();
    if !catalog.is_some_and(SessionCatalog::was_followed) {
        return;
    }
    let mut watched = world.get_resource_or_init::<WatchedSessions>();
    if watched.looked.is_due(parts.time.now().elapsed, BETWEEN_LOOKS) {
        parts.order(Order::Refresh);
    }
}

/// Lists changes of the played session's metadata at once.
pub(crate) fn list_what_is_played(
    updated: On<SessionUpdated>,
    current: Option<Res<CurrentSession>>,
    mut catalog: ResMut<SessionCatalog>,
) {
    let Some(current) = current.filter(|current| current.id() == updated.session) else { return };
    if let Some(entry) = catalog.get_mut(updated.session) {
        entry.session = current.metadata.clone();
    }
}
