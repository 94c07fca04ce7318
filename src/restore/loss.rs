//! Values of a checkpoint that this build of the game can't use.

#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use bevy_session_journal::SaveId;

/// Rows of one type that could not be restored. Those that were written are kept in the session,
/// and can be restored by a build that can use them.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct RestoreLoss {
    /// The type.
    pub type_path: String,
    /// The number of rows. For rows that were never written, the number of missing ones; others of
    /// the type may have an older value than the checkpoint's.
    pub rows: u64,
    /// The reason.
    pub reason: RestoreLossReason,
}

/// The reason why rows could not be restored.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub enum RestoreLossReason {
    /// This build doesn't save the type.
    UnknownType,
    /// They were never written: the type's `Serialize` failed or panicked when the checkpoint was
    /// taken. [`TypeFailed`](crate::checkpoints::TypeFailed) was sent then.
    NotWritten,
    /// The game's `rebuild` of [`save_component_as`](crate::SessionAppExt::save_component_as)
    /// panicked.
    NotRebuilt {
        /// The message of the first panic.
        message: String,
    },
    /// A newer build of the game wrote them, in a form that only it knows. Update the game.
    NewerType {
        /// Their version.
        saved: u32,
        /// The newest version that this build knows.
        known: u32,
    },
    /// They are older than the first version of [`Migrations`](crate::types::Migrations).
    OlderType {
        /// Their version.
        saved: u32,
        /// The oldest version that this build reads.
        oldest: u32,
    },
    /// The values don't fit the type any more.
    Undecodable {
        /// The error of the type's `Deserialize`, or of a migration, for the first of them.
        error: String,
        /// The first of them, at most 16.
        #[cfg_attr(feature = "reflect", reflect(ignore))]
        ids: Vec<SaveId>,
    },
}

/// The largest number of undecodable rows of a type that are named.
pub(super) const NAMED_ROWS: usize = 16;
