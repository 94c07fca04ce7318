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

mod keeping;
mod known;
mod opening;
mod putting;
mod taking;
#[cfg(test)]
mod tests;
mod turns;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::cloud_folder::CloudFolder;
use crate::disk::{Disk, LocalStore};
use crate::model::ids::{SessionId, random_u64};

use keeping::KeepInCloud;
pub(super) use known::note_forgotten;
pub(super) use turns::CloudTurns;

use taking::take_in;

/// The extension of the files in the folder.
const EXTENSION: &str = "session";
/// The file with this device's number, by which its files in the folder are named.
const DEVICE: &str = "cloud-device";

/// The file of a session that this device puts into the folder.
fn own_file(local: &LocalStore, folder: &CloudFolder, session: SessionId) -> io::Result<PathBuf> {
    let device = device(local)?;
    let name = format!("{session}-{device:016x}.{EXTENSION}");
    Ok(folder.of_profile(&local.store.layout().profile).join(name))
}

/// The number that tells this device's data from that of others, which may well be on the same machine. Drawn once.
fn device(local: &LocalStore) -> io::Result<u64> {
    let (disk, path) = (local.store.disk(), local.store.layout().state.join(DEVICE));
    let known = match disk.read(&path, 64) {
        Ok(bytes) => {
            str::from_utf8(&bytes).ok().and_then(|text| u64::from_str_radix(text, 16).ok())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        // It is there: under another number, its files in the folder would be another device's.
        Err(error) => return Err(error),
    };
    if let Some(device) = known {
        return Ok(device);
    }
    let device = random_u64();
    local.store.create_state_directory().map_err(io::Error::other)?;
    disk.replace(&path, format!("{device:016x}").as_bytes())?;
    Ok(device)
}

/// Copies a file that is there whole, a piece at a time, and makes it durable.
fn copy(from: &dyn Disk, source: &Path, to: &dyn Disk, target: &Path) -> io::Result<()> {
    const PIECE: u64 = 1 << 20;
    let read = from.open(source)?;
    let _hold = read.hold();
    let length = read.len()?;
    let mut written = to.create_new(target)?;
    let mut piece = Vec::new();
    let mut at = 0;
    while at < length {
        let next = PIECE.min(length - at);
        piece.resize(usize::try_from(next).unwrap_or_default(), 0);
        read.read_exact_at(at, &mut piece)?;
        written.append(&piece)?;
        at += next;
    }
    written.sync()
}
