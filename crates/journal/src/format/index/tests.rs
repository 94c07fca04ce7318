//! Sessions as they can be found, and what the index makes of them.

mod nothing;
mod work;

use jiff::Timestamp;
use std::time::Duration;

use super::*;
use crate::format::sample::{SegmentBytes, at, commit, header};
use crate::format::{DamagedRange, FileKind, Origin, Record};
use crate::model::session::SessionStatus;

/// A segment of a run: its groups are `(counter, base)`.
fn segment(
    header: SegmentHeader,
    groups: &[(u64, Option<u64>)],
    records: &[Record],
) -> SegmentSummary {
    let mut bytes = SegmentBytes::new(&header);
    for (counter, base) in groups {
        bytes.group(vec![], &commit(*counter, *base));
    }
    for record in records {
        bytes.record(record);
    }
    let name = format!("{}-{}.journal", header.run, header.segment);
    SegmentSummary { name, header: Arc::new(header), scan: bytes.segment().scan().unwrap() }
}

/// A run's first segment: a snapshot, and deltas up to `last`.
fn run(number: u64, first: u64, last: u64) -> SegmentSummary {
    segment(header(number, 0), &chain(first, last), &[])
}

/// The same, set out from `parent` and superseding `seen`.
fn take_up(
    number: u64,
    parent: CheckpointId,
    seen: &[CheckpointId],
    groups: &[(u64, Option<u64>)],
) -> SegmentSummary {
    let header =
        SegmentHeader { ancestors: vec![parent], supersedes: seen.to_vec(), ..header(number, 0) };
    segment(header, groups, &[])
}

/// A segment that only has a statement about `heads`.
fn statement(number: u64, heads: &[CheckpointId], record: Record) -> SegmentSummary {
    statements(number, heads, &[record])
}

/// Several of them.
fn statements(number: u64, heads: &[CheckpointId], records: &[Record]) -> SegmentSummary {
    let header = SegmentHeader { supersedes: heads.to_vec(), ..header(number, 0) };
    segment(header, &[], records)
}

fn chain(first: u64, last: u64) -> Vec<(u64, Option<u64>)> {
    (first..=last).map(|counter| (counter, (counter > first).then(|| counter - 1))).collect()
}

fn ended(status: SessionStatus) -> Record {
    let (time, play_time) = (Timestamp::UNIX_EPOCH, Duration::from_secs(99));
    Record::End {
        status,
        reason: None,
        leaving: crate::model::session::Leaving::default(),
        time,
        play_time,
    }
}

fn index(segments: Vec<SegmentSummary>) -> SessionIndex {
    SessionIndex::new(segments, Vec::new())
}

fn heads(index: &SessionIndex) -> Vec<CheckpointId> {
    index.heads().iter().map(|head| head.id).collect()
}

fn plan(index: &SessionIndex, id: CheckpointId) -> Option<Vec<(usize, usize)>> {
    let plan = index.plan(id)?;
    Some(plan.groups.iter().map(|group| (group.segment, group.group)).collect())
}

#[test]
fn a_session_without_a_commit_has_no_head() {
    let index = index(vec![segment(header(1, 0), &[], &[])]);
    assert!(index.heads().is_empty() && index.checkpoints().is_empty());
    assert_eq!(index.newest_counter(), 0);
}

#[test]
fn a_plan_begins_with_the_newest_snapshot() {
    let rotated = segment(header(1, 1), &[(3, None), (4, Some(3))], &[]);
    let index = index(vec![run(1, 1, 3), rotated]);
    assert_eq!(plan(&index, at(1, 4)), Some(vec![(1, 0), (1, 1)]));
    assert_eq!(plan(&index, at(1, 3)), Some(vec![(1, 0)]));
    assert_eq!(plan(&index, at(1, 2)), Some(vec![(0, 0), (0, 1)]));
    assert_eq!(plan(&index, at(1, 5)), None);
}

#[test]
fn a_damaged_snapshot_is_bridged() {
    let rotated = segment(header(1, 1), &[(3, None), (4, Some(3))], &[]);
    let mut index = index(vec![run(1, 1, 3), rotated]);
    index.mark_damaged(GroupRef { segment: 1, group: 0 });
    assert_eq!(plan(&index, at(1, 4)), Some(vec![(0, 0), (0, 1), (0, 2), (1, 1)]));

    index.mark_damaged(GroupRef { segment: 0, group: 1 });
    assert_eq!(index.validity(at(1, 4)), Some(Validity::Damaged));
    assert_eq!(index.newest_intact(at(1, 4)).unwrap().checkpoint, at(1, 1));
}

