//! The arrival and departure of placed entities.

use std::cell::OnceCell;
use std::sync::Arc;

use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::resource::Resource;
use bevy::ecs::world::{DeferredWorld, World};
use bevy::platform::collections::{HashMap, HashSet};

use super::rounds::BindKeys;
use super::scope::placed_with;
use super::{SaveKey, SaveScope};
use crate::capture::record::{Captured, Related, going_with, links_that_despawn};
use crate::capture::types::SavedTypes;
use crate::capture::unsaved::is_unsaved;
use crate::saved::Saved;

/// The placed entities in the world, their arrivals and departures, and the keys that wait for one.
///
/// Fed by the hooks of [`SaveKey`] and [`SaveScope`](super::SaveScope), so that no entity is
/// missed, even if it comes and goes between two captures.
#[derive(Resource, Default)]
pub(crate) struct Placed {
    /// The living entity that has each key.
    by_key: HashMap<SaveKey, Entity>,
    /// Entities with a key that were spawned since the last look.
    pub(super) arrivals: Vec<Entity>,
    /// Placed entities that left since the last capture, in order.
    departures: Vec<Departure>,
    /// Values that left with a scope and that the writer doesn't know yet.
    parking: Vec<Parking>,
    /// Entities that are about to be despawned with their scope.
    leaving: EntityHashSet,
    /// Entities that are about to be despawned with their state or chapter, in this frame.
    cleared: EntityHashSet,
    /// Keys whose entities are despawned as soon as a level spawns them.
    gone: HashSet<SaveKey>,
    /// Keys among them whose entities were despawned in this run.
    gone_in_run: HashSet<SaveKey>,
    /// Keys whose values are kept for an entity that isn't there.
    waiting: HashSet<SaveKey>,
    /// Keys whose entities were despawned before this process played any session; once it does,
    /// those among them with waiting values.
    lost_before: HashSet<SaveKey>,
    /// True if this process has played a session.
    has_played: bool,
    /// Functions that note the state of entities, one for each state that the plugin knows.
    bind: Vec<BindKeys>,
    /// True if a session is being played, and its world isn't being replaced.
    is_recording: bool,
    /// Keys that were reported because two entities have them.
    reported_twice: HashSet<SaveKey>,
    /// Entities that are never spawned, at their latest generation.
    stand_ins: Vec<Entity>,
    /// The types that are copied from entities that leave with a scope, once they are known.
    types: Option<Arc<SavedTypes>>,
}

/// The departure of a placed entity.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Departure {
    /// It was despawned in play.
    Gone(Entity, SaveKey),
    /// The game wants the key's next entity to start fresh.
    Released(SaveKey),
}

/// Placed entities that left with their scope, with their values.
pub(crate) struct Parking {
    /// The departures before that, in order.
    pub before: Vec<Departure>,
    pub entities: Vec<(Entity, SaveKey)>,
    /// One for each saved type; `None` for resources and states.
    pub columns: Vec<Option<Captured>>,
}

/// The placed entities that arrived since the last look, as far as they need handling.
#[derive(Default)]
pub(crate) struct Arrivals {
    /// Entities that are gone in the session, and are despawned again.
    pub gone: Vec<Entity>,
    /// The keys of those that were despawned in this run, and that belong to no level that is
    /// restored as it was left.
    pub gone_in_run: Vec<SaveKey>,
    /// Entities whose values wait for them.
    pub claims: Vec<(SaveKey, Entity)>,
    /// Entities that aren't saved, each the only one with its key.
    pub anchors: Vec<(Entity, SaveKey)>,
    /// Keys that two living entities have: the earlier one, and the one that came last.
    pub duplicates: Vec<(SaveKey, Entity, Entity)>,
}

impl Placed {
    /// Sets the game's saved types.
    pub(crate) fn set_types(&mut self, types: Arc<SavedTypes>) {
        self.types = Some(types);
    }

    pub(super) fn types(&self) -> Option<Arc<SavedTypes>> {
        self.types.clone()
    }

    /// Entities that are never spawned, other ones in each call. They are at the indexes that were reserved for earlier calls,
    /// as far as these suffice: a restore may come often.
    pub(crate) fn reserve_stand_ins(world: &mut World, count: usize) -> Vec<Entity> {
        if count == 0 {
            return Vec::new();
        }
        let reserved = world.get_resource_mut::<Self>();
        let mut reserved =
            reserved.map(|mut it| std::mem::take(&mut it.stand_ins)).unwrap_or_default();
        let lacking = u32::try_from(count.saturating_sub(reserved.len())).unwrap_or(u32::MAX);
        reserved.extend(world.entity_allocator().alloc_many(lacking));
        for stand_in in reserved.iter_mut().take(count) {
            let generation = stand_in.generation().after_versions(1);
            *stand_in = Entity::from_index_and_generation(stand_in.index(), generation);
        }
        let given = reserved.iter().copied().take(count).collect();
        if let Some(mut placed) = world.get_resource_mut::<Self>() {
            placed.stand_ins = reserved;
        }
        given
    }

