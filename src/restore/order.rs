//! The order of spawning: parents first, and siblings in their order. Every parent exists before
//! its children refer to it, and `Children` is filled in the saved order.

/// The rank of no entity.
pub(super) const NO_ONE: u32 = u32::MAX;

/// The order of spawning, by rank.
#[derive(Debug, Default)]
pub(super) struct SpawnOrder {
    /// Every entity once.
    pub ranks: Vec<u32>,
    /// Entities whose link to their parent is left out, because it would close a circle.
    pub cut: Vec<u32>,
}

/// Orders entities for spawning.
///
/// `parents` has the parent of each entity, or [`NO_ONE`]. `orders` has, for some parents, their
/// children in order. Neither is trusted: circles are cut, and children of another parent ignored.
pub(super) fn spawn_order(parents: &[u32], orders: &[(u32, Vec<u32>)]) -> SpawnOrder {
    let families = Families::new(parents, orders);
    let mut walk =
        Walk { families, is_placed: vec![false; parents.len()], order: SpawnOrder::default() };
    for (rank, parent) in (0_u32..).zip(parents) {
        if *parent == NO_ONE {
            walk.place_with_descendants(rank);
        }
    }
    // What is left hangs from circles, each of which has no beginning.
    let mut last_seen_by = vec![NO_ONE; parents.len()];
    for rank in 0..parents.len() as u32 {
        if !walk.is_placed(rank) {
            let member = member_of_circle(parents, rank, &mut last_seen_by);
            walk.order.cut.push(member);
            walk.place_with_descendants(member);
        }
    }
    walk.order
}

/// The children of each parent, in order.
struct Families {
    /// The end of each parent's children in `children`; they start at the end of the previous
    /// one's.
    ends: Vec<usize>,
    children: Vec<u32>,
}

impl Families {
    fn new(parents: &[u32], orders: &[(u32, Vec<u32>)]) -> Self {
        let positions = positions(parents, orders);
        let mut children: Vec<(u32, u32, u32)> = (0_u32..)
            .zip(parents.iter().zip(positions))
            .filter(|(_, (parent, _))| **parent != NO_ONE)
            .map(|(child, (parent, position))| (*parent, position, child))
            .collect();
        children.sort_unstable();
        let mut ends = vec![0_usize; parents.len()];
        for (parent, _, _) in &children {
            if let Some(end) = ends.get_mut(*parent as usize) {
                *end += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        Self { ends, children: children.into_iter().map(|(_, _, child)| child).collect() }
    }

    fn children(&self, parent: u32) -> &[u32] {
        let parent = parent as usize;
        let end = self.ends.get(parent).copied().unwrap_or_default();
        let start = parent.checked_sub(1).and_then(|before| self.ends.get(before));
        self.children.get(start.copied().unwrap_or_default()..end).unwrap_or_default()
    }
}

/// The place of each entity among its siblings; entities without one come last.
fn positions(parents: &[u32], orders: &[(u32, Vec<u32>)]) -> Vec<u32> {
    let mut positions = vec![NO_ONE; parents.len()];
    for (parent, children) in orders {
        for (position, child) in (0_u32..).zip(children) {
            if parents.get(*child as usize) == Some(parent)
                && let Some(place) = positions.get_mut(*child as usize)
            {
                *place = position;
            }
        }
    }
    positions
}

struct Walk {
    families: Families,
    is_placed: Vec<bool>,
    order: SpawnOrder,
}

impl Walk {
    fn is_placed(&self, rank: u32) -> bool {
        self.is_placed.get(rank as usize).copied().unwrap_or(true)
    }

    fn place_with_descendants(&mut self, root: u32) {
        let mut waiting = vec![root];
        while let Some(rank) = waiting.pop() {
            match self.is_placed.get_mut(rank as usize) {
                Some(is_placed) if !*is_placed => *is_placed = true,
                _ => continue,
            }
            self.order.ranks.push(rank);
            waiting.extend(self.families.children(rank).iter().rev());
        }
    }
}

/// Follows the parents from `rank` until one appears a second time.
fn member_of_circle(parents: &[u32], rank: u32, last_seen_by: &mut [u32]) -> u32 {
    let mut member = rank;
    loop {
        match last_seen_by.get_mut(member as usize) {
            Some(seen_by) if *seen_by != rank => *seen_by = rank,
            _ => return member,
        }
        member = parents.get(member as usize).copied().unwrap_or(rank);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_siblings_in_order() {
        // 0 ─ 2, 3, 4 and 1 ─ 5, the former in the order 4, 2, 3.
        let parents = [NO_ONE, NO_ONE, 0, 0, 0, 1];
        let order = spawn_order(&parents, &[(0, vec![4, 2, 3])]);
        assert_eq!(order.ranks, [0, 4, 2, 3, 1, 5]);
        assert!(order.cut.is_empty());
    }

    #[test]
    fn children_that_the_order_forgot_come_last() {
        let order = spawn_order(&[NO_ONE, 0, 0, 0], &[(0, vec![3, 99, 0])]);
        assert_eq!(order.ranks, [0, 3, 1, 2]);
    }

    #[test]
    fn a_circle_is_cut_once() {
        // 1 → 2 → 3 → 1, with 0 hanging from it and 4 being its own parent.
        let order = spawn_order(&[2, 2, 3, 1, 4], &[]);
        let mut all = order.ranks.clone();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4], "everybody should be spawned once");
        assert_eq!(order.cut.len(), 2, "one link of each circle should go");
    }

    #[test]
    fn a_chain_of_a_million_needs_no_deep_stack() {
        let parents: Vec<u32> =
            (0..1_000_000_u32).map(|rank| rank.checked_sub(1).unwrap_or(NO_ONE)).collect();
        assert_eq!(spawn_order(&parents, &[]).ranks.len(), 1_000_000);
    }
}
