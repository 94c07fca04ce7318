//! Files and directories that a command writes: never over existing ones, and whole or not at all.

#![expect(
    clippy::disallowed_methods,
    reason = "it writes where it was asked to, beside the store's files"
)]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use bevy_session_journal::internal::disk::sync_all;

use crate::failure::Failure;

/// The suffix of a file or directory until it is whole.
const UNFINISHED: &str = ".unfinished";

/// A file that isn't there yet.
pub struct NewFile {
    path: PathBuf,
    unfinished: PathBuf,
}

/// A directory that isn't there yet, or is empty.
pub struct EmptyDirectory {
    path: PathBuf,
    is_there: bool,
}

impl NewFile {
    /// A file that is to be written to `path`.
    pub fn at(path: &Path) -> Result<Self, Failure> {
        let path = std::path::absolute(path)?;
        // A link that leads to nothing is something as well.
        if fs::symlink_metadata(&path).is_ok() {
            return Err(taken(&path, "already exists"));
        }
        if path.file_name().is_none() || !path.parent().is_some_and(Path::is_dir) {
            return Err(taken(&path, "is in a directory that doesn't exist"));
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(UNFINISHED);
        Ok(Self { unfinished: path.with_file_name(name), path })
    }

    /// Writes it: under another name, synced, and then under its own. Nothing is left of what fails.
    pub fn write(
        self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.write_with(|path| {
            let mut writer = BufWriter::new(File::create(path).map_err(|it| failed(path, it))?);
            write(&mut writer).map_err(|failure| at(path, failure))?;
            writer.flush().map_err(|it| failed(path, it))
        })
    }

    /// Does the same with a function that writes a file of this name itself.
    pub fn write_with(
        self,
        write: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Self { path, unfinished } = self;
        // What an earlier try left.
        let _ = fs::remove_file(&unfinished);
        let written = write(&unfinished).and_then(|()| {
            // Not every system syncs what is only open for reading.
            let file = File::options().write(true).open(&unfinished);
            let file = file.map_err(|it| failed(&path, it))?;
            sync_all(&file).map_err(|it| failed(&path, it))?;
            put(&unfinished, &path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }
}

impl EmptyDirectory {
    /// A directory that is to be filled, outside of the one that is read.
    pub fn at(path: &Path, read: &Path) -> Result<Self, Failure> {
        let path = std::path::absolute(path)?;
        if path.starts_with(read) {
            return Err(taken(&path, "is inside the directory that is read"));
        }
        let is_there = match fs::read_dir(&path).map(|mut entries| entries.next().is_none()) {
            Ok(true) => true,
            Ok(false) => return Err(taken(&path, "isn't empty")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(taken(&path, "isn't a directory"));
            }
            Err(error) => return Err(failed(&path, error)),
        };
        Ok(Self { path, is_there })
    }

    /// Writes the directory itself, in the same way. Nothing is left of what fails.
    pub fn become_whole(
        self,
        write: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(UNFINISHED);
        let unfinished = self.path.with_file_name(name);
        // What an earlier try left.
        let _ = fs::remove_dir_all(&unfinished);
        let written = fs::create_dir_all(&unfinished)
            .map_err(|error| failed(&unfinished, error))
            .and_then(|()| write(&unfinished))
            .and_then(|()| match self.is_there {
                // Not every system renames over a directory.
                true => fs::remove_dir(&self.path).map_err(|error| failed(&self.path, error)),
                false => Ok(()),
            })
            .and_then(|()| put(&unfinished, &self.path));
        if written.is_err() {
            let _ = fs::remove_dir_all(&unfinished);
        }
        written
    }

    /// Writes a directory `name` into it: under another name, and then under its own. Nothing is left of what
    /// fails.
    pub fn fill(
        self,
        name: &str,
        write: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let unfinished = self.path.join(format!("{name}{UNFINISHED}"));
        let written = fs::create_dir_all(&unfinished)
            .map_err(|error| failed(&unfinished, error))
            .and_then(|()| write(&unfinished))
            .and_then(|()| put(&unfinished, &self.path.join(name)));
        if written.is_err() {
            let _ = fs::remove_dir_all(&unfinished);
            if !self.is_there {
                let _ = fs::remove_dir(&self.path);
            }
        }
        written
    }
}

/// Gives what is whole its own name, durably.
fn put(unfinished: &Path, path: &Path) -> Result<(), Failure> {
    fs::rename(unfinished, path).map_err(|error| failed(path, error))?;
    // If a directory can't be synced there is no better to be had.
    if let Some(parent) = path.parent()
        && let Ok(directory) = File::open(parent)
    {
        let _ = sync_all(&directory);
    }
    Ok(())
}

fn taken(path: &Path, why: &'static str) -> Failure {
    Failure::Target { path: path.to_owned(), why }
}

/// The failure to write a file or directory.
pub fn failed(path: &Path, source: io::Error) -> Failure {
    Failure::Unwritten { path: path.to_owned(), source }
}

/// An error of a writer is one of its file.
fn at(path: &Path, failure: Failure) -> Failure {
    match failure {
        Failure::Output(source) => failed(path, source),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_no_file_and_an_existing_one_is_not_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("page.html");
        let fails = NewFile::at(&path).unwrap().write(|writer| {
            writer.write_all(b"half")?;
            Err(Failure::usage("no more"))
        });
        assert!(fails.is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        NewFile::at(&path).unwrap().write(|writer| Ok(writer.write_all(b"whole")?)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert!(NewFile::at(&path).is_err(), "it is there already");
        assert!(NewFile::at(&root.path().join("nowhere/page.html")).is_err());
    }

    #[test]
    fn a_directory_is_filled_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let (path, read) = (root.path().join("copy"), root.path().join("game"));
        let empty = || EmptyDirectory::at(&path, &read);
        let fails = empty().unwrap().fill("data", |data| {
            fs::write(data.join("x"), "half").unwrap();
            Err(Failure::usage("no more"))
        });
        assert!(fails.is_err() && !path.exists());
        let fill = |data: &Path| fs::write(data.join("x"), "whole").map_err(Failure::from);
        empty().unwrap().fill("data", fill).unwrap();
        assert_eq!(fs::read(path.join("data/x")).unwrap(), b"whole");
        assert!(empty().is_err(), "it isn't empty any more");
        assert!(EmptyDirectory::at(&path.join("data/x"), &read).is_err(), "a file");
        assert!(EmptyDirectory::at(&read.join("x"), &read).is_err(), "among what is read");
    }
}
