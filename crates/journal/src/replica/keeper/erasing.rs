//! Removes the sessions of erased players from the replica.
//!
//! The erasures of this machine (`disk/erasure_files.rs`) name these sessions, and stay. So nothing is noted of what was done:
//! an erased session that the replica lists is removed, also if it has come back. One that is on this machine's disk stays
//! until it is removed there: it is played, or has become another player's.
//!
//! While nothing is played, the looks at all sessions find them. While a session is played, one of them is looked at in each
//! length of a lease, some entries at a time, and none that is large: its owner's signs of life come from the same thread.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::ReplicaReport;
use crate::disk::{Erasure, ErasureFiles, Layout, LocalStore, with_sources};
use crate::model::clock::Moment;
use crate::model::ids::SessionId;
use crate::replica::pause::longer;
use crate::replica::survey::{Looked, ReplicaSession, Survey, Surveyor};
use crate::replica::{
    ClaimError, Claimant, Clearing, Direct, Epoch, Log, Owner, Position, ReplicaStore, StoreFault,
    Trouble, block_on,
};

/// What is read of a session in one look while another one is played: entries, and bytes of files.
const MOST_IN_PLAY: (usize, u64) = (32, 8 << 20);
/// The time between two rounds of such looks, in lengths of a lease.
const LEASES_BETWEEN_ROUNDS: u32 = 10;

/// The sessions of erased players, and the work on those that the replica has.
#[derive(Default)]
pub(super) struct Erasing {
    named: BTreeMap<SessionId, Vec<Arc<Erasure>>>,
    /// The erasures on the disk may be others.
    is_outdated: bool,
    /// The sessions that are removed and known to be, or that became another player's.
    settled: BTreeSet<SessionId>,
    /// The number of entries that were left of each session that was cleared: seals stay, of which an epoch may have two.
    cleared: BTreeMap<SessionId, usize>,
    at_work: VecDeque<Eraser>,
    /// The time of the next piece of work, and the pause before it.
    due: Duration,
    pause: Duration,
    /// The replica may have one of them.
    is_pending: bool,
    /// While a session is played: the time of the next look, and the sessions that are still to be looked at.
    next_look: Duration,
    waiting: Option<VecDeque<SessionId>>,
}

/// The players of a session of which an erasure says that it is to be removed.
enum Whose {
    Erased,
    Others,
    /// It changes while another machine plays it, or can't be read.
    Unknown,
}

impl Erasing {
    /// Reads the erasures with the next turn: one was added, or something was removed from the disk.
    pub(super) fn note_change(&mut self) {
        self.is_outdated = true;
    }

    /// Reads the erasures of all profiles on this machine, if they may be others than those that are known.
    pub(super) fn read_if_outdated(&mut self, local: &LocalStore, now: Duration) {
        if !std::mem::take(&mut self.is_outdated) {
            return;
        }
        (self.named, self.settled, self.waiting) = Default::default();
        for erasure in ErasureFiles::read_of_all_profiles(&local.store).into_iter().map(Arc::new) {
            for session in &erasure.sessions {
                self.named.entry(*session).or_default().push(Arc::clone(&erasure));
            }
        }
        (self.is_pending, self.next_look) = (!self.named.is_empty(), now);
    }

    /// The time of the next piece of work.
    pub(super) fn due(&self) -> Option<Duration> {
        (!self.at_work.is_empty()).then_some(self.due)
    }

    /// The time of the next look while a session is played; `None` if there is nothing to look for.
    pub(super) fn next_look_in_play(&self) -> Option<Duration> {
        self.is_pending.then_some(self.next_look)
    }

    /// Begins to remove what a look has found, and returns the rest: what is to be removed is neither listed nor offered.
    pub(super) fn take_up(
        &mut self,
        found: Vec<ReplicaSession>,
        survey: &Survey,
        store: &Arc<dyn ReplicaStore>,
        local: &LocalStore,
    ) -> Vec<ReplicaSession> {
        self.is_pending = false;
        let is_named = found.iter().any(|found| self.named.contains_key(&found.session));
        let absent = if is_named { self.absent(local) } else { Some(BTreeSet::new()) };
        self.is_pending |= absent.is_none();
        let absent = absent.unwrap_or_default();
        let mut is_to_stay = |found: &ReplicaSession| {
            !absent.contains(&found.session)
                || !(self.is_at_work(found.session)
                    || matches!(self.take_up_one(found, survey, store), Whose::Erased))
        };
        let found = found.into_iter().filter(|found| is_to_stay(found)).collect();
        for log in survey.removed() {
            self.take_up_removed(log, store, local);
        }
        found
    }

