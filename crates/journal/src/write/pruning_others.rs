//! Thins the sessions that no process plays, until all sessions together fit. A slice at a time, however
//! many there are.
//!
//! The order of their losses is that of `write/retention/total.rs`.

use std::time::Duration;

use tracing::warn;

use super::jobs::{Holds, Job, Slice, Tools, Urgency};
use super::pruning::{Pruning, logged};
use super::run_journal::RunJournal;
use super::slices::LISTED_AT_ONCE;
use crate::disk::{DirectoryStore, SessionLock, StoreError, is_marked, with_sources};
use crate::model::ids::{RunId, SessionId};
use crate::read::recovery::SessionFinder;
use crate::write::retention::Quota;
use crate::write::retention::history::PruneTo;
use crate::write::retention::total::{Loss, Rank, Standing, order, standing};

/// The time that it waits for the session that is played to be pruned.
const AFTER_OWN: Duration = Duration::from_secs(1);

/// Sessions that no process plays, pruned one after the other until all sessions together fit. None loses its last good
/// checkpoint.
pub(super) struct PruningOthers {
    /// The run that is written, and its session.
    run: RunId,
    playing: SessionId,
    /// The game that is played: sessions of another one keep what they have.
    game: String,
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
        waiting: Vec<Turn>,
        current: Option<Box<Thinning>>,
        total: u64,
    },
}

/// The next loss of a session.
#[derive(Clone, Copy)]
struct Turn {
    loss: Loss,
    rank: Rank,
    /// The session was wanted by others while it was pruned. It isn't pruned a third time.
    was_interrupted: bool,
}

/// A session that is being pruned.
struct Thinning {
    turn: Turn,
    bytes_before: u64,
    pruning: Pruning,
    lock: SessionLock,
}

impl PruningOthers {
    /// As long as this run is written.
    pub(super) fn new(run: &RunJournal, quota: Quota, game: &str) -> Self {
        let (run, playing, game) = (run.run(), run.session(), game.to_owned());
        Self { run, playing, game, quota, stage: Stage::ToCome }
    }

    /// Does a slice of the work. Returns true if there is more.
    fn step(&mut self, store: &DirectoryStore) -> bool {
        let is_over = |total: u64| total > self.quota.total_bytes;
        match &mut self.stage {
            Stage::ToCome => {
                let Some(unweighed) = listed(store) else { return false };
                self.stage = Stage::Weighing { unweighed, weighed: Vec::new(), total: 0 };
                true
            }
            Stage::Weighing { unweighed, weighed, total } => {
                let mut batch = unweighed.split_off(unweighed.len().saturating_sub(LISTED_AT_ONCE));
                // There is room for them elsewhere.
                batch.retain(|id| !is_marked(&**store.disk(), &store.layout().session(*id)));
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
                    match standing(store, session, &self.game) {
                        Standing::Ranked(rank) => ranked.push(rank),
                        Standing::OfAnotherGame => {
                            let bytes = store.session_bytes(session).unwrap_or_default();
                            *total = total.saturating_sub(bytes);
                        }
                        Standing::Unreadable => {}
                    }
                    return true;
                }
                let turns = order(ranked).into_iter();
                let waiting =
                    turns.map(|(loss, rank)| Turn { loss, rank, was_interrupted: false }).collect();
                self.stage = Stage::Thinning { waiting, current: None, total: *total };
                true
            }
            Stage::Thinning { waiting, current, total } => {
                let Some(thinning) = current else {
                    if !is_over(*total) {
                        return false;
                    }
                    let Some(turn) = waiting.pop() else { return false };
                    let freeing = match turn.loss {
                        Loss::History => 0,
                        Loss::Named => total.saturating_sub(self.quota.total_bytes),
                    };
                    *current = Thinning::begin(store, turn, self.quota, freeing);
                    return true;
                };
                if !thinning.step(store) {
                    *total = total.saturating_sub(thinning.freed(store));
                    *current = None;
                }
                true
            }
        }
    }

    /// Releases the session that is being pruned. It has another turn, after all that are to lose the same.
    fn interrupt(&mut self, store: &DirectoryStore) {
        let Stage::Thinning { waiting, current, total } = &mut self.stage else { return };
        let Some(thinning) = current.take() else { return };
        *total = total.saturating_sub(thinning.freed(store));
        let turn = thinning.turn;
        if !turn.was_interrupted {
            let place = waiting.partition_point(|other| other.loss > turn.loss);
            waiting.insert(place, Turn { was_interrupted: true, ..turn });
        }
    }
}

/// The sessions, if they can be listed.
fn listed(store: &DirectoryStore) -> Option<Vec<SessionId>> {
    let refused = |error: &StoreError| {
        warn!(error = %with_sources(error), "sessions can't be listed, so the limit for all of them isn't kept now");
    };
    store.sessions().inspect_err(refused).ok()
}

impl Job for PruningOthers {
    fn urgency(&self) -> Urgency {
        Urgency::Spare
    }

