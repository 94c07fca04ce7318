//! Reading at an offset, which is all that the journal asks of a file.

use std::io;
use std::sync::Arc;

/// Bytes that can be read at any offset, by several readers at once, while a writer appends.
#[expect(clippy::len_without_is_empty, reason = "nobody asks a file if it is empty")]
pub trait ReadAt: Send + Sync {
    /// The number of bytes that are there now.
    ///
    /// # Errors
    ///
    /// Any [`io::Error`].
    fn len(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] if there are not that many.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Keeps the bytes readable for as long as the hold lives, even if this process removes the file.
    ///
    /// A reader that continues after doing other things takes one. Without it, files are closed while they aren't read,
    /// and files that were removed meanwhile are gone. The default is for what stays readable in any case.
    fn hold(&self) -> Hold {
        Hold::default()
    }
}

/// A reader's claim on the bytes of a file, as [`ReadAt::hold`] gives it. The default one claims nothing.
#[derive(Clone, Debug, Default)]
pub struct Hold {
    _holds: Option<Arc<()>>,
}

impl Hold {
    /// A hold that is counted by the references to `holds`: the file that keeps another one is needed for as long as
    /// there are more.
    pub fn of(holds: Arc<()>) -> Self {
        Self { _holds: Some(holds) }
    }
}

/// Bytes in memory: a segment that was received, or built for a test.
impl ReadAt for Vec<u8> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.as_slice().len() as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let range = start..start.saturating_add(buffer.len());
        let bytes = self.get(range).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// A file whose first part was read at once, and whose length is what it was then.
pub struct ReadAhead {
    file: Arc<dyn ReadAt>,
    length: u64,
    beginning: Vec<u8>,
}

impl ReadAhead {
    /// Nearly every header, and all of a small segment.
    const BYTES: u64 = 16 << 10;

    /// Reads the beginning of a file.
    pub fn new(file: Arc<dyn ReadAt>) -> io::Result<Self> {
        let length = file.len()?;
        let mut beginning = vec![0; length.min(Self::BYTES) as usize];
        file.read_exact_at(0, &mut beginning)?;
        Ok(Self { file, length, beginning })
    }
}

impl ReadAt for ReadAhead {
    fn len(&self) -> io::Result<u64> {
        Ok(self.length)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self.beginning.read_exact_at(offset, buffer) {
            Ok(()) => Ok(()),
            Err(_) => self.file.read_exact_at(offset, buffer),
        }
    }

    fn hold(&self) -> Hold {
        self.file.hold()
    }
}
