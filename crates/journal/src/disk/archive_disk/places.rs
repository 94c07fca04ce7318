//! The places of archives that a game has had on this machine, written down beside its locks.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::relocation::sync;
use super::{below, is_missing};
use crate::disk::directory::create_directory;
use crate::disk::directory_syncs::refuses_syncs;
use crate::disk::error::Attempt;
use crate::disk::sealed::{SealError, SealKind, seal_for, unseal};
use crate::disk::{Disk, Layout, Lock, StoreAction, StoreError};
use crate::model::ids::random_u64;
use crate::model::session::ArchivePlaceError;

const KIND: SealKind = SealKind { magic: *b"bvyarch\x1a", version: 1 };
/// The largest file that is read.
const MAX_BYTES: usize = 1 << 20;

/// The place that a game wants its archives in.
#[derive(Clone, Debug)]
pub struct WantedPlace {
    /// The directory, which exists.
    pub directory: PathBuf,
    /// The beginning of the name of this game's own directory in it.
    pub name: String,
    /// The directories that hold what isn't archived. None of them is around the place.
    pub apart_from: Vec<PathBuf>,
}

/// A place of archives.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ArchivePlace {
    id: u64,
    /// This game's own directory in the place.
    directory: PathBuf,
}

impl ArchivePlace {
    /// The random number of the place.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The game's own directory in the place. It is made once: if it isn't there, its disk isn't.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of something that is among the profiles at `inside`.
    pub fn below(&self, inside: &Path) -> PathBuf {
        below(self.directory.join("profiles"), inside)
    }

    fn is_in(&self, directory: &Path) -> bool {
        self.directory.parent() == Some(directory)
    }
}

/// The content of the file.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Record {
    /// The number of the place to which sessions are archived; `None` if they stay in the data.
    current: Option<u64>,
    /// All places, the newest first.
    places: Vec<ArchivePlace>,
}

/// The places of archives.
#[derive(Debug)]
pub struct ArchivePlaces {
    record: Record,
    /// The place that the game wants, and has not got so far.
    missing: Option<(WantedPlace, Layout)>,
    /// The reason that the record can't be read. Nothing is written in its place then.
    unread: Option<ArchivePlaceError>,
}

impl ArchivePlaces {
    /// Reads which places there are.
    pub fn read(disk: &dyn Disk, layout: &Layout) -> Self {
        match read_record(disk, layout) {
            Ok(record) => Self { record, missing: None, unread: None },
            Err(error) => {
                let unread = Some(ArchivePlaceError::Refused(error.into()));
                Self { record: Record::default(), missing: None, unread }
            }
        }
    }

    /// Returns true if there are none, and never were.
    pub fn are_none(&self) -> bool {
        self.record.places.is_empty() && self.unread.is_none()
    }

    /// All places, the newest first.
    pub fn known(&self) -> Vec<ArchivePlace> {
        self.record.places.clone()
    }

    /// Looks for places in a directory, in which their disk is mounted now.
    pub fn look_in(&mut self, disk: &dyn Disk, mounted: &Path) {
        for place in &mut self.record.places {
            let name = place.directory.file_name().unwrap_or_default();
            let here = mounted.join(name);
            if disk.list(&here).is_ok() {
                place.directory = here;
            }
        }
    }

    /// Archives to this place from now on. If that can't be used now, it is tried again each time.
    pub fn want(&mut self, disk: &dyn Disk, layout: &Layout, wanted: Option<WantedPlace>) {
        match wanted {
            Some(wanted) => {
                self.missing = Some((wanted, layout.clone()));
                // The reason is found again by who asks.
                let _ = self.current(disk);
            }
            None if self.record.current.is_some() => {
                let record = Record { current: None, ..self.record.clone() };
                // A tool that reads the old one archives to a place that is searched all the same.
                let _ = write_record(disk, layout, &record);
                self.record = record;
            }
            None => {}
        }
    }

    /// The place to which sessions are archived; `None` if they stay in the data.
    pub fn current(&mut self, disk: &dyn Disk) -> Result<Option<ArchivePlace>, ArchivePlaceError> {
        if let Some((wanted, layout)) = &self.missing {
            self.record = choose(disk, layout, wanted)?;
            (self.missing, self.unread) = (None, None);
        }
        if let Some(error) = &self.unread {
            return Err(error.clone());
        }
        let Some(current) = self.record.current else { return Ok(None) };
        let place = self.record.places.iter().find(|place| place.id == current);
        if let Some(place) = place {
            refuse_if_missing(disk, &place.directory)?;
        }
        Ok(place.cloned())
    }
}

