//! Who imports whom, by name, and what can be said of that.

use std::collections::{BTreeMap, BTreeSet};

/// Who imports whom.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// Who can be reached from a node, which is among them if it is in a circle.
pub fn reached(edges: &Edges, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from.to_owned()];
    while let Some(node) = waiting.pop() {
        for next in edges.get(&node).into_iter().flatten() {
            if reached.insert(next.clone()) {
                waiting.push(next.clone());
            }
        }
    }
    reached
}

/// The nodes that all reach each other, the most first.
pub fn loops(edges: &Edges) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<String>> =
        edges.keys().map(|node| (node, reached(edges, node))).collect();
    let reaches = |from: &String, to: &String| reached.get(from).is_some_and(|it| it.contains(to));
    let with = |(node, all): (&&String, &BTreeSet<String>)| -> BTreeSet<String> {
        all.iter().filter(|other| reaches(other, node)).cloned().collect()
    };
    let mut loops: Vec<BTreeSet<String>> = reached.iter().map(with).collect();
    loops.sort_by(|one, other| (other.len(), other).cmp(&(one.len(), one)));
    loops.dedup();
    loops.retain(|nodes| !nodes.is_empty());
    loops
}
