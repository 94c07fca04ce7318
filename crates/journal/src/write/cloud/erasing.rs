//! Removes the files of an erased player from the folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::known::is_erased;
use super::opening::header_of;
use super::{EXTENSION, entries_of};
use crate::disk::{Erasure, Layout, LocalStore};
use crate::format::SegmentHeader;
use crate::model::ids::SessionId;
use crate::model::session::{FailureCause, Remaining, RequestError};
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::CloudError;

/// The outcome of removing an erased player's files from the folder.
#[derive(Default)]
pub(in crate::write) struct ErasedInCloud {
    pub(in crate::write) files: u64,
    pub(in crate::write) bytes: u64,
    pub(in crate::write) remaining: Vec<Remaining>,
}

/// The sessions of a player that have files in the folder.
pub(in crate::write) fn sessions_in_cloud(
    local: &LocalStore,
    folder: &CloudFolder,
    (player, game): (&str, &str),
) -> Result<BTreeSet<SessionId>, RequestError> {
    let is_theirs = |header: &SegmentHeader| {
        let context = &header.metadata.context;
        header.metadata.player.as_deref() == Some(player) && !context.is_of_another_game(game)
    };
    let files = files_of(local, folder)?.into_iter();
    let headers = files.filter_map(|(path, _)| header_of(&*local.outside, &path).ok());
    Ok(headers.filter(is_theirs).map(|header| header.session).collect())
}

/// Removes what an erasure names from the folder, whole or not.
pub(in crate::write) fn erase_in_cloud(
    local: &LocalStore,
    folder: &CloudFolder,
    erasure: &Erasure,
) -> ErasedInCloud {
    let mut erased = ErasedInCloud::default();
    let files = files_of(local, folder).unwrap_or_else(|error| {
        erased.remaining.push(Remaining::CloudRefused { error });
        Vec::new()
    });
    for (path, bytes) in files {
        match header_of(&*local.outside, &path) {
            Ok(header) if is_erased(std::slice::from_ref(erasure), &header) => {
                match local.outside.remove(&path) {
                    Ok(()) => {
                        erased.files += 1;
                        erased.bytes += bytes;
                    }
                    Err(error) => {
                        let error = RequestError::Store(FailureCause::at(&path, error));
                        erased.remaining.push(Remaining::CloudRefused { error });
                    }
                }
            }
            Ok(_) => {}
            // One that is locked, or still being copied, may be the player's.
            Err(CloudError::Folder(cause)) => {
                let error = RequestError::Store(cause);
                erased.remaining.push(Remaining::CloudRefused { error });
            }
            Err(_) => {
                let file = path.display().to_string();
                erased.remaining.push(Remaining::Unreadable { file });
            }
        }
    }
    erased
}

/// The files of the profile in the folder with their bytes, those that are still being written as well.
fn files_of(local: &LocalStore, folder: &CloudFolder) -> Result<Vec<(PathBuf, u64)>, RequestError> {
    let directory = folder.of_profile(&local.store.layout().profile);
    let entries = entries_of(local, &directory);
    let entries =
        entries.map_err(|error| RequestError::Store(FailureCause::at(&directory, error)))?;
    let is_ours = |name: &str| {
        let place = Layout::place_of_unfinished(name).unwrap_or(name);
        Path::new(place).extension().is_some_and(|it| it == EXTENSION)
    };
    let ours = entries.iter().filter(|entry| entry.is_file && is_ours(&entry.name));
    Ok(ours.map(|entry| (directory.join(&entry.name), entry.len)).collect())
}
