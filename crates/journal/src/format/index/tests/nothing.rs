//! Runs of which nothing can be restored, and what they had taken the place of.

use super::*;
use crate::format::scan::BrokenGroup;

/// Marks all groups of a segment as damaged.
fn rot(index: &mut SessionIndex, segment: usize) {
    for group in 0..index.segments()[segment].scan.groups.len() {
        index.mark_damaged(GroupRef { segment, group });
    }
}

fn newest(index: &SessionIndex) -> Option<CheckpointId> {
    Some(index.newest_intact(index.newest_head()?.id)?.checkpoint)
}

/// A run that went back from 4 to 2.
fn went_back() -> Vec<SegmentSummary> {
    vec![run(1, 1, 4), take_up(2, at(1, 2), &[at(1, 4)], &chain(5, 6))]
}

#[test]
fn a_rewind_is_undone_if_its_run_is_unreadable() {
    let mut index = index(went_back());
    assert_eq!((newest(&index), index.branches()), (Some(at(2, 6)), vec![at(1, 4)]));

    index.mark_damaged(GroupRef { segment: 1, group: 0 });
    assert_eq!(heads(&index), [at(2, 6)], "what was committed is still the newest");
    assert_eq!(newest(&index), Some(at(1, 4)));
    let line = [at(2, 6), at(2, 5), at(1, 4), at(1, 3), at(1, 2), at(1, 1)];
    assert_eq!(index.line(at(2, 6)), line);
    assert!(index.branches().is_empty(), "nothing was left");
    assert!(index.checkpoints().iter().all(|info| info.is_on_line));
    assert_eq!(index.kept_before(at(2, 5)), Some(at(1, 4)));
    let first = index.checkpoints().into_iter().find(|info| info.id == at(2, 5));
    assert_eq!(first.unwrap().parent, Some(at(1, 4)));
    let next = index.lineage_from(at(1, 4), at(2, 6));
    assert_eq!((next.ancestors, next.supersedes), (vec![at(1, 4)], vec![at(2, 6)]));
}

#[test]
fn a_commit_without_its_data_supersedes_nothing() {
    let mut segments = went_back();
    let lost = segments[1].scan.groups.drain(..).map(|group| group.commit);
    let broken: Vec<BrokenGroup> = lost.map(|commit| BrokenGroup { commit, offset: 9 }).collect();
    segments[1].scan.broken.extend(broken);
    let index = index(segments);
    assert_eq!((newest(&index), heads(&index)), (Some(at(1, 4)), vec![at(2, 6)]));
}

#[test]
fn a_branch_stays_left_while_a_checkpoint_of_the_next_run_is_readable() {
    let merged = |groups: &[(u64, Option<u64>)]| {
        let header =
            SegmentHeader { ancestors: vec![at(1, 2)], supersedes: vec![at(1, 4)], ..header(2, 1) };
        segment(header, groups, &[])
    };
    let segments = [went_back(), vec![merged(&[(6, None), (7, Some(6))])]].concat();
    let mut whole = index(segments.clone());
    rot(&mut whole, 1);
    assert_eq!(newest(&whole), Some(at(2, 7)));
    whole.mark_damaged(GroupRef { segment: 2, group: 1 });
    assert_eq!(newest(&whole), Some(at(2, 6)));
    assert_eq!(whole.line(at(2, 7)), [at(2, 7), at(2, 6), at(2, 5), at(1, 2), at(1, 1)]);
    whole.mark_damaged(GroupRef { segment: 2, group: 0 });
    assert_eq!(newest(&whole), Some(at(1, 4)));
    whole.mark_verified(GroupRef { segment: 2, group: 0 });
    assert_eq!(newest(&whole), Some(at(2, 6)), "it can be read after all");

    // Retention has removed the run's first file.
    let mut rest = index(vec![segments[0].clone(), segments[2].clone()]);
    assert_eq!((heads(&rest), newest(&rest)), (vec![at(2, 7)], Some(at(2, 7))));
    rot(&mut rest, 1);
    assert_eq!(newest(&rest), Some(at(1, 4)));

    // A checkpoint in an archive is at hand.
    let gathered = archive(77, &[(at(2, 6), Some(at(1, 2)))]);
    let mut archived = index([went_back(), vec![gathered]].concat());
    rot(&mut archived, 1);
    assert_eq!(newest(&archived), Some(at(2, 6)));
    rot(&mut archived, 2);
    assert_eq!(newest(&archived), Some(at(1, 4)));
}

#[test]
fn chained_rewinds_are_undone_as_their_runs_become_unreadable() {
    let third = take_up(3, at(1, 1), &[at(2, 6), at(1, 4)], &chain(7, 8));
    let mut index = index([went_back(), vec![third]].concat());
    assert_eq!((newest(&index), index.branches()), (Some(at(3, 8)), vec![at(2, 6), at(1, 4)]));
    rot(&mut index, 2);
    assert_eq!((newest(&index), index.branches()), (Some(at(2, 6)), vec![at(1, 4)]));
    let line = [at(3, 8), at(3, 7), at(2, 6), at(2, 5), at(1, 2), at(1, 1)];
    assert_eq!(index.line(at(3, 8)), line, "what the second had left stays left");
    rot(&mut index, 1);
    assert_eq!(newest(&index), Some(at(1, 4)));
    index.mark_damaged(GroupRef { segment: 0, group: 2 });
    assert_eq!(newest(&index), Some(at(1, 2)));
}

