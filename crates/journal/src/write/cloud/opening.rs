//! Opens files of the folder: how one is made, and whether it is whole.

use std::path::{Path, PathBuf};

use crate::disk::{Disk, StoredSession};
use crate::format::{Segment, SegmentError, SegmentHeader, Validity};
use crate::model::ids::{CheckpointId, limits};
use crate::read::recovery::{KnownTypes, VersionFit};
use crate::write::cloud_news::CloudError;

/// A file that a device has put into the folder.
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) header: SegmentHeader,
    /// Its one checkpoint.
    pub(super) head: CheckpointId,
}

/// Opens a file with this header, and reads how it is made. The checksums of its data aren't compared yet.
pub(super) fn look_at(
    disk: &dyn Disk,
    (path, header): (PathBuf, SegmentHeader),
    game: &str,
    types: &dyn KnownTypes,
) -> Result<Found, CloudError> {
    if header.metadata.context.is_of_another_game(game) {
        return Err(CloudError::OtherGame { game: header.metadata.context.game.clone() });
    }
    let stored = StoredSession::of_file(disk, &path, header.session);
    // Its device has written at its end how the session was left.
    let [head] = stored.index().heads() else { return Err(CloudError::NotWhole) };
    let commit = stored.index().commit(head.id).filter(|_| head.end.is_some());
    let commit = commit.ok_or(CloudError::NotWhole)?;
    if !stored.index().problems().is_empty() {
        return Err(CloudError::NotWhole);
    }
    if head.id.run != header.run || head.id.counter >= limits::COUNTERS {
        return Err(CloudError::NotOurs);
    }
    if VersionFit::of(types, &stored, commit) == VersionFit::Newer {
        return Err(CloudError::NewerBuild);
    }
    Ok(Found { path, head: head.id, header })
}

/// The header of a file that a device may have put there.
pub(super) fn header_of(disk: &dyn Disk, path: &Path) -> Result<SegmentHeader, CloudError> {
    let file = disk.open(path).map_err(|error| CloudError::folder(path, error))?;
    let segment = Segment::open(path, file).map_err(|error| match error {
        SegmentError::NewerFormat { .. } | SegmentError::UnknownFeatures { .. } => {
            CloudError::NewerBuild
        }
        SegmentError::Unreadable { source, .. } => CloudError::folder(path, source),
        _ => CloudError::NotWhole,
    })?;
    if !segment.may_be_taken_up() {
        return Err(CloudError::NewerBuild);
    }
    let header = segment.header().clone();
    let is_copy = header.is_copied() && header.segment == 0 && !header.ancestors.is_empty();
    if is_copy && header.is_segment() { Ok(header) } else { Err(CloudError::NotOurs) }
}

/// Reads all of a file that holds this checkpoint, and compares its checksums.
pub(super) fn verify(
    disk: &dyn Disk,
    path: &Path,
    header: &SegmentHeader,
    head: CheckpointId,
) -> Result<(), CloudError> {
    let mut stored = StoredSession::of_file(disk, path, header.session);
    let is_it = matches!(stored.index().heads(), [it] if it.id == head && it.end.is_some());
    let plan = stored.index().plan(head).filter(|_| is_it).ok_or(CloudError::NotWhole)?;
    match stored.verify(&plan) {
        Ok(Validity::Verified) => Ok(()),
        _ => Err(CloudError::NotWhole),
    }
}
