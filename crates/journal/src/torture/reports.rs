//! The crash reports of the made-up game.

use std::collections::BTreeMap;
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_64;

use crate::disk::simulated_disk::Image;

/// A crash report, as it was found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Report {
    pub bytes: u64,
    pub digest: u64,
}

/// The path of a report.
pub fn path(number: u64) -> PathBuf {
    format!("root/{number}.tar").into()
}

/// The reports on a disk.
pub fn on(image: &Image) -> BTreeMap<PathBuf, Report> {
    let files = image.files().map(|(place, content)| (place.path(), content.bytes()));
    let reports = files.filter(|(path, _)| path.extension().is_some_and(|it| it == "tar"));
    let report = |content: &[u8]| Report { bytes: content.len() as u64, digest: xxh3_64(content) };
    reports.map(|(path, content)| (path.to_path_buf(), report(content))).collect()
}
