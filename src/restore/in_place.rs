//! Restores a checkpoint by writing the differences to the existing entities.
//!
//! 1. Staying entities are found by the writer's ids for them. An entity stays if all that differs
//!    can be written to it. What a level has placed is found by its key, and stays anyway.
//! 2. The others are despawned, except for those with a staying descendant. From those that stay,
//!    the components that the checkpoint lacks are removed. What the game spawns in reaction is
//!    despawned as well.
//! 3. Values are compared as captures write them. Differences are written in place if no hook or
//!    observer would see an insert. Parents first, each entity is spawned whole, or gets its other
//!    differences in one bundle, so that no link ever closes a circle.
//! 4. Other relationships are written, in an order in which no entity loses its place; then the
//!    entities are despawned that had to wait.
//! 5. As in every restore: additions by hooks and observers are removed, lists are put in order,
//!    and their changes are written again.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::{ComponentId, ComponentInfo};
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::query::{QueryState, With};
use bevy::ecs::world::{EntityRef, World};

use super::comparing::{MayDiffer, all_stay, find_removed, find_written};
use super::difference::take_away;
use super::doomed::Doomed;
use super::hooks::runs_hooks;
use super::image::WorldImage;
use super::incomplete::{refers_as_saved, report_incomplete};
use super::leftovers::Leftovers;
use super::lists::order_saved_lists;
use super::manner::DroppedTypes;
use super::one_to_one::nobody_kicked_out;
use super::overwriting::overwrite;
use super::placed::is_below_its_parent;
use super::reappearance::Reappearance;
use super::replace::{ChangedEntity, EntitiesReplaced};
use super::replacement::{Origin, Replacement};
use super::report::{RespawnedEntity, RestoreReport};
use super::staying::Staying;
use super::sweep::{Sweep, count_entities, living_gone, welcome};
use crate::capture::{Known, ties_to};
use crate::saved::{Outside, Saved, unfiltered};

/// The number of times that resources are restored, if that despawns entities that should stay.
const ROUNDS: u32 = 8;

impl WorldImage {
    /// Makes the saved entities match the checkpoint, with everything that depends on them. What
    /// isn't saved on an entity that stays, stays, except for the types that are dropped.
    ///
    /// If `known` is given, values that weren't written since its tick are those of the checkpoint.
    /// Otherwise everything is compared.
    pub(crate) fn write_in_place(
        self,
        world: &mut World,
        leftovers: &Leftovers,
        dropped: &DroppedTypes,
        known: Option<Known<'_>>,
    ) -> EntitiesReplaced {
        let mut report =
            RestoreReport { losses: self.losses.clone(), in_place: true, ..Default::default() };
        let put_off = leftovers.put_off_since(world);
        // Nothing of an earlier restore is looked for any more.
        world.remove_resource::<Reappearance>();
        let mut sweep = Sweep::begin(&self.adopted);
        let count = sweep.count_old_entities(world);
        welcome(world, &mut report);
        let replacement = Replacement::new(world, self, Outside::default(), report);
        let mut staying = Staying::find(world, replacement);
        // Where there are just as many as stay, they are those.
        let old = if count == staying.who.len_without_key() {
            Vec::new()
        } else {
            sweep.old_entities(world)
        };
        staying.despawn_others(world, &mut sweep, old);
        let has_taken = staying.take_away(world, dropped, &mut sweep);
        leftovers.drop_all_but(world, &put_off);
        staying.replacement.find_entities(world);
        staying.know_living_others(world);
        let known = known.filter(|_| staying.replacement.image.losses.is_empty());
        let since = known.as_ref().map(|known| known.since);
        staying.write(world, known, has_taken, (leftovers, &mut sweep));
        staying.finish(world, since)
    }
}

