//! The folder of a file cloud, and its quota.

use std::path::{Path, PathBuf};

use crate::disk::directory_name;

/// A folder that a file cloud copies between a player's devices, and its quota.
///
/// ```
/// use bevy_session_journal::CloudFolder;
///
/// let folder = CloudFolder::new("cloud").most_files(50).most_bytes(200 << 20);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CloudFolder {
    pub(super) path: PathBuf,
    pub(super) most_files: usize,
    pub(super) most_bytes: u64,
    pub(super) most_bytes_of_a_file: u64,
}

impl<P: Into<PathBuf>> From<P> for CloudFolder {
    fn from(path: P) -> Self {
        Self::new(path)
    }
}

impl CloudFolder {
    /// A folder with room for 1,000 files, 100 MB each and a GB together.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let (most_files, most_bytes, most_bytes_of_a_file) = (1_000, 1_000_000_000, 100_000_000);
        Self { path: path.into(), most_files, most_bytes, most_bytes_of_a_file }
    }

    /// Sets the number of files that may be in it, those of other devices included. The cloud's settings have it.
    #[must_use]
    pub fn most_files(mut self, files: usize) -> Self {
        self.most_files = files;
        self
    }

    /// Sets the number of bytes that may be in it, those of other devices included.
    #[must_use]
    pub fn most_bytes(mut self, bytes: u64) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// Sets the number of bytes that one file may have. Steam takes 100 MB.
    #[must_use]
    pub fn most_bytes_of_a_file(mut self, bytes: u64) -> Self {
        self.most_bytes_of_a_file = bytes;
        self
    }

    /// The same folder under another path.
    #[doc(hidden)]
    #[must_use]
    pub fn at(mut self, place: impl FnOnce(&Path) -> PathBuf) -> Self {
        self.path = place(&self.path);
        self
    }

    /// The directory of a profile's files.
    pub(super) fn of_profile(&self, profile: &str) -> PathBuf {
        self.path.join(directory_name(profile))
    }
}
