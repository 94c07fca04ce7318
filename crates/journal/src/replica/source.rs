//! A session's files on this machine.

use std::collections::BTreeMap;
use std::io;

use super::FileName;

/// The source of a session's files for a replica. The files that it lists are durable here.
pub trait Source {
    /// The files, and how many bytes of each are durable.
    fn files(&self) -> io::Result<BTreeMap<FileName, u64>>;

    /// Bytes of a file. Fails if there aren't as many, or if the file was removed or replaced since [`Self::files`] said
    /// that it is there: what is read of several files belongs together.
    fn read(&self, name: &FileName, offset: u64, len: u64) -> io::Result<Vec<u8>>;

    /// Returns true if a file has this name here and is damaged, so that it can't be known if it is the session's.
    fn is_damaged(&self, _name: &FileName) -> bool {
        false
    }
}
