//! The cause of a failure: the place, and the chain of errors that led to it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::DiskRefusal;

/// The cause of a failure. Cheap to clone.
///
/// Its text has everything: the file, the operation, and the error of the operating system. So it is enough to print
/// the error that holds it. For programs there are [`path`](Self::path) and [`io_kind`](Self::io_kind), and
/// [`source`](Error::source) leads down to the [`io::Error`].
///
/// Two are equal if their texts are.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
pub struct FailureCause {
    path: Option<PathBuf>,
    error: Arc<dyn Error + Send + Sync>,
}

impl FailureCause {
    /// A cause that has nothing to do with a file.
    #[doc(hidden)]
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { path: None, error: Arc::from(error.into()) }
    }

    /// A cause whose text names the file that it is about.
    #[doc(hidden)]
    pub fn at(path: &Path, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { path: Some(path.to_owned()), ..Self::new(error) }
    }

    /// The file or directory that it is about, if it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The kind of error that the operating system gave, if it was the one that refused.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        let mut errors = std::iter::successors(Some(self.inner()), |&error| error.source());
        errors.find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind)
    }

    /// The reason for which the disk refuses, as far as a player can do something about it.
    #[must_use]
    pub fn refusal(&self) -> DiskRefusal {
        self.io_kind().unwrap_or(io::ErrorKind::Other).into()
    }

    fn inner(&self) -> &(dyn Error + 'static) {
        &*self.error
    }
}

impl fmt::Display for FailureCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        WithSources(self.inner()).fmt(formatter)
    }
}

impl Error for FailureCause {
    /// The cause of this cause; its text is a part of this one's.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner().source()
    }
}

impl PartialEq for FailureCause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for FailureCause {}

/// Writes an error with everything that caused it, on one line.
#[derive(Debug)]
pub(crate) struct WithSources<'a>(pub &'a dyn Error);

impl fmt::Display for WithSources<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut causes = std::iter::successors(self.0.source(), |&cause| cause.source());
        causes.try_for_each(|cause| write!(formatter, ": {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{StoreAction, StoreError};
    use crate::model::session::{
        AttachmentError, CheckpointError, RecoveryError, RequestError, SlotError,
    };

    fn refused(path: &str, kind: io::ErrorKind) -> StoreError {
        StoreError::Disk { action: StoreAction::Sync, path: path.into(), source: kind.into() }
    }

    fn cause(path: &str, kind: io::ErrorKind) -> FailureCause {
        refused(path, kind).into()
    }

    #[test]
    fn errors_print_the_file_and_the_system_error() {
        let cause = cause("saves/1.journal", io::ErrorKind::StorageFull);
        let said = io::Error::from(io::ErrorKind::StorageFull);
        let text = format!("failed to sync saves/1.journal: {said}");
        let errors: [&dyn Error; 6] = [
            &RequestError::Store(cause.clone()),
            &RequestError::Slot(SlotError::Disk(cause.clone())),
            &SlotError::Unreadable(cause.clone()),
            &AttachmentError::Disk(cause.clone()),
            &CheckpointError::Disk(cause.clone()),
            &RecoveryError::Unreadable(cause),
        ];
        for error in errors {
            assert_eq!(error.to_string(), text);
            let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
            assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::StorageFull), "{error:?}");
        }
    }

    #[test]
    fn errors_give_the_path_and_the_kind_of_refusal() {
        let cause = cause("saves/1.journal", io::ErrorKind::PermissionDenied);
        assert_eq!(cause.path(), Some(Path::new("saves/1.journal")));
        assert_eq!(cause.io_kind(), Some(io::ErrorKind::PermissionDenied));
        assert_eq!(cause.refusal(), DiskRefusal::ReadOnly);

        let of_no_file = FailureCause::new("the fields can't be encoded");
        assert_eq!((of_no_file.path(), of_no_file.io_kind()), (None, None));
        assert_eq!(of_no_file.refusal(), DiskRefusal::Other(io::ErrorKind::Other));
    }

    #[test]
    fn causes_with_equal_path_and_error_are_equal() {
        let full = cause("a", io::ErrorKind::StorageFull);
        assert_eq!(full, cause("a", io::ErrorKind::StorageFull));
        assert_ne!(full, cause("b", io::ErrorKind::StorageFull));
        assert_ne!(full, cause("a", io::ErrorKind::PermissionDenied));
    }
}
