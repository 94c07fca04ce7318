//! Checks whether a process is still running.

use bevy_session_journal::internal::disk::ProcessRecord;
use bevy_session_journal::internal::model::clock::between;
use jiff::Timestamp;
use std::time::Duration;
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

/// A process writes its record once a second. One that hasn't for this long is silent.
const SILENCE: Duration = Duration::from_secs(10);

/// A game writes its record as its app is built, which takes its program this long at most.
const BEFORE_THE_RECORD: Duration = Duration::from_secs(600);

/// The system counts in seconds, and its clock may have been set a little since.
const INACCURACY: Duration = Duration::from_secs(5);

/// Returns true if the process that wrote this record runs, also if it is silent: one that was stopped, by a debugger or
/// a signal, holds its locks. True if the system can't be asked. No lock is asked for, since that could keep the game from
/// getting it.
///
/// In a container with its own process numbers, the tool has to run in there as well.
pub fn is_running(record: &ProcessRecord, now: Timestamp) -> bool {
    let pid = Pid::from_u32(record.pid);
    let Ok(mut system) = System::new() else { return true };
    let what = ProcessRefreshKind::nothing();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
    let Some(process) = system.process(pid) else { return false };
    let is_dead = matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead);
    !is_dead && may_have_written(process.start_time(), record, now)
}

/// Returns true if a process that began at this second may be the one that wrote the record. Numbers are used again; and
/// a number that is one of a container is another process's on this machine, which is mostly an older one.
fn may_have_written(began: u64, record: &ProcessRecord, now: Timestamp) -> bool {
    let began = i64::try_from(began).ok().and_then(|began| Timestamp::from_second(began).ok());
    let Some(began) = began else { return false };
    let heartbeat = record.heartbeat;
    let silent_for = between(heartbeat, now).max(between(now, heartbeat));
    // A program that goes on after its app is gone may build another one at any time.
    let is_recent = silent_for < SILENCE || between(began, record.started) <= BEFORE_THE_RECORD;
    is_recent && between(record.started, began) <= INACCURACY
}
