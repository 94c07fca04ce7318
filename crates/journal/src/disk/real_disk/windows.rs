//! The differences of files on Windows.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use winapi_util::file::{Information, information};

use super::patience::{Hindrance, Pace, Patience};
use super::{DirEntry, mixed};

/// Opens directories as well as files.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// Opens a link and not what it leads to.
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
const FILE_ATTRIBUTE_DIRECTORY: u64 = 0x10;

const ERROR_ACCESS_DENIED: i32 = 5;
const ERROR_SHARING_VIOLATION: i32 = 32;
const ERROR_LOCK_VIOLATION: i32 = 33;
const ERROR_DIR_NOT_EMPTY: i32 = 145;
const ERROR_DELETE_PENDING: i32 = 303;

static PATIENCE: Patience = Patience::new();

struct RealTime;

impl Pace for RealTime {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wait(&self, time: Duration) {
        thread::sleep(time);
    }
}

/// Tries again while other programs have the file, for a quarter of a second at most.
pub(in crate::disk) fn patiently<T>(
    file: &(impl Debug + ?Sized),
    operation: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    PATIENCE.attempt(file, &RealTime, hindrance, operation)
}

fn hindrance(error: &io::Error) -> Option<Hindrance> {
    match error.raw_os_error()? {
        ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION => Some(Hindrance::InUse),
        ERROR_ACCESS_DENIED | ERROR_DELETE_PENDING => Some(Hindrance::Denied),
        ERROR_DIR_NOT_EMPTY => Some(Hindrance::NotEmpty),
        _ => None,
    }
}

/// Returns true if `path` leads to the file that is open. The standard library opens files so that others may rename
/// and remove them, so a name says nothing.
pub(super) fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let there = match patiently(path, || look_at(path, FILE_FLAG_BACKUP_SEMANTICS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        there => there?,
    };
    let ([volume, index, created], [there, index_there, created_there]) =
        (identity(&information(file)?), identity(&there));
    // Wine has 0 for the volume of a file that was renamed while it is open, and Proton is Wine.
    let is_volume = volume == there || volume == 0 || there == 0;
    Ok(is_volume && (index, created) == (index_there, created_there))
}

/// Volume and number of a file that is open.
pub(in crate::disk) fn number_of(file: &File) -> io::Result<(u64, u64)> {
    let facts = information(file)?;
    Ok((facts.volume_serial_number(), facts.file_index()))
}

/// The entry of a directory under this name. Directories themselves know length and times of a file only as they were
/// when it was last closed, so the file is asked.
pub(super) fn describe(entry: &fs::DirEntry, name: String) -> io::Result<DirEntry> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    match look_at(&entry.path(), flags) {
        Ok(facts) => Ok(described(name, &facts)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        // A listing doesn't wait for a file, nor fail because of one.
        Err(_) => {
            let metadata = entry.metadata()?;
            let (is_dir, len) = (metadata.is_dir(), metadata.len());
            let stamp = super::stamp_of_times(&metadata);
            Ok(DirEntry { name, is_dir, is_file: !is_dir, len, stamp })
        }
    }
}

fn described(name: String, facts: &Information) -> DirEntry {
    if facts.file_attributes() & FILE_ATTRIBUTE_DIRECTORY != 0 {
        return DirEntry { name, is_dir: true, is_file: false, len: 0, stamp: 0 };
    }
    let written = facts.last_write_time().unwrap_or_default();
    let [volume, index, created] = identity(facts);
    let stamp = mixed(&[volume, index, created, written]);
    DirEntry { name, is_dir: false, is_file: true, len: facts.file_size(), stamp }
}

/// Asks for no right to the file, so that no other program's use of it gets in the way.
fn look_at(path: &Path, flags: u32) -> io::Result<Information> {
    let file = OpenOptions::new().access_mode(0).custom_flags(flags).open(path)?;
    information(&file)
}

