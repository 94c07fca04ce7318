//! All digesters of a program, as the writer drives them.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use tracing::warn;

use super::{DigestFigures, DigestOrder, ErasedDigests, KeepDigests, PlayedLine};
use crate::disk::with_sources;
use crate::model::clock;
use crate::model::ids::SessionId;
use crate::read::recovery::{KnownTypes, SessionFinder};

/// The keepers of all digesters, and what they have to know of this process.
#[derive(Default)]
pub struct Keepers {
    keepers: Vec<Box<dyn KeepDigests>>,
    /// Sessions that this process has changed, so that what was found of them when they were looked at isn't true.
    changed: BTreeSet<SessionId>,
}

impl fmt::Debug for Keepers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keepers").finish_non_exhaustive()
    }
}

impl Keepers {
    /// Adds one.
    pub fn add(&mut self, keeper: Box<dyn KeepDigests>) {
        self.keepers.push(keeper);
    }

    /// This process may change a session.
    pub fn note_changed(&mut self, session: SessionId) {
        if !self.keepers.is_empty() {
            self.changed.insert(session);
        }
    }

    fn keeper(&mut self, name: &str) -> Option<&mut Box<dyn KeepDigests>> {
        self.keepers.iter_mut().find(|keeper| keeper.name() == name)
    }

    /// Begins what is asked for.
    pub fn begin(
        &mut self,
        order: &DigestOrder,
        finder: &SessionFinder,
        played: Option<PlayedLine>,
    ) {
        let changed: Vec<SessionId> = self.changed.iter().copied().collect();
        let Some(keeper) = self.keeper(order.name()) else { return };
        match order {
            DigestOrder::Refresh { .. } => keeper.begin(finder, &changed, played),
            DigestOrder::Remove { name } => {
                if let Err(error) = keeper.forget(finder) {
                    warn!(name, error = %with_sources(&error), "the file of digests can't be removed");
                }
            }
        }
    }

    /// Does a slice of the work, as long as `slice` allows. Returns the outcome, if that was the last.
    pub fn step(
        &mut self,
        name: &str,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        slice: std::time::Duration,
    ) -> Option<(ErasedDigests, DigestFigures)> {
        let begun = clock::instant();
        let keeper = self.keeper(name)?;
        loop {
            if !keeper.step(finder, types) {
                return Some(keeper.publish());
            }
            if begun.elapsed() >= slice {
                return None;
            }
        }
    }

    /// Returns true if there is such a digester.
    pub fn knows(&self, name: &str) -> bool {
        self.keepers.iter().any(|keeper| keeper.name() == name)
    }

    /// Writes down what the files don't say.
    pub fn write(&mut self, finder: &SessionFinder, now: Timestamp) {
        self.keepers.iter_mut().for_each(|keeper| keeper.write(finder, now));
    }

    /// Forgets what is kept of these sessions, which were erased. The files are removed by the one who says so.
    pub fn erase(&mut self, sessions: &BTreeSet<SessionId>) {
        self.keepers.iter_mut().for_each(|keeper| keeper.erase(sessions));
    }

    /// From now on, the sessions are those of another profile: what there is to show of each keeper, which is nothing.
    pub fn of_another_profile(&mut self) -> Vec<(&'static str, ErasedDigests, DigestFigures)> {
        self.changed.clear();
        let emptied = self.keepers.iter_mut().map(|keeper| {
            keeper.of_another_profile();
            let (digests, figures) = keeper.publish();
            (keeper.name(), digests, figures)
        });
        emptied.collect()
    }
}
