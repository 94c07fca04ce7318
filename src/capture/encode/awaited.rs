//! Lists that name entities which aren't in the world: their places are kept until they come.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use bevy::ecs::entity::Entity;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::Values;

use super::carried::{Carried, CarriedRow};
use super::split::Split;
use crate::saved::{Codec, OrderCodec};

/// The order of a target's sources, some of which aren't in the world.
///
/// The world's list lacks those, and the one in the journal still names them. So a checkpoint of
/// this run has the same places for them as the one that was restored.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct AwaitedOrders {
    columns: BTreeMap<Arc<str>, BTreeMap<SaveId, AwaitedOrder>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct AwaitedOrder {
    names: Vec<SaveId>,
    /// True if other sources joined or the order changed since a checkpoint was last written.
    is_changed: bool,
    /// The sources that were missing when a checkpoint was last written.
    awaited: HashSet<SaveId>,
    row: Row,
}

/// The journal's row of a list with missing sources.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Row {
    /// Nothing yet.
    None,
    /// The world's list, completed.
    OfWorld,
    /// A list that the world doesn't have: too few of its sources exist.
    OfAwaited,
}

/// The order of one target's sources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NamedOrder {
    /// The column of the order.
    pub type_path: Arc<str>,
    /// The owner of the list.
    pub target: SaveId,
    /// The listed sources.
    pub names: Vec<SaveId>,
}

/// The rows of an order's column that a checkpoint changes.
struct OrderRows {
    values: BTreeMap<SaveId, Vec<u8>>,
    removed: BTreeSet<SaveId>,
}

impl NamedOrder {
    /// The order in a row.
    pub(super) fn of(type_path: &Arc<str>, target: SaveId, row: &[u8]) -> Self {
        Self { type_path: type_path.clone(), target, names: decode(row) }
    }
}

impl AwaitedOrders {
    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Adds a list. Sources that were missing from it before keep their places.
    pub(super) fn add(&mut self, order: NamedOrder) {
        let NamedOrder { type_path, target, names } = order;
        let lists = self.columns.entry(type_path).or_default();
        if let Some(known) = lists.get_mut(&target) {
            let missing = known.names.iter().filter(|name| !names.contains(name));
            let names = put_in_place(&names, &known.names, &missing.copied().collect());
            known.is_changed |= names != known.names;
            known.names = names;
            return;
        }
        let (awaited, row) = (HashSet::new(), Row::None);
        let order = AwaitedOrder { names, is_changed: true, awaited, row };
        lists.insert(target, order);
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (type_path, lists) in other.columns {
            for (target, list) in lists {
                self.columns.entry(type_path.clone()).or_default().entry(target).or_insert(list);
            }
        }
    }

    /// Forgets the lists of a target.
    pub(super) fn forget(&mut self, target: SaveId) {
        self.retain(|id, _| *id != target);
    }

    /// Forgets the lists of all targets but these.
    pub(super) fn keep_only(&mut self, targets: &HashSet<SaveId>) {
        self.retain(|id, _| targets.contains(id));
    }

    fn retain(&mut self, mut stays: impl FnMut(&SaveId, &mut AwaitedOrder) -> bool) {
        for lists in self.columns.values_mut() {
            lists.retain(&mut stays);
        }
        self.columns.retain(|_, lists| !lists.is_empty());
    }

    /// The lists that name one of these.
    pub(super) fn naming(&self, sources: &HashSet<SaveId>) -> Vec<NamedOrder> {
        let lists = self.columns.iter().flat_map(|(type_path, lists)| {
            lists.iter().map(move |(target, list)| (type_path, target, list))
        });
        let naming =
            lists.filter(|(.., list)| list.names.iter().any(|name| sources.contains(name)));
        naming
            .map(|(type_path, target, list)| {
                let (type_path, names) = (type_path.clone(), list.names.clone());
                NamedOrder { type_path, target: *target, names }
            })
            .collect()
    }

    /// Takes the lists of a target.
    pub(super) fn take(&mut self, target: SaveId) -> Vec<(Arc<str>, Vec<u8>)> {
        let lists = self.columns.iter_mut().filter_map(|(type_path, lists)| {
            Some((type_path.clone(), encode(&lists.remove(&target)?.names)?))
        });
        let taken = lists.collect();
        self.columns.retain(|_, lists| !lists.is_empty());
        taken
    }

    /// The number of rows of a column that only the journal has, not the world.
    pub(super) fn rows(&self, type_path: &str) -> u64 {
        let lists = self.columns.get(type_path).into_iter().flat_map(BTreeMap::values);
        lists.filter(|list| list.row == Row::OfAwaited).count() as u64
    }

