//! Puts a file in the place of another, also where a file system can't do both at once.
//!
//! A rename over a file is the only way that never shows half of anything, so it is tried first. If it is refused, as
//! on some FUSE and network file systems, the old file is moved aside under a name by which readers still find it.

#![expect(clippy::disallowed_methods, reason = "how the disk puts a file over another")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::layout::ASIDE;
use crate::model::ids::random_u64;

/// Gives `written` the name `place`. `aside` is where the file that had it waits meanwhile, if it can't
/// be done at once; when the process stops in between, it is found there.
///
/// `rename` is how a file gets another name on this system.
pub(super) fn put_over(
    written: &Path,
    place: &Path,
    aside: &Path,
    rename: impl Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    let refused = match rename(written, place) {
        Err(error) if is_refusal(&error) && place.is_file() => error,
        renamed => return renamed,
    };
    // There is a file in the place, so one that waits aside is older.
    let _ = fs::remove_file(aside);
    if rename(place, aside).is_err() {
        return Err(refused);
    }
    if let Err(error) = rename(written, place) {
        // Even if this fails, it can still be found.
        let _ = rename(aside, place);
        return Err(error);
    }
    // One that stays isn't read, since there is a file in the place.
    let _ = fs::remove_file(aside);
    Ok(())
}

/// Opens a small file, or the one that waits aside while another takes its place.
pub(super) fn open_small_file<F>(
    place: &Path,
    open: impl Fn(&Path) -> io::Result<F>,
) -> io::Result<F> {
    let look = || match open(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            open(&small_file_aside(place)).map_err(|_| error)
        }
        opened => opened,
    };
    match look() {
        // The other may have taken the place between the two.
        Err(error) if error.kind() == io::ErrorKind::NotFound => look(),
        looked => looked,
    }
}

/// The path of a small file that waits aside: a reader that finds nothing at `place` looks there.
pub(super) fn small_file_aside(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(ASIDE);
    place.with_file_name(name)
}

/// The path of a slot that waits aside: its name is one of a slot as well, since slots are known by their content.
pub(super) fn slot_aside(place: &Path) -> PathBuf {
    let stem = place.file_stem().unwrap_or_default().to_string_lossy();
    let extension = place.extension().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!("{stem}-{:016x}.{extension}", random_u64()))
}

/// Returns true if this error means that a file system doesn't rename over a file.
fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, PermissionDenied, ResourceBusy, Unsupported};
    matches!(error.kind(), AlreadyExists | PermissionDenied | ResourceBusy | Unsupported)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::disk::{Disk, RealDisk};

    /// A file system that doesn't rename over a file, and a process that is killed before one of its
    /// operations.
    fn rename_until(left: &Cell<usize>) -> impl Fn(&Path, &Path) -> io::Result<()> {
        move |from, to| {
            // From the kill on, nothing is done any more.
            if left.get() == 0 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            left.set(left.get() - 1);
            if to.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
    }

    #[test]
    fn a_small_file_can_be_read_whenever_the_process_is_killed() {
        for operations in 0..5 {
            let directory = tempfile::tempdir().unwrap();
            let (place, written) = (directory.path().join("host"), directory.path().join("x.new"));
            fs::write(&place, "old").unwrap();
            fs::write(&written, "new").unwrap();
            let left = Cell::new(operations);
            let put = put_over(&written, &place, &small_file_aside(&place), rename_until(&left));
            let read = RealDisk.read(&place, 10).unwrap();
            match put {
                Ok(()) => assert_eq!(read, b"new"),
                Err(_) => assert_eq!(read, b"old", "killed after {operations} operations"),
            }
            assert_eq!(put.is_ok(), operations >= 3);
        }
    }

    #[test]
    fn a_file_is_found_while_it_is_being_replaced() {
        let place = Path::new("host");
        let looked = Cell::new(0);
        // The old file is moved aside before the first look, and the new one is there before the second.
        let open = |path: &Path| {
            looked.set(looked.get() + 1);
            let is_there = path == place && looked.get() > 1;
            if is_there { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
        };
        open_small_file(place, open).unwrap();
        let nowhere = |_: &Path| Err::<(), _>(io::ErrorKind::NotFound.into());
        assert_eq!(open_small_file(place, nowhere).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_kill_during_a_replacement_leaves_the_old_or_the_new_slot() {
        for operations in 0..5 {
            let directory = tempfile::tempdir().unwrap();
            let place = directory.path().join("boss-0123.save");
            let written = directory.path().join("boss-0123.save.0123456789abcdef.new");
            fs::write(&place, "old").unwrap();
            fs::write(&written, "new").unwrap();
            let left = Cell::new(operations);
            let put = put_over(&written, &place, &slot_aside(&place), rename_until(&left));
            let slots: Vec<String> = fs::read_dir(directory.path())
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| crate::disk::Layout::is_slot_name(&path.to_string_lossy()))
                .map(|path| fs::read_to_string(path).unwrap())
                .collect();
            let expected = if put.is_ok() { "new" } else { "old" };
            assert_eq!(slots, [expected], "killed after {operations} operations");
        }
    }

    #[test]
    fn a_leftover_file_aside_is_not_mistaken_for_the_new_one() {
        let directory = tempfile::tempdir().unwrap();
        let (place, written) = (directory.path().join("host"), directory.path().join("x.new"));
        fs::write(small_file_aside(&place), "oldest").unwrap();
        fs::write(&place, "old").unwrap();
        fs::write(&written, "new").unwrap();
        put_over(&written, &place, &small_file_aside(&place), rename_until(&Cell::new(9))).unwrap();
        assert!(!small_file_aside(&place).exists());
        assert_eq!(RealDisk.read(&place, 10).unwrap(), b"new");
    }

    #[test]
    fn a_failed_rename_leaves_the_old_file() {
        let directory = tempfile::tempdir().unwrap();
        let (place, written) = (directory.path().join("host"), directory.path().join("x.new"));
        fs::write(&place, "old").unwrap();
        let full = |_: &Path, _: &Path| Err(io::ErrorKind::StorageFull.into());
        let error = put_over(&written, &place, &small_file_aside(&place), full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&place).unwrap(), b"old");
    }
}
