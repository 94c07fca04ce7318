//! Files that come and go while they are read.

use std::fs;
use std::process::Command;

use super::pool::{MOST_OPEN, MOST_PINNED};
use super::*;

fn read(file: &OpenFile) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; file.len()? as usize];
    file.read_exact_at(0, &mut bytes)?;
    Ok(bytes)
}

fn file_with(directory: &Path, name: &str, content: &str) -> (PathBuf, OpenFile) {
    let path = directory.join(name);
    fs::write(&path, content).unwrap();
    let file = OpenFile::open(&path).unwrap();
    (path, file)
}

#[test]
fn any_number_of_files_can_be_read_through_few_handles() {
    let directory = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..100)
        .map(|number| file_with(directory.path(), &format!("{number}"), &format!("it is {number}")))
        .collect();
    for round in 0..3 {
        for (number, (_, file)) in files.iter().enumerate() {
            assert_eq!(read(file).unwrap(), format!("it is {number}").as_bytes(), "round {round}");
            assert!(pool().count() <= MOST_OPEN + MOST_PINNED);
        }
    }
}

#[test]
fn appended_bytes_are_read_and_a_replacement_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (path, file) = file_with(directory.path(), "journal", "short");
    let mut appending = OpenOptions::new().append(true).open(&path).unwrap();
    io::Write::write_all(&mut appending, b", and longer").unwrap();
    pool().close_all();
    assert_eq!(read(&file).unwrap(), b"short, and longer");

    // As a cloud does it: a new file of the same length, renamed over the old one.
    let other = directory.path().join("other");
    fs::write(&other, "other, but equal").unwrap();
    fs::rename(&other, &path).unwrap();
    pool().close_all();
    let error = read(&file).unwrap_err();
    assert!(error.get_ref().is_some_and(|source| source.is::<FileChanged>()), "{error}");
}

#[test]
fn a_truncated_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (path, file) = file_with(directory.path(), "journal", "all of it");
    OpenOptions::new().write(true).open(&path).unwrap().set_len(3).unwrap();
    pool().close_all();
    assert!(read(&file).is_err());
}

#[test]
fn a_held_file_is_readable_after_its_removal() {
    let directory = tempfile::tempdir().unwrap();
    let (path, file) = file_with(directory.path(), "journal", "still here");
    let hold = file.hold();
    for is_open in [true, false] {
        if !is_open {
            pool().close_all();
        }
        before_removal(&path).unwrap();
        let _ = fs::remove_file(&path);
        pool().close_all();
        assert_eq!(read(&file).unwrap(), b"still here");
    }
    drop((hold, file));

    let (path, idle) = file_with(directory.path(), "idle", "gone");
    before_removal(&path).unwrap();
    fs::remove_file(&path).unwrap();
    pool().close_all();
    assert_eq!(read(&idle).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn opening_a_pipe_directory_or_device_fails_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let made = Command::new("mkfifo").arg(path("pipe")).status().unwrap();
    assert!(made.success());
    fs::create_dir(path("directory")).unwrap();
    for (target, link) in [("/dev/zero", "device"), ("itself", "itself"), ("directory", "astray")] {
        std::os::unix::fs::symlink(target, path(link)).unwrap();
    }
    for name in ["pipe", "directory", "device", "itself", "astray"] {
        let error = OpenFile::open(&path(name)).unwrap_err();
        assert!(is_no_file(&error), "{name}: {error}");
    }
    fs::write(path("file"), "content").unwrap();
    std::os::unix::fs::symlink("file", path("link")).unwrap();
    assert_eq!(read(&OpenFile::open(&path("link")).unwrap()).unwrap(), b"content");
}
