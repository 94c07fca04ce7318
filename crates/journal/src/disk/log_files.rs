//! The files of logs, one object of JSON a line: a few of each process, in one directory for all processes of a game
//! on this machine. They stay when the record of their process goes, since operators read them long after.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Disk, Layout, ProcessId};

/// The suffix of the files.
const EXTENSION: &str = ".jsonl";

/// A file of a process's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogFile {
    /// Its path.
    pub path: PathBuf,
    /// The process that wrote it.
    pub process: ProcessId,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The name of the file with this number in the log of a process. Sorted by name, the files are in the order in which
/// the processes started and wrote them, as far as the machine's clock knows.
pub fn log_file_name(started: Timestamp, process: ProcessId, number: u32) -> String {
    let started = started.strftime("%Y%m%dT%H%M%SZ");
    format!("{started}-{process}-{number:06}{EXTENSION}")
}

/// The files of all logs, the oldest first. None where the directory can't be read.
pub fn log_files(disk: &dyn Disk, state: &Path) -> Vec<LogFile> {
    let directory = Layout::logs_in(state);
    let mut entries = disk.list(&directory).unwrap_or_default();
    entries.retain(|entry| entry.is_file);
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    let file = |name: &str, bytes| {
        Some(LogFile { path: directory.join(name), process: process_of(name)?, bytes })
    };
    entries.iter().filter_map(|entry| file(&entry.name, entry.len)).collect()
}

/// The end of what a process logged, in whole lines of at most `most_bytes` bytes together. Empty if it logged nothing
/// here, or that can't be read.
pub fn end_of_log(disk: &dyn Disk, state: &Path, process: ProcessId, most_bytes: u64) -> String {
    let mut files = log_files(disk, state);
    files.retain(|file| file.process == process);
    let (mut parts, mut left) = (Vec::new(), most_bytes);
    for file in files.iter().rev().filter(|file| file.bytes > 0) {
        // One that can't be read is left out, as an empty one is.
        let Ok((part, is_whole)) = end_of_file(disk, &file.path, left) else { continue };
        left = left.saturating_sub(part.len() as u64);
        parts.push(part);
        if !is_whole || left == 0 {
            break;
        }
    }
    parts.into_iter().rev().collect()
}

fn process_of(name: &str) -> Option<ProcessId> {
    let (of_process, _number) = name.strip_suffix(EXTENSION)?.rsplit_once('-')?;
    let (_started, process) = of_process.rsplit_once('-')?;
    u64::from_str_radix(process, 16).ok().map(ProcessId)
}

/// The last whole lines of a file, and whether they are all of it. Its writer may be in the middle of a line.
fn end_of_file(disk: &dyn Disk, path: &Path, most_bytes: u64) -> io::Result<(String, bool)> {
    let file = disk.open(path)?;
    let len = file.len()?;
    let start = len.saturating_sub(most_bytes);
    let mut bytes = vec![0; usize::try_from(len - start).map_err(io::Error::other)?];
    file.read_exact_at(start, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let from = match start {
        0 => 0,
        _ => text.find('\n').map_or(text.len(), |end| end + 1),
    };
    let until = text.rfind('\n').map_or(from, |end| end + 1);
    Ok((text.get(from..until).unwrap_or_default().to_owned(), start == 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MemoryDisk;

    const STATE: &str = "state";

    fn put(disk: &MemoryDisk, process: u64, number: u32, text: &str) {
        let name = log_file_name(Timestamp::UNIX_EPOCH, ProcessId(process), number);
        disk.put(&Layout::logs_in(Path::new(STATE)).join(name), text.as_bytes());
    }

    fn end_of(disk: &MemoryDisk, bytes: u64) -> String {
        end_of_log(disk, Path::new(STATE), ProcessId(7), bytes)
    }

    #[test]
    fn the_end_of_a_log_is_whole_lines_of_one_process() {
        let disk = MemoryDisk::default();
        assert_eq!(end_of(&disk, 100), "");
        put(&disk, 7, 0, "zero\none\ntwo\n");
        put(&disk, 7, 1, "three\nfour\nhalf a li");
        put(&disk, 8, 0, "another's\n");
        assert_eq!(end_of(&disk, 100), "zero\none\ntwo\nthree\nfour\n");
        assert_eq!(end_of(&disk, 16), "four\n", "of what is cut, no half line");
        assert_eq!(end_of(&disk, 20), "one\ntwo\nthree\nfour\n");
        put(&disk, 7, 2, "");
        assert_eq!(end_of(&disk, 16), "four\n", "one that was only begun hides nothing");
    }

    #[test]
    fn files_with_other_names_are_not_log_files() {
        let disk = MemoryDisk::default();
        put(&disk, 7, 0, "one\n");
        for name in ["notes.txt", "a-b.jsonl", "20260101T000000Z-xyz-000000.jsonl"] {
            disk.put(&Layout::logs_in(Path::new(STATE)).join(name), b"mine\n");
        }
        assert_eq!(log_files(&disk, Path::new(STATE)).len(), 1);
    }
}
