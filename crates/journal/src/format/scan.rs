//! Walking through a segment: which checkpoints and records it holds, and where it is damaged.
//!
//! A scan reads every frame's header, and the payloads of commits and records only, so it costs little even if the
//! checkpoints are large. Damage of the data in between is found when it is read, or by [`Segment::verify`].
//!
//! For any bytes, it takes time that grows with their number and no faster: payloads that turn out to be bad, after
//! which the search begins again within them, are together no longer than the file. And it holds no more than
//! [`limits::INDEX_BYTES`].

mod budget;
mod records;
#[cfg(test)]
mod tests;
mod window;

use std::io;

use serde::de::DeserializeOwned;

use super::frame::{FRAME_HEADER_BYTES, FrameOpener};
use super::{Commit, FrameHeader, FrameKind, Origin, ReadError, Record, Segment};
use crate::model::ids::{CheckpointId, limits};
use crate::model::session::ProcessDeath;
pub use budget::{ScanBudget, too_large};
use records::Records;
use window::Window;

/// The offset of a frame, and its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameEntry {
    /// The offset of the frame in its segment.
    pub offset: u64,
    /// Its header.
    pub header: FrameHeader,
}

/// A committed checkpoint whose frames are all there. Their payloads haven't been read yet.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupEntry {
    /// Its commit.
    pub commit: Commit,
    /// Its data frames in order.
    pub frames: Vec<FrameEntry>,
    /// The offset of its first frame.
    pub start: u64,
    /// The end of its last frame.
    pub end: u64,
    /// The number of its last frame.
    pub last_sequence: u64,
}

impl GroupEntry {
    /// Bytes of all its frames as they are stored.
    pub fn stored_bytes(&self) -> u64 {
        self.end - self.start
    }
}

/// A commit that was read, although frames of its group are missing or damaged.
#[derive(Clone, PartialEq, Debug)]
pub struct BrokenGroup {
    /// The commit that it would have had.
    pub commit: Commit,
    /// The offset of the commit's frame.
    pub offset: u64,
}

/// Bytes between good frames that are none. `from == to` if frames vanished without a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DamagedRange {
    /// The first damaged byte.
    pub from: u64,
    /// The offset of the next good frame.
    pub to: u64,
}

/// The content of a segment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scan {
    /// The checkpoints, as they were written.
    pub groups: Vec<GroupEntry>,
    /// Commits without a whole group.
    pub broken: Vec<BrokenGroup>,
    /// The records with their sequence numbers, as they were written. Of each sort of which the last
    /// counts that one alone; the heads that were declined in one.
    pub records: Vec<(u64, Record)>,
    /// Frames that this version doesn't know and that a writer must carry along.
    pub carried: Vec<FrameEntry>,
    /// Attachments, in a slot.
    pub attachments: Vec<FrameEntry>,
    /// Frames of events, in a file of events. Each names the number of its last event as its counter.
    pub events: Vec<FrameEntry>,
    /// Damaged bytes that good frames follow.
    pub damage: Vec<DamagedRange>,
    /// The end of the last whole group or record, if more bytes follow: those that were being written when the process
    /// or machine stopped.
    pub tail: Option<u64>,
    /// The highest checkpoint number that any good frame names, committed or not.
    pub newest_counter: Option<u64>,
    /// Bytes of the file when it was scanned, as far as a segment can have them.
    pub length: u64,
}

impl Segment {
    /// Walks through the segment.
    ///
    /// # Errors
    ///
    /// As [`Self::scan_within`].
    #[cfg(test)]
    pub fn scan(&self) -> Result<Scan, ReadError> {
        self.scan_within(&mut ScanBudget::default())
    }

    /// Walks through a file of events, which is known by itself.
    ///
    /// # Errors
    ///
    /// As [`Self::scan_within`].
    pub fn scan_events(&self) -> Result<Scan, ReadError> {
        self.scan_within(&mut ScanBudget::default())
    }

