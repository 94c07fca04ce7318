//! The archive that a report is: a tar file, which every system can open.

use std::io::{self, BufWriter, Write};

use tar::{Builder, Header};

use super::journals::Journals;
use crate::store::AppendFile;

/// Bytes that are handed to the disk at once.
const BUFFER: usize = 256 << 10;

/// Writes the archive, durably, and says how many bytes it has.
pub(super) fn write(
    file: Box<dyn AppendFile>,
    report: &str,
    journals: &Journals,
) -> io::Result<u64> {
    let sink = Sink { file, bytes: 0 };
    let mut archive = Builder::new(BufWriter::with_capacity(BUFFER, sink));
    add(&mut archive, "report.ron", report.as_bytes())?;
    for journal in journals.copies() {
        add(&mut archive, &format!("journal/{}", journal.name), journal.bytes)?;
    }
    let buffer = archive.into_inner()?;
    let mut sink = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
    sink.file.sync()?;
    Ok(sink.bytes)
}

/// Adds a file. Nothing of the machine is said about it: no owner and no times.
fn add(archive: &mut Builder<impl Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, bytes)
}

/// A new file on a [`Disk`](crate::store::Disk), as something to write to.
struct Sink {
    file: Box<dyn AppendFile>,
    bytes: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.append(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
