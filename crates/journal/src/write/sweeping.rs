//! Removes leftovers: files of processes that died in the middle of something, which would never be looked at again.
//!
//! A start that has resumed or begun a session does it, and so does each cleanup. It goes by locks, never by clocks, and
//! never touches files that may be another machine's: in a data directory that several share, only those that this one
//! wrote.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tracing::{debug, warn};

use super::jobs::{Job, Slice, Tools, Urgency};
use crate::disk::{
    DirectoryStore, Layout, Liveness, RecordError, StoredSession, find_record, remove_record,
    with_sources,
};
use crate::format::Record;
use crate::model::ids::SessionId;

/// The places to be looked at, the next one last.
pub(super) struct Sweeping {
    /// This machine, as headers name it.
    host: u64,
    waiting: Vec<Place>,
    /// The number of files that were removed.
    removed: usize,
}

/// One thing to be looked at.
enum Place {
    /// The files in the state directory.
    State,
    /// A session that was deleted, and of which files are left.
    Forgotten(SessionId),
    /// The unfinished files in a session's directory.
    Session(SessionId),
    /// A file in the state directory that was being written, or made way for one that was.
    Unfinished(String),
    /// The record of a process.
    Record(PathBuf),
    /// The lock of a process that left no record.
    ProcessLock(PathBuf),
    /// The lock of a session that isn't there.
    SessionLock(SessionId),
    /// The trial of a session that isn't there.
    Trial(SessionId),
}

impl Sweeping {
    /// `forgotten` are sessions that were found to be deleted, not to the end.
    pub(super) fn new(store: &DirectoryStore, host: u64, forgotten: BTreeSet<SessionId>) -> Self {
        let sessions = store.sessions().unwrap_or_default().into_iter();
        let mut waiting: Vec<Place> = sessions.map(Place::Session).collect();
        waiting.extend(forgotten.into_iter().map(Place::Forgotten));
        waiting.push(Place::State);
        Self { host, waiting, removed: 0 }
    }

    /// Looks at the next place. `playing` is the session that is played now, whose lock is held. Returns true if there
    /// was one.
    pub(super) fn step(&mut self, store: &DirectoryStore, tools: &Tools<'_>) -> bool {
        let Some(next) = self.waiting.pop() else { return false };
        self.removed += self.look_at(next, store, tools);
        true
    }

    /// The number of files that were removed so far.
    pub(super) fn removed(&self) -> usize {
        self.removed
    }

    /// Looks at a place, and returns how many files were removed.
    fn look_at(&mut self, place: Place, store: &DirectoryStore, tools: &Tools<'_>) -> usize {
        let playing = tools.playing();
        match place {
            Place::State => self.list_state(store),
            Place::Forgotten(session) if Some(session) == playing => {}
            Place::Forgotten(session) => self.forget(store, session),
            Place::Session(session) => {
                return self.sweep_session(store, session, Some(session) == playing);
            }
            Place::Unfinished(name) => {
                if !(is_of_reserve(store, &name) && tools.makes_reserve()) {
                    return sweep_unfinished(store, &name);
                }
            }
            Place::Record(path) => return sweep_record(store, path),
            Place::ProcessLock(path) => {
                // Held while it is removed, so that no process begins with it in between.
                if let Ok(Some(_lock)) = store.disk().try_lock(&path) {
                    return note(&path, store.disk().remove(&path));
                }
            }
            Place::SessionLock(session) => {
                if let Ok(Some(_lock)) = store.lock_session(session) {
                    let path = store.layout().lock(session);
                    return note(&path, store.disk().remove(&path));
                }
            }
            Place::Trial(session) => {
                let trial = store.layout().trial(session);
                return note(&trial, store.disk().remove(&trial));
            }
        }
        0
    }

