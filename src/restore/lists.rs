//! The order of what relationships list: of siblings, of the things in a bag.
//!
//! Bevy appends each new link to the end of the list. So a link that a hook has changed, and that
//! is restored, is in the wrong place, and so is one that comes later than the others.

use std::collections::{BTreeMap, HashMap, HashSet};

use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::hierarchy::Children;
use bevy::ecs::query::QueryBuilder;
use bevy::ecs::world::World;

use super::replacement::{Origin, Part, Replacement};
use crate::capture::{NamedOrder, Related, put_in_place};
use crate::saved::{DecodedColumn, IsSaved, References, Saved, unfiltered};

/// A list whose order the restore is responsible for.
pub(super) struct KeptList {
    /// The column of the links.
    column: u32,
    target: Entity,
    order: Order,
    /// The tick at which the list had its final order.
    settled: Tick,
}

/// The order of a list.
enum Order {
    /// The checkpoint's order. All were linked one after the other.
    Saved(Vec<Entity>),
    /// The list of a target that isn't being restored.
    Kept {
        /// The list before, if it was of interest.
        before: Vec<Entity>,
        /// The checkpoint's order for entities that come late.
        named: Vec<Entity>,
        /// Entities that were linked again to restore the order, one after the other.
        linked: Vec<Entity>,
    },
}

impl Replacement {
    /// Notes all lists of the checkpoint, which were just linked in their order.
    pub(super) fn note_saved_lists(&mut self, world: &mut World) {
        let settled = self.stamps.move_on(world);
        for (column, lists) in &self.image.link_orders {
            for (target, sources) in lists {
                let Some(target) = self.entity_in_world(*target) else { continue };
                let sources = sources.iter().filter_map(|rank| self.entity_in_world(*rank));
                let order = Order::Saved(sources.collect());
                self.lists.push(KeptList { column: *column, target, order, settled });
            }
        }
    }

    /// Remembers the lists of targets that aren't being restored: those with a restored source, and
    /// all of them if the game may change any.
    pub(super) fn note_lists_of_others(
        &mut self,
        world: &mut World,
        orders: &[NamedOrder],
        all: bool,
    ) {
        let settled = self.others.since;
        let mut lists = BTreeMap::<(u32, Entity), (Vec<Entity>, Vec<Entity>)>::new();
        let references = References::new(&self.image.ranks, &self.entities, &self.outside);
        for order in orders {
            let column = self.links_of(&order.type_path);
            let (Some(column), Some(target)) = (column, references.entity(order.target)) else {
                continue;
            };
            let names = order.names.iter().filter_map(|name| references.entity(*name));
            let names = names.filter(|name| *name != Entity::PLACEHOLDER);
            lists.entry((column, target)).or_default().1.extend(names);
        }
        let columns = (0_u32..).zip(&self.parts).filter(|_| all);
        for (column, part) in columns {
            let (Part::Parent(component) | Part::Link(component)) = part else { continue };
            for (target, sources) in lists_in_world(world, *component) {
                if !self.others.restored.contains(&target) {
                    lists.entry((column, target)).or_default().0 = sources;
                }
            }
        }
        self.lists.extend(lists.into_iter().map(|((column, target), (before, named))| {
            let order = Order::Kept { before, named, linked: Vec::new() };
            KeptList { column, target, order, settled }
        }));
    }

    /// Links again each source that is in a wrong place. Returns true if there was any. Children
    /// are sorted instead, at the very end.
    pub(super) fn put_links_in_order(&mut self, world: &mut World) -> bool {
        let mut any = false;
        let mut lists = std::mem::take(&mut self.lists);
        for list in &mut lists {
            let (Some(Part::Link(component)), Some(column)) = (
                self.parts.get(list.column as usize),
                self.image.columns.get(list.column as usize),
            ) else {
                continue;
            };
            let DecodedColumn::Component(rows) = &column.decoded else { continue };
            let late = list.out_of_place(*component, &self.others.restored, world);
            for source in &late {
                // Each has a tick of its own, which shows whether one is linked later by others.
                world.increment_change_tick();
                rows.link_again(world, *source);
            }
            if !late.is_empty() {
                any = true;
                if matches!(list.order, Order::Saved(_)) {
                    self.report.add_overwritten(&column.type_path);
                }
                list.settle(late, world);
            }
        }
        self.lists = lists;
        any
    }

    /// Reports the types whose links are in a wrong place after all.
    pub(super) fn report_disorder(&mut self, world: &World) {
        for list in &self.lists {
            if let (Some(Part::Link(component)), Some(column)) =
                (self.parts.get(list.column as usize), self.image.columns.get(list.column as usize))
                && !list.out_of_place(*component, &self.others.restored, world).is_empty()
            {
                self.report.add_not_as_saved(&column.type_path);
            }
        }
    }

