//! Thins the sessions that no process plays, until all sessions together fit. A slice at a time, however
//! many there are.
//!
//! Which one loses something first says `write/retention/total.rs`.

use std::time::Duration;

use super::jobs::{Holds, Job, Slice, Tools, Urgency};
use super::pruning::{Pruning, logged};
use super::run_journal::RunJournal;
use super::slices::LISTED_AT_ONCE;
use crate::disk::{DirectoryStore, SessionLock};
use crate::model::ids::{RunId, SessionId};
use crate::read::recovery::SessionFinder;
use crate::write::retention::Quota;
use crate::write::retention::history::PruneTo;
use crate::write::retention::total::{Loss, Rank, order, rank};

/// How long it waits for the session that is played to be pruned.
const AFTER_OWN: Duration = Duration::from_secs(1);

/// Sessions that no process plays, thinned one after the other until all sessions together fit. None
/// loses its last good checkpoint.
pub(super) struct PruningOthers {
    /// The run that is written, and its session.
    run: RunId,
    playing: SessionId,
    quota: Quota,
    stage: Stage,
}

enum Stage {
    ToCome,
    /// Adds up what all sessions take. Nearly always there is room enough, and nothing has to be read
    /// to know that.
    Weighing {
        unweighed: Vec<SessionId>,
        weighed: Vec<SessionId>,
        total: u64,
    },
    /// Finds out how much each matters, and when it was played last.
    Ranking {
        unranked: Vec<SessionId>,
        ranked: Vec<Rank>,
        total: u64,
    },
    /// Thins them, each with what it is to lose. The next one comes last.
    Thinning {
        waiting: Vec<(Loss, Rank)>,
        current: Option<Box<Thinning>>,
        total: u64,
    },
}

/// A session that is being thinned.
struct Thinning {
    session: SessionId,
    bytes_before: u64,
    pruning: Pruning,
    _lock: SessionLock,
}

impl PruningOthers {
    /// As long as this run is written.
    pub(super) fn new(run: &RunJournal, quota: Quota) -> Self {
        Self { run: run.run(), playing: run.session(), quota, stage: Stage::ToCome }
    }

    /// Does a slice of what there is to do. Whether there is more.
    fn step(&mut self, store: &DirectoryStore) -> bool {
        let is_over = |total: u64| total > self.quota.total_bytes;
        match &mut self.stage {
            Stage::ToCome => {
                let Ok(unweighed) = store.sessions() else { return false };
                self.stage = Stage::Weighing { unweighed, weighed: Vec::new(), total: 0 };
                true
            }
            Stage::Weighing { unweighed, weighed, total } => {
                let batch = unweighed.split_off(unweighed.len().saturating_sub(LISTED_AT_ONCE));
                *total += batch.iter().filter_map(|id| store.session_bytes(*id).ok()).sum::<u64>();
                weighed.extend(batch);
                if !unweighed.is_empty() {
                    return true;
                }
                let (mut unranked, total) = (std::mem::take(weighed), *total);
                unranked.retain(|id| *id != self.playing);
                self.stage = Stage::Ranking { unranked, ranked: Vec::new(), total };
                is_over(total)
            }
            Stage::Ranking { unranked, ranked, total } => {
                if let Some(session) = unranked.pop() {
                    ranked.extend(rank(store, session));
                    return true;
                }
                let waiting = order(ranked);
                self.stage = Stage::Thinning { waiting, current: None, total: *total };
                true
            }
            Stage::Thinning { waiting, current, total } => {
                let Some(thinning) = current else {
                    if !is_over(*total) {
                        return false;
                    }
                    let Some((loss, rank)) = waiting.pop() else { return false };
                    let freeing = match loss {
                        Loss::History => 0,
                        Loss::Named => total.saturating_sub(self.quota.total_bytes),
                    };
                    *current = Thinning::begin(store, rank.session, self.quota, freeing);
                    return true;
                };
                let stepped = thinning.pruning.step(store, |_| false);
                if !matches!(logged(thinning.session, stepped), Some(None)) {
                    let after = store.session_bytes(thinning.session).unwrap_or_default();
                    *total = total.saturating_sub(thinning.bytes_before.saturating_sub(after));
                    *current = None;
                }
                true
            }
        }
    }
}

impl Job for PruningOthers {
    fn urgency(&self) -> Urgency {
        Urgency::Spare
    }

    /// What there is of the session that is played goes first. What is due waits until something may be removed again.
    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let Some(run) = tools.run.as_ref().filter(|run| run.run() == self.run) else {
            return Slice::Done;
        };
        if run.has_to_prune() || !tools.quota.removes {
            return Slice::Later(self, AFTER_OWN);
        }
        if tools.quota != self.quota {
            // It goes by another quota from now on.
            (self.quota, self.stage) = (tools.quota, Stage::ToCome);
        }
        match self.step(&tools.finder.local().store) {
            true => Slice::Going(self),
            false => Slice::Done,
        }
    }

    fn holds(&self) -> Holds {
        match &self.stage {
            Stage::Thinning { current: Some(current), .. } => Holds::Session(current.session),
            _ => Holds::Nothing,
        }
    }

    fn cancel(&mut self, _finder: &mut SessionFinder) {
        if let Stage::Thinning { current, .. } = &mut self.stage {
            *current = None;
        }
    }
}

