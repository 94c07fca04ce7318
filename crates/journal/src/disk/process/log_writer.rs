//! Writes what is logged into files of bounded size and number.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tracing::warn;

use super::LogQueue;
use crate::disk::{AppendFile, Disk, Layout, LogFile, ProcessId, log_file_name, log_files};

/// Files of processes that are gone, which are kept at the most.
const MOST_OF_THE_GONE: usize = 64;

/// The log of this process, as files. A disk that refuses them costs the log, and nothing else.
pub(super) struct LogWriter {
    queue: LogQueue,
    /// The lines that were taken off the queue and aren't written yet.
    unwritten: String,
    open: Option<OpenFile>,
    /// The number of the next file.
    next: u32,
    /// True if the files of processes that are gone were looked at, which each process does once.
    has_swept: bool,
    /// True if the last lines couldn't be written, which is said once.
    is_refused: bool,
}

struct OpenFile {
    process: ProcessId,
    path: PathBuf,
    file: Box<dyn AppendFile>,
    bytes: u64,
}

/// The process that writes a log, and the place.
pub(super) struct LogPlace {
    pub disk: Arc<dyn Disk>,
    /// The directory of logs is below it.
    pub state: PathBuf,
    pub process: ProcessId,
    pub started: Timestamp,
}

impl LogWriter {
    pub(super) fn new(queue: LogQueue) -> Self {
        Self {
            queue,
            unwritten: String::new(),
            open: None,
            next: 0,
            has_swept: false,
            is_refused: false,
        }
    }

    /// Writes the lines that were logged since, without a sync. Lines that can't be written now are tried again the
    /// next time.
    pub(super) fn write(&mut self, place: &LogPlace) {
        // The lines that were left over from the last time, and those that came since.
        for _ in 0..2 {
            if self.unwritten.is_empty() {
                self.unwritten = self.queue.take();
            }
            if !self.write_unwritten(place) {
                return;
            }
        }
    }

    /// Writes the lines, and returns true if all of them could be written.
    fn write_unwritten(&mut self, place: &LogPlace) -> bool {
        let lines = std::mem::take(&mut self.unwritten);
        let mut rest = &*lines;
        while !rest.is_empty() {
            match self.append(place, rest) {
                Ok(written) => {
                    rest = rest.get(written..).unwrap_or_default();
                    self.is_refused = false;
                }
                Err(error) => {
                    rest.clone_into(&mut self.unwritten);
                    if !std::mem::replace(&mut self.is_refused, true) {
                        let directory = Layout::logs_in(&place.state);
                        warn!(directory = %directory.display(), %error, "log files can't be written");
                    }
                    return false;
                }
            }
        }
        true
    }

    /// Appends as many of these lines as there is room for in a file, at least one, and says how long they are.
    fn append(&mut self, place: &LogPlace, lines: &str) -> io::Result<usize> {
        let most = self.queue.bounds().file_bytes;
        let mut open = match self.open.take() {
            Some(open)
                if open.process == place.process
                    && open.has_room(lines, most)
                    && open.is_there() =>
            {
                open
            }
            _ => self.begin(place)?,
        };
        let length = open.room_for(lines, most);
        // After a failed append there is no knowing what is in a file: another one is begun.
        if let Err(error) = open.file.append(lines.get(..length).unwrap_or_default().as_bytes()) {
            let OpenFile { file, path, bytes, .. } = open;
            drop(file);
            // One that stays has its number.
            if bytes == 0 && place.disk.remove(&path).is_err() {
                self.next += 1;
            }
            return Err(error);
        }
        let is_new = open.bytes == 0;
        open.bytes += length as u64;
        self.open = Some(open);
        if is_new {
            self.next += 1;
            self.remove_old(place);
        }
        Ok(length)
    }

    fn begin(&self, place: &LogPlace) -> io::Result<OpenFile> {
        let LogPlace { disk, state, process, started } = place;
        let (directory, process) = (Layout::logs_in(state), *process);
        match disk.create_dir(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let path = directory.join(log_file_name(*started, process, self.next));
        let file = disk.create_new(&path)?;
        Ok(OpenFile { process, path, file, bytes: 0 })
    }

    /// Removes the oldest files of this process, and of those that are gone.
    fn remove_old(&mut self, place: &LogPlace) {
        let LogPlace { state, process, .. } = place;
        let disk = &*place.disk;
        let bounds = self.queue.bounds();
        let (own, others): (Vec<_>, Vec<_>) =
            log_files(disk, state).into_iter().partition(|file| file.process == *process);
        let old = own.len().saturating_sub(bounds.files.max(1));
        own.iter().take(old).for_each(|file| remove(disk, file));
        if std::mem::replace(&mut self.has_swept, true) {
            return;
        }
        let mut left = bounds.file_bytes.saturating_mul(bounds.files as u64);
        let is_gone = |file: &LogFile| !lives(disk, state, file.process);
        for (number, file) in others.iter().rev().filter(|file| is_gone(file)).enumerate() {
            let fits = file.bytes <= left && number < MOST_OF_THE_GONE;
            left = if fits { left - file.bytes } else { 0 };
            if !fits {
                remove(disk, file);
            }
        }
    }
}

impl OpenFile {
    /// Returns true if the first of these lines has room, which it always has in an empty file.
    fn has_room(&self, lines: &str, most: u64) -> bool {
        let line = lines.find('\n').map_or(lines.len(), |end| end + 1);
        self.bytes == 0 || self.bytes + line as u64 <= most
    }

    /// Returns true if it wasn't removed. On some systems lines that are appended to a removed file are lost without an
    /// error.
    fn is_there(&self) -> bool {
        self.file.is_at(&self.path).unwrap_or(true)
    }

    /// The length of the lines that have room, and of the first one in any case.
    fn room_for(&self, lines: &str, most: u64) -> usize {
        let room = usize::try_from(most.saturating_sub(self.bytes)).unwrap_or(usize::MAX);
        let whole = lines.floor_char_boundary(room);
        let last = lines.get(..whole).and_then(|fitting| fitting.rfind('\n'));
        let last = last.or_else(|| lines.find('\n'));
        last.map_or(lines.len(), |end| end + 1)
    }
}

/// Returns true if a process lives, or that can't be known, as on a file system without locks.
fn lives(disk: &dyn Disk, state: &Path, process: ProcessId) -> bool {
    let layout = Layout { data: PathBuf::new(), state: state.to_owned(), profile: String::new() };
    disk.is_locked(&Layout::process_lock(&layout.process_record(process))).unwrap_or(true)
}

/// One that can't be removed now is found again by the next process.
fn remove(disk: &dyn Disk, file: &LogFile) {
    let _ = disk.remove(&file.path);
}
