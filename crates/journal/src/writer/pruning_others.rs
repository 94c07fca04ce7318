//! Thins the sessions that no process plays, until all sessions together fit. A slice at a time, however
//! many there are.
//!
//! First all of them lose their history, the least recently played one before the others, and only then
//! named checkpoints, the oldest first and no more than is needed.

use jiff::Timestamp;

use super::pruning::{Pruning, logged};
use super::retention::{PruneTo, Quota};
use super::slices::LISTED_AT_ONCE;
use crate::ids::SessionId;
use crate::store::{DirectoryStore, SessionLock};

/// Sessions that no process plays, thinned one after the other until all sessions together fit. None
/// loses its last good checkpoint.
pub(super) struct PruningOthers {
    playing: SessionId,
    quota: Quota,
    stage: Stage,
}

enum Stage {
    /// Adds up what all sessions take. Nearly always there is room enough, and nothing has to be read
    /// to know that.
    Weighing { unweighed: Vec<SessionId>, weighed: Vec<SessionId>, total: u64 },
    /// Finds out when each was played last.
    Dating { undated: Vec<SessionId>, dated: Vec<(Option<Timestamp>, SessionId)>, total: u64 },
    /// Thins them, each with what it is to lose. The next one comes last.
    Thinning { waiting: Vec<(Loss, SessionId)>, current: Option<Box<Thinning>>, total: u64 },
}

/// What a session is to lose.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    History,
    Named,
}

/// A session that is being thinned.
struct Thinning {
    session: SessionId,
    bytes_before: u64,
    pruning: Pruning,
    _lock: SessionLock,
}

impl PruningOthers {
    /// Lists all sessions.
    pub(super) fn begin(store: &DirectoryStore, playing: SessionId, quota: Quota) -> Option<Self> {
        let unweighed = store.sessions().ok()?;
        let stage = Stage::Weighing { unweighed, weighed: Vec::new(), total: 0 };
        Some(Self { playing, quota, stage })
    }

    /// Does a slice of what there is to do. Whether there is more.
    pub(super) fn step(&mut self, store: &DirectoryStore) -> bool {
        let is_over = |total: u64| total > self.quota.total_bytes;
        match &mut self.stage {
            Stage::Weighing { unweighed, weighed, total } => {
                let batch = unweighed.split_off(unweighed.len().saturating_sub(LISTED_AT_ONCE));
                *total += batch.iter().filter_map(|id| store.session_bytes(*id).ok()).sum::<u64>();
                weighed.extend(batch);
                if !unweighed.is_empty() {
                    return true;
                }
                let (mut undated, total) = (std::mem::take(weighed), *total);
                undated.retain(|id| *id != self.playing);
                self.stage = Stage::Dating { undated, dated: Vec::new(), total };
                is_over(total)
            }
            Stage::Dating { undated, dated, total } => {
                if let Some(session) = undated.pop() {
                    dated.extend(last_played(store, session).map(|played| (played, session)));
                    return true;
                }
                dated.sort_by_key(|(played, _)| std::cmp::Reverse(*played));
                let losses = [Loss::Named, Loss::History].into_iter();
                let waiting = losses
                    .flat_map(|loss| dated.iter().map(move |(_, session)| (loss, *session)))
                    .collect();
                self.stage = Stage::Thinning { waiting, current: None, total: *total };
                true
            }
            Stage::Thinning { waiting, current, total } => {
                let Some(thinning) = current else {
                    if !is_over(*total) {
                        return false;
                    }
                    let Some((loss, session)) = waiting.pop() else { return false };
                    let freeing = match loss {
                        Loss::History => 0,
                        Loss::Named => total.saturating_sub(self.quota.total_bytes),
                    };
                    *current = Thinning::begin(store, session, self.quota, freeing);
                    return true;
                };
                if logged(thinning.session, thinning.pruning.step(store)) != Some(true) {
                    let after = store.session_bytes(thinning.session).unwrap_or_default();
                    *total = total.saturating_sub(thinning.bytes_before.saturating_sub(after));
                    *current = None;
                }
                true
            }
        }
    }

    /// Lets go of the session that is being thinned, since it is wanted.
    pub(super) fn let_go(&mut self) {
        if let Stage::Thinning { current, .. } = &mut self.stage {
            *current = None;
        }
    }
}

impl Thinning {
    /// Locks a session and looks at it; `None` if a process plays it, or it can't be read.
    fn begin(
        store: &DirectoryStore,
        session: SessionId,
        quota: Quota,
        freeing: u64,
    ) -> Option<Box<Self>> {
        let lock = store.lock_session(session).ok().flatten()?;
        let bytes_before = store.session_bytes(session).unwrap_or_default();
        let extent = PruneTo::Bone { freeing };
        let pruning = logged(session, Pruning::begin(store, session, quota, extent, |_| false))?;
        Some(Box::new(Self { session, bytes_before, pruning, _lock: lock }))
    }
}

/// When a session was played last; `None` if it can't be read.
fn last_played(store: &DirectoryStore, session: SessionId) -> Option<Option<Timestamp>> {
    let stored = store.open_session(session).ok()?;
    Some(stored.index().heads().first().map(|head| head.time))
}