/// The identity of a file: its volume, its number there, and the time of its creation, since file systems with longer
/// numbers give the same one to all files that have none so short.
fn identity(facts: &Information) -> [u64; 3] {
    let created = facts.creation_time().unwrap_or_default();
    [facts.volume_serial_number(), facts.file_index(), created]
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::disk::{Disk, RealDisk};

    /// As a scanner or a cloud's client may have it.
    fn keep_to_oneself(path: &Path) -> File {
        OpenOptions::new().read(true).share_mode(0).open(path).unwrap()
    }

    /// In one test, since all operations share one patience.
    #[test]
    fn a_file_held_by_another_program_is_waited_for_and_never_taken_as_absent() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut file = RealDisk.create_new(&path).unwrap();
        file.append(b"content").unwrap();
        drop(file);

        let kept = keep_to_oneself(&path);
        let (begun, has_begun) = channel();
        let reading = thread::spawn({
            let path = path.clone();
            move || {
                begun.send(()).unwrap();
                RealDisk.read(&path, 10)
            }
        });
        has_begun.recv().unwrap();
        thread::sleep(Duration::from_millis(30));
        drop(kept);
        assert_eq!(reading.join().unwrap().unwrap(), b"content", "it is let go in time");

        let kept = keep_to_oneself(&path);
        let kind = |result: io::Result<()>| result.unwrap_err().kind();
        assert_eq!(kind(RealDisk.open(&path).map(drop)), io::ErrorKind::ResourceBusy);
        assert_eq!(kind(RealDisk.read(&path, 10).map(drop)), io::ErrorKind::ResourceBusy);
        assert_eq!(kind(RealDisk.remove(&path)), io::ErrorKind::ResourceBusy);
        assert!(RealDisk.replace(&path, b"other").is_err());
        let listed = RealDisk.list(directory.path()).unwrap();
        assert_eq!((listed.len(), &*listed[0].name, listed[0].len), (1, "file", 7));
        assert!(is_same_file(&kept, &path).unwrap());
        drop(kept);
        assert_eq!(RealDisk.read(&path, 10).unwrap(), b"content", "nothing happened to it");
    }

    /// NTFS forgets a removed file's name at once, since Windows 10. Wine and other file systems keep it until the last one
    /// that has the file closes it.
    #[test]
    fn a_directory_is_removed_when_the_last_reader_of_a_removed_file_has_closed_it() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("inner");
        RealDisk.create_dir(&inner).unwrap();
        RealDisk.replace(&inner.join("file"), b"content").unwrap();
        let shared = OpenOptions::new().read(true).share_mode(7).open(inner.join("file")).unwrap();
        RealDisk.remove(&inner.join("file")).unwrap();
        let closing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(30));
            drop(shared);
        });
        // With a patience of its own, which no other test exhausts.
        let removal = || fs::remove_dir(&inner);
        Patience::new().attempt(&inner, &RealTime, hindrance, removal).unwrap();
        closing.join().unwrap();
        assert!(RealDisk.list(&inner).is_err());
    }

    #[test]
    fn paths_may_be_long_and_of_any_script() {
        let root = tempfile::tempdir().unwrap();
        let mut directory: PathBuf = root.path().to_owned();
        for name in ["Ärger", "プロフィール", "профиль", "👾 saves", "ملفات"] {
            directory.push(format!("{name} {}", "x".repeat(60)));
            RealDisk.create_dir(&directory).unwrap();
        }
        assert!(directory.as_os_str().len() > 300);
        let (path, place) = (directory.join("journal.new"), directory.join("journal"));
        let mut file = RealDisk.create_new(&path).unwrap();
        file.append(b"content").unwrap();
        file.sync().unwrap();
        assert!(file.is_at(&path).unwrap());
        drop(file);
        RealDisk.put_in_place(&path, &place).unwrap();
        RealDisk.replace(&place, b"other").unwrap();
        assert_eq!(RealDisk.read(&place, 10).unwrap(), b"other");
        assert!(RealDisk.try_lock(&directory.join("lock")).unwrap().is_some());
        let listed = RealDisk.list(&directory).unwrap();
        assert!(listed.iter().any(|entry| (&*entry.name, entry.len) == ("journal", 5)));
        RealDisk.remove(&place).unwrap();
        assert!(RealDisk.list(&directory).unwrap().iter().all(|entry| entry.name != "journal"));
    }
}