    /// Puts children in order that existed already, come late, or were moved meanwhile. No hook
    /// runs for that. Unsaved children keep their places among them.
    pub(super) fn sort_children(&self, world: &mut World) {
        let none_moved = self.stamps.nothing_ran_until_now(world);
        for (parent, children) in &self.image.child_orders {
            let was_there = |rank: &u32| {
                let origin = self.origins.get(*rank as usize);
                matches!(origin, Some(Origin::Placed | Origin::Staying))
            };
            if none_moved && !was_there(parent) && !children.iter().any(was_there) {
                continue;
            }
            let Some(parent) = self.entity_in_world(*parent) else { continue };
            let wanted = children.iter().filter_map(|rank| self.entity_in_world(*rank));
            sort_like(world, parent, &wanted.collect::<Vec<_>>());
        }
        for list in &self.lists {
            if let Some(Part::Parent(component)) = self.parts.get(list.column as usize) {
                let wanted = list.wanted_if_changed(*component, &self.others.restored, world);
                sort_like(world, list.target, &wanted);
            }
        }
    }

    /// The column of links for a column of orders.
    fn links_of(&self, type_path: &str) -> Option<u32> {
        let columns = &self.image.columns;
        let orders = columns.iter().find(|column| &*column.type_path == type_path)?;
        let DecodedColumn::Order(orders) = &orders.decoded else { return None };
        let links = columns.iter().position(|column| column.type_path == orders.relationship)?;
        u32::try_from(links).ok()
    }

    fn entity_in_world(&self, rank: u32) -> Option<Entity> {
        let waits = self.origins.get(rank as usize) == Some(&Origin::Waiting);
        self.entities.get(rank as usize).copied().filter(|_| !waits)
    }
}

impl KeptList {
    /// The sources that have to be linked again, in this order, so that the list has its order.
    fn out_of_place(
        &self,
        component: ComponentId,
        restored: &EntityHashSet,
        world: &World,
    ) -> Vec<Entity> {
        let late = self.first_out_of_turn(component, world);
        if late.is_none() && !self.is_changed(component, world) {
            return Vec::new();
        }
        let mut wanted = self.wanted(component, restored, world);
        let late = wanted.iter().position(|source| Some(*source) == late);
        let in_order = in_order(&self.sources(component, world), &wanted);
        wanted.split_off(late.unwrap_or(usize::MAX).min(in_order))
    }

    /// The wanted members of the list, in order, if the list has changed.
    fn wanted_if_changed(
        &self,
        component: ComponentId,
        restored: &EntityHashSet,
        world: &World,
    ) -> Vec<Entity> {
        if !self.is_changed(component, world) {
            return Vec::new();
        }
        self.wanted(component, restored, world)
    }

    /// The saved members of the list, in the order that it is to have.
    fn wanted(
        &self,
        component: ComponentId,
        restored: &EntityHashSet,
        world: &World,
    ) -> Vec<Entity> {
        let sources = self.sources(component, world);
        let present: HashSet<Entity> = sources.iter().copied().collect();
        let mut wanted = match &self.order {
            Order::Saved(saved) => saved.clone(),
            Order::Kept { before, named, .. } => {
                let known: HashSet<Entity> = before.iter().copied().collect();
                let new = sources.iter().filter(|source| !known.contains(*source));
                let there = before.iter().filter(|source| present.contains(*source));
                let list: Vec<Entity> = there.chain(new).copied().collect();
                let late = named.iter().copied();
                let late =
                    late.filter(|source| restored.contains(source) && present.contains(source));
                put_in_place(&list, named, &late.collect())
            }
        };
        wanted.retain(|source| present.contains(source) && world.get::<Saved>(*source).is_some());
        wanted
    }

    fn sources(&self, component: ComponentId, world: &World) -> Vec<Entity> {
        let related = Related::of(world, component);
        let sources = related.and_then(|related| related.sources(self.target));
        sources.into_iter().flatten().collect()
    }

    /// Returns true if the list changed since it had its order.
    fn is_changed(&self, component: ComponentId, world: &World) -> bool {
        self.is_changed_since(self.settled, component, world)
    }

    fn is_changed_since(&self, since: Tick, component: ComponentId, world: &World) -> bool {
        let list = Related::of(world, component).map(|related| related.target());
        let target = world.get_entity(self.target).ok();
        let ticks = target.zip(list).and_then(|(it, list)| it.get_change_ticks_by_id(list));
        ticks.is_some_and(|ticks| ticks.changed.is_newer_than(since, world.read_change_tick()))
    }

