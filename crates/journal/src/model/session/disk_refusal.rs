//! The reasons for which a disk refuses to write.

use std::io::ErrorKind;

/// The reason for which a disk refuses to write, as far as a player can do something about it.
///
/// ```
/// use bevy_session_journal::DiskRefusal;
/// use std::io::ErrorKind;
///
/// assert_eq!(DiskRefusal::from(ErrorKind::StorageFull), DiskRefusal::Full);
/// assert_eq!(DiskRefusal::from(ErrorKind::QuotaExceeded), DiskRefusal::QuotaExceeded);
/// assert_eq!(DiskRefusal::from(ErrorKind::PermissionDenied), DiskRefusal::ReadOnly);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum DiskRefusal {
    /// There is no room left on it.
    Full,
    /// There may be room left on it, but this player has used up their share.
    QuotaExceeded,
    /// It can only be read, or the player may only read there.
    ReadOnly,
    /// Another error of the operating system.
    Other(ErrorKind),
}

impl DiskRefusal {
    /// Returns true if removing other data would make room for the write.
    #[must_use]
    pub fn is_lack_of_room(self) -> bool {
        matches!(self, Self::Full | Self::QuotaExceeded)
    }
}

impl From<ErrorKind> for DiskRefusal {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::StorageFull => Self::Full,
            ErrorKind::QuotaExceeded => Self::QuotaExceeded,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Self::ReadOnly,
            other => Self::Other(other),
        }
    }
}
