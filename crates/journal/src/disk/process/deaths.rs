//! The deaths of earlier processes, which each record carries on, so that deaths in a row are noticed although their
//! records are gone.

use std::time::Duration;

use jiff::Timestamp;

use super::{HowItEnded, how_it_ended, time_of_death};
use crate::disk::{EarlierDeath, ProcessRecord};

/// The age up to which a death is carried on.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Deaths that a record names at the most.
const MOST_DEATHS: usize = 64;

/// The death of the process of `record`, once it is known to be gone; `None` if it exited, or was ended in the
/// background.
fn death_of(record: &ProcessRecord) -> Option<EarlierDeath> {
    // No boot makes an exit of a death, nor the other way round.
    let ended = how_it_ended(record, &record.boot);
    // A phone ends what it has suspended, and that is no fault of the game.
    let was_taken = record.suspended.is_some() && record.panic.is_none();
    let has_died = record.ended.is_none() && ended != HowItEnded::Exited && !was_taken;
    has_died.then(|| EarlierDeath {
        process: record.process,
        at: time_of_death(record),
        session: record.runs.last().map(|held| held.session),
    })
}

/// The deaths that the record of a dead process knows: those before it, and its own.
pub fn deaths_up_to(record: &ProcessRecord) -> impl Iterator<Item = EarlierDeath> {
    record.deaths.iter().copied().chain(death_of(record))
}

/// The deaths among these that are no older than a day, nor ahead of the clock, each once, the oldest first.
pub fn recent_deaths(
    deaths: impl IntoIterator<Item = EarlierDeath>,
    now: Timestamp,
) -> Vec<EarlierDeath> {
    let mut deaths: Vec<EarlierDeath> = deaths.into_iter().collect();
    deaths.retain(|death| death.is_within(KEPT_FOR, now));
    // The record of a process may still be there although a later one names it.
    deaths.sort_by_key(|death| (death.process, death.at));
    deaths.dedup_by_key(|death| death.process);
    deaths.sort_by_key(|death| (death.at, death.process));
    deaths.split_off(deaths.len().saturating_sub(MOST_DEATHS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{HeldRun, PanicInfo, ProcessId};
    use crate::model::ids::{RunId, SessionId};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// A process that was killed at this second.
    fn killed(process: u64, seconds: i64) -> ProcessRecord {
        ProcessRecord {
            last_frame: Some(at(seconds)),
            frame_gap: 16,
            ..ProcessRecord::begun(ProcessId(process), at(seconds))
        }
    }

    fn named(deaths: &[EarlierDeath]) -> Vec<u64> {
        deaths.iter().map(|death| death.process.0).collect()
    }

    #[test]
    fn a_death_is_passed_on_once_with_its_session() {
        let session = SessionId::random();
        let held = HeldRun {
            session,
            run: RunId(1),
            held_since: None,
            last_acknowledged: None,
            acknowledged_at: None,
            left: false,
        };
        let first = ProcessRecord { runs: vec![held], ..killed(9, 100) };
        let deaths = recent_deaths(deaths_up_to(&first), at(110));
        assert_eq!(
            deaths,
            [EarlierDeath { process: ProcessId(9), at: at(100), session: Some(session) }]
        );
        // The first record is still there when the second process has died as well.
        let second = ProcessRecord { deaths, ..killed(3, 120) };
        assert_eq!(
            named(&recent_deaths([&second, &first].into_iter().flat_map(deaths_up_to), at(130),)),
            [9, 3]
        );
    }

    #[test]
    fn an_exit_is_no_death() {
        let exited = ProcessRecord { exiting: Some(at(100)), ..killed(1, 100) };
        let ended = ProcessRecord { ended: Some(at(100)), ..killed(2, 100) };
        assert!(
            recent_deaths([&exited, &ended].into_iter().flat_map(deaths_up_to), at(100)).is_empty()
        );
        // What it knew of is carried on all the same.
        let deaths = recent_deaths(deaths_up_to(&killed(7, 90)), at(100));
        let exited = ProcessRecord { deaths, ..exited };
        assert_eq!(named(&recent_deaths(deaths_up_to(&exited), at(100))), [7]);
    }

    #[test]
    fn a_process_that_is_ended_in_the_background_has_not_died() {
        let taken = ProcessRecord { suspended: Some(at(99)), ..killed(1, 100) };
        assert!(recent_deaths(deaths_up_to(&taken), at(110)).is_empty());
        let panic = PanicInfo {
            message: "out of mana".to_owned(),
            place: None,
            thread: None,
            backtrace: None,
            time: at(100),
        };
        let panicked = ProcessRecord { panic: Some(panic), ..taken };
        assert_eq!(named(&recent_deaths(deaths_up_to(&panicked), at(110))), [1]);
    }

    #[test]
    fn deaths_ahead_of_the_clock_are_ignored() {
        let year = 365 * 24 * 60 * 60;
        let ahead = (0..100).map(|it| killed(it, year));
        let records: Vec<ProcessRecord> =
            ahead.chain([killed(200, 90), killed(201, 150)]).collect();
        let deaths = recent_deaths(records.iter().flat_map(deaths_up_to), at(100));
        assert_eq!(named(&deaths), [200, 201], "50 seconds are a clock that was put right");
    }

    #[test]
    fn deaths_of_the_last_day_are_kept_up_to_a_limit() {
        let day = 24 * 60 * 60;
        let two = [killed(1, 100), killed(2, 101)];
        assert_eq!(named(&recent_deaths(two.iter().flat_map(deaths_up_to), at(day + 101))), [2]);
        let many: Vec<ProcessRecord> = (0..100).map(|it| killed(it, 1_000)).collect();
        let kept = recent_deaths(many.iter().flat_map(deaths_up_to), at(1_000));
        assert_eq!((kept.len(), kept[0].process.0), (MOST_DEATHS, 36));
    }
}