    /// Walks through the segment, one of several that are known together.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unreadable`] and [`ReadError::UnknownFrame`]. Damage is no error here: it is
    /// part of what was found. If what was found takes more memory than it may, the segment is
    /// unreadable, with [`io::ErrorKind::FileTooLarge`].
    pub fn scan_within(&self, budget: &mut ScanBudget) -> Result<Scan, ReadError> {
        let unreadable = |source| self.unreadable(0, source);
        let length = self.file().len().map_err(unreadable)?.min(limits::SEGMENT_BYTES);
        let header_bytes = usize::try_from(self.frames_start()).unwrap_or(usize::MAX);
        budget.take(header_bytes).map_err(unreadable)?;
        let mut scanner = Scanner {
            segment: self,
            window: Window::new(self.file(), length),
            opener: FrameOpener::new(self.header().nonce),
            offset: self.frames_start(),
            next_sequence: 0,
            open: None,
            readable_in_vain: length,
            records: Records::default(),
            metadata_bytes: 0,
            fields_bytes: 0,
            budget,
            found: Scan { length, ..Scan::default() },
        };
        scanner.walk()?;
        let Scanner { mut found, records, .. } = scanner;
        found.records = records.into_list();
        Ok(found)
    }
}

/// A good frame, as the scanner sees it.
struct Frame {
    entry: FrameEntry,
    content: Content,
}

enum Content {
    Data,
    Commit(Box<Commit>),
    Record(Record),
    /// A kind that this version doesn't know.
    Unknown,
}

/// A group whose commit hasn't been seen yet.
struct OpenGroup {
    counter: u64,
    start: u64,
    frames: Vec<FrameEntry>,
    raw_bytes: u64,
}

struct Scanner<'a> {
    segment: &'a Segment,
    window: Window<'a>,
    opener: FrameOpener,
    offset: u64,
    next_sequence: u64,
    open: Option<OpenGroup>,
    /// Bytes of payloads that may still turn out to be bad. Beyond, what announces more is no frame.
    readable_in_vain: u64,
    records: Records,
    /// Bytes of the longest description so far.
    metadata_bytes: u32,
    /// Bytes of the longest custom fields so far.
    fields_bytes: u32,
    budget: &'a mut ScanBudget,
    found: Scan,
}

