//! A world that a new session begins with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that hands a session on, as `LibraryCommands::export` writes it, or a report: what new sessions begin
/// with. Cheap to clone.
///
/// Its content is read when a session begins with it.
#[derive(Clone, PartialEq, Eq)]
pub struct StartingWorld {
    file: PathBuf,
    bytes: Arc<[u8]>,
}

impl StartingWorld {
    /// The content of such a file. Its path is what errors call it, and nothing is read there.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { file: file.into(), bytes: bytes.into() }
    }

    /// The file's path, for errors.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The content of the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for StartingWorld {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StartingWorld({}, {} bytes)", self.file.display(), self.bytes.len())
    }
}
