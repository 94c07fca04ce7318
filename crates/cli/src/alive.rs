//! Checks whether a process is still running.

use bevy_session_journal::internal::disk::ProcessRecord;
use bevy_session_journal::internal::model::clock::between;
use jiff::{Timestamp, ToSpan};
use std::time::Duration;
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

/// A process writes its record once a second. One that hasn't for this long isn't playing.
const SILENCE: Duration = Duration::from_secs(10);

/// Returns true if the process that wrote this record is alive. No lock is asked for, since that could keep the game
/// from getting it: its record must be fresh, and the system must know the process by its number.
///
/// In a container with its own process numbers, the tool has to run in there as well.
pub fn is_alive(record: &ProcessRecord, now: Timestamp) -> bool {
    let heartbeat = record.heartbeat;
    let silent_for = between(heartbeat, now).max(between(now, heartbeat));
    silent_for < SILENCE && is_running(record)
}

/// Returns true if the system knows the process that wrote this, and it is no later one of the same number. True also
/// if the system can't be asked.
pub fn is_running(record: &ProcessRecord) -> bool {
    let pid = Pid::from_u32(record.pid);
    // If the system doesn't say, a fresh record is all that there is to go by.
    let Ok(mut system) = System::new() else { return true };
    let what = ProcessRefreshKind::nothing();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
    let Some(process) = system.process(pid) else { return false };
    let is_dead = matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead);
    // Numbers are used again. One that was started later is another process; the system counts in
    // seconds, and its clock may have been set a little since.
    let latest = record.started + 5.seconds();
    !is_dead && i64::try_from(process.start_time()).is_ok_and(|began| began <= latest.as_second())
}
