//! The reasons that a place of archives can't be used.

use std::path::PathBuf;

use super::FailureCause;

/// The reason that the place of archives can't be used, see `SessionPlugin::archive_directory`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum ArchivePlaceError {
    /// The directory isn't there. Its disk may not be connected, or not be mounted.
    #[error("the place of archives {} isn't there: is its disk mounted?", path.display())]
    NotThere {
        /// The directory.
        path: PathBuf,
    },
    /// The directory is one of those that hold what isn't archived, or is within one.
    #[error("the place of archives {} is within {}, which the game keeps its files in", path.display(), within.display())]
    Within {
        /// The directory.
        path: PathBuf,
        /// The directory around it.
        within: PathBuf,
    },
    /// A file or directory that it needs can't be made, read or written.
    #[error("the place of archives can't be used: {0}")]
    Refused(FailureCause),
}