    /// Looks at one session while another one is played.
    pub(super) fn look_in_play(
        &mut self,
        survey: &mut Survey,
        surveyor: &Surveyor<'_>,
        now: Moment,
    ) -> Result<(), StoreFault> {
        let Surveyor { store, local, lease, .. } = surveyor;
        self.next_look = now.elapsed.saturating_add(*lease);
        let Some(mut waiting) = self.waiting.take() else {
            let Some(absent) = self.absent(local) else { return Ok(()) };
            let listed = if absent.is_empty() { Vec::new() } else { store.sessions()? };
            let is_open = |it: &SessionId| absent.contains(it) && !self.settled.contains(it);
            let waiting: VecDeque<SessionId> = listed.into_iter().filter(is_open).collect();
            self.is_pending = !waiting.is_empty();
            self.waiting = Some(waiting);
            return Ok(());
        };
        let Some(session) = waiting.pop_front() else {
            let pause = lease.saturating_mul(LEASES_BETWEEN_ROUNDS);
            self.next_look = now.elapsed.saturating_add(pause);
            return Ok(());
        };
        let looked = survey.look_at(session, MOST_IN_PLAY, surveyor, now);
        if matches!(looked, Ok(Looked::InPart)) {
            waiting.push_front(session);
        }
        self.waiting = Some(waiting);
        match looked? {
            // One that is too large waits until nothing is played.
            Looked::InPart | Looked::TooLarge => {}
            Looked::Found(found) => {
                if matches!(self.take_up_one(&found, survey, store), Whose::Others) {
                    self.settled.insert(session);
                }
            }
            Looked::Removed => {
                let removed = survey.removed().find(|log| log.session() == session);
                if let Some(log) = removed {
                    self.take_up_removed(log, store, local);
                }
            }
        }
        Ok(())
    }

    /// Begins to remove a session that isn't on this machine's disk, once nobody owns it.
    fn take_up_one(
        &mut self,
        found: &ReplicaSession,
        survey: &Survey,
        store: &Arc<dyn ReplicaStore>,
    ) -> Whose {
        let whose = self.whose(found.session, survey);
        self.is_pending |= !matches!(whose, Whose::Others);
        let read = survey.read(found.session).filter(|_| found.owner.may_be_followed());
        if let (Whose::Erased, Some((log, _))) = (&whose, read) {
            self.begin(Eraser::claiming(store, log.clone()));
        }
        whose
    }

    fn whose(&self, session: SessionId, survey: &Survey) -> Whose {
        let erasures = self.named.get(&session).map_or(&[][..], Vec::as_slice);
        let is_erased = |player: &String| erasures.iter().any(|it| it.may_be_of(player));
        match survey.read(session) {
            None => Whose::Unknown,
            Some((_, players)) if players.iter().all(is_erased) => Whose::Erased,
            Some(_) => Whose::Others,
        }
    }

    /// Deletes what is left of a session that was removed, or has come back; also if nobody may have heard yet that it is
    /// removed, since the process was killed as soon as it was.
    fn take_up_removed(&mut self, log: &Log, store: &Arc<dyn ReplicaStore>, local: &LocalStore) {
        let session = log.session();
        let is_news = self.named.contains_key(&session) && self.settled.insert(session);
        let is_known = self.cleared.get(&session) == Some(&log.len());
        let is_unreported = is_news && !marks_of(local, session).is_empty();
        if is_unreported || (log.has_leftovers() && !is_known) {
            self.begin(Eraser::clearing(store, log.clone(), is_unreported));
        }
    }

    /// The sessions of erased players that aren't on this machine's disk; `None` where that can't be known now.
    fn absent(&self, local: &LocalStore) -> Option<BTreeSet<SessionId>> {
        if self.named.is_empty() {
            return Some(BTreeSet::new());
        }
        let here: BTreeSet<SessionId> =
            local.store.sessions_of_all_profiles().ok()?.into_iter().collect();
        Some(self.named.keys().filter(|session| !here.contains(session)).copied().collect())
    }

    fn is_at_work(&self, session: SessionId) -> bool {
        self.at_work.iter().any(|it| it.session == session)
    }

    fn begin(&mut self, eraser: Eraser) {
        if !self.is_at_work(eraser.session) {
            self.at_work.push_back(eraser);
        }
    }

