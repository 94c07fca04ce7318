//! Which checkpoints the oracle owes, by the documented rules of retention.

use jiff::{SignedDuration, Timestamp};

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

/// Five generations, the second of which somebody asked for.
fn five() -> Vec<Fact> {
    (1..=5).flat_map(|counter| generation(counter, counter == 2)).collect()
}

fn after_five(then: &[Fact]) -> Vec<u64> {
    owed(&[five(), then.to_vec()].concat())
}

#[test]
fn three_generations_are_owed_and_the_oldest_and_what_has_a_name() {
    assert_eq!(after_five(&[]), [1, 2, 3, 4, 5]);
    assert_eq!(after_five(&generation(6, false)), [1, 2, 4, 5, 6]);
}

#[test]
fn two_generations_are_owed_where_there_is_no_room() {
    assert_eq!(after_five(&[Fact::Crowded(true)]), [4, 5]);
    assert_eq!(after_five(&[Fact::DiskIsShort]), [4, 5]);
    assert_eq!(after_five(&[Fact::DiskIsShort, Fact::Crowded(false)]), [4, 5]);
    let widened = [&[Fact::Crowded(true), Fact::Crowded(false)][..], &generation(6, true)].concat();
    assert_eq!(after_five(&[&widened[..], &generation(7, false)].concat()), [5, 6, 7]);
}

#[test]
fn of_sessions_that_are_not_played_the_least_is_owed_once_there_is_no_room() {
    let others = |played| Fact::OthersCrowded { played };
    assert_eq!(after_five(&[others(None)]), [4, 5]);
    assert_eq!(after_five(&[others(Some(session()))]), [1, 2, 3, 4, 5]);
    let later = [&[others(None)][..], &generation(6, false)].concat();
    assert_eq!(after_five(&later), [4, 5, 6], "only what was there is thinned");
}

#[test]
fn what_is_left_behind_is_owed_for_an_hour() {
    let back = Fact::TakingUp { checkpoint: Some(id(3)) };
    assert_eq!(after_five(std::slice::from_ref(&back)), [1, 2, 3, 5]);
    assert_eq!(after_five(&[Fact::Loading { checkpoint: id(3) }]), [1, 2, 3, 5]);
    assert_eq!(after_five(&[back.clone(), Fact::Crowded(true)]), [] as [u64; 0]);
    let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
    let after = |minutes| {
        let Fact::Captured { id, digest, is_full, is_named, .. } = captured(6, true, false) else {
            panic!("it is captured")
        };
        let time = at(minutes);
        after_five(&[back.clone(), Fact::Captured { id, digest, is_full, is_named, time }])
    };
    assert_eq!(after(60), [1, 2, 3, 5]);
    assert_eq!(after(61), [1, 2, 3]);
}

#[test]
fn what_goes_on_from_a_file_that_failed_belongs_to_no_generation() {
    let delta = [captured(6, false, false), Fact::Acknowledged { id: id(6) }];
    assert_eq!(after_five(&delta), [1, 2, 3, 4, 5, 6]);
    let failed = [&[Fact::SaveFailed][..], &delta].concat();
    assert_eq!(after_five(&failed), [1, 2, 3, 4, 5]);
    let full = [&failed[..], &generation(7, false)].concat();
    assert_eq!(after_five(&full), [1, 2, 4, 5, 7]);
}

#[test]
fn what_is_being_deleted_is_not_owed() {
    assert_eq!(after_five(&[Fact::Forgetting]), [] as [u64; 0]);
    assert_eq!(after_five(&[Fact::Forgetting, Fact::Forgotten]), [] as [u64; 0]);
}
