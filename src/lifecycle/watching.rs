//! Lists that are on the screen, and what they follow.

use std::time::Duration;

use bevy::prelude::*;

use super::last_look::LastLook;
use super::runtime::RuntimeParts;
use super::{CurrentSession, SessionCatalog, SessionUpdated};
use crate::content::Order;

/// How often it is looked what other processes changed, as long as somebody follows. What is found is known
/// within a second.
const BETWEEN_LOOKS: Duration = Duration::from_millis(750);

/// When it was last looked what other processes changed.
#[derive(Default)]
pub(crate) struct WatchedSessions {
    looked: LastLook,
}

impl RuntimeParts {
    /// Has it looked what other processes changed, if somebody follows that.
    pub(super) fn look_for_watches(&mut self, world: &mut World) {
        let catalog = world.get_resource::<SessionCatalog>();
        let is_followed = catalog.is_some_and(SessionCatalog::was_followed);
        if is_followed && self.watched.looked.is_due(self.time.now().elapsed, BETWEEN_LOOKS) {
            self.order(Order::Refresh);
        }
    }
}

/// What the played session says about itself is listed at once.
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
