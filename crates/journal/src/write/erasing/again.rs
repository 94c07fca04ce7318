//! Removes again what erasures name: what a power cut or a disk that refused has left, and what was brought back since.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use super::removing::Removing;
use super::{Means, Stepped};
use crate::disk::{Erasure, ErasureFiles, LocalStore, SlotFile, slots_in, with_sources};
use crate::model::ids::{SessionId, SlotId};
use crate::write::jobs::{Job, Slice, Tools, Urgency, WaitsFor};

/// The erasures of a profile, done again as far as they have to be.
pub(in crate::write) struct ErasingAgain {
    local: Arc<LocalStore>,
    /// The ones to be looked at, the next one last; `None` before they are read.
    waiting: Option<Vec<Erasure>>,
    current: Option<Box<Removing>>,
}

impl ErasingAgain {
    pub(in crate::write) fn new(local: &Arc<LocalStore>) -> Self {
        Self { local: Arc::clone(local), waiting: None, current: None }
    }

    /// Does the next piece of work; `None` once there is no more. Otherwise the time until there is.
    pub(in crate::write) fn step(&mut self, means: &mut Means<'_>) -> Option<Duration> {
        if let Some(removing) = &mut self.current {
            match removing.step(means) {
                Stepped::Going => return Some(Duration::ZERO),
                Stepped::Later(again_in) => return Some(again_in),
                Stepped::Done(receipt) => {
                    debug!(?receipt, "a player was erased again");
                    self.current = None;
                }
            }
        }
        let local = &self.local;
        let waiting = self.waiting.get_or_insert_with(|| left_over(local));
        let next = waiting.pop()?;
        self.current = Some(Box::new(Removing::of(next, None, Vec::new(), local)));
        Some(Duration::ZERO)
    }

    /// The session that it removes next.
    pub(in crate::write) fn next_session(&self) -> Option<SessionId> {
        self.current.as_ref().and_then(|removing| removing.next_session())
    }
}

/// The erasures that aren't done, or of which something is there again, each with what is there.
fn left_over(local: &LocalStore) -> Vec<Erasure> {
    let store = &local.store;
    let mut erasures = ErasureFiles::of(store).read().unwrap_or_else(|error| {
        warn!(error = %with_sources(&error), "erasures can't be read");
        Vec::new()
    });
    if erasures.is_empty() {
        return erasures;
    }
    let sessions: BTreeSet<SessionId> = store.sessions().unwrap_or_default().into_iter().collect();
    let slots = slots_in(&**store.disk(), &store.layout().slots());
    let slots: Vec<SlotFile> = slots.into_iter().flatten().flatten().collect();
    let ids: BTreeSet<SlotId> = slots.iter().map(|slot| slot.slot.id).collect();
    let made_of: BTreeSet<SessionId> = slots.iter().map(|slot| slot.header.session).collect();
    erasures.retain(|erasure| {
        !erasure.is_done
            || erasure.sessions.iter().any(|it| sessions.contains(it) || made_of.contains(it))
            || erasure.slots.iter().any(|slot| ids.contains(slot))
    });
    erasures
}

impl Job for ErasingAgain {
    fn urgency(&self) -> Urgency {
        Urgency::Spare
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn wants(&self) -> Option<SessionId> {
        self.next_session()
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        match self.step(&mut tools.means()) {
            Some(Duration::ZERO) => Slice::Going(self),
            Some(again_in) => Slice::Later(self, again_in),
            None => Slice::Done,
        }
    }
}