impl Staying {
    fn despawn_others(&mut self, world: &mut World, sweep: &mut Sweep, mut old: Vec<Entity>) {
        let stays = |entity: Entity| self.who.contains(entity);
        let Replacement { image, doomed, report, .. } = &mut self.replacement;
        old.retain(|entity| !stays(*entity));
        old.extend(living_gone(world, &image.gone, report));
        if old.is_empty() {
            return;
        }
        *doomed = Doomed::find(world, &old, &stays);
        let first = std::mem::take(&mut doomed.first);
        let remains = |entity: Entity| stays(entity) || doomed.contains(entity);
        sweep.despawn(world, first, remains, report);
        self.replace_the_dead(world);
    }

    /// Removes from staying entities the components that the checkpoint doesn't have, and the
    /// dropped types. What the game spawns in reaction, as loot where armour is lost, is despawned.
    /// Returns true if anything was removed.
    fn take_away(&mut self, world: &mut World, dropped: &DroppedTypes, sweep: &mut Sweep) -> bool {
        let has_dropped = dropped.drop_from(world, &|entity| self.who.contains(entity));
        if has_dropped {
            self.look_around(world);
        }
        let stays = |entity: Entity| self.who.contains(entity);
        let replacement = &mut self.replacement;
        if !find_removed(replacement, &self.seen.misshapen, world) && !has_dropped {
            return false;
        }
        for rank in replacement.difference.removed.filled() {
            if let Some(entity) = replacement.entities.get(*rank as usize) {
                take_away(world, *entity, replacement.difference.removed.of(*rank));
            }
        }
        world.flush();
        let mut came = sweep.old_entities(world);
        let Replacement { doomed, report, .. } = replacement;
        let remains = |entity: Entity| stays(entity) || doomed.contains(entity);
        came.retain(|entity| !remains(*entity));
        sweep.despawn(world, came, remains, report);
        self.replace_the_dead(world);
        true
    }

    /// Unsaved entities keep the ids by which the checkpoint refers to them, until they are
    /// despawned.
    fn know_living_others(&mut self, world: &World) {
        let doomed = &self.replacement.doomed;
        let known = self.living.others.len();
        self.living.others.retain(|(_, entity)| {
            let is_unsaved = |found: EntityRef<'_>| !found.contains::<Saved>();
            world.get_entity(*entity).is_ok_and(is_unsaved) && !doomed.contains(*entity)
        });
        self.references_differ |= self.living.others.len() < known;
        // One that a level found by its key goes by the id that the checkpoint knows.
        let outside = &mut self.replacement.outside;
        let known: EntityHashSet = outside.values().copied().collect();
        let others = self.living.others.iter().copied();
        outside.extend(others.filter(|(_, entity)| !known.contains(entity)));
    }

    fn write(
        &mut self,
        world: &mut World,
        known: Option<Known<'_>>,
        has_taken: bool,
        (leftovers, sweep): (&Leftovers, &mut Sweep),
    ) {
        let mut code_ran = has_taken | self.restore_resources(world);
        self.replacement.keep_others(world, &[]);
        // A removal leaves no tick, and what a level has placed may be another one than before.
        let all_of: Vec<u32> = self.seen.misshapen.iter().copied().chain(self.placed()).collect();
        let replacement = &mut self.replacement;
        let since = known.as_ref().map(|known| known.since);
        let may_differ = known.map(|mut known| {
            let mut may_differ = MayDiffer::since(&mut known, &self.who, world);
            may_differ.add_all_of(&all_of, replacement);
            may_differ.add_incomplete(replacement);
            if self.references_differ || !all_stay(replacement) {
                may_differ.add_columns_that_name(replacement);
            }
            may_differ
        });
        world.increment_change_tick();
        let differing = find_written(replacement, may_differ.as_ref(), world);
        report_incomplete(replacement, &differing);
        overwrite(replacement, &differing, world);
        let calm = world.read_change_tick();
        replacement.rebuild(world);
        code_ran |= world.read_change_tick() != calm;
        self.write_difference(world);
        let replacement = &mut self.replacement;
        if code_ran {
            // What it has added to entities that stay is looked for, whatever is written onto them.
            replacement.stamps.note_hooks();
        }
        replacement.waiting = nobody_kicked_out(replacement, world);
        replacement.link(world);
        world.flush();
        despawn_who_had_to_wait(replacement, world, leftovers, sweep);
        replacement.remove_what_was_not_saved(world);
        if order_saved_lists(replacement, since, world) {
            replacement.stamps.note_hooks();
            world.flush();
        }
        replacement.undo_interference(world);
        replacement.sort_children(world);
        replacement.set_pending_states(world);
    }

