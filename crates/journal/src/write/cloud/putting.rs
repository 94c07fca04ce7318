//! Puts a file into the folder: whole and durable, in the place of the one before, and within the folder's quota.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::opening::verify;
use super::{copy, own_file};
use crate::disk::{DirectoryStore, Disk, Layout, LocalStore, StoreError};
use crate::format::SegmentHeader;
use crate::model::ids::CheckpointId;
use crate::model::session::FailureCause;
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::CloudError;

/// Puts a file there that was written and read back here. Returns its bytes.
pub(super) fn put(
    local: &LocalStore,
    folder: &CloudFolder,
    written: &Path,
    (header, head): (&SegmentHeader, CheckpointId),
) -> Result<u64, CloudError> {
    let (inside, outside) = (&**local.store.disk(), &*local.outside);
    let place = own_file(local, folder, header.session)
        .map_err(|error| CloudError::here_at(&local.store.layout().state, error))?;
    let directory = place.parent().unwrap_or(&place).to_owned();
    let refused = |error| CloudError::folder(&directory, error);
    let store = DirectoryStore::new(Arc::clone(&local.outside), local.store.layout().clone());
    let above: Vec<PathBuf> =
        store.create_directory(&directory).map_err(in_folder)?.into_iter().collect();
    store.sync_directories(&above).map_err(in_folder)?;
    let bytes = length(inside, written).map_err(|error| CloudError::here_at(written, error))?;
    check_room(outside, folder, &place, bytes)?;
    let unfinished = Layout::unfinished(&place);
    // The one before goes only behind one that was read back.
    let put = copy(inside, written, outside, &unfinished)
        .map_err(refused)
        .and_then(|()| verify(outside, &unfinished, header, head))
        .and_then(|()| outside.put_in_place(&unfinished, &place).map_err(refused));
    if put.is_err() {
        let _ = outside.remove(&unfinished);
    }
    put?;
    store.sync_directories(&[directory]).map_err(in_folder)?;
    Ok(bytes)
}

fn in_folder(error: StoreError) -> CloudError {
    CloudError::Folder(FailureCause::new(error))
}

fn length(disk: &dyn Disk, path: &Path) -> io::Result<u64> {
    disk.open(path)?.len()
}

/// Refuses a file that has no room beside those that are there already.
fn check_room(
    disk: &dyn Disk,
    folder: &CloudFolder,
    place: &Path,
    bytes: u64,
) -> Result<(), CloudError> {
    let most = folder.most_bytes_of_a_file;
    if bytes > most {
        return Err(CloudError::TooLarge { bytes, most });
    }
    let (mut files, mut all) = (1, bytes);
    let refused = |error| CloudError::folder(&folder.path, error);
    for profile in disk.list(&folder.path).map_err(refused)?.iter().filter(|it| it.is_dir) {
        let directory = folder.path.join(&profile.name);
        for entry in disk.list(&directory).map_err(refused)? {
            let path = directory.join(&entry.name);
            if entry.is_dir || path == place || is_own_leftover(disk, place, &path) {
                continue;
            }
            files += 1;
            all += entry.len;
        }
    }
    let fits = files <= folder.most_files && all <= folder.most_bytes;
    if fits { Ok(()) } else { Err(CloudError::Full { files, bytes: all }) }
}

/// Returns true if a file is one that this device left unfinished when it died. It is removed.
fn is_own_leftover(disk: &dyn Disk, place: &Path, path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    let of = name.and_then(Layout::place_of_unfinished).map(OsStr::new);
    path.parent() == place.parent() && of == place.file_name() && disk.remove(path).is_ok()
}