    /// Returns true if departures are recorded.
    pub(crate) fn is_recording(&self) -> bool {
        self.is_recording
    }

    /// Begins a run with these gone keys and these waiting ones.
    pub(crate) fn begin(&mut self, gone: HashSet<SaveKey>, waiting: HashSet<SaveKey>) {
        self.forget_departures();
        self.gone = gone;
        self.gone_in_run.clear();
        self.waiting = waiting;
        self.lost_before.retain(|key| self.waiting.contains(key));
        self.has_played = true;
        self.is_recording = true;
    }

    /// Stops recording: no session is played, or its world is being replaced.
    pub(crate) fn stop_recording(&mut self) {
        self.is_recording = false;
    }

    /// Continues after [`stop_recording`](Self::stop_recording).
    pub(crate) fn go_on_recording(&mut self) {
        self.is_recording = true;
    }

    /// No session is played.
    pub(crate) fn end(&mut self) {
        self.begin(HashSet::default(), HashSet::default());
        self.stop_recording();
    }

    /// Forgets the departures since the last capture, since the next one is of another world.
    fn forget_departures(&mut self) {
        self.departures.clear();
        self.parking.clear();
        self.leaving.clear();
    }

    /// Notes that an entity with a key is being despawned.
    pub(super) fn note_departure(world: &mut DeferredWorld<'_>, entity: Entity) {
        let Ok(departed) = world.get_entity(entity) else { return };
        if !departed.contains::<Saved>() || is_unsaved(world, entity) {
            return;
        }
        let Some(key) = departed.get::<SaveKey>().cloned() else { return };
        let Some(mut placed) = world.get_resource_mut::<Self>() else { return };
        if placed.leaving.remove(&entity) || placed.cleared.remove(&entity) {
            return;
        }
        if !placed.is_recording {
            if !placed.has_played {
                placed.lost_before.insert(key);
            }
            return;
        }
        placed.waiting.remove(&key);
        placed.gone.insert(key.clone());
        placed.gone_in_run.insert(key.clone());
        placed.departures.push(Departure::Gone(entity, key));
    }

    /// Notes that an entity no longer has its key, or is being despawned.
    pub(super) fn note_free_key(world: &mut DeferredWorld<'_>, entity: Entity) {
        let Some(key) = world.get::<SaveKey>(entity).cloned() else { return };
        let Some(mut placed) = world.get_resource_mut::<Self>() else { return };
        if placed.by_key.get(&key) == Some(&entity) {
            placed.by_key.remove(&key);
        }
    }

    /// The number of keys of living entities.
    #[cfg(test)]
    pub(crate) fn known_keys(&self) -> usize {
        self.by_key.len()
    }

    /// The keys of entities that are gone for good.
    #[cfg(test)]
    pub(crate) fn gone(&self) -> impl Iterator<Item = &SaveKey> {
        self.gone.iter()
    }

