//! Opens a report or the file of a slot, and rejects any other file.
//!
//! Nothing is unpacked to names that the file chooses, and nothing is set aside by sizes that it claims: a part
//! is read only if that many bytes are there, and if no more than a report may have.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use tar::{EntryType, Header};

use super::archive::BLOCK;
use super::content::FORMAT;
use super::tape::WrittenTape;
use super::{CHECKPOINT, MOST_BYTES, MOST_SLOT_BYTES, REPORT, TAPE};
use crate::disk::{
    Disk, Layout, MemoryDisk, SlotFile, StoreAction, StoreError, StoredSession, session_of_file,
    slots_in,
};
use crate::format::{MAGIC, ReadAt};
use crate::model::ids::CheckpointId;
use crate::model::session::{FailureCause, ReportError, SlotError};
use crate::read::recovery::{RecordedAfter, Tape};

/// Bytes of `report.ron` that are read at the most.
const MOST_TEXT_BYTES: u64 = 2 << 20;
/// Files in a report that are looked at, at the most.
const MOST_ENTRIES: usize = 1_000;
/// The file of the slot in memory.
const SLOT_FILE: &str = "report.save";

/// A report that was opened, and whose checkpoint is whole.
#[derive(Debug)]
pub struct Opened {
    /// A disk with its checkpoint as a slot, and nothing else.
    pub disk: MemoryDisk,
    /// The file, opened as a slot is.
    pub slot: SlotFile,
    /// The checkpoint in it.
    pub checkpoint: CheckpointId,
    /// Its log.
    pub stored: StoredSession,
    /// The checkpoint, and what was recorded after it.
    pub tape: Tape,
    /// The player's note.
    pub note: String,
    /// True of a report of a process that ended, and not of the moment at which it was written.
    pub is_of_last_run: bool,
}

/// The version of `report.ron`, which says if the rest of it has the meaning that is known here.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The fields of `report.ron` that are used here.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    note: String,
}

/// The text of a report whose subject is a process that ended.
#[derive(Deserialize)]
struct OfLastRun {
    #[serde(rename = "about")]
    _about: LastRunOnly,
}

#[derive(Deserialize)]
enum LastRunOnly {
    LastRun,
}

/// Opens the report of a game, on a disk that is laid out so.
///
/// # Errors
///
/// [`ReportError`] if the file can't be used.
pub fn open(
    disk: &dyn Disk,
    path: &Path,
    game: &str,
    layout: &Layout,
) -> Result<Opened, ReportError> {
    open_of(disk, path, Some(game), layout)
}

/// Opens the report of any game, to look into it.
///
/// # Errors
///
/// [`ReportError`] if the file can't be used.
pub fn open_of_any_game(disk: &dyn Disk, path: &Path) -> Result<Opened, ReportError> {
    let layout = Layout { data: "data".into(), state: "state".into(), profile: String::new() };
    open_of(disk, path, None, &layout)
}

fn open_of(
    disk: &dyn Disk,
    path: &Path,
    game: Option<&str>,
    layout: &Layout,
) -> Result<Opened, ReportError> {
    let file = Archive::open(disk, path)?;
    let Parts { slot, note, is_of_last_run, recorded } = match file.is_slot()? {
        true => {
            let slot = file.content(0, file.length, MOST_SLOT_BYTES)?;
            Parts { slot, ..Parts::default() }
        }
        false => file.parts()?,
    };
    let memory = MemoryDisk::default();
    memory.put(&layout.slots().join(SLOT_FILE), &slot);
    drop(slot);
    let slot = file.slot_on(&memory, game, layout)?;
    let (stored, checkpoint) = file.verified(&memory, &slot)?;
    let tape = Tape::of_checkpoint(&stored, checkpoint, recorded);
    Ok(Opened { disk: memory, slot, checkpoint, stored, tape, note, is_of_last_run })
}

/// The parts of a file that are used here.
#[derive(Default)]
struct Parts {
    /// The file of the slot in it.
    slot: Vec<u8>,
    /// The player's note.
    note: String,
    /// True of a report of a process that ended.
    is_of_last_run: bool,
    recorded: RecordedAfter,
}

/// A file that may be an archive.
struct Archive<'a> {
    path: &'a Path,
    file: Arc<dyn ReadAt>,
    length: u64,
}

impl<'a> Archive<'a> {
    fn open(disk: &dyn Disk, path: &'a Path) -> Result<Self, ReportError> {
        let opened = disk.open(path).and_then(|file| Ok((file.len()?, file)));
        let (length, file) = opened.map_err(|error| unreadable(path, error))?;
        Ok(Self { path, file, length })
    }

