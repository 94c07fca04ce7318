//! Files of a directory that belongs to somebody else, which root makes there: an operator's tool beside a server that
//! runs as a user of its own, and couldn't read them.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown, lchown};
use std::path::Path;

/// Gives a file that was created to the owner of its directory, if it is root's.
pub(super) fn give_file(file: &File, path: &Path) {
    // What can't be given is root's, as everywhere.
    let _ = file.metadata().and_then(|made| {
        give(path, &made, |owner, group| fchown(file, Some(owner), Some(group)))
    });
}

/// Gives a directory that was created to the owner of the one above, if it is root's.
pub(super) fn give_directory(path: &Path) {
    // As above.
    let _ = fs::symlink_metadata(path).and_then(|made| {
        give(path, &made, |owner, group| lchown(path, Some(owner), Some(group)))
    });
}

fn give(
    path: &Path,
    made: &Metadata,
    to: impl FnOnce(u32, u32) -> io::Result<()>,
) -> io::Result<()> {
    const ROOT: u32 = 0;
    if made.uid() != ROOT {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let above = fs::metadata(above.unwrap_or(Path::new(".")))?;
    if above.uid() == ROOT { Ok(()) } else { to(above.uid(), above.gid()) }
}