#[test]
fn a_continuation_segment_is_planned_from_its_base() {
    let continued = SegmentHeader { base: Some(2), ..header(1, 1) };
    let continued = segment(continued, &[(5, Some(2)), (6, Some(5))], &[]);
    let index = index(vec![continued, run(1, 1, 2)]);
    assert_eq!(plan(&index, at(1, 6)), Some(vec![(1, 0), (1, 1), (0, 0), (0, 1)]));
    assert_eq!(heads(&index), [at(1, 6)]);
}

#[test]
fn a_copy_of_a_segment_replaces_its_damaged_groups() {
    let mut copy = run(1, 1, 3);
    copy.name = "1-0 (conflicted copy).journal".to_owned();
    let mut index = index(vec![copy, run(1, 1, 3)]);
    assert_eq!(index.checkpoints().len(), 3, "a copy should add no checkpoint");
    assert_eq!(heads(&index), [at(1, 3)]);
    index.mark_damaged(GroupRef { segment: 0, group: 1 });
    index.mark_damaged(GroupRef { segment: 1, group: 2 });
    assert_eq!(plan(&index, at(1, 3)), Some(vec![(0, 0), (1, 1), (0, 2)]));
}

#[test]
fn a_take_up_is_one_line() {
    let second = take_up(2, at(1, 3), &[at(1, 3)], &chain(4, 5));
    let index = index(vec![run(1, 1, 3), second]);
    assert_eq!(heads(&index), [at(2, 5)]);
    assert_eq!(index.line(at(2, 5)), [at(2, 5), at(2, 4), at(1, 3), at(1, 2), at(1, 1)]);
    let first_of_run = &index.checkpoints()[1];
    assert_eq!((first_of_run.id, first_of_run.parent), (at(2, 4), Some(at(1, 3))));
}

#[test]
fn a_damaged_run_falls_back_to_its_parent() {
    let second = take_up(2, at(1, 3), &[at(1, 3)], &chain(4, 5));
    let mut index = index(vec![run(1, 1, 3), second]);
    index.mark_damaged(GroupRef { segment: 1, group: 0 });
    assert_eq!(heads(&index), [at(2, 5)], "what was committed is still the newest");
    assert_eq!(index.newest_intact(at(2, 5)).unwrap().checkpoint, at(1, 3));
}

#[test]
fn a_rewind_is_a_branch_that_leaves_the_rest_reachable() {
    let rewound = take_up(2, at(1, 2), &[at(1, 4)], &chain(5, 5));
    let index = index(vec![run(1, 1, 4), rewound]);
    assert_eq!(heads(&index), [at(2, 5)]);
    assert_eq!(index.line(at(2, 5)), [at(2, 5), at(1, 2), at(1, 1)]);
    let checkpoints = index.checkpoints();
    let left = checkpoints.iter().find(|info| info.id == at(1, 4)).unwrap();
    assert!(!left.is_on_line);
    assert!(index.plan(at(1, 4)).is_some());
}

#[test]
fn two_runs_that_never_saw_each_other_are_a_fork() {
    let here = take_up(2, at(1, 2), &[at(1, 2)], &chain(3, 4));
    let there = take_up(3, at(1, 2), &[at(1, 2)], &chain(3, 6));
    let index = index(vec![run(1, 1, 2), here, there]);
    assert_eq!(heads(&index), [at(3, 6), at(2, 4)]);
    assert!(heads(&index).iter().all(|head| index.line(*head).contains(&at(1, 2))));
    assert!(index.checkpoints().iter().all(|info| info.is_on_line));
}

#[test]
fn a_run_that_continued_past_the_base_of_its_successor_is_a_fork() {
    let second = take_up(2, at(1, 2), &[at(1, 2)], &chain(3, 3));
    let index = index(vec![run(1, 1, 5), second]);
    assert_eq!(heads(&index), [at(1, 5), at(2, 3)]);
}

#[test]
fn a_run_without_a_commit_supersedes_nothing() {
    let index = index(vec![run(1, 1, 3), take_up(2, at(1, 3), &[at(1, 3)], &[])]);
    assert_eq!(heads(&index), [at(1, 3)]);
}

#[test]
fn a_declined_head_is_listed_as_declined() {
    let declined = Record::declined(vec![at(1, 3)]);
    let declining = statement(2, &[at(1, 3)], declined);
    let index_of_declined = index(vec![run(1, 1, 3), declining.clone()]);
    assert_eq!(heads(&index_of_declined), [at(1, 3)]);
    assert!(index_of_declined.heads()[0].declined);

    let again = take_up(3, at(1, 3), &[at(1, 3)], &chain(4, 4));
    let index = index(vec![run(1, 1, 3), declining, again]);
    assert!(!index.heads()[0].declined, "a new crash should be offered again");
}

