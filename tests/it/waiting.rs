//! Waiting for what another thread or process does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The records of all processes, by their paths.
pub fn records(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = directory.join("state").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let records = files.filter(|path| path.extension().is_some_and(|it| it == "record"));
    records.filter_map(|path| Some((path.clone(), std::fs::read(path).ok()?))).collect()
}

/// Waits for something that another thread or process does.
pub fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(300);
    while !is_so() {
        assert!(Instant::now() < deadline, "it takes too long");
        std::thread::sleep(Duration::from_millis(1));
    }
}
