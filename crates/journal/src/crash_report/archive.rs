//! The archive that a report is: a tar file, which every system can open.

use std::io::{self, Write};

use tar::{Builder, Header};

use super::STEP_BYTES;
use super::journals::Journals;
use crate::store::AppendFile;

/// Steps after which it is synced halfway. A sync on ext4 also commits the other files' backlog, so
/// one large sync at the end would hold up the checkpoints of other programs.
const STEPS_TO_SYNC: usize = 4;

/// An archive that is being written.
pub(super) struct Archive {
    file: Box<dyn AppendFile>,
    content: Vec<u8>,
    steps: usize,
}

impl Archive {
    pub(super) fn new(file: Box<dyn AppendFile>, content: Vec<u8>) -> Self {
        Self { file, content, steps: 0 }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.content.len() as u64
    }

    /// Writes the next part; after the last one, makes it durable. How many bytes that was;
    /// `None` if it is done.
    pub(super) fn step(&mut self) -> io::Result<Option<usize>> {
        let Some(part) = self.content.chunks(STEP_BYTES).nth(self.steps) else {
            self.file.sync()?;
            return Ok(None);
        };
        self.file.append(part)?;
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_TO_SYNC) {
            self.file.sync()?;
        }
        Ok(Some(part.len()))
    }
}

/// All that is in the archive.
pub(super) fn pack(report: &str, journals: &Journals) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    add(&mut archive, "report.ron", report.as_bytes())?;
    for journal in journals.copies() {
        add(&mut archive, &format!("journal/{}", journal.name), journal.bytes)?;
    }
    archive.into_inner()
}

/// Adds a file. Nothing of the machine is said about it: no owner and no times.
fn add(archive: &mut Builder<impl Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, bytes)
}