#[test]
fn a_run_says_how_it_ended() {
    let paused = Record::Status {
        status: SessionStatus::Paused,
        time: Timestamp::UNIX_EPOCH,
        play_time: Duration::from_secs(50),
    };
    let died = segment(header(1, 0), &chain(1, 2), std::slice::from_ref(&paused));
    let closed = segment(header(2, 0), &chain(1, 2), &[paused, ended(SessionStatus::Closed)]);

    let index_of_died = index(vec![died]);
    let head = &index_of_died.heads()[0];
    assert_eq!((head.status, &head.end), (SessionStatus::Paused, &None));
    assert_eq!(head.play_time, Duration::from_secs(50));

    let index = index(vec![closed]);
    let head = &index.heads()[0];
    assert_eq!(head.end.as_ref().map(|end| end.status), Some(SessionStatus::Closed));
    assert_eq!(head.play_time, Duration::from_secs(99));
}

#[test]
fn a_crashed_session_can_be_ended_from_outside() {
    let over = statement(2, &[at(1, 2)], ended(SessionStatus::Abandoned));
    let index_of_ended = index(vec![run(1, 1, 2), over]);
    assert_eq!(heads(&index_of_ended), [at(1, 2)]);
    assert_eq!(index_of_ended.heads()[0].status, SessionStatus::Abandoned);

    let not_begun = statement(2, &[at(1, 2)], ended(SessionStatus::Closed));
    let index = index(vec![run(1, 1, 2), not_begun]);
    assert!(index.heads()[0].end.is_none(), "a close without a checkpoint changes nothing");
}

#[test]
fn the_last_rename_applies_from_its_run_and_from_outside() {
    let named = |name: &str| {
        let metadata = crate::model::session::SessionMetadata {
            name: name.to_owned(),
            ..header(1, 0).metadata
        };
        Record::Metadata(Box::new(metadata))
    };
    let renamed = segment(header(1, 0), &chain(1, 1), &[named("First"), named("Second")]);
    let index_of_inside = index(vec![renamed.clone()]);
    assert_eq!(index_of_inside.heads()[0].metadata.name, "Second");
    let index = index(vec![renamed, statement(2, &[at(1, 1)], named("Third"))]);
    assert_eq!(index.heads()[0].metadata.name, "Third");
}

#[test]
fn a_forgotten_session_says_so() {
    let index = index(vec![run(1, 1, 2), statement(2, &[at(1, 2)], Record::Forgotten)]);
    assert!(index.is_forgotten());
}

#[test]
fn lines_that_descend_from_themselves_end() {
    let first = take_up(1, at(2, 4), &[at(2, 4)], &chain(1, 2));
    let second = take_up(2, at(1, 2), &[at(1, 2)], &chain(3, 4));
    let index = index(vec![first, second]);
    assert_eq!(heads(&index), [at(2, 4), at(1, 2)], "nothing should be hidden");
    assert_eq!(index.line(at(2, 4)), [at(2, 4), at(2, 3), at(1, 2), at(1, 1)]);
}

#[test]
fn a_commit_without_its_group_is_listed_as_damaged() {
    let mut segment = run(1, 1, 3);
    let lost = segment.scan.groups.remove(1);
    segment
        .scan
        .broken
        .push(crate::format::scan::BrokenGroup { commit: lost.commit, offset: lost.start });
    let index = index(vec![segment]);
    assert_eq!(index.validity(at(1, 2)), Some(Validity::Damaged));
    assert_eq!(index.validity(at(1, 3)), Some(Validity::Damaged), "its base is missing");
    assert_eq!(heads(&index), [at(1, 3)]);
    assert_eq!(index.newest_intact(at(1, 3)).unwrap().checkpoint, at(1, 1));
}

#[test]
fn a_checkpoint_is_verified_once_all_groups_of_its_plan_are() {
    let mut index = index(vec![run(1, 1, 2)]);
    assert_eq!(index.validity(at(1, 2)), Some(Validity::Unread));
    index.mark_verified(GroupRef { segment: 0, group: 1 });
    assert_eq!(index.validity(at(1, 2)), Some(Validity::Unread));
    index.mark_verified(GroupRef { segment: 0, group: 0 });
    assert_eq!(index.validity(at(1, 2)), Some(Validity::Verified));
}

