//! Operations that fail on command.

use std::io;

use crate::disk::Operation;

/// A failure, and its moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The operation that fails, by its place among all operations.
    pub at: usize,
    /// The kind of failure.
    pub kind: FaultKind,
    /// True if every operation of the same sort fails from there on.
    pub for_ever: bool,
}

impl Fault {
    /// Returns true if the operation with this number fails.
    pub fn strikes(&self, number: usize, operation: Operation, struck: bool) -> bool {
        if self.for_ever {
            number >= self.at && self.kind.befalls(operation)
        } else {
            number >= self.at && !struck && self.kind.befalls(operation)
        }
    }
}

/// The kind of a failure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FaultKind {
    /// The device reports an error.
    InputOutput,
    /// No room is left; of what is appended, half gets there.
    NoSpace,
    /// The player's quota is used up; nothing gets there.
    Quota,
    /// All but the last byte gets there.
    ShortWrite,
    /// The player may not.
    Permission,
    /// The file system was mounted read-only after an error.
    ReadOnly,
    /// The process has too many files open.
    TooManyFiles,
    /// A signal came in between.
    Interrupted,
    /// Another program holds it locked, such as a virus scanner.
    Locked,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::InputOutput,
        Self::NoSpace,
        Self::Quota,
        Self::ShortWrite,
        Self::Permission,
        Self::ReadOnly,
        Self::TooManyFiles,
        Self::Interrupted,
        Self::Locked,
    ];

    /// Returns true if an operation can fail in this way.
    pub fn befalls(self, operation: Operation) -> bool {
        use Operation::{
            Append, Create, CreateDirectory, Exists, List, Lock, Open, Read, Remove, Replace, Sync,
            SyncDirectory,
        };
        let changes = matches!(operation, Create | CreateDirectory | Remove | Replace | Lock);
        match self {
            Self::InputOutput | Self::Interrupted => true,
            Self::NoSpace | Self::Quota => {
                matches!(operation, Append | Sync | Create | CreateDirectory | Replace)
            }
            Self::ShortWrite => operation == Append,
            Self::Permission => changes || matches!(operation, Open | List | Exists),
            Self::ReadOnly => changes || matches!(operation, Append | Sync | SyncDirectory),
            Self::TooManyFiles => {
                matches!(operation, Create | Open | List | Lock | SyncDirectory | Read)
            }
            Self::Locked => matches!(operation, Open | Read | Remove | Replace | Append | Lock),
        }
    }

    /// The error of the operating system.
    pub fn error(self) -> io::Error {
        use io::ErrorKind;
        match self {
            Self::InputOutput => io::Error::other("input/output error"),
            Self::NoSpace | Self::ShortWrite => ErrorKind::StorageFull.into(),
            Self::Quota => ErrorKind::QuotaExceeded.into(),
            Self::Permission => ErrorKind::PermissionDenied.into(),
            Self::ReadOnly => ErrorKind::ReadOnlyFilesystem.into(),
            // EMFILE, for which the standard library has no kind.
            Self::TooManyFiles => io::Error::from_raw_os_error(24),
            Self::Interrupted => ErrorKind::Interrupted.into(),
            Self::Locked => ErrorKind::ResourceBusy.into(),
        }
    }

    /// The number of `bytes` bytes that a failing append leaves in the file.
    pub fn part_of(self, bytes: usize) -> usize {
        match self {
            Self::NoSpace | Self::InputOutput => bytes / 2,
            Self::ShortWrite => bytes.saturating_sub(1),
            _ => 0,
        }
    }
}