    /// The first source that wasn't linked after the one before. Such a list may have been changed
    /// between two links, which its tick doesn't show.
    fn first_out_of_turn(&self, component: ComponentId, world: &World) -> Option<Entity> {
        let (Order::Saved(linked) | Order::Kept { linked, .. }) = &self.order;
        let related = Related::of(world, component)?;
        let now = world.read_change_tick();
        let mut last: Option<Tick> = None;
        linked.iter().copied().find(|source| {
            if related.target_entity(*source) != Some(self.target) {
                return false;
            }
            let source = world.get_entity(*source).ok();
            let ticks = source.and_then(|source| source.get_change_ticks_by_id(component));
            let Some(ticks) = ticks else { return false };
            let before = last.replace(ticks.changed);
            before.is_some_and(|before| !ticks.changed.is_newer_than(before, now))
        })
    }

    /// Notes that some were linked again.
    fn settle(&mut self, again: Vec<Entity>, world: &mut World) {
        self.settled = world.increment_change_tick();
        if let Order::Kept { linked, .. } = &mut self.order {
            *linked = again;
        }
    }
}

/// Puts the lists of a world in which entities stay in their order. Returns true if any wasn't.
///
/// A source at its place isn't linked again. A list that wasn't changed since the checkpoint was
/// captured, if that is known, is as it was.
pub(super) fn order_saved_lists(
    replacement: &mut Replacement,
    since: Option<Tick>,
    world: &mut World,
) -> bool {
    if replacement.image.link_orders.is_empty() {
        return false;
    }
    let settled = replacement.stamps.move_on(world);
    let mut any = false;
    let mut kept = Vec::new();
    for (column, lists) in &replacement.image.link_orders {
        let (Some(Part::Link(component)), Some(links)) = (
            replacement.parts.get(*column as usize),
            replacement.image.columns.get(*column as usize),
        ) else {
            continue;
        };
        let DecodedColumn::Component(rows) = &links.decoded else { continue };
        for (target, sources) in lists {
            // The level may have spawned it again.
            let is_placed = replacement.image.has_key(*target)
                || sources.iter().any(|source| replacement.image.has_key(*source));
            let Some(target) = replacement.entity_in_world(*target) else { continue };
            let sources = sources.iter().filter_map(|rank| replacement.entity_in_world(*rank));
            // Ticks say nothing here: most were linked long ago.
            let order =
                Order::Kept { before: sources.collect(), named: Vec::new(), linked: Vec::new() };
            let mut list = KeptList { column: *column, target, order, settled };
            let is_known = |since: Tick| !list.is_changed_since(since, *component, world);
            if !is_placed && since.is_some_and(is_known) {
                kept.push(list);
                continue;
            }
            let mut late = list.wanted(*component, &replacement.others.restored, world);
            let mut late = late.split_off(in_order(&list.sources(*component, world), &late));
            for (place, source) in (1..).zip(&late) {
                world.increment_change_tick();
                rows.link_again(world, *source);
                // A set has no order: nobody who is linked again comes last in it.
                if list.sources(*component, world).last() != Some(source) {
                    late.truncate(place);
                    break;
                }
            }
            any |= !late.is_empty();
            list.settle(late, world);
            kept.push(list);
        }
    }
    replacement.lists.extend(kept);
    any
}

/// The length of the prefix of `wanted` that a list has in this order.
fn in_order(list: &[Entity], wanted: &[Entity]) -> usize {
    let mut found = 0;
    for source in list {
        if wanted.get(found) == Some(source) {
            found += 1;
        }
    }
    found
}

/// The relationship's lists of saved targets.
fn lists_in_world(world: &mut World, component: ComponentId) -> Vec<(Entity, Vec<Entity>)> {
    let Some(list) = Related::of(world, component).map(|related| related.target()) else {
        return Vec::new();
    };
    let mut targets = unfiltered(world, |world| {
        QueryBuilder::<Entity, IsSaved>::new(world).with_id(list).build()
    });
    let targets: Vec<Entity> = targets.iter(world).collect();
    let Some(related) = Related::of(world, component) else { return Vec::new() };
    let lists = targets.into_iter().filter_map(|target| {
        let sources = related.sources(target)?;
        Some((target, sources.collect()))
    });
    lists.collect()
}

fn sort_like(world: &mut World, parent: Entity, wanted: &[Entity]) {
    let Some(children) = world.get::<Children>(parent) else { return };
    if in_order(children, wanted) == wanted.len() {
        return;
    }
    let places: HashMap<Entity, usize> = children.iter().copied().zip(0..).collect();
    let wanted: Vec<Entity> =
        wanted.iter().copied().filter(|child| places.contains_key(child)).collect();
    let mut free: Vec<usize> =
        wanted.iter().filter_map(|child| places.get(child).copied()).collect();
    if free.is_sorted() {
        return;
    }
    free.sort_unstable();
    let sorted: HashMap<Entity, usize> = wanted.into_iter().zip(free).collect();
    if let Some(mut children) = world.get_mut::<Children>(parent) {
        children.sort_by_key(|child| sorted.get(child).or_else(|| places.get(child)).copied());
    }
}