#[test]
fn the_newest_counter_includes_superseded_checkpoints() {
    let torn = take_up(2, at(1, 3), &[at(1, 3), at(9, 17)], &[]);
    assert_eq!(index(vec![run(1, 1, 3), torn]).newest_counter(), 17);
}

#[test]
fn a_segment_that_was_cut_between_frames_is_noticed_by_its_successor() {
    let whole = run(1, 1, 3);
    let (length, sequence) = (whole.scan.length, 2);
    let predecessor = Some(crate::format::Predecessor { length, sequence });
    let after = || segment(SegmentHeader { predecessor, ..header(1, 1) }, &chain(4, 4), &[]);
    assert_eq!(missing_ends(&[whole.clone(), after()]), []);

    let cut = run(1, 1, 2);
    let lost = DamagedRange { from: cut.scan.length, to: length };
    assert_eq!(missing_ends(&[cut.clone(), after()]), [(0, lost)]);
    assert_eq!(missing_ends(&[cut, after(), whole]), [], "a copy makes good for it");
}

#[test]
fn an_ancestor_is_superseded_up_to_the_named_checkpoint() {
    let second = take_up(2, at(1, 3), &[], &chain(4, 5));
    assert_eq!(heads(&index(vec![run(1, 1, 3), second.clone()])), [at(2, 5)]);
    let went_on = index(vec![run(1, 1, 4), second.clone()]);
    assert_eq!(heads(&went_on), [at(2, 5), at(1, 4)], "the other one never saw that");
    let not_begun = take_up(2, at(1, 3), &[], &[]);
    assert_eq!(heads(&index(vec![run(1, 1, 3), not_begun])), [at(1, 3)]);
}

#[test]
fn lineage_records_count_like_the_header() {
    let further = Record::Lineage { ancestors: vec![at(1, 3)], supersedes: vec![at(3, 9)] };
    let second = SegmentHeader { ancestors: vec![at(2, 5)], ..header(4, 0) };
    let fourth = segment(second, &chain(10, 11), &[further]);
    let runs = vec![run(1, 1, 3), run(2, 4, 5), run(3, 8, 9), fourth];
    let index = index(runs);
    assert_eq!(heads(&index), [at(4, 11)]);
    let line = [at(4, 11), at(4, 10), at(2, 5), at(2, 4), at(1, 3), at(1, 2), at(1, 1)];
    assert_eq!(index.line(at(4, 11)), line);
    assert_eq!(index.newest_counter(), 11);
}

#[test]
fn the_lineage_of_a_new_run_names_each_present_run_once() {
    let second = take_up(2, at(1, 3), &[at(1, 4)], &chain(5, 6));
    let third = take_up(3, at(2, 6), &[at(2, 6), at(1, 4), at(9, 2)], &chain(7, 7));
    let index = index(vec![run(1, 1, 4), second, third]);
    let newest = index.lineage_from(at(3, 7), at(3, 7));
    assert_eq!(newest.ancestors, [at(3, 7), at(2, 6), at(1, 3)]);
    assert_eq!(newest.supersedes, [at(3, 7), at(1, 4)], "9 is gone, and 2 is on the line");
    let rewound = index.lineage_from(at(1, 2), at(3, 7));
    assert_eq!(rewound.ancestors, [at(1, 2)]);
    assert_eq!(rewound.supersedes, [at(3, 7), at(1, 4), at(2, 6)]);
}

