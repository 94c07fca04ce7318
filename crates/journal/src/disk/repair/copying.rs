//! Writes what is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bridge::Bridge;
use super::choosing::name_of;
use super::{RepairError, RepairedKind, SessionRepair};
use crate::disk::directory::create_directory;
use crate::disk::error::Attempt;
use crate::disk::{AppendFile, Disk, Layout, StoreAction, StoreError, StoredSession};
use crate::format::{
    FrameEntry, GroupEncoder, Predecessor, ReadAt, ReadError, Segment, SegmentEncoder,
    SegmentHeader,
};

/// Bytes that are copied at once.
const PIECE: usize = 1 << 18;

/// The part of a file that is copied.
pub(super) enum Copied {
    Nothing,
    /// All of a segment as it was when it was scanned.
    Segment(Segment, u64),
    /// These frames of a segment.
    Frames {
        segment: Segment,
        predecessor: Option<Predecessor>,
        frames: Vec<FrameEntry>,
    },
    /// All of a file.
    File {
        path: PathBuf,
        file: Arc<dyn ReadAt>,
    },
}

pub(super) fn write(
    repair: &SessionRepair,
    to: &dyn Disk,
    directory: &Path,
    slots: &Path,
) -> Result<(), RepairError> {
    let mut changed = create_directory(to, directory)?;
    changed.insert(directory.to_owned());
    let has_slot = |kind| kind == RepairedKind::Slot;
    if repair.files().any(|file| has_slot(file.kind)) {
        changed.extend(create_directory(to, slots)?);
        changed.insert(slots.to_owned());
    }
    for (file, copied) in &repair.files {
        let parent = if has_slot(file.kind) { slots } else { directory };
        copied.write(to, parent)?;
    }
    if let Some(bridge) = &repair.bridge {
        bridge.write(&repair.stored, to, directory)?;
    }
    for directory in changed {
        match to.sync_dir(&directory) {
            // There is no such thing on some file systems, and above what was made here it isn't ours.
            Err(error) if crate::disk::directory_syncs::refuses_syncs(&error) => {}
            synced => synced.attempt(StoreAction::SyncDirectory, &directory)?,
        }
    }
    Ok(())
}

impl Copied {
    fn write(&self, to: &dyn Disk, directory: &Path) -> Result<(), RepairError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Segment(segment, length) => {
                let mut place = Place::create(to, directory.join(name_of(segment.path())))?;
                place.append_all(segment.path(), segment.file(), *length)?;
                place.sync()
            }
            Self::File { path, file } => {
                let length = file.len().attempt(StoreAction::Read, path)?;
                let mut place = Place::create(to, directory.join(name_of(path)))?;
                place.append_all(path, &**file, length)?;
                place.sync()
            }
            Self::Frames { segment, predecessor, frames } => {
                let mut place = Place::create(to, directory.join(name_of(segment.path())))?;
                let header =
                    SegmentHeader { predecessor: *predecessor, ..segment.header().clone() };
                let (mut encoder, bytes) = SegmentEncoder::new(&header)?;
                place.append(&bytes)?;
                for frame in frames {
                    let stored = segment.checked(frame)?;
                    place.append(&encoder.copy_frame(&frame.header, &stored))?;
                }
                place.sync()
            }
        }
    }
}

impl Bridge {
    fn write(
        &self,
        stored: &StoredSession,
        to: &dyn Disk,
        directory: &Path,
    ) -> Result<(), RepairError> {
        let mut place = Place::create(to, directory.join(Layout::name_of(&self.header)))?;
        let (mut encoder, bytes) = SegmentEncoder::new(&self.header)?;
        place.append(&bytes)?;
        for record in self.lineage.in_records() {
            place.append(&encoder.encode_record(&record)?)?;
        }
        let mut group = GroupEncoder::new(encoder, self.commit.counter);
        for block in stored.blocks(&self.plan)? {
            group.push(&block?)?;
            while let Some(frame) = group.take_frame() {
                place.append(&frame)?;
            }
        }
        let (rest, _) = group.finish(&self.commit)?;
        place.append(&rest)?;
        place.sync()
    }
}

/// A file of the copy.
struct Place {
    path: PathBuf,
    file: Box<dyn AppendFile>,
}

impl Place {
    fn create(to: &dyn Disk, path: PathBuf) -> Result<Self, StoreError> {
        let file = to.create_new(&path).attempt(StoreAction::CreateFile, &path)?;
        Ok(Self { path, file })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.append(bytes).attempt(StoreAction::Append, &self.path)
    }

    /// Appends this number of bytes of another file.
    fn append_all(
        &mut self,
        path: &Path,
        from: &dyn ReadAt,
        length: u64,
    ) -> Result<(), RepairError> {
        let mut offset = 0;
        while offset < length {
            let bytes = usize::try_from(length - offset).map_or(PIECE, |left| left.min(PIECE));
            let mut piece = vec![0; bytes];
            from.read_exact_at(offset, &mut piece).map_err(|source| ReadError::Unreadable {
                path: path.to_owned(),
                offset,
                source,
            })?;
            self.append(&piece)?;
            offset += bytes as u64;
        }
        Ok(())
    }

    fn sync(mut self) -> Result<(), RepairError> {
        Ok(self.file.sync().attempt(StoreAction::Sync, &self.path)?)
    }
}