    /// The keys for which values are kept.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &SaveKey> {
        self.waiting.iter()
    }

    /// Adds a function that notes the state of entities.
    pub(super) fn bind_with(&mut self, bind: BindKeys) {
        self.bind.push(bind);
    }

    /// These entities are about to be despawned with their state or chapter, which makes no key gone: neither theirs nor those
    /// of what goes with them.
    pub(in crate::capture) fn clear_away(world: &mut World, roots: &[Entity]) {
        let going = placed_with(world, roots.iter().copied());
        if let Some(mut placed) = world.get_resource_mut::<Self>() {
            placed.cleared.extend(going.into_iter().map(|(entity, _)| entity));
        }
    }

    /// Forgets that this key is gone, since its state is left.
    pub(super) fn start_fresh(&mut self, key: SaveKey) {
        if self.gone.contains(&key) {
            self.release(key);
        }
    }

    /// Forgets the entities that were to be despawned with their state or chapter.
    pub(crate) fn end_of_frame(&mut self) {
        self.cleared.clear();
    }

    /// Returns true if values are kept for entities that aren't there.
    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Keys with waiting values whose entities existed before the session was restored.
    pub(crate) fn lost_before(&self) -> impl Iterator<Item = &SaveKey> {
        self.lost_before.iter().filter(|key| self.waiting.contains(*key))
    }

    /// Notes that an entity is about to be despawned with its scope.
    pub(super) fn note_leaving(&mut self, entity: Entity) {
        self.leaving.insert(entity);
    }

    /// Returns true if the entity with a key is gone for good.
    pub(super) fn is_gone(&self, key: &SaveKey) -> bool {
        self.gone.contains(key)
    }

    /// Notes that these entities are about to be despawned with their scope, and that these values are kept for them.
    pub(super) fn park(
        &mut self,
        entities: Vec<(Entity, SaveKey)>,
        columns: Vec<Option<Captured>>,
    ) {
        self.waiting.extend(entities.iter().map(|(_, key)| key.clone()));
        let before = std::mem::take(&mut self.departures);
        self.parking.push(Parking { before, entities, columns });
    }

    /// Lets the next entity with this key start fresh.
    pub(crate) fn release(&mut self, key: SaveKey) {
        self.gone.remove(&key);
        self.gone_in_run.remove(&key);
        self.waiting.remove(&key);
        self.departures.push(Departure::Released(key));
    }

    /// Lets the next entities with this prefix of keys start fresh.
    pub(crate) fn release_all(&mut self, prefix: &str) {
        let known = self.gone.iter().chain(&self.waiting);
        let known = known.filter(|key| key.as_str().starts_with(prefix)).cloned();
        known.collect::<Vec<_>>().into_iter().for_each(|key| self.release(key));
    }

    /// The values of these keys could not be used, and wait again.
    pub(crate) fn wait_again(&mut self, keys: impl Iterator<Item = SaveKey>) {
        self.waiting.extend(keys);
    }

    /// Takes the departures since the last capture.
    pub(crate) fn take_departures(&mut self) -> Vec<Departure> {
        std::mem::take(&mut self.departures)
    }

    /// Returns true if there were departures since the last capture.
    pub(crate) fn has_departures(&self) -> bool {
        !self.departures.is_empty()
    }

    /// Takes the values that were parked since the last call.
    pub(crate) fn take_parking(&mut self) -> Vec<Parking> {
        std::mem::take(&mut self.parking)
    }

    /// Handles the entities that arrived since the last look. Those whose key `starts_fresh` with a request that waits
    /// are handled after it.
    pub(crate) fn welcome(
        world: &mut World,
        starts_fresh: impl Fn(&World, &SaveKey) -> bool,
    ) -> Arrivals {
        let mut seen = Arrivals::default();
        let Some(mut placed) = world.get_resource_mut::<Self>() else { return seen };
        if placed.arrivals.is_empty() {
            return seen;
        }
        let arrivals = std::mem::take(&mut placed.arrivals);
        // Out of the world, so that both can be looked at.
        let mut placed = std::mem::take(&mut *placed);
        let mut came = Vec::new();
        let links = OnceCell::new();
        for entity in arrivals {
            let Ok(arrived) = world.get_entity(entity) else { continue };
            let Some(key) = arrived.get::<SaveKey>() else { continue };
            if placed.is_recording && starts_fresh(world, key) {
                placed.arrivals.push(entity);
                continue;
            }
            placed.index(world, entity, key, &mut seen);
            if !arrived.contains::<Saved>() {
                if placed.is_recording && placed.by_key.get(key) == Some(&entity) {
                    seen.anchors.push((entity, key.clone()));
                }
                continue;
            }
            came.push((entity, key.clone()));
            placed.lost_before.remove(key);
            if !placed.is_recording {
                continue;
            }
            if placed.gone.contains(key) {
                let links = || links.get_or_init(|| links_that_despawn(world));
                if placed.gone_in_run.contains(key) && !is_below_scope(world, links(), entity) {
                    seen.gone_in_run.push(key.clone());
                }
                seen.gone.push(entity);
            } else if placed.waiting.remove(key) {
                seen.claims.push((key.clone(), entity));
            }
        }
        drop(links);
        let bind = placed.bind.clone();
        if let Some(mut resource) = world.get_resource_mut::<Self>() {
            *resource = placed;
        }
        bind.into_iter().for_each(|bind| bind(world, &came));
        seen
    }

    fn index(&mut self, world: &World, entity: Entity, key: &SaveKey, seen: &mut Arrivals) {
        let Some(earlier) = self.by_key.insert(key.clone(), entity) else { return };
        let is_living = |entity| world.get::<SaveKey>(entity) == Some(key);
        if earlier != entity && is_living(earlier) {
            // The first one keeps the key.
            self.by_key.insert(key.clone(), earlier);
            if self.reported_twice.insert(key.clone()) {
                seen.duplicates.push((key.clone(), earlier, entity));
            }
        }
    }

    /// The living entity with a key.
    pub(crate) fn find(&self, world: &World, key: &SaveKey) -> Option<Entity> {
        let entity = *self.by_key.get(key)?;
        (world.get::<SaveKey>(entity) == Some(key)).then_some(entity)
    }
}

/// Returns true if an entity belongs to a scope, which comes back as it was left.
fn is_below_scope(world: &World, links: &[Related<'_>], entity: Entity) -> bool {
    going_with(links, entity).any(|entity| world.get::<SaveScope>(entity).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_despawned_entities_are_forgotten() {
        let mut world = World::new();
        world.init_resource::<Placed>();
        for number in 0..1_000 {
            let keyed = world.spawn((Saved, SaveKey::new(format!("wave/{number}")))).id();
            let anchor = world.spawn(SaveKey::new("anchor")).id();
            Placed::welcome(&mut world, |_, _| false);
            let placed = world.resource::<Placed>();
            assert_eq!(placed.find(&world, &SaveKey::new("anchor")), Some(anchor));
            world.entity_mut(keyed).insert(SaveKey::new(format!("renamed/{number}")));
            world.despawn(keyed);
            world.despawn(anchor);
        }
        assert_eq!(world.resource::<Placed>().known_keys(), 0);
    }
}
