//! Removes the sessions of erased players from the replica.
//!
//! The erasures of this machine (`disk/erasure_files.rs`) name these sessions, and stay. So nothing is noted of what was done:
//! an erased session that the replica lists is removed, also if it has come back. One that is on this machine's disk stays
//! until it is removed there: it is played, or has become another player's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::{AFTER_FAULT, ReplicaReport};
use crate::disk::{Erasure, ErasureFiles, Layout, LocalStore, is_of_nobody_else, with_sources};
use crate::model::clock::Moment;
use crate::model::ids::SessionId;
use crate::replica::survey::{ReplicaSession, Survey, open_fetched};
use crate::replica::{
    ClaimError, Claimant, Clearing, Direct, FetchError, Log, Owner, ReplicaStore, Trouble, block_on,
};

/// The sessions of erased players, and the work on those that the replica has.
pub(super) struct Erasing {
    named: BTreeMap<SessionId, Vec<Arc<Erasure>>>,
    /// The sessions that became another player's elsewhere, or can't be read.
    spared: BTreeSet<SessionId>,
    /// The sessions that are removed, and known to be.
    done: BTreeSet<SessionId>,
    at_work: Vec<Eraser>,
    /// The replica may have one of them.
    is_pending: bool,
}

impl Erasing {
    /// The erasures of the store's profile.
    pub(super) fn of(local: &LocalStore) -> Self {
        let erasures = ErasureFiles::of(&local.store).read().unwrap_or_else(|error| {
            warn!(error = %with_sources(&error), "erasures can't be read, and aren't carried to the replica");
            Vec::new()
        });
        let mut named = BTreeMap::<_, Vec<_>>::new();
        for erasure in erasures.into_iter().map(Arc::new) {
            for session in &erasure.sessions {
                named.entry(*session).or_default().push(Arc::clone(&erasure));
            }
        }
        let is_pending = !named.is_empty();
        let (spared, done, at_work) = Default::default();
        Self { named, spared, done, at_work, is_pending }
    }

    /// Reads them again: one was added, or something was removed from the disk.
    pub(super) fn read_again(&mut self, local: &LocalStore) {
        let at_work = std::mem::take(&mut self.at_work);
        *self = Self { at_work, ..Self::of(local) };
    }

    /// Returns true if the replica is to be looked at for the sake of erasures.
    pub(super) fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// The time of the next piece of work.
    pub(super) fn due(&self) -> Option<Duration> {
        self.at_work.iter().map(|eraser| eraser.due).min()
    }

    /// Begins to remove what a look has found, and returns the rest: what is to be removed is neither listed nor offered.
    pub(super) fn take_up(
        &mut self,
        found: Vec<ReplicaSession>,
        survey: &Survey,
        store: &Arc<dyn ReplicaStore>,
        local: &LocalStore,
    ) -> Vec<ReplicaSession> {
        let (erased, found): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|it| self.is_to_go(it.session, local));
        self.is_pending = !erased.is_empty();
        for it in erased.iter().filter(|it| it.owner.may_be_followed()) {
            let Some((log, _)) = survey.seen(it.session) else { continue };
            let erasures = self.named.get(&it.session).cloned().unwrap_or_default();
            self.begin(Eraser::claiming(store, log, erasures));
        }
        for log in survey.removed() {
            if log.has_leftovers() || self.is_unsaid(log.session(), local) {
                self.begin(Eraser::clearing(store, log.clone()));
            }
        }
        found
    }

    /// Returns true if nobody may have heard yet that a session is removed: the process was killed as soon as it was.
    fn is_unsaid(&mut self, session: SessionId, local: &LocalStore) -> bool {
        self.named.contains_key(&session)
            && self.done.insert(session)
            && !marks_of(local, session).is_empty()
    }

    fn is_to_go(&self, session: SessionId, local: &LocalStore) -> bool {
        let is_here = || local.store.session_stamp(session).is_ok();
        self.named.contains_key(&session) && !self.spared.contains(&session) && !is_here()
    }

    fn begin(&mut self, eraser: Eraser) {
        if !self.at_work.iter().any(|it| it.session == eraser.session) {
            self.at_work.push(eraser);
        }
    }

    /// Does a piece of each removal.
    pub(super) fn turn(&mut self, local: &LocalStore, now: Moment) -> Vec<ReplicaReport> {
        let mut reports = Vec::new();
        let mut at_work = std::mem::take(&mut self.at_work);
        at_work.retain_mut(|eraser| {
            if eraser.due > now.elapsed {
                return true;
            }
            eraser.due = now.elapsed;
            match eraser.step(local) {
                Ok(Erased::NotYet) => return true,
                Ok(Erased::Removed) if self.named.contains_key(&eraser.session) => {
                    self.done.insert(eraser.session);
                    remove_marks(local, eraser.session);
                    info!(session = %eraser.session, "a session of an erased player is removed from the replica");
                    reports.push(ReplicaReport::Erased(eraser.session));
                }
                // The next look says what became of it.
                Ok(Erased::Removed | Erased::Outrun)
                | Err(Trouble::Fenced | Trouble::WentBack | Trouble::Ended) => {}
                Ok(Erased::Spared) => drop(self.spared.insert(eraser.session)),
                Err(Trouble::Store(_)) => {
                    eraser.due = now.elapsed + AFTER_FAULT;
                    return true;
                }
                Err(Trouble::Unreadable(error)) => {
                    warn!(session = %eraser.session, error = %with_sources(&error), "a session of an erased player can't be read in the replica, and stays there");
                    self.spared.insert(eraser.session);
                }
            }
            false
        });
        self.at_work = at_work;
        reports
    }
}

