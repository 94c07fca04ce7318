//! What a checkpoint has that this build of the game can't use.

#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use bevy_session_journal::SaveId;

/// Rows of one type that could not be restored. What was written is kept in the session, and comes back
/// with a build that can use it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct RestoreLoss {
    /// The type.
    pub type_path: String,
    /// How many rows. Of those that were never written, as many as are missing; others of the type may
    /// have an older value than the checkpoint's.
    pub rows: u64,
    /// Why.
    pub reason: RestoreLossReason,
}

/// Why rows could not be restored.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub enum RestoreLossReason {
    /// This build doesn't save the type.
    UnknownType,
    /// They were never written: the type's `Serialize` failed or panicked when the checkpoint was taken,
    /// as [`TypeFailed`](crate::checkpoints::TypeFailed) said then.
    NotWritten,
    /// The game's `rebuild` of [`save_component_as`](crate::SessionAppExt::save_component_as)
    /// panicked.
    NotRebuilt {
        /// What it said, of the first of them.
        message: String,
    },
    /// A newer build of the game wrote them, in a form that only it knows: update the game.
    NewerType {
        /// The version that they have.
        saved: u32,
        /// The newest one that this build knows.
        known: u32,
    },
    /// They are older than what [`Migrations`](crate::types::Migrations) begin with.
    OlderType {
        /// The version that they have.
        saved: u32,
        /// The oldest one that this build reads.
        oldest: u32,
    },
    /// The values don't fit the type any more.
    Undecodable {
        /// What the type's `Deserialize`, or a migration, said of the first of them.
        error: String,
        /// The first of them.
        #[cfg_attr(feature = "reflect", reflect(ignore))]
        ids: Vec<SaveId>,
    },
}

/// The undecodable rows of a type that are named.
pub(super) const NAMED_ROWS: usize = 16;
