//! Reading forward through a file in large steps.

use std::io;

use crate::journal::ReadAt;
use crate::journal::frame::{FRAME_HEADER_BYTES, FRAME_MAGIC};

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
            // The next part overlaps, for a magic that lies across the border.
            offset += bytes.len() as u64 - (FRAME_MAGIC.len() as u64 - 1);
        }
        Ok(None)
    }

    fn holds(&self, from: u64, to: u64) -> bool {
        self.start <= from && to <= self.start + self.bytes.len() as u64
    }

    fn fill(&mut self, offset: u64, count: u64) -> io::Result<()> {
        let count = count.min(self.length - offset);
        // Whatever happens, what isn't there any more isn't found there.
        self.bytes.clear();
        self.start = offset;
        let mut bytes = vec![0; count as usize];
        self.file.read_exact_at(offset, &mut bytes)?;
        self.bytes = bytes;
        Ok(())
    }
}
