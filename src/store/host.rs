//! The id of this machine.

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
    let known = disk.read(&path, MAX_BYTES).ok().and_then(|bytes| unseal(KIND, &bytes).ok());
    if let Some(HostFile { id }) = known {
        return HostId { id, origin: HostIdOrigin::Known };
    }
    let id = random_u64();
    let is_stored =
        seal(KIND, &HostFile { id }).is_ok_and(|bytes| disk.replace(&path, &bytes).is_ok());
    HostId { id, origin: HostIdOrigin::Drawn { is_stored } }
}
