//! Files that hold a session by themselves.

#![expect(clippy::disallowed_methods, reason = "it finds the file that the store then reads")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy_session_journal::ReportError;
use bevy_session_journal::internal::disk::{Disk, session_of_file};
use bevy_session_journal::internal::format::FileProblemKind;
use bevy_session_journal::internal::read::report::{self, Opened};

use super::directory::{ProfileDirectory, whole};
use super::profile::{Profile, read_only};
use crate::condition::describe;
use crate::failure::Failure;

pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// The files that devices have put into a folder of a file cloud, or into the directory of a profile there.
pub fn of_devices(folder: &Path) -> Vec<PathBuf> {
    let in_directory = |directory: &Path| -> io::Result<Vec<PathBuf>> {
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
    };
    // The search for profiles says what is wrong with it.
    let Ok(mut paths) = in_directory(folder) else { return Vec::new() };
    for directory in paths.clone().iter().filter(|path| path.is_dir()) {
        paths.extend(in_directory(directory).unwrap_or_default());
    }
    paths.retain(|path| path.extension().is_some_and(|it| it == "session") && path.is_file());
    paths.sort_unstable();
    paths
}

/// Opens a slot, an archive or a segment, or else a report.
pub fn open(path: &Path) -> Result<Profile, Failure> {
    let (disk, path) = (read_only(), whole(path)?);
    let directory = ProfileDirectory::around_file(&path);
    match session_of_file(&*disk, &path) {
        Ok(session) => Ok(Profile::of_file(directory, disk, path, session)),
        // What begins with other bytes may be anything, and so a report.
        Err(FileProblemKind::Damaged | FileProblemKind::Torn) => {
            let opened = open_report(&*disk, &path)?;
            let Opened { disk, slot, .. } = opened;
            let (file, session) = (slot.path.to_path_buf(), slot.header.session);
            Ok(Profile::of_file(directory, Arc::new(disk), file, session))
        }
        Err(kind) => Err(Failure::UnreadableFile { path, why: describe(&kind) }),
    }
}

fn open_report(disk: &dyn Disk, path: &Path) -> Result<Opened, Failure> {
    report::open_of_any_game(disk, path).map_err(|error| match error {
        ReportError::NotAReport { .. } => Failure::UnreadableFile {
            path: path.to_owned(),
            why: "it isn't a slot, archive, segment or report, or its header is damaged".to_owned(),
        },
        error => Failure::Report(error),
    })
}
