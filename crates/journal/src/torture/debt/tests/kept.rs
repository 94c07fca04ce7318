//! The checkpoints that the oracle owes, by the documented rules of retention.

use super::{captured, debt_of, id, session};
use crate::torture::Fact;

/// The numbers of the checkpoints that are owed after this.
fn owed(facts: &[Fact]) -> Vec<u64> {
    let debt = debt_of(facts);
    debt.sessions[&session()].checkpoints().map(|(_, counter)| counter).collect()
}

/// A generation: a file is begun for a full checkpoint.
fn generation(counter: u64, is_named: bool) -> [Fact; 3] {
    [Fact::JournalBegun, captured(counter, true, is_named), Fact::Acknowledged { id: id(counter) }]
}

/// Five generations, with a named checkpoint in the second.
fn five() -> Vec<Fact> {
    (1..=5).flat_map(|counter| generation(counter, counter == 2)).collect()
}

fn after_five(then: &[Fact]) -> Vec<u64> {
    owed(&[five(), then.to_vec()].concat())
}

#[test]
fn three_generations_the_oldest_and_named_checkpoints_must_be_kept() {
    assert_eq!(after_five(&[]), [1, 2, 3, 4, 5]);
    assert_eq!(after_five(&generation(6, false)), [1, 2, 4, 5, 6]);
}

#[test]
fn two_generations_must_be_kept_on_a_full_disk() {
    assert_eq!(after_five(&[Fact::Crowded(true)]), [4, 5]);
    assert_eq!(after_five(&[Fact::DiskIsShort]), [4, 5]);
    assert_eq!(after_five(&[Fact::DiskIsShort, Fact::Crowded(false)]), [4, 5]);
    let widened = [&[Fact::Crowded(true), Fact::Crowded(false)][..], &generation(6, true)].concat();
    assert_eq!(after_five(&[&widened[..], &generation(7, false)].concat()), [5, 6, 7]);
}

#[test]
fn of_sessions_that_are_not_played_less_must_be_kept_on_a_full_disk() {
    let others = |played| Fact::OthersCrowded { played };
    assert_eq!(after_five(&[others(None)]), [4, 5]);
    assert_eq!(after_five(&[others(Some(session()))]), [1, 2, 3, 4, 5]);
    let later = [&[others(None)][..], &generation(6, false)].concat();
    assert_eq!(after_five(&later), [4, 5, 6], "only what was there is thinned");
}

#[test]
fn the_ends_of_the_newest_branches_must_be_kept() {
    let back = Fact::TakingUp { checkpoint: Some(id(3)) };
    assert_eq!(after_five(std::slice::from_ref(&back)), [1, 2, 3, 5]);
    assert_eq!(after_five(&[Fact::Loading { checkpoint: id(3) }]), [1, 2, 3, 5]);
    assert_eq!(after_five(&[back.clone(), Fact::Crowded(true)]), [] as [u64; 0]);
    let branch = |counter| [&generation(counter, false)[..], std::slice::from_ref(&back)].concat();
    let branches = |numbers: std::ops::RangeInclusive<u64>| {
        let branches = numbers.flat_map(branch).collect::<Vec<_>>();
        after_five(&[std::slice::from_ref(&back), &branches].concat())
    };
    let newest = |from, to| [1, 2].into_iter().chain(from..=to).collect::<Vec<u64>>();
    assert_eq!(branches(6..=14), newest(5, 14));
    assert_eq!(branches(6..=15), newest(6, 15));
}

#[test]
fn a_branch_that_is_continued_is_no_longer_a_branch() {
    let to = |counter| Fact::TakingUp { checkpoint: Some(id(counter)) };
    let gone_on: Vec<Fact> =
        [vec![to(3), to(5)], (6..=9).flat_map(|counter| generation(counter, false)).collect()]
            .concat();
    assert_eq!(after_five(&gone_on), [1, 2, 7, 8, 9]);
}

#[test]
fn checkpoints_based_on_a_failed_file_belong_to_no_generation() {
    let delta = [captured(6, false, false), Fact::Acknowledged { id: id(6) }];
    assert_eq!(after_five(&delta), [1, 2, 3, 4, 5, 6]);
    let failed = [&[Fact::SaveFailed][..], &delta].concat();
    assert_eq!(after_five(&failed), [1, 2, 3, 4, 5]);
    let full = [&failed[..], &generation(7, false)].concat();
    assert_eq!(after_five(&full), [1, 2, 4, 5, 7]);
}

#[test]
fn checkpoints_of_a_session_in_deletion_need_not_be_kept() {
    assert_eq!(after_five(&[Fact::Forgetting]), [] as [u64; 0]);
    assert_eq!(after_five(&[Fact::Forgetting, Fact::Forgotten]), [] as [u64; 0]);
}
