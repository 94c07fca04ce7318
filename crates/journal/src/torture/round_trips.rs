//! Data that goes into a journal comes out again, however it was cut, merged and spread over segments.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Instant;

use super::world::digest_of;
use super::{Random, World, rounds, tell};
use crate::format::sample::{SegmentBytes, at, commit, header};
use crate::format::{
    Block, GroupRef, SegmentHeader, SegmentSummary, SessionIndex, Validity, merge,
};

fn seeds(ordinary: u64) -> std::ops::Range<u64> {
    0..rounds().map_or(ordinary, |rounds| ordinary * rounds)
}

fn merged(groups: &[Vec<Block>], keep_removals: bool) -> Vec<Block> {
    let sources =
        groups.iter().map(|group| group.clone().into_iter().map(Ok::<Block, Infallible>)).collect();
    let Ok(blocks) = merge(sources, keep_removals).collect();
    blocks
}

fn digest(blocks: Vec<Block>) -> u64 {
    let Ok(digest) = digest_of(blocks.into_iter().map(Ok::<Block, Infallible>));
    digest
}

/// A world and what it went through: a snapshot, and a delta for each change after it.
fn life(random: &mut Random) -> (Vec<World>, Vec<Vec<Block>>) {
    let mut world = World::new(random);
    let mut worlds = vec![world.clone()];
    let mut groups = vec![world.full()];
    for _ in 0..1 + random.below(9) {
        let before = world.clone();
        world.change(random);
        groups.push(world.since(&before));
        worlds.push(world.clone());
    }
    (worlds, groups)
}

#[test]
fn deltas_merged_in_any_batches_equal_a_full_capture() {
    for seed in seeds(600) {
        let mut random = Random::new(seed);
        let (worlds, mut groups) = life(&mut random);
        let expected = worlds.last().map(World::digest);
        while groups.len() > 1 {
            let start = random.below(groups.len() as u64 - 1) as usize;
            let end = start + 2 + random.below((groups.len() - start - 1) as u64) as usize;
            let batch = merged(&groups[start..end], start > 0);
            groups.splice(start..end, [batch]);
        }
        assert_eq!(groups.pop().map(digest), expected, "seed {seed}");
    }
}

/// A run spread over segments by chance: snapshots, continuations, copies of the same moment.
fn spread(groups: &[Vec<Block>], worlds: &[World], random: &mut Random) -> Vec<SegmentBytes> {
    let mut segments = vec![SegmentBytes::new(&header(1, 0))];
    for (place, group) in groups.iter().enumerate() {
        let counter = place as u64 + 1;
        let base = counter.checked_sub(1).filter(|base| *base > 0);
        if place > 0 && random.one_in(3) {
            let number = segments.len() as u32;
            // A merge stands at the counter before, a continuation names it.
            let snapshot = random.one_in(2);
            let base = base.filter(|_| !snapshot);
            let mut segment = SegmentBytes::new(&SegmentHeader { base, ..header(1, number) });
            if snapshot {
                segment.group(worlds[place - 1].full(), &commit(counter - 1, None));
            }
            segments.push(segment);
        }
        if let Some(segment) = segments.last_mut() {
            segment.group(group.clone(), &commit(counter, base));
        }
    }
    segments
}

fn index_of(segments: &[SegmentBytes]) -> SessionIndex {
    let summaries = segments.iter().enumerate().map(|(number, segment)| {
        let segment = segment.segment();
        let scan = segment.scan().expect("it should be readable");
        SegmentSummary { name: format!("{number}"), header: segment.shared_header(), scan }
    });
    SessionIndex::new(summaries.collect(), Vec::new())
}

#[test]
fn every_checkpoint_is_restored_from_however_many_segments() {
    for seed in seeds(150) {
        let mut random = Random::new(seed);
        let (worlds, groups) = life(&mut random);
        let segments = spread(&groups, &worlds, &mut random);
        let index = index_of(&segments);
        for (place, world) in worlds.iter().enumerate() {
            let plan = index.plan(at(1, place as u64 + 1)).expect("there should be a way");
            let parts = plan.groups.iter().map(|group| {
                let scan = &index.segments()[group.segment].scan;
                let blocks = segments[group.segment].segment().blocks(&scan.groups[group.group]);
                blocks.map(|block| block.expect("it should be good")).collect()
            });
            let parts: Vec<Vec<Block>> = parts.collect();
            assert_eq!(digest(merged(&parts, false)), world.digest(), "seed {seed}, {place}");
        }
    }
}

/// The length of the shortest way to every checkpoint, by trying until nothing gets shorter.
fn shortest_ways(index: &SessionIndex, damaged: &[GroupRef]) -> BTreeMap<u64, usize> {
    let mut ways: BTreeMap<u64, usize> = BTreeMap::new();
    loop {
        let before = ways.clone();
        for (segment, summary) in index.segments().iter().enumerate() {
            for (group, entry) in summary.scan.groups.iter().enumerate() {
                if damaged.contains(&GroupRef { segment, group }) {
                    continue;
                }
                let to_base = match entry.commit.base {
                    None => Some(0),
                    Some(base) => ways.get(&base).copied(),
                };
                let Some(to_base) = to_base else { continue };
                let way = ways.entry(entry.commit.counter).or_insert(usize::MAX);
                *way = (*way).min(to_base + 1);
            }
        }
        if ways == before {
            return ways;
        }
    }
}

#[test]
fn the_planner_finds_the_shortest_plan_around_damage() {
    for seed in seeds(150) {
        let mut random = Random::new(seed);
        let (worlds, groups) = life(&mut random);
        let segments = spread(&groups, &worlds, &mut random);
        let mut index = index_of(&segments);
        let mut damaged = Vec::new();
        for _ in 0..groups.len() {
            let ways = shortest_ways(&index, &damaged);
            for counter in 1..=groups.len() as u64 {
                let plan = index.plan(at(1, counter));
                let length = plan.map(|plan| plan.groups.len());
                assert_eq!(length, ways.get(&counter).copied(), "seed {seed}, {counter}");
                let is_lost = index.validity(at(1, counter)) == Some(Validity::Damaged);
                assert_eq!(is_lost, length.is_none(), "seed {seed}, {counter}");
            }
            let segment = random.below(index.segments().len() as u64) as usize;
            let in_it = index.segments()[segment].scan.groups.len() as u64;
            let group = GroupRef { segment, group: random.below(in_it) as usize };
            if in_it > 0 {
                index.mark_damaged(group);
                damaged.push(group);
            }
        }
    }
}

#[test]
fn round_trips_cover_enough_worlds() {
    let begun = Instant::now();
    let worlds: usize = seeds(600).map(|seed| life(&mut Random::new(seed)).0.len()).sum();
    tell(&format!("round trips: {worlds} worlds, generated in {:?}", begun.elapsed()));
    assert!(worlds >= 3_000, "{worlds}");
}
