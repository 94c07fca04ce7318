//! A number for all that is saved, which shows whether the colony that came back is the one that was
//! captured. A game has no need of this.

use bevy::ecs::query::QueryData;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::prelude::*;
use xxhash_rust::xxh3::Xxh3Default;

use crate::colony::{
    Bug, Building, Colony, Condition, Daytime, Identity, Inventory, Ore, Position,
};

/// Reads everything that is saved.
#[derive(SystemParam)]
pub struct Digest<'w, 's> {
    everybody: Query<'w, 's, Body>,
    identities: Query<'w, 's, &'static Identity>,
    saved: Query<'w, 's, (), With<Saved>>,
    colony: Option<Res<'w, Colony>>,
    bug: Option<Res<'w, Bug>>,
    daytime: Res<'w, State<Daytime>>,
    next_daytime: Res<'w, NextState<Daytime>>,
}

#[derive(QueryData)]
struct Body {
    identity: &'static Identity,
    position: Option<&'static Position>,
    condition: Option<&'static Condition>,
    inventory: Option<&'static Inventory>,
    name: Option<&'static Name>,
    ore: Option<&'static Ore>,
    building: Option<&'static Building>,
    parent: Option<&'static ChildOf>,
    children: Option<&'static Children>,
}

impl Digest<'_, '_> {
    /// The hash as it is printed.
    pub fn text(&self) -> String {
        format!("{:016x}", self.hash())
    }

    /// The digest, the same for the same colony, for any `Entity` of its members.
    fn hash(&self) -> u64 {
        let mut hash = Hash::default();
        hash.list(self.saved.iter(), |_, ()| {});
        let mut everybody: Vec<_> = self.everybody.iter().collect();
        everybody.sort_unstable_by_key(|body| body.identity.number);
        hash.list(everybody.into_iter(), |hash, body| self.add(hash, &body));
        hash.option(self.colony.as_deref(), |hash, colony| {
            let Colony { seed, tick, deeds, next_number, mined, pace } = *colony;
            hash.numbers([seed, tick, deeds, u64::from(next_number), mined, pace.to_bits()]);
        });
        hash.option(self.bug.as_deref(), |hash, Bug { seed, from }| {
            hash.option(*seed, |hash, seed| hash.numbers([seed]));
            hash.numbers([*from]);
        });
        hash.text(&format!("{:?}, then {:?}", self.daytime.get(), *self.next_daytime));
        hash.0.digest()
    }

    // The patterns name every field, so that none can be added and forgotten here.
    fn add(&self, hash: &mut Hash, body: &BodyItem) {
        let Identity { number, place, kind } = *body.identity;
        hash.numbers([u64::from(number), u64::from(place), kind as u64]);
        hash.option(body.position, |hash, &Position { x, y }| hash.floats([x, y]));
        hash.option(body.condition, |hash, &Condition { strength, wear }| {
            hash.floats([strength]);
            hash.numbers([u64::from(wear)]);
        });
        hash.option(body.inventory, |hash, Inventory(items)| {
            hash.list(items.iter(), |hash, item| hash.numbers([u64::from(*item)]));
        });
        hash.option(body.name, |hash, name| hash.text(name));
        hash.option(body.ore, |hash, Ore { claimed_by }| {
            hash.option(*claimed_by, |hash, worker| self.refer(hash, worker));
        });
        hash.option(body.building, |hash, Building { foreman, staff }| {
            hash.option(*foreman, |hash, worker| self.refer(hash, worker));
            hash.list(staff.iter(), |hash, worker| self.refer(hash, *worker));
        });
        hash.option(body.parent, |hash, parent| self.refer(hash, parent.parent()));
        hash.option(body.children, |hash, children| {
            hash.list(children.iter(), |hash, child| self.refer(hash, child));
        });
    }

    /// Who is meant, or no one if the entity is gone: which it was doesn't come back.
    fn refer(&self, hash: &mut Hash, entity: Entity) {
        hash.option(self.identities.get(entity).ok(), |hash, identity| {
            hash.numbers([u64::from(identity.number)]);
        });
    }
}

#[derive(Default)]
struct Hash(Xxh3Default);

impl Hash {
    fn numbers<const N: usize>(&mut self, numbers: [u64; N]) {
        for number in numbers {
            self.0.update(&number.to_le_bytes());
        }
    }

    fn floats<const N: usize>(&mut self, floats: [f32; N]) {
        for float in floats {
            self.0.update(&float.to_le_bytes());
        }
    }

    fn text(&mut self, text: &str) {
        self.0.update(text.as_bytes());
        self.numbers([text.len() as u64]);
    }

    fn option<T>(&mut self, value: Option<T>, add: impl FnOnce(&mut Self, T)) {
        self.numbers([u64::from(value.is_some())]);
        if let Some(value) = value {
            add(self, value);
        }
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut add: impl FnMut(&mut Self, T)) {
        let mut count = 0;
        for item in items {
            add(self, item);
            count += 1;
        }
        self.numbers([count]);
    }
}