    /// Returns true if it is no archive, but the file of a slot.
    fn is_slot(&self) -> Result<bool, ReportError> {
        let mut magic = [0; MAGIC.len()];
        match self.file.read_exact_at(0, &mut magic) {
            Ok(()) => Ok(magic == MAGIC),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(unreadable(self.path, error)),
        }
    }

    fn parts(&self) -> Result<Parts, ReportError> {
        let text = self.read(REPORT, MOST_TEXT_BYTES)?;
        let text = text.ok_or_else(|| self.is_none("it has no report.ron"))?;
        let (note, is_of_last_run) = self.understand(&text)?;
        let slot = self.read(CHECKPOINT, MOST_SLOT_BYTES)?;
        let slot = slot.ok_or_else(|| ReportError::NoCheckpoint { path: self.owned() })?;
        let tape = self.read(TAPE, MOST_BYTES)?;
        let unreadable = || RecordedAfter { missing: 1, ..RecordedAfter::default() };
        let recorded = tape.map_or_else(RecordedAfter::default, |tape| {
            WrittenTape::unpack(&tape).map_or_else(unreadable, WrittenTape::into_recorded)
        });
        Ok(Parts { slot, note, is_of_last_run, recorded })
    }

    /// The content of the file of this name; `None` if there is none.
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, ReportError> {
        let mut offset = 0;
        for _ in 0..MOST_ENTRIES {
            let Some((header, bytes)) = self.header_at(offset)? else { return Ok(None) };
            let start = offset + BLOCK as u64;
            let end = start.checked_add(bytes).filter(|end| *end <= self.length);
            let end = end.ok_or_else(|| ReportError::Cut { path: self.owned() })?;
            let is_file = matches!(header.entry_type(), EntryType::Regular);
            if is_file && *header.path_bytes() == *name.as_bytes() {
                return self.content(start, bytes, limit).map(Some);
            }
            offset = end.next_multiple_of(BLOCK as u64);
        }
        Err(self.is_none("it has too many files"))
    }

    /// The header at an offset, and how many bytes come behind it; `None` at the end.
    fn header_at(&self, offset: u64) -> Result<Option<(Header, u64)>, ReportError> {
        if offset == self.length && offset > 0 {
            return Ok(None);
        }
        let mut block = [0; BLOCK];
        self.file.read_exact_at(offset, &mut block).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof if offset > 0 => ReportError::Cut { path: self.owned() },
            io::ErrorKind::UnexpectedEof => self.is_none("it is too short"),
            _ => unreadable(self.path, error),
        })?;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = Header::from_byte_slice(&block).clone();
        let sum = header.cksum().ok().filter(|sum| *sum == checksum(&block));
        let bytes = sum.and_then(|_| header.entry_size().ok());
        let bytes = bytes.ok_or_else(|| self.is_none("it is no tar archive"))?;
        Ok(Some((header, bytes)))
    }

    fn content(&self, start: u64, bytes: u64, limit: u64) -> Result<Vec<u8>, ReportError> {
        if bytes > limit {
            return Err(ReportError::TooLarge { path: self.owned(), bytes, limit });
        }
        let mut content = vec![0; usize::try_from(bytes).unwrap_or_default()];
        let read = self.file.read_exact_at(start, &mut content);
        read.map_err(|error| unreadable(self.path, error))?;
        Ok(content)
    }

    /// Reads the player's note and if the report is of a process that ended, if this version of the text is known.
    fn understand(&self, text: &[u8]) -> Result<(String, bool), ReportError> {
        let unreadable = || self.is_none("its report.ron can't be read");
        let text = str::from_utf8(text).map_err(|_| unreadable())?;
        let Version { format } = ron::from_str(text).map_err(|_| unreadable())?;
        if format > FORMAT {
            return Err(ReportError::NewerReport { path: self.owned(), format });
        }
        let Said { note } = ron::from_str(text).map_err(|_| unreadable())?;
        Ok((note, ron::from_str::<OfLastRun>(text).is_ok()))
    }

    /// The slot on a disk, if this game can use it; `None` is any game.
    fn slot_on(
        &self,
        memory: &MemoryDisk,
        game: Option<&str>,
        layout: &Layout,
    ) -> Result<SlotFile, ReportError> {
        let slots = slots_in(memory, &layout.slots()).unwrap_or_default();
        let damaged = || ReportError::Damaged { path: self.owned() };
        match slots.into_iter().next().ok_or_else(damaged)? {
            Ok(file) if game.is_none_or(|game| file.slot.game == game) => Ok(file),
            Ok(file) => {
                Err(ReportError::OtherGame { path: self.owned(), game: file.slot.game.clone() })
            }
            Err(unread) => Err(match unread.error {
                SlotError::NewerFormat { written_by, .. } => {
                    ReportError::NewerFormat { path: self.owned(), written_by }
                }
                // Its header is good, so it is something else that this crate wrote.
                _ if session_of_file(memory, &unread.path).is_ok() => {
                    self.is_none("it is a part of a session, and no slot")
                }
                _ => damaged(),
            }),
        }
    }

    /// The checkpoint in the slot, once all of it was read.
    fn verified(
        &self,
        memory: &MemoryDisk,
        slot: &SlotFile,
    ) -> Result<(StoredSession, CheckpointId), ReportError> {
        let mut stored = StoredSession::of_file(memory, &slot.path, slot.header.session);
        if let Some(written_by) = stored.newer_format().cloned() {
            return Err(ReportError::NewerFormat { path: self.owned(), written_by });
        }
        let checkpoint = slot.header.slot_checkpoint();
        let is_whole = |id: &CheckpointId| stored.verified_plan(*id).is_ok_and(|way| way.is_some());
        let checkpoint = checkpoint.filter(is_whole);
        let checkpoint = checkpoint.ok_or_else(|| ReportError::Damaged { path: self.owned() })?;
        Ok((stored, checkpoint))
    }

    fn is_none(&self, reason: &str) -> ReportError {
        ReportError::NotAReport { path: self.owned(), reason: reason.to_owned() }
    }

    fn owned(&self) -> PathBuf {
        self.path.to_owned()
    }
}

