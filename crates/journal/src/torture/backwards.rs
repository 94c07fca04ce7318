//! A clock that runs backwards: no decision rests on it.

use jiff::SignedDuration;

use super::faults::check_everything;
use super::{Action, Play};
use crate::disk::simulated_disk::SimulatedDisk;

#[test]
fn a_clock_that_runs_backwards_loses_nothing() {
    use Action::{
        Auto, Close, Crowd, Full, Kill, Manual, Merge, Pause, Recover, Resume, Rewind, SaveSlot,
        Settle, Start,
    };
    let played = [
        Start, Settle, Auto, Manual, Full, Settle, Merge, Auto, Kill, Recover, Settle, Auto, Full,
        Pause, Resume, Merge, Rewind, Auto, SaveSlot, Settle, Crowd, Full, Settle, Auto, Kill,
        Recover, Full, Auto, Settle, Close, Recover, Manual, Settle,
    ];
    let mut play = Play::new(SimulatedDisk::default(), 83);
    for action in played {
        play.perform(&[action]);
        play.now.wall -= SignedDuration::from_hours(5);
    }
    assert!(play.history.newest_is_acknowledged());
    assert_eq!(check_everything(&play, 0), Ok(()));
}