    /// Looks what is in the state directory.
    fn list_state(&mut self, store: &DirectoryStore) {
        let state = &store.layout().state;
        let Ok(entries) = store.disk().list(state) else { return };
        let names: Vec<&str> =
            entries.iter().filter(|entry| entry.is_file).map(|entry| &*entry.name).collect();
        let there = store.sessions_of_all_profiles();
        let there = there.map(|there| there.into_iter().collect::<BTreeSet<SessionId>>());
        // The lock of one that is there goes with its next player. To hold it here would be in the way of another
        // process that begins to play it just now.
        let is_gone = |session| there.as_ref().is_ok_and(|there| !there.contains(&session));
        for name in &names {
            let path = Path::new(name);
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let session = stem.parse::<SessionId>().ok();
            let extension = path.extension().and_then(|extension| extension.to_str());
            let has_record = || {
                let record = Path::new(name).with_extension("record");
                names.iter().any(|name| Path::new(name) == record)
            };
            self.waiting.extend(match (extension, session) {
                _ if place_of(name).is_some() => Some(Place::Unfinished((*name).to_owned())),
                _ if Layout::is_process_record_name(name) => Some(Place::Record(state.join(name))),
                (Some("lock"), None) if name.starts_with("process-") && !has_record() => {
                    Some(Place::ProcessLock(state.join(name)))
                }
                (Some("lock"), Some(session)) if is_gone(session) => {
                    Some(Place::SessionLock(session))
                }
                (Some("trial"), Some(session)) if is_gone(session) => Some(Place::Trial(session)),
                _ => None,
            });
        }
    }

    /// Deletes to the end what this machine began to delete.
    fn forget(&self, store: &DirectoryStore, session: SessionId) {
        let Ok(Some(_lock)) = store.lock_session(session) else { return };
        let Ok(stored) = store.open_session(session) else { return };
        if stored.index().is_forgotten() && self.was_forgotten_here(&stored) {
            debug!(%session, "a session is deleted to the end");
            if let Err(error) = store.remove_session(session) {
                warn!(%session, error = %with_sources(&error), "a session can't be deleted");
            }
        }
    }

    fn was_forgotten_here(&self, stored: &StoredSession) -> bool {
        let segments = stored.index().segments().iter();
        let mut forgetting = segments.filter(|segment| {
            segment.scan.records.iter().any(|(_, record)| matches!(record, Record::Forgotten))
        });
        stored.index().unreadable_file().is_none()
            && forgetting.all(|segment| segment.header.host == self.host)
    }

    /// Removes what was being written in a session's directory, if no other machine ever wrote there. A slot is written there
    /// by this machine alone, while it fetches the session.
    fn sweep_session(&self, store: &DirectoryStore, session: SessionId, is_played: bool) -> usize {
        let directory = store.layout().session(session);
        let Ok(entries) = store.disk().list(&directory) else { return 0 };
        let unfinished: Vec<PathBuf> = entries
            .iter()
            .filter(|entry| entry.is_file && place_of(&entry.name).is_some())
            // One that is being gathered into now; what others left goes before that is begun.
            .filter(|entry| !is_played || !Layout::is_unfinished_archive(&entry.name))
            .map(|entry| directory.join(&entry.name))
            .collect();
        if unfinished.is_empty() {
            return 0;
        }
        let lock = match is_played {
            true => None,
            false => match store.lock_session(session) {
                Ok(Some(lock)) => Some(lock),
                _ => return 0,
            },
        };
        let Ok(stored) = store.open_session(session) else { return 0 };
        let mut segments = stored.index().segments().iter();
        // Copies came here as a whole: their machines never write here.
        let is_own =
            segments.all(|segment| segment.header.is_copied() || segment.header.host == self.host);
        let is_slot = |path: &Path| {
            path.file_name().and_then(OsStr::to_str).is_some_and(Layout::is_unfinished_slot)
        };
        let own = unfinished.iter().filter(|path| is_own || is_slot(path));
        let removed = own.map(|path| remove_unfinished(store, path)).sum();
        drop(lock);
        removed
    }
}

impl Job for Sweeping {
    fn urgency(&self) -> Urgency {
        Urgency::Spare
    }

    /// Looks at the next place.
    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        match self.step(&tools.finder.local().store, tools) {
            true => Slice::Going(self),
            false => Slice::Done,
        }
    }
}

