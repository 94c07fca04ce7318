//! Follows the placed entities that come and go.

use bevy::prelude::*;
use tracing::{debug, warn};

use super::activity::{RestorePhase, set_activity};
use super::notifications::{DuplicateSaveKey, PlacedRestored, notify};
use super::runtime::{RuntimeParts, Transition};
use super::{SessionHint, give_hint};
use crate::capture::Placed;
use crate::content::{Claimed, ContentOrder, Order};

impl RuntimeParts {
    /// Follows the placed entities that came or left since the last frame.
    pub(super) fn follow_placed_entities(&mut self, world: &mut World) {
        if self.playing.is_some()
            && let Some(mut placed) = world.get_resource_mut::<Placed>()
        {
            for parking in placed.take_parking() {
                self.order(Order::Content(ContentOrder::Park(Box::new(parking))));
            }
        }
        let arrivals = Placed::welcome(world);
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            placed.end_of_frame();
        }
        for (key, first, second) in arrivals.duplicates {
            warn!(%key, %first, %second, "two entities have the same save key");
            notify(world, DuplicateSaveKey { key, first, second });
        }
        if let Some(key) = arrivals.gone_in_run.first().cloned() {
            let entities = arrivals.gone_in_run.len();
            give_hint(world, SessionHint::KeyedEntityWentAgain { key, entities });
        }
        for entity in arrivals.gone {
            if let Ok(entity) = world.get_entity_mut(entity) {
                entity.despawn();
            }
        }
        self.claims.extend(arrivals.claims);
        let may_claim = self.playing.is_some() && self.transition.is_none();
        if !self.claims.is_empty() && may_claim {
            let claims = std::mem::take(&mut self.claims);
            debug!(entities = claims.len(), "placed entities are back, and get their values");
            self.order(Order::Content(ContentOrder::Claim(claims)));
            // No checkpoint between an entity's return and its values.
            self.transition = Some(Transition::Claiming);
            self.turn(world);
        }
    }

    /// Writes the values that were kept for placed entities.
    pub(super) fn claimed(&mut self, world: &mut World, claimed: Claimed) {
        let is_claiming = |at: &mut Transition| matches!(at, Transition::Claiming);
        if self.transition.take_if(is_claiming).is_none() {
            return;
        }
        let Some(session) = self.session() else { return };
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            placed.stop_recording();
        }
        set_activity(world, |activity| activity.restore = Some(RestorePhase::Replacing));
        let replaced = claimed.image.write_onto(world, claimed.known, &claimed.orders);
        set_activity(world, |activity| activity.restore = None);
        if let Some(mut placed) = world.get_resource_mut::<Placed>() {
            placed.wait_again(replaced.carried.waiting().cloned());
            placed.go_on_recording();
        }
        if !replaced.carried.is_empty() {
            self.order(Order::Content(ContentOrder::Unclaim(Box::new(replaced.carried))));
        }
        let entities = replaced.seeds.into_iter().map(|(entity, _)| entity).collect();
        notify(world, PlacedRestored { session, entities, report: replaced.report });
    }
}