    /// Does a piece of one removal.
    pub(super) fn turn(&mut self, local: &LocalStore, now: Moment) -> Option<ReplicaReport> {
        let eraser = self.at_work.front_mut().filter(|_| self.due <= now.elapsed)?;
        let (session, is_news) = (eraser.session, eraser.is_news);
        let stepped = eraser.step();
        if let Err(Trouble::Store(fault)) = &stepped {
            if self.pause.is_zero() {
                warn!(
                    %session, error = %with_sources(fault),
                    "an erased player's session can't be removed from the replica now; it is \
                     tried again"
                );
            }
            self.pause = longer(self.pause);
            self.due = now.elapsed + self.pause;
            // Another one may be had.
            self.at_work.rotate_left(1);
            return None;
        }
        self.pause = Duration::ZERO;
        if matches!(stepped, Ok(Erased::NotYet)) {
            return None;
        }
        if let Stage::Clearing(clearing) = &eraser.stage {
            self.cleared.insert(session, clearing.left());
        }
        self.at_work.pop_front();
        match stepped {
            Ok(Erased::Removed) if is_news && self.named.contains_key(&session) => {
                self.settled.insert(session);
                marks_of(local, session).iter().for_each(|mark| {
                    // One that stays does no harm.
                    let _ = local.store.disk().remove(mark);
                });
                info!(%session, "an erased player's session was removed from the replica");
                Some(ReplicaReport::Erased(session))
            }
            Err(Trouble::Unreadable(error)) => {
                warn!(
                    %session, error = %with_sources(&error),
                    "an erased player's session can't be read in the replica"
                );
                None
            }
            // The next look says what became of it.
            _ => None,
        }
    }
}

/// The marks of a session, with which nothing is compared once it is removed.
fn marks_of(local: &LocalStore, session: SessionId) -> Vec<PathBuf> {
    let state = &local.store.layout().state;
    let files = local.store.disk().list(state).unwrap_or_default().into_iter();
    let marks = files.filter(|file| Layout::session_of_mark(&file.name) == Some(session));
    marks.map(|file| state.join(file.name)).collect()
}

/// The removal of one session.
struct Eraser {
    session: SessionId,
    /// True if nobody has heard yet that it is removed.
    is_news: bool,
    reach: Direct,
    stage: Stage,
}

enum Stage {
    /// `end` is the first position that held nothing when it was read whose session it is.
    Claiming {
        log: Log,
        claimant: Claimant,
        end: (Epoch, Position),
    },
    Removing(Box<Owner<Direct>>),
    Clearing(Clearing),
}

/// The outcome of a piece of work.
enum Erased {
    NotYet,
    Removed,
    /// Another was faster, or has changed it meanwhile.
    Outrun,
}

impl Eraser {
    /// The removal of a session that nobody owns.
    fn claiming(store: &Arc<dyn ReplicaStore>, log: Log) -> Self {
        let (session, reach) = (log.session(), Direct(Arc::clone(store)));
        let epoch = log.highest();
        // What an owner still has on its way may fill a gap, after which more counts than was read.
        let end = (epoch, log.lowest_empty(epoch));
        let claimant = Claimant::new(session, &reach).following(epoch);
        let stage = Stage::Claiming { log, claimant, end };
        Self { session, is_news: true, reach, stage }
    }

    /// The rest of one that was interrupted, or the removal of what has come back.
    fn clearing(store: &Arc<dyn ReplicaStore>, log: Log, is_news: bool) -> Self {
        let (session, reach) = (log.session(), Direct(Arc::clone(store)));
        Self { session, is_news, reach, stage: Stage::Clearing(Clearing::new(log)) }
    }

    fn step(&mut self) -> Result<Erased, Trouble> {
        match &mut self.stage {
            Stage::Claiming { log, claimant, end } => {
                let claim = match block_on(claimant.claim(&self.reach, log)) {
                    Ok(claim) => claim,
                    Err(ClaimError::Store(fault)) => return Err(fault.into()),
                    Err(ClaimError::Outrun | ClaimError::Removed) => return Ok(Erased::Outrun),
                };
                let mut owner = Owner::new(self.reach.clone(), claim, log.clone(), 1)?;
                if has_gone_on(owner.log(), *end) {
                    // It may be another player's by now. Nobody is to wait for who doesn't play it.
                    let _ = block_on(owner.release());
                    return Ok(Erased::Outrun);
                }
                self.stage = Stage::Removing(Box::new(owner));
            }
            Stage::Removing(owner) => {
                if !block_on(owner.remove())? {
                    self.stage = Stage::Clearing(Clearing::new(owner.log().clone()));
                }
            }
            Stage::Clearing(clearing) => {
                if !block_on(clearing.step(&self.reach))? {
                    return Ok(Erased::Removed);
                }
            }
        }
        Ok(Erased::NotYet)
    }
}

/// Returns true if an owner who was silent has sent something after this end, before the epoch was sealed.
fn has_gone_on(log: &Log, (epoch, position): (Epoch, Position)) -> bool {
    log.seal(epoch).is_some_and(|(seal, _)| seal > position)
}