fn unreadable(path: &Path, source: io::Error) -> ReportError {
    let path = path.to_owned();
    let failure = StoreError::Disk { action: StoreAction::Read, path, source };
    ReportError::Unreadable(FailureCause::from(failure))
}

/// The sum of a header's bytes, in which those of the sum itself count as spaces.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    let bytes = block.iter().enumerate();
    bytes.map(|(place, byte)| if (148..156).contains(&place) { 32 } else { u32::from(*byte) }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep::Random;
    use crate::read::report::archive::Contents;

    fn layout() -> Layout {
        Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() }
    }

    fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut contents = Contents::default();
        files.iter().for_each(|(name, bytes)| contents.add(name, bytes.to_vec()).unwrap());
        contents.end().into_bytes()
    }

    fn refused(bytes: &[u8]) -> ReportError {
        let disk = MemoryDisk::default();
        disk.put(Path::new("x.tar"), bytes);
        open(&disk, Path::new("x.tar"), "Studio/Game", &layout()).unwrap_err()
    }

    #[test]
    fn unknown_entries_and_fields_of_a_report_are_ignored() {
        let bytes = tar_of(&[
            ("unknown", b"from a later version"),
            ("report.ron", b"(format: 2, note: r#\"a \"note\"\"#, more: Some([(1, 2)]))"),
            ("checkpoint.slot", b"no slot"),
        ]);
        assert_eq!(refused(&bytes), ReportError::Damaged { path: "x.tar".into() });
    }

    #[test]
    fn a_report_entry_that_is_a_directory_or_link_is_refused() {
        for kind in [EntryType::Directory, EntryType::Symlink, EntryType::GNULongName] {
            let mut bytes = tar_of(&[("report.ron", b"(format: 2)")]);
            let mut header = Header::from_byte_slice(&bytes[..BLOCK]).clone();
            header.set_entry_type(kind);
            header.set_cksum();
            bytes[..BLOCK].copy_from_slice(header.as_bytes());
            assert!(matches!(refused(&bytes), ReportError::NotAReport { .. }), "{kind:?}");
        }
    }

    #[test]
    fn mutated_reports_without_a_checkpoint_are_refused() {
        let whole = tar_of(&[("report.ron", b"(format: 2)"), ("checkpoint.slot", &[7; 3000])]);
        let mut random = Random::new(1);
        for _ in 0..5_000 {
            let mut bytes = whole.clone();
            bytes.truncate(random.below(whole.len() as u64 + 1) as usize);
            for _ in 0..random.below(4) {
                if let Some(byte) = bytes.get_mut(random.below(whole.len() as u64) as usize) {
                    *byte = random.below(256) as u8;
                }
            }
            refused(&bytes);
        }
    }
}
