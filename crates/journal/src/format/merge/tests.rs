//! Merges compared with the simplest thing that could be right.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use super::*;
use crate::format::Rows;
use crate::format::order::GroupOrder;
use crate::format::sample::{removed, values};
use crate::model::ids::{SaveId, limits};

type Group = Vec<Block>;
/// A world: the value of every type and id.
type Model = BTreeMap<(String, u64), (u32, Vec<u8>)>;

fn merged(groups: &[Group], keep_removals: bool) -> Group {
    let sources: Vec<_> =
        groups.iter().map(|group| group.clone().into_iter().map(Ok::<_, Infallible>)).collect();
    let blocks: Vec<Block> = merge(sources, keep_removals).map(Result::unwrap).collect();
    let mut order = GroupOrder::default();
    assert!(blocks.iter().all(|block| order.admit(block)), "the result should be in order");
    blocks
}

/// Applies a group to a model, in the simplest way that the meaning of groups allows.
fn apply(model: &mut Model, group: &Group) {
    for block in group {
        if let Rows::Removed(ids) = &block.rows {
            let is_entities = &*block.type_path == ENTITIES;
            let goes = |path: &str, id: u64| {
                ids.contains(&SaveId(id)) && (is_entities || path == &*block.type_path)
            };
            model.retain(|(path, id), _| !goes(path, *id));
        }
    }
    for block in group {
        if let Rows::Values(values) = &block.rows {
            for (id, value) in values.iter() {
                let key = (block.type_path.to_string(), id.0);
                model.insert(key, (block.type_version, value.to_vec()));
            }
        }
    }
}

fn model_of(groups: &[Group]) -> Model {
    let mut model = Model::new();
    groups.iter().for_each(|group| apply(&mut model, group));
    model
}

/// A generator that needs no dependency and gives every run the same numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn ids(&mut self, one_in: u64) -> Vec<u64> {
        (2..14).filter(|_| self.below(one_in) == 0).collect()
    }

    fn group(&mut self) -> Group {
        let mut group = Vec::new();
        for path in [ENTITIES, "game::Armor", "game::Health", "game::Name"] {
            let gone = self.ids(5);
            if !gone.is_empty() {
                group.push(removed(path, &gone));
            }
            let rows: Vec<(u64, Vec<u8>)> = self
                .ids(3)
                .into_iter()
                .map(|id| (id, vec![self.below(250) as u8; self.below(4) as usize]))
                .collect();
            let rows: Vec<(u64, &[u8])> = rows.iter().map(|(id, value)| (*id, &**value)).collect();
            // Several blocks of one type, as a group of several frames has them.
            for rows in rows.chunks(1 + self.below(4) as usize) {
                let mut block = values(path, rows);
                block.type_version = self.below(2) as u32;
                group.push(block);
            }
        }
        group
    }

    /// Merges neighbours at random until one group is left.
    fn merge_in_any_grouping(&mut self, mut groups: Vec<Group>) -> Group {
        while groups.len() > 1 {
            let start = self.below(groups.len() as u64 - 1) as usize;
            let end = start + 2 + self.below((groups.len() - start - 1) as u64) as usize;
            let result = merged(&groups[start..end], true);
            groups.splice(start..end, [result]);
        }
        groups.pop().unwrap_or_default()
    }
}

#[test]
fn merging_in_any_grouping_equals_applying_one_by_one() {
    let mut random = Random(0x5eed);
    for _ in 0..500 {
        let before: Vec<Group> = (0..random.below(3)).map(|_| random.group()).collect();
        let chain: Vec<Group> = (0..1 + random.below(8)).map(|_| random.group()).collect();
        let all: Vec<Group> = before.iter().chain(&chain).cloned().collect();
        let expected = model_of(&all);

        let snapshot = merged(&all, false);
        let has_removals = snapshot.iter().any(|block| matches!(block.rows, Rows::Removed(_)));
        assert!(!has_removals, "a snapshot should hold values only");
        assert_eq!(model_of(&[snapshot]), expected);

        // A delta has to take away what it never saw.
        let delta = random.merge_in_any_grouping(chain.clone());
        let mut model = model_of(&before);
        apply(&mut model, &delta);
        assert_eq!(model, expected);
        let [delta, at_once] = [merged(&[delta], true), merged(&chain, true)];
        assert_eq!(delta_rows(&delta), delta_rows(&at_once));
    }
}

