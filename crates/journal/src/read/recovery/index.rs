//! The index file as a process uses it: read once, believed only where nothing about a session's files
//! changed, and written again when it isn't what is known.

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use tracing::debug;

use super::{KnownTypes, SessionEntry, SessionFinder};
use crate::disk::{CatalogIndex, IndexBuild, IndexedSession, with_sources};
use crate::model::clock::between;
use crate::model::ids::SessionId;

/// Sessions from which on the file is worth its writing. Fewer are read too fast to notice.
const WORTH_IT: usize = if cfg!(test) { 2 } else { 32 };

/// The savings by the index file, since the process began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct IndexFigures {
    /// Sessions that were known from it, and whose files were not read.
    pub hits: u64,
    /// Sessions that were read: new ones, those that changed, and those that were not left in good order.
    pub misses: u64,
    /// Times that there was none of any use, so that it is made from nothing: missing, damaged, of another
    /// machine or another build.
    pub rebuilds: u64,
    /// Its age when it was read; `None` if it wasn't.
    pub age: Option<Duration>,
}

/// The index file of a profile.
#[derive(Debug, Default)]
pub struct Index {
    /// Version of the game.
    game: String,
    /// The time after its writing for which it is shown before any session is looked at.
    trust: Duration,
    /// The build that it must be of to be used; `None` until it is needed.
    build: Option<IndexBuild>,
    is_stale: bool,
    /// True if it is neither read nor written.
    is_off: bool,
    pub(super) figures: IndexFigures,
}

/// The content of an index.
pub(super) struct Remembered {
    pub sessions: Vec<IndexedSession>,
    /// True if it may be shown before any session was looked at.
    pub is_trusted: bool,
}

impl Index {
    /// The index of a game of this version.
    pub(super) fn of_version(self, game: String) -> Self {
        Self { game, ..self }
    }

    /// An index that is shown unchecked for this time after it was written.
    pub(super) fn trusted_for(self, trust: Duration) -> Self {
        Self { trust, ..self }
    }

    /// The same for another profile.
    pub(super) fn of_another_profile(&mut self) {
        self.build = None;
        self.is_stale = false;
    }

    /// Returns true if findings are to be kept for it.
    pub(super) fn is_kept(&self) -> bool {
        self.build.is_some()
    }

    /// Notes that it differs from what is known.
    pub(super) fn note_stale(&mut self) {
        self.is_stale = true;
    }
}

impl SessionFinder {
    /// Reads the index, the first time that it is asked for, if there are enough sessions. Sessions whose standing
    /// depends on more than their own files are left out.
    pub(super) fn recall(
        &mut self,
        types: &dyn KnownTypes,
        sessions: &[SessionId],
        now: Timestamp,
    ) -> Option<Remembered> {
        if sessions.len() < WORTH_IT || self.index().is_kept() || self.index().is_off {
            return None;
        }
        let build = self.build_with(types.fingerprint()?);
        self.index_mut().build = Some(build.clone());
        let Some(index) = self.usable_index(&build) else {
            self.index_mut().figures.rebuilds += 1;
            return None;
        };
        // A restore that failed has left its session's files as they were.
        let on_trial = self.store().index().sessions_on_trial().ok()?;
        let is_there = |id: &SessionId| sessions.binary_search(id).is_ok();
        let says_all =
            |id: &SessionId| is_there(id) && !on_trial.contains(id) && !self.was_held_by_dead(*id);
        let CatalogIndex { written, sessions: mut remembered, .. } = index;
        remembered.retain(|session| says_all(&session.id));
        let age = between(written, now);
        self.index_mut().figures.age = Some(age);
        let trust = self.index().trust;
        let is_trusted = !trust.is_zero() && written <= now && age <= trust;
        Some(Remembered { sessions: remembered, is_trusted })
    }

    /// The build that a file must be of to be used by this one, with the number of the file's own version.
    pub fn build_with(&self, number: u64) -> IndexBuild {
        // The findings of another game here aren't this one's.
        let game = format!("{} {}", self.slots().game(), self.index().game);
        IndexBuild::current(self.local().host.id, game, number)
    }

    fn usable_index(&self, build: &IndexBuild) -> Option<CatalogIndex> {
        match self.store().index().read() {
            Ok(index) => index.filter(|index| index.build == *build),
            Err(error) => {
                debug!(error = %with_sources(&error), "the index of sessions is of no use");
                None
            }
        }
    }

    /// Writes the index if it differs from what is known. A failure costs time at the next start, and nothing else.
    pub fn write_index(&mut self, now: Timestamp) {
        let is_to_be_written = self.index().is_stale && !self.index().is_off;
        let Some(build) = self.index().build.clone().filter(|_| is_to_be_written) else {
            return;
        };
        self.index_mut().is_stale = false;
        let index = CatalogIndex { build, written: now, sessions: self.known_mut().indexed() };
        if let Err(error) = self.store().index().write(&index) {
            debug!(error = %with_sources(&error), "the index of sessions can't be written");
        }
    }

    /// Switches reading and writing the index on or off.
    pub fn keep_index(&mut self, is_kept: bool) {
        self.index_mut().is_off = !is_kept;
    }

    /// The savings by the index.
    pub fn index_figures(&self) -> IndexFigures {
        self.index().figures
    }
}

/// An entry as the index holds it.
pub(super) fn pack(entry: &SessionEntry) -> Option<Box<[u8]>> {
    Some(rmp_serde::to_vec_named(entry).ok()?.into_boxed_slice())
}

pub(super) fn unpack(bytes: &[u8]) -> Option<SessionEntry> {
    rmp_serde::from_slice(bytes).ok()
}