#[test]
fn thousands_of_runs_form_one_line() {
    let ids: Vec<CheckpointId> = (1..=1500).map(|number| at(number, number)).collect();
    let runs = (1..=1500_usize).map(|number| {
        let ancestors: Vec<CheckpointId> = ids[..number - 1].iter().rev().copied().collect();
        let lineage = Lineage { ancestors, ..Lineage::default() };
        let Lineage { ancestors, .. } = lineage.in_header();
        let header = SegmentHeader { ancestors, ..header(number as u64, 0) };
        segment(header, &[(number as u64, None)], &lineage.in_records())
    });
    let index = index(runs.collect());
    assert_eq!(heads(&index), [at(1500, 1500)]);
    let line = index.line(at(1500, 1500));
    assert_eq!(line, ids.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(index.ancestry(at(1500, 1500)).len(), 1500);
}

/// An archive of checkpoints, each with the one before it that is in an archive as well.
fn archive(number: u64, checkpoints: &[(CheckpointId, Option<CheckpointId>)]) -> SegmentSummary {
    let header = SegmentHeader { kind: FileKind::Archive, ..header(number, 0) };
    let mut bytes = SegmentBytes::new(&header);
    for (id, before) in checkpoints {
        let (ancestors, game_version) = (before.iter().copied().collect(), "0.9".to_owned());
        let origin = Origin { run: id.run, ancestors, game_version, schema: 4 };
        bytes.group(vec![], &Commit { origin: Some(Box::new(origin)), ..commit(id.counter, None) });
    }
    SegmentSummary {
        name: format!("{number}.archive"),
        header: header.into(),
        scan: bytes.segment().scan().unwrap(),
    }
}

#[test]
fn archived_checkpoints_of_any_run_are_on_the_line_and_no_heads() {
    let gathered = archive(77, &[(at(1, 3), None), (at(2, 6), Some(at(1, 3)))]);
    let third = take_up(3, at(2, 7), &[at(2, 7)], &chain(8, 9));
    let index = index(vec![gathered, third]);
    assert_eq!(heads(&index), [at(3, 9)]);
    assert_eq!(index.line(at(3, 9)), [at(3, 9), at(3, 8), at(2, 6), at(1, 3)]);
    assert_eq!(index.ancestry(at(2, 6)), [at(2, 6), at(1, 3)]);
    assert_eq!(plan(&index, at(2, 6)), Some(vec![(0, 1)]));
    assert_eq!(index.lineage_from(at(3, 9), at(3, 9)).supersedes, [at(3, 9)]);
    assert_eq!(index.last_of_other_builds(at(3, 9)), [at(2, 6)]);
    assert_eq!(index.archived(0).collect::<Vec<_>>(), [at(1, 3), at(2, 6)]);
}

#[test]
fn the_name_of_an_archive_does_not_change_the_head() {
    for name in ["0.archive", "z.archive"] {
        // Of a run that was rewound, and of which only a segment from before that is left.
        let gathered = archive(77, &[(at(1, 50), None)]);
        let gathered = SegmentSummary { name: name.to_owned(), ..gathered };
        let later = take_up(3, at(1, 3), &[], &chain(51, 52));
        assert_eq!(heads(&index(vec![gathered, run(1, 1, 3), later])), [at(3, 52)], "{name}");
    }
}

#[test]
fn damage_to_an_archived_group_is_that_of_its_checkpoint() {
    let gathered = archive(77, &[(at(1, 3), None), (at(2, 6), None)]);
    let mut index = index(vec![gathered, take_up(3, at(2, 7), &[at(2, 7)], &chain(8, 9))]);
    index.mark_damaged(GroupRef { segment: 0, group: 0 });
    index.mark_verified(GroupRef { segment: 0, group: 1 });
    assert_eq!(index.validity(at(1, 3)), Some(Validity::Damaged));
    assert_eq!(index.validity(at(2, 6)), Some(Validity::Verified));
    assert_eq!(index.archived(0).collect::<Vec<_>>(), [at(2, 6)]);
}

#[test]
fn without_segments_the_newest_archived_checkpoint_is_the_head() {
    let gathered = archive(77, &[(at(1, 3), None), (at(2, 6), Some(at(1, 3)))]);
    let index = index(vec![gathered]);
    assert_eq!(heads(&index), [at(2, 6)]);
    assert_eq!((&*index.heads()[0].game_version, index.heads()[0].schema), ("0.9", 4));
}

#[test]
fn an_archived_checkpoint_says_that_those_before_it_are_superseded() {
    let gathered = archive(77, &[(at(2, 6), Some(at(1, 3)))]);
    let third = take_up(3, at(9, 9), &[], &chain(8, 9));
    assert_eq!(heads(&index(vec![run(1, 1, 3), gathered, third])), [at(3, 9)]);
}

#[test]
fn the_last_segment_that_supersedes_a_run_is_found() {
    let second = take_up(2, at(1, 3), &[at(1, 3)], &chain(4, 5));
    let third = take_up(3, at(2, 5), &[at(2, 5)], &chain(6, 6));
    let index = index(vec![run(1, 1, 3), second, third]);
    assert_eq!(heads(&index), [at(3, 6)]);
    let kept = |places: &[usize]| places.iter().copied().collect::<BTreeSet<usize>>();
    assert_eq!(index.last_to_supersede(&kept(&[0, 2])), Some(kept(&[1])), "only the second knew");
    assert_eq!(index.last_to_supersede(&kept(&[0, 1, 2])), None);
    assert_eq!(index.last_to_supersede(&kept(&[2])), None, "it isn't there any more");
}
