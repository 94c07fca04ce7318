//! Reading forward through a file in large steps.

use std::io;

use crate::format::ReadAt;
use crate::format::frame::{FRAME_HEADER_BYTES, FRAME_MAGIC};
use crate::model::ids::limits::ZEROED_BYTES;

/// The part of a file that was read last, so that small frames don't cost a system call each.
pub struct Window<'a> {
    file: &'a dyn ReadAt,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    const USUAL_BYTES: u64 = 16 << 10;
    const SEARCH_BYTES: u64 = 64 << 10;
    /// Zeros in a row after which nothing is searched for any more, since a file may be a hole of gigabytes. It is several
    /// times the longest frame: a power cut leaves nothing behind so long a hole that was acknowledged.
    const HOLE_BYTES: u64 = 4 * ZEROED_BYTES;

    /// A window onto the first `length` bytes of a file.
    pub fn new(file: &'a dyn ReadAt, length: u64) -> Self {
        Self { file, length, start: 0, bytes: Vec::new() }
    }

    /// `count` bytes from `offset` on; `None` if the file ends before.
    pub fn bytes(&mut self, offset: u64, count: u64) -> io::Result<Option<&[u8]>> {
        let Some(end) = offset.checked_add(count).filter(|end| *end <= self.length) else {
            return Ok(None);
        };
        if !self.holds(offset, end) {
            self.fill(offset, count.max(Self::USUAL_BYTES))?;
        }
        let from = (offset - self.start) as usize;
        Ok(self.bytes.get(from..from + count as usize))
    }

    /// The next place from `offset` on where a frame may begin.
    pub fn find_magic(&mut self, mut offset: u64) -> io::Result<Option<u64>> {
        const HEADER: u64 = FRAME_HEADER_BYTES as u64;

        let mut zeros = 0;
        while offset + HEADER <= self.length {
            if !self.holds(offset, offset + HEADER) {
                self.fill(offset, Self::SEARCH_BYTES)?;
            }
            let from = (offset - self.start) as usize;
            let bytes = self.bytes.get(from..).unwrap_or_default();
            let found = bytes.windows(FRAME_MAGIC.len()).position(|bytes| *bytes == FRAME_MAGIC);
            if let Some(position) = found {
                return Ok(Some(offset + position as u64));
            }
            let is_hole = bytes.iter().all(|byte| *byte == 0);
            zeros = if is_hole { zeros + bytes.len() as u64 } else { 0 };
            if zeros > Self::HOLE_BYTES {
                return Ok(None);
            }
            // The next part overlaps, for a magic across the border.
            offset += bytes.len() as u64 - (FRAME_MAGIC.len() as u64 - 1);
        }
        Ok(None)
    }

    fn holds(&self, from: u64, to: u64) -> bool {
        self.start <= from && to <= self.start + self.bytes.len() as u64
    }

    fn fill(&mut self, offset: u64, count: u64) -> io::Result<()> {
        let count = count.min(self.length - offset);
        // Bytes that aren't there any more aren't found, even after an error.
        self.bytes.clear();
        self.start = offset;
        let mut bytes = vec![0; count as usize];
        self.file.read_exact_at(offset, &mut bytes)?;
        self.bytes = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Zeros with a magic at one place, and how much was read of them.
    struct Hole {
        magic_at: u64,
        read: AtomicU64,
    }

    impl ReadAt for Hole {
        fn len(&self) -> io::Result<u64> {
            Ok(u64::MAX)
        }

        fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            buffer.fill(0);
            self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
            let place = self.magic_at.checked_sub(offset).and_then(|at| usize::try_from(at).ok());
            if let Some(to) = place.and_then(|at| buffer.get_mut(at..at + FRAME_MAGIC.len())) {
                to.copy_from_slice(&FRAME_MAGIC);
            }
            Ok(())
        }
    }

    #[test]
    fn the_search_for_frames_crosses_small_holes_and_stops_at_large_ones() {
        let found = |magic_at| {
            let hole = Hole { magic_at, read: AtomicU64::new(0) };
            let found = Window::new(&hole, 1 << 40).find_magic(100).unwrap();
            (found, hole.read.load(Ordering::Relaxed))
        };
        let small = ZEROED_BYTES + 12_345;
        assert_eq!(found(small).0, Some(small));
        let (nothing, read) = found(1 << 39);
        assert_eq!(nothing, None);
        assert!(read < 2 * Window::HOLE_BYTES, "{read}");
    }
}
