//! Measures the surroundings of the journal: the room on disk, the leftovers of processes, and this process's share of
//! the machine.

use std::time::Duration;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use crate::disk::{DirectoryStore, Layout};
use crate::model::ids::SessionId;

/// The surroundings of the journal, at one moment. A value that can't be measured is `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Surroundings {
    /// Bytes that can still be written where sessions are.
    pub disk_left: Option<u64>,
    /// Locks of processes that are gone, which no start has cleared away.
    pub stale_locks: Option<u32>,
    /// The session that is played, and bytes of its journal, attachments and recorded events.
    pub session_bytes: Option<(SessionId, u64)>,
    /// Bytes of memory that the process has.
    pub memory: Option<u64>,
    /// Processor time that the process has used.
    pub cpu: Option<Duration>,
    /// Processor time that this thread, the writer's, has used.
    pub writer_cpu: Option<Duration>,
}

impl Surroundings {
    /// Asks the disk and the system. Locks of sessions are left alone: asking if one is held can keep another process
    /// from taking it at that moment.
    pub(super) fn of(store: &DirectoryStore, played: Option<SessionId>) -> Self {
        // The directory may not be there before anything is saved.
        let mut places = store.layout().data.ancestors();
        let room = places.find_map(|place| store.disk().room(place).ok());
        let disk_left = room.map(|room| room.free);
        let (memory, cpu) = of_this_process().unzip();
        let session_bytes = played.and_then(|id| Some((id, store.session_bytes(id).ok()?)));
        let (stale_locks, writer_cpu) = (stale_locks(store), of_this_thread());
        Self { disk_left, stale_locks, session_bytes, memory, cpu, writer_cpu }
    }
}

fn stale_locks(store: &DirectoryStore) -> Option<u32> {
    let state = &store.layout().state;
    let entries = store.disk().list(state).ok()?;
    let locks = entries.iter().filter(|entry| Layout::is_process_lock_name(&entry.name));
    let is_stale = |name: &str| store.disk().is_locked(&state.join(name)).is_ok_and(|held| !held);
    u32::try_from(locks.filter(|lock| is_stale(&lock.name)).count()).ok()
}

/// Its processor time, where the system says so without `unsafe`.
fn of_this_thread() -> Option<Duration> {
    #[cfg(unix)]
    let time = {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let nanoseconds = u32::try_from(time.tv_nsec).ok()?;
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanoseconds))
    };
    #[cfg(not(unix))]
    let time = None;
    time
}

/// Its memory and its processor time, where the system says so.
fn of_this_process() -> Option<(u64, Duration)> {
    let pid = sysinfo::get_current_pid().ok()?;
    let mut system = System::new().ok()?;
    let wanted = ProcessRefreshKind::nothing().with_memory().with_cpu().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, wanted);
    let process = system.process(pid)?;
    Some((process.memory(), Duration::from_millis(process.accumulated_cpu_time())))
}
