//! The archive that a report is: a tar file, which every system can open.

use std::collections::VecDeque;
use std::io;

use tar::Header;

use super::STEP_BYTES;
use crate::disk::AppendFile;

/// Bytes of a header, and what contents are filled up to.
pub(super) const BLOCK: usize = 512;
/// Steps after which it is synced halfway. A sync on ext4 also commits the other files' backlog, so
/// one large sync at the end would hold up the checkpoints of other programs.
const STEPS_TO_SYNC: usize = 4;

/// An archive, as it is put together.
#[derive(Default)]
pub struct Contents {
    /// Headers and contents, one after the other.
    parts: VecDeque<Vec<u8>>,
}

impl Contents {
    /// Adds a file. It holds nothing about the machine: no owner and no times.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_path(name)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let padding = bytes.len().next_multiple_of(BLOCK) - bytes.len();
        self.parts.push_back(header.as_bytes().to_vec());
        self.parts.push_back(bytes);
        self.parts.push_back(vec![0; padding]);
        Ok(())
    }

    /// Ends it.
    pub fn end(mut self) -> Self {
        self.parts.push_back(vec![0; 2 * BLOCK]);
        self
    }

    /// All of it.
    pub fn into_bytes(self) -> Vec<u8> {
        self.parts.into_iter().flatten().collect()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum()
    }
}

/// An archive that is being written.
pub struct Archive {
    file: Box<dyn AppendFile>,
    contents: Contents,
    /// Bytes of the first part that were written.
    written: usize,
    bytes: u64,
    steps: usize,
}

impl Archive {
    pub(super) fn new(file: Box<dyn AppendFile>, contents: Contents) -> Self {
        let bytes = contents.bytes();
        Self { file, contents, written: 0, bytes, steps: 0 }
    }

    /// Bytes of all of it.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes the next part; after the last one, makes it durable. Returns its bytes; `None` if it is done.
    pub fn step(&mut self) -> io::Result<Option<usize>> {
        let Some(part) = self.contents.parts.front() else {
            self.file.sync()?;
            return Ok(None);
        };
        let rest = part.get(self.written..).unwrap_or_default();
        let slice = rest.get(..STEP_BYTES).unwrap_or(rest);
        self.file.append(slice)?;
        let bytes = slice.len();
        self.written += bytes;
        if self.written >= part.len() {
            self.contents.parts.pop_front();
            self.written = 0;
        }
        if bytes == STEP_BYTES {
            self.steps += 1;
            if self.steps.is_multiple_of(STEPS_TO_SYNC) {
                self.file.sync()?;
            }
        }
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_report_archive_is_readable_as_tar() {
        let files: [(&str, Vec<u8>); 3] =
            [("report.ron", b"()".to_vec()), ("empty", Vec::new()), ("journal/x", vec![9; 512])];
        let mut contents = Contents::default();
        for (name, bytes) in &files {
            contents.add(name, bytes.clone()).unwrap();
        }
        let contents = contents.end();
        let length = contents.bytes();
        let bytes = contents.into_bytes();
        assert_eq!(bytes.len() as u64, length);
        let mut read = Vec::new();
        for entry in tar::Archive::new(&*bytes).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            read.push((entry.path().unwrap().to_string_lossy().into_owned(), content));
        }
        assert!(
            read.iter()
                .map(|(name, bytes)| (&**name, bytes))
                .eq(files.iter().map(|(n, b)| (*n, b)))
        );
    }
}
