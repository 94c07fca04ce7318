//! A folder that a file cloud copies between a player's devices, such as Steam's: whole files, before the game starts and
//! after its end.
//!
//! Live files don't belong there: copied while they grow, and one without the other, they are worth nothing. So a device
//! puts one file of each session into the folder, when the session is left cleanly and when it is paused: a run of its
//! own with the newest checkpoint, which names that and all that came before, as a session has it in the archive
//! (`write/snapshot.rs`). No comparison is needed but that of every start: brought into the session's directory, it is
//! the session's newest line where it goes on from what is here, and beside a line that has gone on here it is the
//! other side of a fork. `read/recovery/fork.rs` says where they parted.
//!
//! Each device writes files of its own and reads all, so that no two devices write the same one. The name that a cloud
//! gives a file doesn't matter: its header says whose it is.

mod erasing;
mod keeping;
mod known;
mod opening;
mod own_files;
mod putting;
mod taking;
#[cfg(test)]
mod tests;
mod turns;

use std::io::{self, ErrorKind};
use std::path::Path;

use tracing::warn;

use crate::disk::{DirEntry, LocalStore};
use crate::model::ids::random_u64;

pub(super) use erasing::{ErasedInCloud, erase_in_cloud, sessions_in_cloud};
use keeping::KeepInCloud;
pub(super) use known::note_forgotten;
pub(super) use turns::CloudTurns;

use taking::take_in;

/// The extension of the files in the folder.
const EXTENSION: &str = "session";
/// The file with this device's number, by which its files in the folder are named.
const DEVICE: &str = "cloud-device";

/// The entries of a directory in the folder; none where no device has put anything there yet.
fn entries_of(local: &LocalStore, directory: &Path) -> io::Result<Vec<DirEntry>> {
    match local.outside.list(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries,
    }
}

/// The number that tells this device's data from that of others, which may well be on the same machine. Drawn once.
fn device(local: &LocalStore) -> io::Result<u64> {
    let (disk, path) = (local.store.disk(), local.store.layout().state.join(DEVICE));
    match disk.read(&path, 64) {
        Ok(bytes) => {
            let known = str::from_utf8(&bytes).ok().map(|text| u64::from_str_radix(text, 16));
            if let Some(Ok(known)) = known {
                return Ok(known);
            }
            // Its files in the folder stay there as another device's, with nothing that isn't here.
            warn!(file = %path.display(), "the number of this device is damaged; it gets another one");
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        // It is there: under another number, its files in the folder would be another device's.
        Err(error) => return Err(error),
    }
    let device = random_u64();
    local.store.create_state_directory().map_err(io::Error::other)?;
    disk.replace(&path, format!("{device:016x}").as_bytes())?;
    Ok(device)
}
