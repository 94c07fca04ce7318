//! Putting the files of a replica where they can be opened.

use std::io;

use super::extents::Extents;
use super::{FileName, Log, Reach, ReadError};
use crate::disk::Layout;

/// The destination of fetched files.
pub trait Receiver {
    /// Begins a file.
    fn begin(&mut self, name: &FileName) -> io::Result<()>;

    /// Adds bytes to the file that was begun last.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Ends the file that was begun last: it is durable.
    fn end(&mut self) -> io::Result<()>;
}

/// The reason that files weren't fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// They can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// They can't be written.
    #[error("failed to write the file {name}")]
    Write {
        /// The file.
        name: FileName,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// Fetches all files that a log makes, one after the other, with one piece of one file in memory at a time. Files that
/// were still being written under another name are left out. Returns the bytes that were fetched.
pub async fn fetch(
    reach: &impl Reach,
    log: &Log,
    receiver: &mut impl Receiver,
) -> Result<u64, FetchError> {
    let files = log.replay()?;
    let mut fetched = 0;
    for (name, file) in files.all() {
        if Layout::place_of_unfinished(name.name()).is_some() {
            continue;
        }
        let failed = |source| FetchError::Write { name: name.clone(), source };
        receiver.begin(name).map_err(failed)?;
        let mut extents = Extents::of(reach, log.session());
        for extent in &file.extents {
            let piece = extents.read(*extent).await?;
            receiver.append(piece).map_err(failed)?;
            fetched += extent.len;
        }
        receiver.end().map_err(failed)?;
    }
    Ok(fetched)
}