impl Scanner<'_> {
    fn walk(&mut self) -> Result<(), ReadError> {
        while self.offset < self.found.length {
            let Some(frame) = self.next_frame()? else { break };
            self.note_gap(&frame)?;
            self.offset = frame.entry.offset + frame.entry.header.frame_len();
            self.next_sequence = frame.entry.header.place.sequence.saturating_add(1);
            self.accept(frame)?;
        }
        let unfinished = self.open.take().map_or(self.offset, |group| group.start);
        self.found.tail = (unfinished < self.found.length).then_some(unfinished);
        Ok(())
    }

    /// The frame at the current offset, or else the next good one after it.
    ///
    /// The search goes forward only. All searches together read the file at most once, and the payloads
    /// in it that turn out to be bad once more.
    fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        let mut candidate = Some(self.offset);
        while let Some(offset) = candidate {
            if let Some(frame) = self.frame_at(offset)? {
                return Ok(Some(frame));
            }
            let found = self.window.find_magic(offset + 1);
            candidate = found.map_err(|source| self.segment.unreadable(offset, source))?;
        }
        Ok(None)
    }

    /// The frame that begins at `offset`, if it is whole and none that was already seen.
    fn frame_at(&mut self, offset: u64) -> Result<Option<Frame>, ReadError> {
        let unreadable = |source| self.segment.unreadable(offset, source);
        let nonce = self.segment.header().nonce;
        let bytes = self.window.bytes(offset, FRAME_HEADER_BYTES as u64).map_err(unreadable)?;
        let Some(header) = bytes.and_then(|bytes| FrameHeader::decode(bytes, nonce)) else {
            return Ok(None);
        };
        let ends_in_the_file = offset + header.frame_len() <= self.found.length;
        // A lower number is a copy of an older frame, left by a file system that lost its way.
        if !ends_in_the_file || header.place.sequence < self.next_sequence {
            return Ok(None);
        }
        let entry = FrameEntry { offset, header };
        Ok(self.content_of(entry)?.map(|content| Frame { entry, content }))
    }

    fn content_of(&mut self, entry: FrameEntry) -> Result<Option<Content>, ReadError> {
        match entry.header.kind {
            FrameKind::COMMIT | FrameKind::RECORD => self.checked_content_of(entry),
            FrameKind::DATA => Ok(Some(Content::Data)),
            _ => Ok(Some(Content::Unknown)),
        }
    }

    /// Reads a commit or record, if its payload is what was written.
    fn checked_content_of(&mut self, entry: FrameEntry) -> Result<Option<Content>, ReadError> {
        let stored_len = u64::from(entry.header.stored_len);
        let Some(left) = self.readable_in_vain.checked_sub(stored_len) else { return Ok(None) };
        let frame = self
            .window
            .bytes(entry.offset, entry.header.frame_len())
            .map_err(|source| self.segment.unreadable(entry.offset, source))?;
        let stored = frame.and_then(|frame| frame.get(FRAME_HEADER_BYTES..));
        let raw = stored.and_then(|stored| self.opener.open_slice(&entry.header, stored).ok());
        let content = raw.and_then(|raw| content_in(&raw, &entry));
        if content.is_none() {
            self.readable_in_vain = left;
        }
        Ok(content)
    }

    /// Notes the bytes between the last good frame and this one.
    fn note_gap(&mut self, frame: &Frame) -> Result<(), ReadError> {
        let is_adjacent = frame.entry.offset == self.offset;
        let is_next = frame.entry.header.place.sequence == self.next_sequence;
        if is_adjacent && is_next {
            return Ok(());
        }
        let counted = self.budget.take(2 * size_of::<DamagedRange>());
        counted.map_err(|source| self.segment.unreadable(self.offset, source))?;
        self.found.damage.push(DamagedRange { from: self.offset, to: frame.entry.offset });
        self.open = None;
        Ok(())
    }

    fn accept(&mut self, frame: Frame) -> Result<(), ReadError> {
        let Frame { entry, mut content } = frame;
        let counter = entry.header.place.counter;
        let can_be_counted_on = Some(counter).filter(|counter| *counter < limits::COUNTERS);
        self.found.newest_counter = self.found.newest_counter.max(can_be_counted_on);
        let segment = self.segment;
        self.count(&entry, &mut content)
            .map_err(|source| segment.unreadable(entry.offset, source))?;
        match content {
            Content::Data => self.accept_data(entry),
            Content::Commit(commit) => self.accept_commit(entry, *commit),
            Content::Record(record) => {
                // Records stand between groups, so this one's writer had given a group up.
                self.open = None;
                self.records.note(entry.header.place.sequence, record);
            }
            Content::Unknown => self.accept_unknown(entry)?,
        }
        Ok(())
    }

    /// Counts what will be remembered of a frame.
    fn count(&mut self, entry: &FrameEntry, content: &mut Content) -> io::Result<()> {
        match content {
            Content::Commit(commit) => self.budget.take_commit(commit),
            Content::Record(Record::Declined { heads, deaths }) => {
                let deaths: usize = deaths.iter().map(ProcessDeath::text_bytes).sum();
                self.budget.take(heads.len() * 2 * size_of::<CheckpointId>() + deaths)
            }
            Content::Record(Record::Lineage { ancestors, supersedes }) => {
                let named = ancestors.len() + supersedes.len();
                // The run knows all of them as well.
                let named = named * 2 * size_of::<CheckpointId>();
                self.budget.take(2 * size_of::<(u64, Record)>() + named)
            }
            // The last one is kept.
            Content::Record(record @ (Record::Metadata(_) | Record::Fields(_))) => {
                let known = match record {
                    Record::Metadata(_) => &mut self.metadata_bytes,
                    _ => &mut self.fields_bytes,
                };
                let more = entry.header.raw_len.saturating_sub(*known);
                *known += more;
                self.budget.take(more as usize)
            }
            Content::Record(_) => Ok(()),
            Content::Data | Content::Unknown => self.budget.take_frame(),
        }
    }

    fn accept_data(&mut self, entry: FrameEntry) {
        let place = entry.header.place;
        if place.first {
            // A group that was begun and has no commit was given up by its writer.
            self.open = Some(OpenGroup::new(place.counter, entry.offset));
        }
        let belongs = |group: &&mut OpenGroup| group.counter == place.counter && !place.last;
        match self.open.as_mut().filter(belongs) {
            Some(group) => group.push(entry),
            None => self.open = None,
        }
    }

    fn accept_commit(&mut self, entry: FrameEntry, commit: Commit) {
        let place = entry.header.place;
        let begun = if place.first {
            Some(OpenGroup::new(place.counter, entry.offset))
        } else {
            self.open.take().filter(|group| group.counter == place.counter)
        };
        self.open = None;
        match begun.filter(|group| group.raw_bytes <= limits::CHECKPOINT_BYTES) {
            Some(group) => self.found.groups.push(GroupEntry {
                commit,
                frames: group.frames,
                start: group.start,
                end: entry.offset + entry.header.frame_len(),
                last_sequence: place.sequence,
            }),
            None => self.found.broken.push(BrokenGroup { commit, offset: entry.offset }),
        }
    }

    fn accept_unknown(&mut self, entry: FrameEntry) -> Result<(), ReadError> {
        let kind = entry.header.kind;
        if kind == FrameKind::ATTACHMENT {
            self.found.attachments.push(entry);
        }
        if kind == FrameKind::EVENTS {
            self.found.events.push(entry);
        }
        if kind == FrameKind::RECORD || kind.must_be_carried() {
            self.found.carried.push(entry);
        }
        if kind == FrameKind::RECORD || kind.may_be_skipped() {
            return Ok(());
        }
        let path = self.segment.path().to_owned();
        Err(ReadError::UnknownFrame { path, offset: entry.offset, kind: kind.byte() })
    }
}