/// Where a session is no more, nothing is compared with its mark. One that stays does no harm.
fn remove_marks(local: &LocalStore, session: SessionId) {
    for mark in marks_of(local, session) {
        let _ = local.store.disk().remove(&mark);
    }
}

fn marks_of(local: &LocalStore, session: SessionId) -> Vec<PathBuf> {
    let state = &local.store.layout().state;
    let files = local.store.disk().list(state).unwrap_or_default().into_iter();
    let marks = files.filter(|file| Layout::is_mark_of(&file.name, session));
    marks.map(|file| state.join(file.name)).collect()
}

/// The removal of one session.
struct Eraser {
    session: SessionId,
    erasures: Vec<Arc<Erasure>>,
    reach: Direct,
    stage: Stage,
    due: Duration,
}

enum Stage {
    Claiming { log: Log, claimant: Claimant },
    Removing(Box<Owner<Direct>>),
    Clearing(Clearing),
}

/// The outcome of a piece of work.
enum Erased {
    NotYet,
    Removed,
    /// It is another player's.
    Spared,
    /// Another has claimed it meanwhile.
    Outrun,
}

impl Eraser {
    /// The removal of a session that nobody owns.
    fn claiming(store: &Arc<dyn ReplicaStore>, log: Log, erasures: Vec<Arc<Erasure>>) -> Self {
        let (session, reach) = (log.session(), Direct(Arc::clone(store)));
        let claimant = Claimant::new(session, &reach).following(log.highest());
        let stage = Stage::Claiming { log, claimant };
        Self { session, erasures, reach, stage, due: Duration::ZERO }
    }

    /// The rest of one that was interrupted, or the removal of what has come back.
    fn clearing(store: &Arc<dyn ReplicaStore>, log: Log) -> Self {
        let (session, reach) = (log.session(), Direct(Arc::clone(store)));
        let stage = Stage::Clearing(Clearing::new(log));
        Self { session, erasures: Vec::new(), reach, stage, due: Duration::ZERO }
    }

    fn step(&mut self, local: &LocalStore) -> Result<Erased, Trouble> {
        match &mut self.stage {
            Stage::Claiming { log, claimant } => {
                let claim = match block_on(claimant.claim(&self.reach, log)) {
                    Ok(claim) => claim,
                    Err(ClaimError::Store(fault)) => return Err(fault.into()),
                    Err(ClaimError::Outrun | ClaimError::Removed) => return Ok(Erased::Outrun),
                };
                let mut owner = Owner::new(self.reach.clone(), claim, log.clone(), 1)?;
                // Nobody can change whose it is any more.
                if !self.is_of_player(owner.log(), local)? {
                    // Another needn't wait for who doesn't play it.
                    let _ = block_on(owner.release());
                    return Ok(Erased::Spared);
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

    /// Returns true if no line of the session is another player's.
    fn is_of_player(&self, log: &Log, local: &LocalStore) -> Result<bool, Trouble> {
        let fetched = match open_fetched(&self.reach, log, local) {
            Ok(fetched) => fetched,
            Err(FetchError::Read(error)) => return Err(error.into()),
            // It is fetched into memory, which refuses nothing.
            Err(FetchError::Write { .. }) => return Ok(false),
        };
        let Some((_, stored)) = fetched else { return Ok(false) };
        let is_erased = |player: &str| self.erasures.iter().any(|it| it.may_be_of(player));
        Ok(is_of_nobody_else(stored.index(), is_erased))
    }
}