impl Thinning {
    /// Locks a session; `None` if a process plays it.
    fn begin(
        store: &DirectoryStore,
        session: SessionId,
        quota: Quota,
        freeing: u64,
    ) -> Option<Box<Self>> {
        let lock = store.lock_session(session).ok().flatten()?;
        let bytes_before = store.session_bytes(session).unwrap_or_default();
        let extent = PruneTo::Bone { freeing };
        let pruning = Pruning::new(store, session, quota, extent, None);
        Some(Box::new(Self { session, bytes_before, pruning, _lock: lock }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::disk::{CreatedSegment, Layout, MemoryDisk};
    use crate::format::sample::{commit, header, values};
    use crate::format::{CheckpointKind, Commit, Record, SegmentHeader};
    use crate::model::ids::CheckpointId;
    use crate::model::session::{Attachment, SessionPriority};

    /// The order in which sessions go, by priority and hour in which they were played last.
    const ORDER: [(SessionPriority, i64); 6] = [
        (SessionPriority::Low, 4),
        (SessionPriority::Low, 6),
        (SessionPriority::Normal, 1),
        (SessionPriority::Normal, 3),
        (SessionPriority::High, 2),
        (SessionPriority::High, 5),
    ];

    /// A session with generations enough for some to go, among them one that somebody asked for.
    fn write_session(store: &DirectoryStore, session: SessionId, hour: i64) {
        for segment in 0..8 {
            let header = SegmentHeader { session, ..header(1, segment) };
            let CreatedSegment { mut file, mut encoder, .. } =
                store.create_segment(&header).unwrap();
            let is_named = segment == 2;
            let commit = Commit {
                time: Timestamp::from_second(hour * 3600 + i64::from(segment)).unwrap(),
                kind: if is_named { CheckpointKind::Manual } else { CheckpointKind::Auto },
                label: is_named.then(|| "before the boss".to_owned()),
                ..commit(u64::from(segment) + 1, None)
            };
            let block = values("game::Health", &[(2, &[7; 100])]);
            encoder.encode_group([block], &commit, &mut |bytes| file.append(bytes)).unwrap();
        }
    }

    /// Says how much a session matters, as its player does later on.
    fn set_priority(store: &DirectoryStore, session: SessionId, priority: SessionPriority) {
        let header = SegmentHeader { session, ..header(1, 8) };
        let CreatedSegment { mut file, mut encoder, .. } = store.create_segment(&header).unwrap();
        let mut metadata = header.metadata.clone();
        (metadata.id, metadata.priority) = (session, priority);
        let record = Record::Metadata(Box::new(metadata));
        file.append(&encoder.encode_record(&record).unwrap()).unwrap();
    }

    /// What is played is none of those in [`ORDER`].
    fn sessions(disk: &MemoryDisk) -> (DirectoryStore, Vec<SessionId>) {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let store = DirectoryStore::new(Arc::new(disk.clone()), layout);
        // By their ids the order would be another one.
        let mut ids: Vec<SessionId> = ORDER.iter().map(|_| SessionId::random()).collect();
        ids.sort();
        ids.reverse();
        for (session, (priority, hour)) in ids.iter().zip(ORDER) {
            write_session(&store, *session, hour);
            set_priority(&store, *session, priority);
        }
        (store, ids)
    }

    fn bytes_of_each(store: &DirectoryStore, sessions: &[SessionId]) -> Vec<u64> {
        sessions.iter().map(|session| store.session_bytes(*session).unwrap()).collect()
    }

    fn thin(store: &DirectoryStore, total_bytes: u64) {
        let quota = Quota { total_bytes, ..Quota::default() };
        let (run, playing) = (RunId(99), SessionId::random());
        let mut others = PruningOthers { run, playing, quota, stage: Stage::ToCome };
        while others.step(store) {}
    }

    #[test]
    fn attachments_count_as_what_a_session_takes() {
        let disk = MemoryDisk::default();
        let (store, ids) = sessions(&disk);
        let quota = bytes_of_each(&store, &ids).iter().sum();
        let named = CheckpointId { run: header(1, 2).run, counter: 3 };
        let thumbnail = Attachment::new("thumbnail".to_owned(), vec![7; 10]);
        store.write_attachment(ids[0], named, &thumbnail).unwrap();
        let before: u64 = bytes_of_each(&store, &ids).iter().sum();
        thin(&store, quota);
        let after: u64 = bytes_of_each(&store, &ids).iter().sum();
        assert!(after <= quota && quota < before, "{before} and then {after} of {quota}");
    }

    #[test]
    fn what_matters_less_goes_first_and_among_equals_what_was_played_longest_ago() {
        let disk = MemoryDisk::default();
        let (store, ids) = sessions(&disk);
        let mut order = Vec::new();
        let mut before = bytes_of_each(&store, &ids);
        // Each time one byte too much lies there, so one session more loses something.
        loop {
            thin(&store, before.iter().sum::<u64>() - 1);
            let after = bytes_of_each(&store, &ids);
            let mut thinned = (0..ids.len()).filter(|place| after[*place] < before[*place]);
            let Some(place) = thinned.next() else { break };
            assert_eq!(thinned.next(), None, "no more than is needed");
            order.push(place);
            before = after;
        }
        let in_order: Vec<usize> = (0..ids.len()).collect();
        assert_eq!(order, [in_order.clone(), in_order].concat(), "history, and then what is named");
    }
}