/// The rows of a delta, however they are cut into blocks.
fn delta_rows(delta: &Group) -> (BTreeSet<(String, u64)>, Model) {
    let removals = delta.iter().filter(|block| matches!(block.rows, Rows::Removed(_)));
    let removed =
        removals.flat_map(|block| block.ids().iter().map(|id| (block.type_path.to_string(), id.0)));
    let values: Group =
        delta.iter().filter(|block| matches!(block.rows, Rows::Values(_))).cloned().collect();
    (removed.collect(), model_of(&[values]))
}

#[test]
fn an_entity_can_be_removed_and_added_in_one_group() {
    let old =
        vec![values(ENTITIES, &[(2, b"")]), values("a", &[(2, b"1")]), values("b", &[(2, b"1")])];
    let new =
        vec![removed(ENTITIES, &[2]), values(ENTITIES, &[(2, b"")]), values("a", &[(2, b"2")])];
    let expected = vec![values(ENTITIES, &[(2, b"")]), values("a", &[(2, b"2")])];
    assert_eq!(merged(&[old, new], false), expected);
}

#[test]
fn a_delta_keeps_a_removal_also_when_a_value_follows() {
    let chain = [vec![removed("a", &[2, 3])], vec![values("a", &[(2, b"x")])]];
    let expected = vec![removed("a", &[2, 3]), values("a", &[(2, b"x")])];
    assert_eq!(merged(&chain, true), expected);
}

#[test]
fn rows_keep_the_version_they_were_written_with() {
    let old = values("a", &[(2, b"old"), (3, b"old"), (4, b"old")]);
    let mut new = values("a", &[(3, b"new")]);
    new.type_version = 1;
    let result = merged(&[vec![old], vec![new]], false);
    let versions: Vec<_> = result.iter().map(|block| (block.type_version, block.len())).collect();
    assert_eq!(versions, [(0, 1), (1, 1), (0, 1)]);
}

#[test]
fn a_merge_returns_blocks_of_bounded_size() {
    let value = vec![1; limits::FILLED_BYTES / 10];
    let rows = |first: u64| (0..30).map(|row| (first + 2 * row, &*value)).collect::<Vec<_>>();
    let result = merged(&[vec![values("a", &rows(2))], vec![values("a", &rows(3))]], false);
    assert!((6..=10).contains(&result.len()), "{}", result.len());
    let bytes = |block: &Block| {
        block.ids().iter().enumerate().filter_map(|(row, _)| block.value(row)).flatten().count()
    };
    assert!(result.iter().all(|block| bytes(block) <= limits::FILLED_BYTES));
    assert_eq!(result.iter().map(Block::len).sum::<usize>(), 60);
}

#[test]
fn an_error_ends_the_merge() {
    let failing = vec![Ok(values("a", &[(2, b"")])), Err("damaged"), Ok(values("b", &[(2, b"")]))];
    let good = vec![Ok(values("a", &[(3, b"")])), Ok(values("c", &[(2, b"")]))];
    let mut merge = merge(vec![failing.into_iter(), good.into_iter()], false);
    let error = merge.by_ref().find_map(Result::err);
    assert_eq!(error, Some("damaged"));
    assert!(merge.next().is_none());
}

#[test]
fn too_many_sources_are_merged_in_rounds() {
    assert_eq!(rounds(64), None);
    assert_eq!(rounds(130), Some(vec![0..64, 64..128, 128..130]));
}