/// Chooses the place that the game wants, makes it if it is new, and writes that down.
fn choose(
    disk: &dyn Disk,
    layout: &Layout,
    wanted: &WantedPlace,
) -> Result<Record, ArchivePlaceError> {
    let WantedPlace { directory, name, apart_from } = wanted;
    if let Some(within) = apart_from.iter().find(|apart| directory.starts_with(apart)) {
        let (path, within) = (directory.clone(), within.clone());
        return Err(ArchivePlaceError::Within { path, within });
    }
    let refused = |error: StoreError| ArchivePlaceError::Refused(error.into());
    let _lock = lock(disk, layout).map_err(refused)?;
    let mut record = read_record(disk, layout).map_err(refused)?;
    let known = record.places.iter().find(|place| place.is_in(directory));
    let id = match known {
        Some(known) => known.id,
        None => {
            refuse_if_missing(disk, directory)?;
            let id = random_u64();
            let own = directory.join(format!("{name}-{id:016x}"));
            make(disk, directory, &own).map_err(refused)?;
            record.places.insert(0, ArchivePlace { id, directory: own });
            id
        }
    };
    if record.current != Some(id) {
        record.current = Some(id);
        write_record(disk, layout, &record).map_err(refused)?;
    }
    Ok(record)
}

/// Keeps other processes from writing down another place at the same moment.
fn lock(disk: &dyn Disk, layout: &Layout) -> Result<Option<Box<dyn Lock>>, StoreError> {
    make_state(disk, layout)?;
    let path = layout.archive_places_lock();
    let locked = match disk.try_lock(&path) {
        // Without locks it is done all the same.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(None),
        Ok(None) => Err(io::ErrorKind::ResourceBusy.into()),
        locked => locked,
    };
    locked.attempt(StoreAction::Lock, &path)
}

/// Makes the directory of the record, durably: without the record, archives aren't found.
fn make_state(disk: &dyn Disk, layout: &Layout) -> Result<(), StoreError> {
    let mut changed = create_directory(disk, &layout.state)?;
    // One that is there already may have been made by a process that stopped before it synced it.
    changed.extend(layout.state.parent().map(Path::to_owned));
    changed.iter().try_for_each(|directory| match disk.sync_dir(directory) {
        Err(error) if refuses_syncs(&error) => Ok(()),
        synced => synced.attempt(StoreAction::SyncDirectory, directory),
    })
}

/// Makes the game's own directory in a place, durably.
fn make(disk: &dyn Disk, place: &Path, own: &Path) -> Result<(), StoreError> {
    disk.create_dir(own).attempt(StoreAction::CreateDirectory, own)?;
    sync(disk, place).attempt(StoreAction::SyncDirectory, place)
}

fn refuse_if_missing(disk: &dyn Disk, directory: &Path) -> Result<(), ArchivePlaceError> {
    match disk.list(directory) {
        Err(error) if is_missing(&error) => {
            Err(ArchivePlaceError::NotThere { path: directory.to_owned() })
        }
        listed => {
            let listed = listed.attempt(StoreAction::List, directory);
            listed.map(drop).map_err(|error| ArchivePlaceError::Refused(error.into()))
        }
    }
}

fn read_record(disk: &dyn Disk, layout: &Layout) -> Result<Record, StoreError> {
    let path = layout.archive_places();
    let bytes = match disk.read(&path, MAX_BYTES) {
        Err(error) if is_missing(&error) => return Ok(Record::default()),
        read => read.attempt(StoreAction::Read, &path)?,
    };
    let unsealed = unseal(KIND, &bytes).map_err(|error| match error {
        SealError::Damaged => io::Error::from(io::ErrorKind::InvalidData),
        SealError::Newer { .. } => io::ErrorKind::Unsupported.into(),
    });
    unsealed.attempt(StoreAction::Read, &path)
}

fn write_record(disk: &dyn Disk, layout: &Layout, record: &Record) -> Result<(), StoreError> {
    let path = layout.archive_places();
    let bytes = seal_for(&path, KIND, record)?;
    make_state(disk, layout)?;
    disk.replace(&path, &bytes).attempt(StoreAction::Replace, &path)
}