    /// Inserts the awaited sources at their places in the world's rows of a column, which are all
    /// rows or the changed ones.
    fn complete(
        &mut self,
        type_path: &str,
        is_everything: bool,
        waiting: &HashSet<SaveId>,
        rows: &mut OrderRows,
    ) {
        let Some(lists) = self.columns.get_mut(type_path) else { return };
        lists.retain(|target, list| {
            let awaited: HashSet<SaveId> =
                list.names.iter().copied().filter(|name| waiting.contains(name)).collect();
            let names = &mut list.names;
            if let Some(written) = rows.values.get_mut(target) {
                *names = put_in_place(&decode(written), names, &awaited);
                *written = encode(names).unwrap_or_default();
                list.row = Row::OfWorld;
            } else {
                // Who was awaited and isn't any more hasn't come to this list.
                let all = names.len();
                names.retain(|name| !list.awaited.contains(name) || awaited.contains(name));
                let is_changed = list.is_changed || names.len() < all;
                let is_removed = is_everything || rows.removed.contains(target);
                let row = || encode(names).unwrap_or_default();
                if list.row == Row::OfWorld && !is_removed {
                    if is_changed {
                        rows.values.insert(*target, row());
                    }
                } else if awaited.is_empty() {
                    if list.row == Row::OfAwaited && !is_everything {
                        rows.removed.insert(*target);
                    }
                } else if is_removed || list.row == Row::None || is_changed {
                    // Who is named and gone is passed over where the row is read.
                    rows.removed.remove(target);
                    rows.values.insert(*target, row());
                    list.row = Row::OfAwaited;
                }
            }
            list.is_changed = false;
            list.awaited = awaited;
            !list.awaited.is_empty()
        });
        self.columns.retain(|_, lists| !lists.is_empty());
    }
}

impl Carried {
    /// Adds the names of absent sources to the rows of a column, if it is one of lists.
    pub(super) fn complete_order(
        &mut self,
        type_path: &str,
        is_everything: bool,
        removed: Vec<SaveId>,
        values: Vec<Values>,
    ) -> (Vec<SaveId>, Vec<Values>) {
        if !self.orders.columns.contains_key(type_path) {
            return (removed, values);
        }
        let waiting: HashSet<SaveId> = self.waiting_ids().collect();
        let rows = values.iter().flat_map(Values::iter);
        let values = rows.map(|(id, value)| (id, value.to_vec())).collect();
        let mut rows = OrderRows { values, removed: removed.into_iter().collect() };
        self.orders.complete(type_path, is_everything, &waiting, &mut rows);
        let mut values = Split::default();
        rows.values.iter().for_each(|(id, value)| values.push(*id, value));
        (rows.removed.into_iter().collect(), values.finish())
    }

    /// Keeps waiting for sources that the lists of claimed entities name and that are still
    /// missing.
    pub(super) fn await_the_rest(
        &mut self,
        columns: &HashSet<&str>,
        claimed: &[(Arc<str>, SaveId, CarriedRow)],
    ) {
        let waiting: HashSet<SaveId> = self.waiting_ids().collect();
        for (type_path, target, row) in claimed {
            if !columns.contains(&**type_path) {
                continue;
            }
            let names = decode(&row.value);
            if names.iter().any(|name| waiting.contains(name)) {
                self.await_in(NamedOrder { type_path: type_path.clone(), target: *target, names });
            }
        }
    }
}

/// The sources that a row of an order names.
fn decode(row: &[u8]) -> Vec<SaveId> {
    let names = OrderCodec.decode(row).unwrap_or_default();
    names.into_iter().map(|name| SaveId(name.to_bits())).collect()
}

fn encode(names: &[SaveId]) -> Option<Vec<u8>> {
    let names = names.iter().filter_map(|name| Entity::try_from_bits(name.0)).collect();
    let mut row = Vec::new();
    OrderCodec.encode(&names, &mut row).ok()?;
    Some(row)
}

/// A list in which the `moved` members are at their places in `order`, after the members that they
/// follow there.
///
/// All others stay as in `list`. A moved member that isn't in `order` comes last, if it is in the
/// list at all.
pub(crate) fn put_in_place<T: Copy + Eq + Hash>(
    list: &[T],
    order: &[T],
    moved: &HashSet<T>,
) -> Vec<T> {
    let stays: HashSet<T> = list.iter().copied().filter(|member| !moved.contains(member)).collect();
    let mut left = moved.clone();
    let (mut first, mut following) = (Vec::new(), HashMap::<T, Vec<T>>::new());
    let mut before = None;
    for member in order {
        if stays.contains(member) {
            before = Some(*member);
        } else if left.remove(member) {
            match before {
                Some(before) => following.entry(before).or_default().push(*member),
                None => first.push(*member),
            }
        }
    }
    let head = order.iter().find(|member| stays.contains(member));
    let mut placed = Vec::with_capacity(list.len());
    for member in list.iter().filter(|member| stays.contains(member)) {
        if Some(member) == head {
            placed.append(&mut first);
        }
        placed.push(*member);
        placed.extend(following.remove(member).unwrap_or_default());
    }
    placed.append(&mut first);
    placed.extend(list.iter().filter(|member| left.remove(member)));
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(list: &str, order: &str, moved: &str) -> String {
        let letters = |text: &str| text.chars().collect::<Vec<char>>();
        put_in_place(&letters(list), &letters(order), &moved.chars().collect()).iter().collect()
    }

    #[test]
    fn late_members_are_put_where_the_saved_order_has_them() {
        assert_eq!(put("acb", "abc", "b"), "abc");
        assert_eq!(put("bca", "abc", "a"), "abc");
        assert_eq!(put("dabc", "dcba", "bc"), "dcba");
        assert_eq!(put("", "abc", "abc"), "abc", "of no list");
    }

    #[test]
    fn other_members_keep_the_order_of_the_game() {
        assert_eq!(put("cabx", "abxc", "x"), "cabx");
        assert_eq!(put("lb", "ab", "a"), "lab", "one that isn't named comes before");
        assert_eq!(put("acnb", "abc", "b"), "abcn");
        assert_eq!(put("anx", "ab", "xb"), "abnx", "one that the order doesn't know comes last");
    }

    #[test]
    fn a_name_twice_in_the_order_is_put_once() {
        assert_eq!(put("ab", "bab", "b"), "ba");
    }
}
