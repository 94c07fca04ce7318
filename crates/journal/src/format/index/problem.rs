//! Files that could not be read, or not in full.

use std::io;
use std::path::{Path, PathBuf};

use crate::format::DamagedRange;
use crate::model::session::{FailureCause, WrittenBy};

/// A file of a session's journal that could not be read, or not in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileProblem {
    /// The file.
    pub path: PathBuf,
    /// The kind of problem.
    pub kind: FileProblemKind,
}

/// A file that can't be read now.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {path}")]
struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

/// Adds a range to what is known to be damaged of a file, unless one that begins there is.
pub fn note_damage(problems: &mut Vec<FileProblem>, path: &Path, range: DamagedRange) {
    let known = problems.iter_mut().find(|problem| problem.path == path);
    match known.map(|problem| &mut problem.kind) {
        Some(FileProblemKind::PartlyDamaged(ranges)) => {
            if ranges.iter().all(|known| known.from != range.from) {
                ranges.push(range);
            }
        }
        Some(_) => {}
        None => {
            let kind = FileProblemKind::PartlyDamaged(vec![range]);
            problems.push(FileProblem { path: path.to_owned(), kind });
        }
    }
}

impl FileProblem {
    /// The reason for which the file can't be read now, if that is the problem: it may hold anything.
    pub fn why_unreadable(&self) -> Option<FailureCause> {
        let FileProblemKind::Unreadable { error } = self.kind else { return None };
        let failure = Unreadable { path: self.path.clone(), source: error.into() };
        Some(FailureCause::at(&self.path, failure))
    }
}

/// The problem of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FileProblemKind {
    /// The file ends before its header does: nothing in it was ever acknowledged. Normal after a
    /// crash.
    Torn,
    /// Its header is damaged, so nothing in it can be read.
    Damaged,
    /// Parts of it are damaged. The rest is in the index.
    PartlyDamaged(Vec<DamagedRange>),
    /// A newer version wrote it, in a way that this one can't read.
    Newer(WrittenBy),
    /// It could not be read, which says nothing about its content. Nothing of the session may be
    /// pruned until it can.
    Unreadable {
        /// The kind of error that the operating system gave.
        error: io::ErrorKind,
    },
    /// It is no file at all: a directory, a pipe, a device, or a link that leads to itself. It is left alone until the
    /// session is deleted.
    NoFile,
    /// It is of another session, or a file of events with the name of a segment.
    OfAnotherSession,
}

impl FileProblemKind {
    /// Returns true if nothing of the file is in the index, though it can be read.
    #[must_use]
    pub fn is_of_unknown_content(&self) -> bool {
        matches!(self, Self::Torn | Self::Damaged | Self::Newer(_))
    }

    /// Returns true if bytes that had been written are lost, or something else is in their place.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged | Self::PartlyDamaged(_) | Self::NoFile)
    }
}