    /// Restores all resources, and finds the entities that this despawned. Returns true if code of
    /// the game ran.
    fn restore_resources(&mut self, world: &mut World) -> bool {
        let mut code_ran = false;
        for _ in 0..ROUNDS {
            let calm = world.read_change_tick();
            self.replacement.restore_resources(world);
            if world.read_change_tick() == calm {
                break;
            }
            code_ran = true;
            world.flush();
            let before = self.who.len();
            self.replace_the_dead(world);
            if self.who.len() == before {
                break;
            }
            // They are spawned under other ids, which resources may name.
            self.replacement.allocate(world);
        }
        code_ran
    }

    /// Spawns the entities that don't stay, and writes the differences to the others, all in the
    /// order of spawning.
    fn write_difference(&mut self, world: &mut World) {
        let Replacement { origins, difference, image, .. } = &mut self.replacement;
        let ranks = (0_u32..).zip(origins.iter());
        let ranks = ranks.filter(|(_, origin)| **origin != Origin::Staying);
        let mut ranks: Vec<u32> = ranks.map(|(rank, _)| rank).collect();
        ranks.extend(difference.written.filled());
        ranks.sort_unstable_by_key(|rank| self.living.turns.get(*rank as usize));
        // One that doesn't stay after all may be among both.
        ranks.dedup();
        image.order.ranks = ranks;
        self.replacement.spawn(world);
    }

    fn finish(mut self, world: &mut World, since: Option<Tick>) -> EntitiesReplaced {
        let changed = note_changed(&mut self.replacement, world);
        let placed_stay = self.placed().count() == self.replacement.image.keys.len()
            && self.placed().all(|rank| is_below_its_parent(&self.replacement, rank, world));
        let is_whole = self.living.is_whole && placed_stay && since.is_some();
        let all_stay = self.who.len() == self.replacement.entities.len();
        if all_stay && self.replacement.stamps.nothing_ran_until_now(world) {
            // None can have gone.
            self.replacement.seeds = Some(std::mem::take(&mut self.living.seeds));
        }
        let respawned: Vec<(Entity, Entity)> = self
            .respawned
            .iter()
            .filter_map(|(rank, was)| Some((*was, *self.replacement.entities.get(*rank as usize)?)))
            .collect();
        // Nothing shows what the game's code does where a resource is written.
        let is_quiet = self.replacement.is_settled
            && !resources_run_hooks(&self.replacement, world)
            && !self.replacement.image.has_resource_too_many(world)
            && refers_as_saved(&self.replacement);
        let anchors = self.replacement.image.anchors_in(world);
        let mut replaced = self.replacement.finish(world);
        let is_exact = is_whole && is_quiet && replaced.report.is_exact();
        if is_exact && is_all_that_is_saved(&replaced, world) {
            replaced.as_saved = Some(world.increment_change_tick());
        }
        // They keep their ids for as long as they live.
        let others = self.living.others.into_iter().map(|(id, entity)| (entity, id));
        replaced.seeds.extend(others.filter(|(entity, _)| world.get_entity(*entity).is_ok()));
        replaced.seeds.extend(anchors);
        let respawned = respawned.into_iter().filter(|(_, is)| world.get_entity(*is).is_ok());
        let respawned = respawned.map(|(was, is)| RespawnedEntity { was, is });
        replaced.report.respawned = respawned.collect();
        EntitiesReplaced { changed, ..replaced }
    }
}

