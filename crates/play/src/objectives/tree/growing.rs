//! Puts objectives into a tree, by their keys.

use bevy::platform::collections::HashMap;

use bevy::prelude::*;

use super::{Node, Objectives};
use crate::objectives::key::ObjectiveKey;
use crate::objectives::objective::Objective;
use crate::objectives::problem::ObjectiveProblem;
use crate::objectives::progress::ObjectiveProgress;

/// An objective as it is found in the world.
pub(crate) struct Seed {
    pub entity: Entity,
    pub definition: Objective,
    pub progress: ObjectiveProgress,
}

/// Makes a tree of those that count: one of each key, the oldest, and no more than there may be. `seeds` come by age.
pub(crate) fn grow(seeds: Vec<Seed>) -> (Objectives, Vec<ObjectiveProblem>) {
    let (mut seeds, problems) = those_that_count(seeds);
    seeds.sort_by(|one, other| by_key(one).cmp(by_key(other)));
    let groups = groups_of(&seeds);
    let order = order_of(&seeds, &groups);
    let mut places = vec![0; seeds.len()];
    for (place, seed) in order.iter().enumerate() {
        if let Some(slot) = places.get_mut(*seed) {
            *slot = place;
        }
    }
    let place_of = |seed: usize| places.get(seed).copied();
    let mut seeds: Vec<Option<Seed>> = seeds.into_iter().map(Some).collect();
    let mut tree = Objectives::default();
    for index in order {
        let group = groups.get(index).copied().flatten().and_then(place_of);
        if let Some(seed) = seeds.get_mut(index).and_then(Option::take) {
            tree.plant(seed, group);
        }
    }
    tree.close_ranges();
    (tree, problems)
}

fn by_key(seed: &Seed) -> &ObjectiveKey {
    seed.definition.key()
}

fn those_that_count(seeds: Vec<Seed>) -> (Vec<Seed>, Vec<ObjectiveProblem>) {
    let mut problems = Vec::new();
    let mut known: HashMap<ObjectiveKey, bool> = HashMap::new();
    let mut counting = Vec::with_capacity(seeds.len());
    let mut count = 0;
    for seed in seeds {
        let key = seed.definition.key().clone();
        if let Err(error) = key.check() {
            problems.push(ObjectiveProblem::InvalidKey { key, error });
            continue;
        }
        if let Some(is_said) = known.get_mut(&key) {
            if !std::mem::replace(is_said, true) {
                problems.push(ObjectiveProblem::Duplicate { key });
            }
            continue;
        }
        known.insert(key, false);
        count += 1;
        if count <= Objectives::MOST {
            counting.push(seed);
        }
    }
    if count > Objectives::MOST {
        problems.push(ObjectiveProblem::TooMany { count });
    }
    (counting, problems)
}

/// For each, the nearest group around it that is there.
fn groups_of(seeds: &[Seed]) -> Vec<Option<usize>> {
    let keys: HashMap<&str, usize> =
        seeds.iter().enumerate().map(|(index, seed)| (by_key(seed).as_str(), index)).collect();
    let group = |seed: &Seed| by_key(seed).groups().find_map(|group| keys.get(group).copied());
    seeds.iter().map(group).collect()
}

/// Each group before what is in it; members by their order, and by key if that is equal.
fn order_of(seeds: &[Seed], groups: &[Option<usize>]) -> Vec<usize> {
    let mut members: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for (index, group) in groups.iter().enumerate() {
        members.entry(*group).or_default().push(index);
    }
    // They are sorted by key already, and this is stable. The last one is taken off the stack first.
    for list in members.values_mut() {
        list.sort_by_key(|index| seeds.get(*index).map(|seed| seed.definition.place()));
        list.reverse();
    }
    let mut order = Vec::with_capacity(seeds.len());
    let mut stack = members.remove(&None).unwrap_or_default();
    while let Some(index) = stack.pop() {
        order.push(index);
        stack.extend(members.remove(&Some(index)).unwrap_or_default());
    }
    order
}

impl Objectives {
    fn plant(&mut self, seed: Seed, group: Option<usize>) {
        let place = self.nodes.len();
        let Seed { entity, definition, progress } = seed;
        let depth = match group.and_then(|group| self.nodes.get_mut(group)) {
            Some(group) => {
                group.members.push(place);
                group.depth + 1
            }
            None => 0,
        };
        self.places.insert(definition.key().clone(), place);
        self.entities.insert(entity, place);
        self.nodes.push(Node {
            entity,
            definition,
            progress,
            depth,
            group,
            members: Vec::new(),
            end: place + 1,
            needs: Vec::new(),
            needed_by: Vec::new(),
            share: 0.0,
        });
    }

    /// Sets the end of each group to that of its last member.
    fn close_ranges(&mut self) {
        for place in (0..self.nodes.len()).rev() {
            let end_of = |member: &usize| self.nodes.get(*member).map(|node| node.end);
            let last = self.nodes.get(place).and_then(|node| node.members.last()).and_then(end_of);
            if let (Some(end), Some(node)) = (last, self.nodes.get_mut(place)) {
                node.end = end;
            }
        }
    }

    /// Finds what each needs. `former` are the keys of older builds.
    pub(crate) fn tie(&mut self, former: HashMap<ObjectiveKey, ObjectiveKey>) {
        self.former = former;
        for place in 0..self.nodes.len() {
            let Some(node) = self.nodes.get(place) else { continue };
            let needs: Vec<Option<usize>> =
                node.definition.needed().iter().map(|need| self.place(need)).collect();
            for need in needs.iter().flatten() {
                if let Some(needed) = self.nodes.get_mut(*need) {
                    needed.needed_by.push(place);
                }
            }
            if let Some(node) = self.nodes.get_mut(place) {
                node.needs = needs;
            }
        }
    }
}