#[test]
fn an_unreadable_run_counts_while_a_readable_one_descends_from_it() {
    let third = take_up(3, at(2, 6), &[at(2, 6), at(1, 4)], &chain(7, 7));
    let mut index = index([went_back(), vec![third]].concat());
    rot(&mut index, 1);
    let line = [at(3, 7), at(2, 6), at(2, 5), at(1, 2), at(1, 1)];
    assert_eq!((newest(&index), index.line(at(3, 7))), (Some(at(3, 7)), line.to_vec()));
    assert_eq!(index.branches(), [at(1, 4)]);
    rot(&mut index, 2);
    assert_eq!(newest(&index), Some(at(1, 4)));
}

#[test]
fn without_the_left_head_the_newest_ancestor_is_next() {
    let back = take_up(2, at(1, 2), &[at(9, 4)], &chain(5, 6));
    let mut index = index(vec![run(1, 1, 2), back]);
    rot(&mut index, 1);
    assert_eq!((heads(&index), newest(&index)), (vec![at(2, 6)], Some(at(1, 2))));
}

#[test]
fn lines_superseded_only_by_an_unreadable_run_are_heads_again() {
    let back = take_up(2, at(1, 2), &[at(1, 4), at(8, 3)], &chain(5, 6));
    let mut index = index(vec![run(1, 1, 4), back, run(8, 2, 3)]);
    assert_eq!(heads(&index), [at(2, 6)]);
    rot(&mut index, 1);
    assert_eq!(heads(&index), [at(2, 6), at(8, 3)], "both lines are offered");
    assert_eq!(newest(&index), Some(at(1, 4)));
}

#[test]
fn the_witnesses_of_a_supersession_are_those_not_yet_verified() {
    let third = take_up(3, at(2, 6), &[at(2, 6)], &chain(7, 7));
    let mut index = index([went_back(), vec![third]].concat());
    let witnesses = |index: &SessionIndex| -> Vec<CheckpointId> {
        index.witnesses().into_iter().map(|plan| plan.checkpoint).collect()
    };
    assert_eq!(witnesses(&index), [at(2, 6)], "the third never heard of what the second left");
    index.mark_verified(GroupRef { segment: 2, group: 0 });
    assert_eq!(witnesses(&index), [], "it set out from the second, which was there then");

    let mut index = super::index(went_back());
    assert_eq!(witnesses(&index), [at(2, 6)]);
    index.mark_damaged(GroupRef { segment: 1, group: 1 });
    assert_eq!(witnesses(&index), [at(2, 5)]);
    index.mark_verified(GroupRef { segment: 1, group: 0 });
    assert_eq!(witnesses(&index), []);
    rot(&mut index, 1);
    assert_eq!(witnesses(&index), [], "nothing was left");
}

#[test]
fn superseding_needs_a_readable_checkpoint_of_the_run() {
    let seen = [at(1, 4), at(8, 3)];
    let merged =
        SegmentHeader { ancestors: vec![at(1, 2)], supersedes: seen.to_vec(), ..header(2, 1) };
    let first = take_up(2, at(1, 2), &seen, &chain(5, 6));
    let segments = vec![run(8, 2, 3), first, segment(merged, &[(7, None)], &[])];
    let mut index = index(segments);
    rot(&mut index, 1);
    assert_eq!(heads(&index), [at(2, 7)]);
    let kept = |places: &[usize]| places.iter().copied().collect::<BTreeSet<usize>>();
    assert_eq!(index.last_to_supersede(&kept(&[0, 1])), Some(kept(&[1, 2])));
    assert_eq!(index.last_to_supersede(&kept(&[0, 2])), None);
}

#[test]
fn a_walk_along_a_line_sees_damage_found_on_the_way() {
    let mut index = index(went_back());
    let mut walk = LineWalk::from(at(2, 6));
    let mut walked = Vec::new();
    while let Some(id) = walk.next(&index) {
        walked.push(id);
        if id.run == at(2, 1).run {
            rot(&mut index, 1);
        }
    }
    assert_eq!(walked, [at(2, 6), at(2, 5), at(1, 4), at(1, 3), at(1, 2), at(1, 1)]);
}

#[test]
fn a_forged_cyclic_line_ends() {
    let first = take_up(1, at(2, 4), &[at(2, 4)], &chain(1, 2));
    let second = take_up(2, at(1, 2), &[at(1, 2)], &chain(3, 4));
    let mut index = index(vec![first, second]);
    assert_eq!(index.kept_before(at(1, 1)), None);
    for segment in 0..2 {
        rot(&mut index, segment);
        assert_eq!(index.kept_before(at(1, 1)), None);
        assert!(index.line(at(2, 4)).len() <= 4);
    }
}
