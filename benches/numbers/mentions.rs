//! Searches all files below a directory for a text, in what is packed as well.

use std::io::Read;
use std::path::Path;

/// The first bytes of a frame of zstd.
const PACKED: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// The most bytes that are unpacked of one frame.
const MOST: u64 = 64 << 20;

/// The bytes of a text that were found.
#[derive(Default)]
pub struct Mentions {
    /// In names of files, and in files as they are.
    pub plain: usize,
    /// In what was unpacked.
    pub packed: usize,
    /// The files that were searched.
    pub files: usize,
    /// The packed frames that were opened.
    pub frames: usize,
}

impl Mentions {
    /// Searches all that is below a directory.
    pub fn below(directory: &Path, text: &str) -> Self {
        let mut found = Self::default();
        found.search(directory, text.as_bytes()).expect("what is there should be readable");
        found
    }

    fn search(&mut self, directory: &Path, text: &[u8]) -> std::io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            self.plain += bytes_of(text, entry.file_name().as_encoded_bytes());
            if entry.file_type()?.is_dir() {
                self.search(&entry.path(), text)?;
                continue;
            }
            let bytes = std::fs::read(entry.path())?;
            self.files += 1;
            self.plain += bytes_of(text, &bytes);
            let frames = bytes.windows(PACKED.len()).enumerate();
            for (at, _) in frames.filter(|(_, window)| *window == PACKED) {
                let raw = unpacked(&bytes[at..]);
                self.frames += usize::from(!raw.is_empty());
                self.packed += bytes_of(text, &raw);
            }
        }
        Ok(())
    }
}

/// The bytes that a text takes among others, wherever it is.
fn bytes_of(text: &[u8], bytes: &[u8]) -> usize {
    bytes.windows(text.len()).filter(|window| *window == text).count() * text.len()
}

/// What a frame holds, as far as it is good: four bytes may be the first of a frame by chance.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    if let Ok(decoder) = zstd::stream::read::Decoder::with_buffer(bytes) {
        let _ = decoder.single_frame().take(MOST).read_to_end(&mut raw);
    }
    raw
}