    /// The session that is played is pruned first. Pruning that is due waits until something may be removed again.
    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let own = tools.run.as_ref().filter(|run| run.run() == self.run && !run.is_lost());
        let Some(has_to_prune) = own.map(|run| run.has_to_prune()) else { return Slice::Done };
        if has_to_prune || !tools.quota.removes {
            self.interrupt(&tools.finder.local().store);
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
            Stage::Thinning { current: Some(current), .. } => {
                Holds::Session(current.turn.rank.session)
            }
            _ => Holds::Nothing,
        }
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        self.interrupt(&finder.local().store);
    }
}

impl Thinning {
    /// Locks a session; `None` if a process plays it.
    fn begin(store: &DirectoryStore, turn: Turn, quota: Quota, freeing: u64) -> Option<Box<Self>> {
        let session = turn.rank.session;
        let lock = store.lock_session(session).ok().flatten()?;
        let bytes_before = store.session_bytes(session).unwrap_or_default();
        let extent = PruneTo::Bone { freeing };
        let pruning = Pruning::new(store, session, quota, extent, None);
        Some(Box::new(Self { turn, bytes_before, pruning, lock }))
    }

    /// Does a slice. Returns true if there is more, which there isn't once another process may have the session.
    fn step(&mut self, store: &DirectoryStore) -> bool {
        matches!(self.lock.is_held(), Ok(true))
            && matches!(
                logged(self.turn.rank.session, self.pruning.step(store, |_| false)),
                Some(None)
            )
    }

    /// Bytes that it has freed so far.
    fn freed(&self, store: &DirectoryStore) -> u64 {
        let after = store.session_bytes(self.turn.rank.session).unwrap_or_default();
        self.bytes_before.saturating_sub(after)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::disk::{CreatedSegment, Disk, Layout, MemoryDisk};
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

    /// A session with generations enough for some to go, among them a named one.
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

    /// The session that is played is none of those in [`ORDER`].
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
        let mut others =
            PruningOthers { run, playing, game: String::new(), quota, stage: Stage::ToCome };
        while others.step(store) {}
    }

    #[test]
    fn attachments_count_towards_the_quota() {
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

    /// Prunes to the bone, and interrupts the pruning at most `most` times. Returns the number of interruptions.
    fn thin_interrupted(store: &DirectoryStore, most: usize) -> usize {
        let quota = Quota { total_bytes: 1, ..Quota::default() };
        let (run, playing) = (RunId(99), SessionId::random());
        let mut others =
            PruningOthers { run, playing, game: String::new(), quota, stage: Stage::ToCome };
        let mut interrupted = 0;
        while others.step(store) {
            if interrupted < most && others.holds() != Holds::Nothing {
                others.interrupt(store);
                assert_eq!(others.holds(), Holds::Nothing);
                interrupted += 1;
            }
        }
        interrupted
    }

    #[test]
    fn a_session_is_thinned_despite_interruptions() {
        let undisturbed = MemoryDisk::default();
        let (store, ids) = sessions(&undisturbed);
        thin(&store, 1);
        let thinned: u64 = bytes_of_each(&store, &ids).iter().sum();
        for most in [1, 3, 6, 12] {
            let disk = MemoryDisk::default();
            let (store, ids) = sessions(&disk);
            assert_eq!(thin_interrupted(&store, most), most);
            let after: u64 = bytes_of_each(&store, &ids).iter().sum();
            assert_eq!(after, thinned, "interrupted {most} times");
        }
    }

    #[test]
    fn a_session_that_is_always_wanted_is_given_up() {
        let disk = MemoryDisk::default();
        let (store, ids) = sessions(&disk);
        // Twice for its history, and twice for what is named.
        assert_eq!(thin_interrupted(&store, usize::MAX), ids.len() * 4);
    }

    #[test]
    fn a_session_whose_lock_file_was_deleted_is_not_thinned() {
        let disk = MemoryDisk::default();
        let (store, ids) = sessions(&disk);
        let quota = Quota { total_bytes: 1, ..Quota::default() };
        let (run, playing) = (RunId(99), SessionId::random());
        let mut others =
            PruningOthers { run, playing, game: String::new(), quota, stage: Stage::ToCome };
        while others.holds() == Holds::Nothing {
            assert!(others.step(&store));
        }
        let before = bytes_of_each(&store, &ids);
        let Holds::Session(session) = others.holds() else { panic!("{:?}", others.holds()) };
        disk.remove(&store.layout().lock(session)).unwrap();
        let other_process = store.lock_session(session).unwrap().unwrap();
        while others.holds() == Holds::Session(session) {
            assert!(others.step(&store));
        }
        assert_eq!(bytes_of_each(&store, &ids), before);
        drop(other_process);
    }

    #[test]
    fn history_goes_before_named_checkpoints_and_the_oldest_sessions_first() {
        let disk = MemoryDisk::default();
        let (store, ids) = sessions(&disk);
        let mut order = Vec::new();
        let mut before = bytes_of_each(&store, &ids);
        // Each time there is one byte too much, so one session more loses something.
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
