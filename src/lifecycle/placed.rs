//! Handles the placed entities that arrive and leave.

use std::collections::{HashMap, HashSet};

use bevy::ecs::entity::EntityHashSet;
use bevy::prelude::*;
use bevy_session_journal::Code;
use tracing::{debug, warn};

use super::activity::{RestorePhase, set_activity};
use super::notifications::{DuplicateSaveKey, PlacedRestored, notify};
use super::requests::RequestQueue;
use super::runtime::{Course, RuntimeParts};
use super::{SessionHint, give_hint, line_of};
use crate::capture::{Placed, SaveKey, Settled};
use crate::content::{Claimed, ContentOrder, Order};
use crate::saved::Saved;

/// Sends the writer the values of placed entities that left with their scope.
pub(super) fn order_parking(parts: &mut RuntimeParts, world: &mut World) {
    if parts.playing.is_some()
        && let Some(mut placed) = world.get_resource_mut::<Placed>()
    {
        for parking in placed.take_parking() {
            parts.order(Order::Content(ContentOrder::Park(Box::new(parking))));
        }
    }
}

/// Handles the placed entities that arrived or left since the last frame.
pub(super) fn follow_placed_entities(parts: &mut RuntimeParts, world: &mut World) {
    order_parking(parts, world);
    if parts.has_left_world_behind()
        && let Some(mut placed) = world.get_resource_mut::<Placed>()
    {
        // What arrives now belongs to the next game, in which nothing is gone yet.
        placed.stop_recording();
    }
    let arrivals = Placed::welcome(world, |world, key| {
        world.get_resource::<RequestQueue>().is_some_and(|queue| queue.lets_start_fresh(key))
    });
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        placed.end_of_frame();
    }
    for (key, first, second) in arrivals.duplicates {
        let said = "two entities have the same save key: only the first gets its saved values";
        warn!(%key, %first, %second, "{}", line_of(Code::DuplicateKey, said));
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
    if parts.playing.is_some() && !arrivals.anchors.is_empty() {
        parts.order(Order::Content(ContentOrder::Anchors(arrivals.anchors)));
    }
    parts.claims.extend(arrivals.claims);
    // While a world is being put back it isn't known whether this one stays.
    let may_claim = parts.course() != Course::Outside;
    if let Some(playing) = parts.playing.as_ref().filter(|_| may_claim && !parts.claims.is_empty())
    {
        let (run, claims) = (playing.line.run(), std::mem::take(&mut parts.claims));
        debug!(entities = claims.len(), "placed entities are back, and get their values");
        parts.order(Order::Content(ContentOrder::Claim { run, claims }));
    }
}

/// Writes the values that were kept for placed entities to those that still exist.
///
/// Until the writer knows of that, checkpoints have the kept values: they are right whenever they
/// are taken.
pub(super) fn claimed(parts: &mut RuntimeParts, world: &mut World, claimed: Claimed) {
    let Claimed { run, claims, image, known, orders, mut came_back } = claimed;
    let Some(playing) = parts.playing.as_ref().filter(|it| it.line.run() == run) else { return };
    let session = playing.session;
    if parts.is_restoring() {
        // This world is about to be replaced. If that is cancelled, the writer is asked for them again.
        parts.claims.extend(claims);
        return;
    }
    let living: HashMap<SaveKey, Entity> =
        claims.into_iter().filter(|(key, entity)| is_there(world, key, *entity)).collect();
    if living.is_empty() || parts.has_left_world_behind() {
        return;
    }
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        placed.stop_recording();
    }
    set_activity(world, |activity| activity.restore = Some(RestorePhase::Replacing));
    let mut replaced = image.write_onto(world, known, &orders);
    // Of who is gone by now, the writer knows better.
    replaced.carried.keep_waiting(|key| living.contains_key(key));
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        placed.wait_again(replaced.carried.waiting().cloned());
        placed.go_on_recording();
    }
    let carried = replaced.carried;
    let waiting: HashSet<&SaveKey> = carried.waiting().collect();
    let is_refused = |key: &SaveKey| waiting.contains(key);
    let (mut refused, mut died, mut written) = (Vec::new(), Vec::new(), EntityHashSet::default());
    for (key, entity) in &living {
        if world.get_entity(*entity).is_err() && is_refused(key) {
            died.push(*entity);
        } else if is_refused(key) {
            refused.push(*entity);
        } else {
            written.insert(*entity);
        }
        // The next checkpoint has all of it, whatever changed of it and when.
        if let Some(mut saved) = world.get_mut::<Saved>(*entity) {
            saved.set_added();
        }
    }
    came_back.retain(|_, entity| written.contains(entity));
    parts.types.lead_to_who_came_back(world, &came_back);
    set_activity(world, |activity| activity.restore = None);
    parts.order(Order::Content(ContentOrder::Settle(Box::new(Settled {
        written: written.into_iter().collect(),
        refused,
        died,
        carried,
    }))));
    let entities = replaced.seeds.into_iter().map(|(entity, _)| entity).collect();
    notify(world, PlacedRestored { session, entities, report: replaced.report });
}

/// Returns true if an entity is still the saved one with a key.
fn is_there(world: &World, key: &SaveKey, entity: Entity) -> bool {
    world
        .get_entity(entity)
        .is_ok_and(|it| it.contains::<Saved>() && it.get::<SaveKey>() == Some(key))
}
