//! A report, and the files in it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session::reports::Report;

use crate::common::*;

pub const REPORT: &str = "sessions/report.tar";

pub fn write(app: &mut App, report: Report) {
    request(app, |commands| commands.session().library().report(report, REPORT));
    frames(app, 4);
}

/// The files of the report on this disk.
pub fn files_of(disk: &MemoryDisk) -> BTreeMap<String, Vec<u8>> {
    let report = disk.content(Path::new(REPORT)).unwrap();
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(&*report).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        files.insert(name, content);
    }
    files
}

/// The game at the next start, after changes to its disk, when it has looked around.
pub fn next_start(disk: &MemoryDisk) -> App {
    let mut app = game(disk);
    frames(&mut app, 2);
    app
}
