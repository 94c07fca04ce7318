//! The id of this machine.

use std::io::ErrorKind;

use serde::{Deserialize, Serialize};

use super::sealed::{SealKind, seal, unseal};
use super::{Disk, Layout};
use crate::journal::random_u64;

const KIND: SealKind = SealKind { magic: *b"bvyhost\x1a", version: 1 };
/// Far more than the file ever has.
const MAX_BYTES: usize = 1 << 10;

/// The random number by which this machine knows its own runs.
///
/// It tells a run that died here from one that was synced here from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostId {
    /// The number.
    pub id: u64,
    /// Where it comes from.
    pub origin: HostIdOrigin,
}

/// Where a host id comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostIdOrigin {
    /// It was on disk, so runs under another id come from another machine.
    Known,
    /// There was none, or none that could be read, and a new one was drawn. Runs under another id
    /// may well be this machine's own.
    Drawn {
        /// Whether the next start will find it.
        is_stored: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct HostFile {
    id: u64,
}

/// Reads the host id, or draws and writes one. The state directory should exist.
pub fn host_id(disk: &dyn Disk, layout: &Layout) -> HostId {
    let path = layout.host_id();
    let read = disk.read(&path, MAX_BYTES);
    if let Ok(bytes) = &read
        && let Ok(HostFile { id }) = unseal(KIND, bytes)
    {
        return HostId { id, origin: HostIdOrigin::Known };
    }
    let id = random_u64();
    // One that can't be read now isn't missing, and the next start may read it.
    let is_to_be_written = match &read {
        Ok(_) => true,
        Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::FileTooLarge),
    };
    let is_stored = is_to_be_written && store_host_id(disk, layout, id);
    HostId { id, origin: HostIdOrigin::Drawn { is_stored } }
}

/// Whether there is no host id. One that can't be read now isn't missing.
pub fn host_id_is_missing(disk: &dyn Disk, layout: &Layout) -> bool {
    let read = disk.read(&layout.host_id(), MAX_BYTES);
    read.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Writes the host id, and says whether it is there now.
pub fn store_host_id(disk: &dyn Disk, layout: &Layout, id: u64) -> bool {
    seal(KIND, &HostFile { id }).is_ok_and(|bytes| disk.replace(&layout.host_id(), &bytes).is_ok())
}
