//! Sessions that are forged so that looking at them takes for ever.

use super::*;
use crate::format::steps_of;

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
fn runs_that_come_to_nothing_one_after_the_other_are_walked_once() {
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
