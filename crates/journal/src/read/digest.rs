//! The digests of sessions: a small value for each session, derived from its recorded history.
//!
//! A value is made on the writer's thread, in slices, and again only when the session's files have changed. All of them
//! are in one file of this machine, which may be lost at any time. Nothing is restored or removed because of them.
//!
//! A game's digester (`SessionDigester`) makes a small value of the history of each session. The hook knows nothing
//! of what the value is for; insights are one use of it. `read/recovery/session_history.rs` goes through all events of a
//! session's newest line, the oldest first, and `read/digest/keeper.rs` keeps the values with the stamps of the
//! sessions' files, as the index of the catalogue does, and in a file of the same form beside it
//! (`disk/catalog_index.rs`): of another build, another version of the digester, or damaged, it counts as none. A
//! value is made again from the beginning where the stamp differs. The stamps are those of the last look at the
//! sessions; what is played, and what this process has changed since (`Keepers::note_changed`), is looked at. It is
//! a job (`write/digesting.rs`) in slices by time, since bytes say little of what ten thousand small sessions cost,
//! and the exit doesn't wait for it. All values are handed over as one list behind a pointer, and the writer keeps
//! the last two of them, so that it is the thread that frees them.

mod digester;
mod keeper;
mod keepers;
mod panics;

pub use digester::{DigestFigures, Digested, DigestedSessions, SessionDigester};
pub use keeper::DigestKeeper;
pub(crate) use keepers::Keepers;

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::format::EventStretch;
use crate::model::ids::SessionId;
use crate::read::recovery::{KnownTypes, SessionFinder};

/// An order about digests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DigestOrder {
    /// Bring those of a digester up to date.
    Refresh {
        /// Its name.
        name: &'static str,
    },
    /// Remove all that is kept of a digester, on disk as well.
    Remove {
        /// Its name.
        name: &'static str,
    },
}

impl DigestOrder {
    /// The digester's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refresh { name } | Self::Remove { name } => name,
        }
    }
}

/// The session that this process plays, and the line that it is on.
#[derive(Clone, Debug)]
pub struct PlayedLine {
    /// The session.
    pub session: SessionId,
    /// The stretches of its events, the nearest run first.
    pub line: Vec<EventStretch>,
}

/// All digests of one digester, as they are handed over: a [`DigestedSessions`] of its values.
pub type ErasedDigests = Arc<dyn Any + Send + Sync>;

/// Keeps the digests of one digester, with values of any type.
pub trait KeepDigests: Send {
    /// The digester's name.
    fn name(&self) -> &'static str;
    /// Begins to bring them up to date. `changed` are sessions that were changed since they were looked at.
    fn begin(&mut self, finder: &SessionFinder, changed: &[SessionId], played: Option<PlayedLine>);
    /// Does a piece of it. Returns true if there is more.
    fn step(&mut self, finder: &mut SessionFinder, types: &dyn KnownTypes) -> bool;
    /// All of them, and what it took to bring them up to date.
    fn publish(&mut self) -> (ErasedDigests, DigestFigures);
    /// Writes them, if the file doesn't say what is known.
    fn write(&mut self, finder: &SessionFinder, now: jiff::Timestamp);
    /// Removes what is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::disk::StoreError) if the file stays.
    fn forget(&mut self, finder: &SessionFinder) -> Result<(), crate::disk::StoreError>;
    /// Forgets what is kept of these sessions, which were erased. The file is removed by the one who says so.
    fn erase(&mut self, sessions: &BTreeSet<SessionId>);
    /// From now on, the sessions are those of another profile.
    fn of_another_profile(&mut self);
}