impl OpenGroup {
    fn new(counter: u64, start: u64) -> Self {
        Self { counter, start, frames: Vec::new(), raw_bytes: 0 }
    }

    fn push(&mut self, entry: FrameEntry) {
        self.raw_bytes = self.raw_bytes.saturating_add(u64::from(entry.header.raw_len));
        self.frames.push(entry);
    }
}

/// Decodes the payload of a commit or record; `None` if no writer wrote that.
fn content_in(raw: &[u8], entry: &FrameEntry) -> Option<Content> {
    // A payload that is whole and doesn't decode is of a newer version, and no damage.
    if entry.header.kind == FrameKind::RECORD {
        return Some(decode(raw).map_or(Content::Unknown, Content::Record));
    }
    match decode::<Box<Commit>>(raw) {
        Some(commit) => is_sound(&commit, entry).then_some(Content::Commit(commit)),
        None => Some(Content::Unknown),
    }
}

/// Returns true if a writer could have written this commit.
fn is_sound(commit: &Commit, entry: &FrameEntry) -> bool {
    let place = entry.header.place;
    place.last
        && commit.counter == place.counter
        && commit.base.is_none_or(|base| base < commit.counter)
        && commit.origin.as_deref().is_none_or(is_sound_origin)
        && commit.types.len() <= limits::TYPES
        && commit.carried.len() <= limits::TYPES
        && commit.incomplete.len() <= limits::TYPES
}

/// Returns true if a writer could have written this origin of a checkpoint into an archive.
fn is_sound_origin(origin: &Origin) -> bool {
    origin.ancestors.len() <= limits::ORIGIN_ANCESTORS
}

fn decode<T: DeserializeOwned>(raw: &[u8]) -> Option<T> {
    rmp_serde::from_slice(raw).ok()
}
