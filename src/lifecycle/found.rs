//! Takes in what was found of sessions.

use bevy::prelude::*;
use tracing::{error, info, warn};

use super::notifications::{CorruptionDetected, RecoveryFailed, SessionsFound, notify};
use super::runtime::RuntimeParts;
use super::{RecoveryOffers, SessionCatalog};
use crate::journal::SessionId;
use crate::recovery::{Corruption, FoundSession};

impl RuntimeParts {
    /// All sessions on this machine were looked at.
    pub(super) fn detected(
        &mut self,
        world: &mut World,
        mut found: Vec<FoundSession>,
        gone: &[SessionId],
    ) {
        self.start_up.all_found();
        found.retain(|found| !self.start_up.hides(found.session));
        let playing = self.session();
        let entries = found.iter_mut().filter_map(|found| found.entry.take()).collect();
        let mut catalog = world.get_resource_or_init::<SessionCatalog>();
        for session in gone.iter().filter(|session| Some(**session) != playing) {
            catalog.remove(*session);
        }
        catalog.put_all(entries);
        self.look_for_backups(world, &found);
        let mut offers = world.get_resource_or_init::<RecoveryOffers>();
        gone.iter().for_each(|session| offers.remove(*session));
        for found in found {
            self.report_found(world, found);
        }
        let sessions = world.get_resource_or_init::<SessionCatalog>().sessions.len();
        let offers = world.get_resource_or_init::<RecoveryOffers>().offers.len();
        info!(sessions, offers, "sessions on this machine");
        // A start that waits for another process looks again and again, and nothing hangs on that.
        if !self.start_up.is_racing() {
            notify(world, SessionsFound { sessions, offers });
        }
    }

    /// Puts what was found about a session into the catalogue and the offers, and notifies the game.
    pub(super) fn report_found(&mut self, world: &mut World, found: FoundSession) {
        let session = found.session;
        self.start_up.note_ladder(&found);
        if let Some(entry) = found.entry {
            world.get_resource_or_init::<SessionCatalog>().put(entry);
        }
        world.get_resource_or_init::<RecoveryOffers>().remove(session);
        self.start_up.forget_offers_of(session);
        if let Some(corruption) = found.corruption {
            report_corruption(world, session, corruption);
        }
        if let Some(error) = found.failure {
            error!(%session, ?error, "no checkpoint can be restored");
            let slots = SessionCatalog::slots_left(world, session);
            notify(world, RecoveryFailed { session, error, slots });
        }
        for offer in found.offers {
            self.offer(world, offer);
        }
    }
}

fn report_corruption(world: &mut World, session: SessionId, corruption: Corruption) {
    let Corruption { lost, newest_intact, lost_play_time, files } = corruption;
    warn!(%session, ?lost, ?files, "damaged files");
    let detected = CorruptionDetected { session, lost, newest_intact, lost_play_time, files };
    notify(world, detected);
}