/// Removes a file that was being written in the state directory, or made way for one that was, if its writer is gone.
fn sweep_unfinished(store: &DirectoryStore, name: &str) -> usize {
    let state = &store.layout().state;
    let Some(place) = place_of(name) else { return 0 };
    if let Some(session) = Layout::session_of_mark(place) {
        // A keeper writes it on a thread of its own, mostly while its process has the session's lock. Should this remove one
        // that is being written all the same, the keeper writes it once more.
        if !is_only_process(store) {
            return 0;
        }
        return match store.lock_session(session) {
            Ok(Some(_lock)) => remove_unfinished(store, &state.join(name)),
            _ => 0,
        };
    }
    let is_gone = match Layout::is_process_record_name(place) {
        // Its name says whose it is.
        true => {
            let lock = Layout::process_lock(&state.join(place));
            store.disk().is_locked(&lock).is_ok_and(|is_locked| !is_locked)
        }
        false => is_only_process(store),
    };
    if is_gone { remove_unfinished(store, &state.join(name)) } else { 0 }
}

/// Returns true if it is the file that keeps room free for an exit, which is written in many turns.
fn is_of_reserve(store: &DirectoryStore, name: &str) -> bool {
    let reserve = store.layout().reserve();
    place_of(name).is_some_and(|place| reserve.file_name().is_some_and(|name| name == place))
}

/// The final name of a file that was being written, or was moved aside for one.
fn place_of(name: &str) -> Option<&str> {
    Layout::place_of_unfinished(name).or_else(|| Layout::place_of_aside(name))
}

/// Removes a file that was being written, or that made way for one that was. The latter is the only copy
/// until the place is taken; nothing is replacing it now.
fn remove_unfinished(store: &DirectoryStore, path: &Path) -> usize {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let aside = Layout::place_of_aside(name);
    match aside.is_none_or(|place| store.disk().open(&path.with_file_name(place)).is_ok()) {
        true => note(path, store.disk().remove(path)),
        false => 0,
    }
}

/// Returns true if this is surely the only process of the game that lives on this machine. Its own files, but for marks, are
/// written on this very thread, so none of those is half done now.
pub(super) fn is_only_process(store: &DirectoryStore) -> bool {
    let state = &store.layout().state;
    let Ok(entries) = store.disk().list(state) else { return false };
    let mut locks = entries
        .iter()
        .filter(|entry| entry.name.starts_with("process-") && entry.name.ends_with(".lock"));
    let is_locked = |name: &str| store.disk().is_locked(&state.join(name));
    let living = locks.try_fold(0, |living, lock| {
        is_locked(&lock.name).map(|is_locked| living + u32::from(is_locked))
    });
    living.is_ok_and(|living| living <= 1)
}

/// Removes the record of a process that died, if nothing can be learned from it.
fn sweep_record(store: &DirectoryStore, path: PathBuf) -> usize {
    let found = find_record(&**store.disk(), path);
    let is_damaged = matches!(found.record, Err(RecordError::Damaged { .. }));
    if found.liveness != Liveness::Dead || !is_damaged {
        return 0;
    }
    debug!(path = %found.path.display(), "a damaged process record is removed");
    match remove_record(&**store.disk(), &found.path) {
        Ok(()) => 1,
        Err(error) => {
            warn!(error = %with_sources(&error), "a damaged process record can't be removed");
            0
        }
    }
}

/// Logs the outcome of a removal, and returns how many files were removed.
fn note(path: &Path, removed: std::io::Result<()>) -> usize {
    match removed {
        Ok(()) => {
            debug!(path = %path.display(), "left behind by a process that died; removed");
            1
        }
        Err(error) => {
            debug!(path = %path.display(), %error, "left behind, and can't be removed");
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::MemoryDisk;

    /// The keeper of a replica writes it while this thread sweeps.
    #[test]
    fn the_unfinished_mark_of_a_played_session_is_not_swept() {
        let disk = MemoryDisk::default();
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let store = DirectoryStore::new(Arc::new(disk.clone()), layout);
        let session = SessionId::random();
        let mark = Layout::unfinished(&store.layout().mark("arena-3", session));
        let name = mark.file_name().unwrap().to_str().unwrap();
        store.create_state_directory().unwrap();
        disk.put(&mark, b"half");
        let played = store.lock_session(session).unwrap().unwrap();
        assert_eq!(sweep_unfinished(&store, name), 0);
        assert!(store.disk().open(&mark).is_ok());
        drop(played);
        assert_eq!(sweep_unfinished(&store, name), 1, "one of a dead process goes");
    }
}
