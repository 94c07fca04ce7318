//! Finds each entity of one world in another, in which the same moment was played.

use std::collections::HashMap;

use bevy::ecs::entity::Entity;

use super::signature::Strangers;

/// Pairs of the same entity, first those that are equal in all saved data, then those that have the
/// same types and name.
pub(super) fn pairs(played: &Strangers, recorded: &Strangers) -> Vec<(Entity, Entity)> {
    let mut pairs = Vec::new();
    let mut left = (places(played), places(recorded));
    for numbers in [(&*played.exact, &*recorded.exact), (&*played.rough, &*recorded.rough)] {
        left = matched(numbers, left, |ours, theirs| {
            pairs.extend(
                played.entities.get(ours).copied().zip(recorded.entities.get(theirs).copied()),
            );
        });
    }
    pairs
}

type Places = Vec<usize>;

fn places(strangers: &Strangers) -> Places {
    (0..strangers.entities.len()).collect()
}

/// Passes on the entities with the same number; returns the others.
fn matched(
    (ours, theirs): (&[u64], &[u64]),
    (our_places, their_places): (Places, Places),
    mut pair: impl FnMut(usize, usize),
) -> (Places, Places) {
    let mut waiting: HashMap<u64, Vec<usize>> = HashMap::new();
    for place in their_places.iter().rev() {
        waiting.entry(theirs.get(*place).copied().unwrap_or_default()).or_default().push(*place);
    }
    let mut left = Vec::new();
    for place in our_places {
        let number = ours.get(place).copied().unwrap_or_default();
        match waiting.get_mut(&number).and_then(Vec::pop) {
            Some(other) => pair(place, other),
            None => left.push(place),
        }
    }
    let mut others: Vec<usize> = waiting.into_values().flatten().collect();
    others.sort_unstable();
    (left, others)
}
