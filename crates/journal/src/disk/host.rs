//! The id of this machine.

use std::io::{self, ErrorKind};

use serde::{Deserialize, Serialize};

use super::sealed::{SealError, SealKind, seal, unseal};
use super::{DirectoryStore, Disk, Layout};
use crate::model::ids::random_u64;

const KIND: SealKind = SealKind { magic: *b"bvyhost\x1a", version: 1 };
/// Far more than the file ever has.
const MAX_BYTES: usize = 1 << 10;

/// The random number by which this machine knows its own runs.
///
/// It distinguishes a run that died here from one that was synced here from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostId {
    /// The number.
    pub id: u64,
    /// Another one that this machine has had, while it kept its files in another place.
    pub other: Option<u64>,
    /// Its origin.
    pub origin: HostIdOrigin,
}

/// The origin of a host id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostIdOrigin {
    /// It was on disk, so runs under another id come from another machine.
    Known,
    /// There was none, or none that could be read, and a new one was drawn. Runs under another id
    /// may well be this machine's own.
    Drawn {
        /// True if the next start will find it.
        is_stored: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct HostFile {
    id: u64,
}

impl DirectoryStore {
    /// The id of this machine. Drawn and written if there is none that can be read.
    pub fn host_id(&self) -> HostId {
        // If that fails, the id can't be stored, and says so itself.
        let _ = self.create_state_directory();
        host_id(&**self.disk(), self.layout())
    }
}

/// Reads the host id, or draws and writes one. The state directory should exist.
///
/// One that is there and can't be read now, because another program keeps it or a newer version wrote
/// it, is left as it is: written over, all sessions of this machine would be another's from then on.
pub fn host_id(disk: &dyn Disk, layout: &Layout) -> HostId {
    let path = layout.host_id();
    let copies = disk.copies(&path, MAX_BYTES).into_iter().map(read_host_id);
    let (known, unknown): (Vec<_>, Vec<_>) = copies.partition(Result::is_ok);
    // The place that comes last is the one that the game wants, and most runs are from there.
    let mut known = known.into_iter().flatten().rev();
    if let Some(id) = known.next() {
        let other = known.find(|other| *other != id);
        return HostId { id, other, origin: HostIdOrigin::Known };
    }
    let id = random_u64();
    let is_lost = !unknown.contains(&Err(Unread::Now));
    let is_stored = is_lost && store_host_id(disk, layout, id);
    HostId { id, other: None, origin: HostIdOrigin::Drawn { is_stored } }
}

/// The reason that there is no host id in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unread {
    /// There is none.
    Lost,
    /// There may be one that can't be read now.
    Now,
}

fn read_host_id(read: io::Result<Vec<u8>>) -> Result<u64, Unread> {
    let bytes = read.map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::FileTooLarge => Unread::Lost,
        _ => Unread::Now,
    })?;
    unseal(KIND, &bytes).map(|HostFile { id }| id).map_err(|error| match error {
        SealError::Damaged => Unread::Lost,
        SealError::Newer { .. } => Unread::Now,
    })
}

/// Returns true if there is no host id. One that can't be read now isn't missing.
pub fn host_id_is_missing(disk: &dyn Disk, layout: &Layout) -> bool {
    let read = disk.read(&layout.host_id(), MAX_BYTES);
    read.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Writes the host id, and says whether it is there now.
pub fn store_host_id(disk: &dyn Disk, layout: &Layout, id: u64) -> bool {
    seal(KIND, &HostFile { id }).is_ok_and(|bytes| disk.replace(&layout.host_id(), &bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::disk::{MemoryDisk, Operation};

    #[test]
    fn an_id_that_cannot_be_read_now_is_kept_for_the_next_start() {
        let disk = MemoryDisk::default();
        disk.create_dir(Path::new("state")).unwrap();
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let ours = host_id(&disk, &layout).id;
        // A scanner or a cloud's client has the file, or the process has no descriptor left.
        disk.fail_next(Operation::Read, ErrorKind::ResourceBusy);
        let drawn = host_id(&disk, &layout);
        assert_eq!(drawn.origin, HostIdOrigin::Drawn { is_stored: false }, "it may be ours");
        let known = HostId { id: ours, other: None, origin: HostIdOrigin::Known };
        assert_eq!(host_id(&disk, &layout), known, "or our sessions would be another machine's");

        let newer = SealKind { version: KIND.version + 1, ..KIND };
        let bytes = seal(newer, &"an id of another kind").unwrap();
        disk.replace(&layout.host_id(), &bytes).unwrap();
        host_id(&disk, &layout);
        assert_eq!(disk.read(&layout.host_id(), MAX_BYTES).unwrap(), bytes, "a newer build's id");
    }
}
