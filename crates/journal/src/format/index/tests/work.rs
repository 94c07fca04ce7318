//! Sessions that are forged so that looking at them takes for ever.

use super::*;
use crate::format::steps_of;
use crate::model::session::SessionMetadata;

const MANY: u64 = 300;

#[test]
fn many_lines_are_listed_in_one_walk() {
    let branches = (2..2 + MANY)
        .map(|number| take_up(number, at(1, MANY), &[], &chain(MANY + number, MANY + number)));
    let index = index(std::iter::once(run(1, 1, MANY)).chain(branches).collect());
    assert_eq!(heads(&index).len() as u64, MANY);
    let (listed, steps) = steps_of(|| index.checkpoints());
    assert_eq!(listed.len() as u64, 2 * MANY);
    assert!(listed.iter().all(|info| info.is_on_line));
    assert!(steps as u64 <= 2 * MANY, "{steps}");
}

#[test]
fn unreadable_runs_in_a_row_are_walked_once() {
    let rewound = (2..2 + MANY).map(|number| {
        take_up(number, at(1, 1), &[at(number - 1, number - 1)], &chain(number, number))
    });
    let mut index = index(std::iter::once(run(1, 1, 1)).chain(rewound).collect());
    let head = at(1 + MANY, 1 + MANY);
    assert_eq!(heads(&index), [head]);
    let (walked, steps) = steps_of(|| {
        let mut walk = LineWalk::from(head);
        let mut walked = Vec::new();
        while let Some(id) = walk.next(&index) {
            walked.push(id);
            let segment = id.counter as usize - 1;
            index.mark_damaged(GroupRef { segment, group: 0 });
        }
        walked
    });
    assert_eq!(walked.len() as u64, 1 + MANY);
    assert!(steps as u64 <= 6 * MANY, "{steps}");
}

#[test]
fn many_statements_about_many_heads_are_applied_in_bounded_work() {
    let named: Vec<CheckpointId> = (1..=MANY).map(|number| at(number, number)).collect();
    let runs = (1..=MANY).map(|number| run(number, number, number));
    let statements = (1..=MANY).flat_map(|number| {
        let name = Record::Metadata(Box::new(SessionMetadata {
            name: format!("Name {number}"),
            ..header(1, 0).metadata
        }));
        // Of these, each is kept, and none says anything about a head.
        let nothing = || Record::Lineage { ancestors: Vec::new(), supersedes: Vec::new() };
        let padded = |record| {
            let others = std::iter::repeat_with(nothing).take(MANY as usize);
            others.chain([record]).collect::<Vec<_>>()
        };
        let over = ended(SessionStatus::Abandoned);
        let declined = Record::declined(named[..number as usize].to_vec());
        let [first, second, third] = [1, 2, 3].map(|part| part * MANY + number);
        [
            statements(first, &named, &padded(name)),
            statements(second, &named, &padded(over)),
            statement(third, &[], declined),
        ]
    });
    let index = index(runs.chain(statements).collect());
    let (found, steps) = steps_of(|| index.heads().to_vec());
    assert_eq!(found.len() as u64, MANY);
    // By one clock, the run with the highest number is the last to speak.
    let is_right = |head: &Head| {
        head.metadata.name == format!("Name {MANY}")
            && head.status == SessionStatus::Abandoned
            && head.declined
    };
    assert!(found.iter().all(is_right), "{:?}", found.iter().find(|head| !is_right(head)));
    let (names, records) = (3 * MANY * MANY, 2 * MANY * (MANY + 1));
    assert!(steps as u64 <= names + records, "{steps}");
}
