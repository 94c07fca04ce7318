//! Readers of files, which are written, replaced and removed meanwhile.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{DiskUnderTest, kind};

pub(super) fn a_file_grows_while_it_is_read(tested: &DiskUnderTest) {
    let (disk, path) = (tested.disk(), tested.path("file"));
    assert_eq!(kind(disk.open(&path)), Some(ErrorKind::NotFound));
    let mut file = disk.create_new(&path).unwrap();
    file.append(b"hello").unwrap();
    let reader = disk.open(&path).unwrap();
    assert_eq!(reader.len().unwrap(), 5);
    file.append(b" world").unwrap();
    file.sync().unwrap();

    assert_eq!(reader.len().unwrap(), 11, "a reader should see what is appended later");
    let mut bytes = [0; 8];
    reader.read_exact_at(3, &mut bytes).unwrap();
    assert_eq!(&bytes, b"lo world");
    assert_eq!(disk.open(&path).unwrap().len().unwrap(), 11);
}

pub(super) fn nothing_is_read_past_the_end(tested: &DiskUnderTest) {
    let path = tested.path("file");
    tested.write(&path, b"hello");
    let reader = tested.disk().open(&path).unwrap();
    let mut bytes = [0; 3];
    reader.read_exact_at(2, &mut bytes).unwrap();
    assert_eq!(&bytes, b"llo");
    for offset in [3, 5, 1 << 40] {
        let read = reader.read_exact_at(offset, &mut bytes);
        assert_eq!(kind(read), Some(ErrorKind::UnexpectedEof), "3 bytes from {offset} on");
    }
}

pub(super) fn a_small_file_is_read_whole(tested: &DiskUnderTest) {
    let (disk, path) = (tested.disk(), tested.path("file"));
    assert_eq!(kind(disk.read(&path, 10)), Some(ErrorKind::NotFound));
    assert!(disk.copies(&path, 10).iter().all(Result::is_err));
    tested.write(&path, b"hello");
    assert_eq!(disk.read(&path, 5).unwrap(), b"hello");
    assert_eq!(kind(disk.read(&path, 4)), Some(ErrorKind::FileTooLarge));
    let first = disk.copies(&path, 5).into_iter().find_map(Result::ok);
    assert_eq!(first.as_deref(), Some(&b"hello"[..]), "the first copy that could be read");
}

/// Ends the reader even if the writer panics.
struct EndOfWriting<'a>(&'a AtomicBool);

impl Drop for EndOfWriting<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(super) fn a_reader_during_a_replacement_reads_the_old_or_the_new_file(tested: &DiskUnderTest) {
    const BYTES: usize = 8 << 10;
    let (disk, path, is_over) = (tested.disk(), tested.path("small"), AtomicBool::new(false));
    disk.replace(&path, &[0; BYTES]).unwrap();
    let read = || {
        let bytes = disk.read(&path, BYTES).unwrap();
        let is_whole = bytes.len() == BYTES && bytes.iter().all(|byte| bytes.first() == Some(byte));
        assert!(is_whole, "a part of {} bytes, or of two contents", bytes.len());
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                read();
            }
        });
        let _end = EndOfWriting(&is_over);
        for round in 1..=60_u8 {
            let replaced = match round % 4 {
                0 => disk.replace(&path, &[round; BYTES]),
                _ => disk.replace_unsynced(&path, &[round; BYTES]),
            };
            replaced.unwrap();
        }
    });
    read();
}

/// Windows has this since version 10, 1607, on NTFS. Wine doesn't.
pub(super) fn an_open_file_is_readable_after_it_is_replaced(tested: &DiskUnderTest) {
    let (disk, place, written) = (tested.disk(), tested.path("slot"), tested.path("slot.new"));
    tested.write(&place, b"first");
    let before = disk.open(&place).unwrap();
    let _held = before.hold();
    tested.write(&written, b"second");
    disk.put_in_place(&written, &place).unwrap();
    assert_eq!(disk.read(&place, 10).unwrap(), b"second");
    let mut bytes = [0; 5];
    before.read_exact_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"first");
}

/// Windows has this since version 10, 1809, on NTFS. Wine doesn't.
pub(super) fn an_open_file_is_readable_after_it_is_removed(tested: &DiskUnderTest) {
    let (disk, file) = (tested.disk(), tested.path("file"));
    tested.write(&file, b"hello world");
    let reader = disk.open(&file).unwrap();
    let _held = reader.hold();
    disk.remove(&file).unwrap();
    assert!(tested.entry("file").is_none());
    assert_eq!(reader.len().unwrap(), 11, "an open file should outlive its name");
    let mut bytes = [0; 5];
    reader.read_exact_at(6, &mut bytes).unwrap();
    assert_eq!(&bytes, b"world");
}