/// Returns true if hooks of the game run when a saved resource is written.
fn resources_run_hooks(replacement: &Replacement, world: &mut World) -> bool {
    let mut columns = replacement.image.columns.iter();
    columns.any(|column| {
        column.resource_component(world).is_some_and(|component| runs_hooks(world, component))
    })
}

/// Returns true if no other entity is saved, as one that came with a level would be.
fn is_all_that_is_saved(replaced: &EntitiesReplaced, world: &World) -> bool {
    let saved = world.component_id::<Saved>();
    count_entities(world, |has| has(saved)) as u64 == replaced.report.entities
}

/// Despawns the entities that had a staying descendant. What that spawns is despawned as well, but
/// nothing that came with spawned entities.
fn despawn_who_had_to_wait(
    replacement: &mut Replacement,
    world: &mut World,
    leftovers: &Leftovers,
    sweep: &mut Sweep,
) {
    let last = std::mem::take(&mut replacement.doomed.last);
    if last.is_empty() {
        return;
    }
    replacement.stamps.note_hooks();
    let put_off = leftovers.put_off_since_ever(world);
    let written = leftovers.set_messages_aside(world);
    cut_ties(&replacement.doomed, world);
    let doomed: EntityHashSet = last.iter().copied().collect();
    let mut saved: QueryState<Entity, With<Saved>> = unfiltered(world, QueryState::new);
    let there: EntityHashSet =
        saved.iter(world).filter(|entity| !doomed.contains(entity)).collect();
    sweep.despawn(world, last, |entity| there.contains(&entity), &mut replacement.report);
    leftovers.drop_all_but(world, &put_off);
    written.put_back(world);
}

/// Removes the links by which saved entities that stay would be despawned with one that doesn't. Those that are
/// saved are as in the checkpoint by now, so these are links that aren't.
fn cut_ties(doomed: &Doomed, world: &mut World) {
    let ties = doomed.all().flat_map(|entity| ties_to(world, entity));
    let ties: Vec<(Entity, ComponentId)> = ties
        .filter(|(source, _)| !doomed.contains(*source) && world.get::<Saved>(*source).is_some())
        .collect();
    for (source, relationship) in ties {
        take_away(world, source, &[relationship]);
    }
    world.flush();
}

/// The entities that stayed and have changed.
fn note_changed(replacement: &mut Replacement, world: &World) -> Vec<ChangedEntity> {
    let mut known = HashMap::<Vec<ComponentId>, Arc<[TypeId]>>::new();
    let mut last: Option<(Vec<ComponentId>, Arc<[TypeId]>)> = None;
    let mut components = Vec::new();
    let Replacement { entities, origins, difference, parts, report, .. } = replacement;
    let ranks = difference.ranks();
    let mut changed = Vec::with_capacity(ranks.len());
    for rank in ranks {
        let (Some(entity), Some(Origin::Staying)) =
            (entities.get(rank as usize), origins.get(rank as usize))
        else {
            continue;
        };
        report.written += 1;
        if world.get_entity(*entity).is_err() {
            continue;
        }
        let written = difference.overwritten.of(rank).iter().chain(difference.written.of(rank));
        let written = written.filter_map(|row| parts.get(row.column as usize)?.component());
        components.clear();
        components.extend(written);
        components.extend(difference.removed.of(rank));
        // Most have changed in the same types as the one before.
        let types = match &last {
            Some((same, types)) if *same == components => Arc::clone(types),
            _ => {
                let types = known.entry(components.clone()).or_insert_with_key(|components| {
                    let info = components.iter().filter_map(|id| world.components().get_info(*id));
                    info.filter_map(ComponentInfo::type_id).collect()
                });
                last = Some((components.clone(), Arc::clone(types)));
                Arc::clone(types)
            }
        };
        changed.push(ChangedEntity { entity: *entity, types });
    }
    changed
}
