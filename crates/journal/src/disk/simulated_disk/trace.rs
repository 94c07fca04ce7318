//! The trace of the operations on a disk.

use std::fmt;
use std::sync::Arc;

use super::{Image, Place};

/// A file, under any name. Numbers are never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub usize);

/// A disk as it was, and every step that changed it since.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The disk at the beginning, all of it durable.
    pub start: Image,
    /// The steps since.
    pub steps: Vec<Step>,
}

impl Trace {
    pub fn new(start: Image) -> Self {
        Self { start, steps: Vec::new() }
    }
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The process that took it, by number.
    pub process: u32,
    /// The operation.
    pub what: What,
}

/// The operation of a step. Operations that failed without any effect aren't among them.
#[derive(Clone, Debug)]
pub enum What {
    Create {
        path: Place,
        file: FileId,
    },
    /// `bytes` are those that got into the file, which may be fewer than were to.
    Append {
        file: FileId,
        bytes: Arc<[u8]>,
        succeeded: bool,
    },
    Sync {
        file: FileId,
        succeeded: bool,
    },
    CreateDirectory {
        path: Place,
    },
    SyncDirectory {
        path: Place,
        succeeded: bool,
    },
    Remove {
        path: Place,
        file: FileId,
    },
    RemoveDirectory {
        path: Place,
    },
    Rename {
        from: Place,
        to: Place,
        file: FileId,
    },
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = |succeeded: bool| if succeeded { "" } else { " FAILED" };
        match self {
            Self::Create { path, file } => {
                write!(formatter, "create {file:?} {}", path.path().display())
            }
            Self::Append { file, bytes, succeeded } => {
                let length = bytes.len();
                write!(formatter, "append {length} bytes to {file:?}{}", outcome(*succeeded))
            }
            Self::Sync { file, succeeded } => {
                write!(formatter, "sync {file:?}{}", outcome(*succeeded))
            }
            Self::CreateDirectory { path } => {
                write!(formatter, "create directory {}", path.path().display())
            }
            Self::SyncDirectory { path, succeeded } => {
                write!(formatter, "sync directory {}{}", path.path().display(), outcome(*succeeded))
            }
            Self::Remove { path, file } => {
                write!(formatter, "remove {file:?} {}", path.path().display())
            }
            Self::RemoveDirectory { path } => {
                write!(formatter, "remove directory {}", path.path().display())
            }
            Self::Rename { from, to, file } => {
                write!(
                    formatter,
                    "rename {file:?} {} to {}",
                    from.path().display(),
                    to.path().display()
                )
            }
        }
    }
}
