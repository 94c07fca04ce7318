//! The fit of a build of the game with data that another one saved.

use serde::{Deserialize, Serialize};

use super::KnownTypes;
use crate::disk::StoredSession;
use crate::format::{Commit, TypeRows};

/// The fit of this build of the game with data that another one saved, as far as names and versions alone say: no value
/// has been read.
///
/// Decided by the saved types and not by the game's version number: a newer game that saved nothing
/// new is [`Exact`](Self::Exact). Ordered from the best to the worst; the worst of all types counts.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum VersionFit {
    /// All of it has the names and versions that this build writes.
    #[default]
    Exact,
    /// Some of it has older names or versions, and this build knows what they have become.
    Migratable,
    /// Some of it is of types that this build doesn't save, or of versions older than its
    /// migrations. That is kept in the session, and comes back with a build that knows it.
    Lossy,
    /// Some of it was written by a newer build, in a form that only that one knows: update the game.
    ///
    /// If those are values of a type, the session can be played without them, and they are kept in it. If it is a file,
    /// resuming the session is refused with [`RecoveryError::NewerFormat`](crate::RecoveryError::NewerFormat).
    Newer,
}

impl VersionFit {
    /// The fit of `types` with a checkpoint of a session.
    pub(crate) fn of(types: &dyn KnownTypes, stored: &StoredSession, commit: &Commit) -> Self {
        if stored.newer_format().is_some() {
            return Self::Newer;
        }
        Self::of_rows(types, commit.types.iter().chain(commit.carried.iter()))
    }

    /// The fit of `types` with these rows.
    pub(super) fn of_rows<'a>(
        types: &dyn KnownTypes,
        rows: impl IntoIterator<Item = TypeRows<'a>>,
    ) -> Self {
        let with_rows = rows.into_iter().filter(|summary| summary.rows > 0);
        with_rows.map(|summary| types.fit(&summary)).max().unwrap_or_default()
    }

    /// The same after this build has written the session: rows that it could migrate it has, and rows that it can't use
    /// are still there.
    #[doc(hidden)]
    pub fn once_written(self) -> Self {
        match self {
            Self::Exact | Self::Migratable => Self::Exact,
            Self::Lossy | Self::Newer => self,
        }
    }
}
