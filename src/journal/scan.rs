//! Walking through a segment: which checkpoints and records it holds, and where it is damaged.
//!
//! A scan reads every frame's header, and the payloads of commits and records only, so it costs
//! little however much the checkpoints hold. Whether the data in between is good is found out when
//! it is read, or by [`Segment::verify`].

use std::io;

use serde::de::DeserializeOwned;

use super::frame::{FRAME_HEADER_BYTES, FRAME_MAGIC, FrameOpener};
use super::{Commit, FrameHeader, FrameKind, ReadAt, ReadError, Record, Segment, limits};

/// Where a frame is, and what its header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameEntry {
    /// Where the frame begins in its segment.
    pub offset: u64,
    /// Its header.
    pub header: FrameHeader,
}

/// A committed checkpoint whose frames are all there. Their payloads haven't been read yet.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupEntry {
    /// What it commits.
    pub commit: Commit,
    /// Its data frames in order.
    pub frames: Vec<FrameEntry>,
    /// Where its first frame begins.
    pub start: u64,
    /// Where its last frame ends.
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
    /// What would have been committed.
    pub commit: Commit,
    /// Where the commit's frame begins.
    pub offset: u64,
}

/// Bytes between good frames that are none. `from == to` if frames vanished without a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DamagedRange {
    /// The first damaged byte.
    pub from: u64,
    /// Where the next good frame begins.
    pub to: u64,
}

/// What is in a segment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scan {
    /// The checkpoints, as they were written.
    pub groups: Vec<GroupEntry>,
    /// Commits without a whole group.
    pub broken: Vec<BrokenGroup>,
    /// The records with their sequence numbers, as they were written.
    pub records: Vec<(u64, Record)>,
    /// Frames that this version doesn't know and that a writer must carry along.
    pub carried: Vec<FrameEntry>,
    /// Damaged bytes that good frames follow.
    pub damage: Vec<DamagedRange>,
    /// Where the last thing that is whole ends, if more bytes follow: what was being written when
    /// the process or machine stopped.
    pub tail: Option<u64>,
    /// The highest checkpoint number that any good frame names, committed or not.
    pub newest_counter: Option<u64>,
    /// Bytes of the file when it was scanned.
    pub length: u64,
}

impl Segment {
    /// Walks through the segment.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unreadable`] and [`ReadError::UnknownFrame`]. Damage is no error here: it is
    /// part of what was found.
    pub fn scan(&self) -> Result<Scan, ReadError> {
        let length = self.file().len().map_err(|source| self.unreadable(0, source))?;
        let mut scanner = Scanner {
            segment: self,
            window: Window::new(self.file(), length),
            opener: FrameOpener::new(self.header().nonce),
            offset: self.frames_start(),
            next_sequence: 0,
            open: None,
            found: Scan { length, ..Scan::default() },
        };
        scanner.walk()?;
        Ok(scanner.found)
    }
}

/// A good frame, as the scanner sees it.
struct Frame {
    entry: FrameEntry,
    content: Content,
}

enum Content {
    Data,
    Commit(Commit),
    Record(Record),
    /// Of a kind that this version doesn't know.
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
    found: Scan,
}

impl Scanner<'_> {
    fn walk(&mut self) -> Result<(), ReadError> {
        while self.offset < self.found.length {
            let Some(frame) = self.next_frame()? else { break };
            self.note_gap(&frame);
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
    /// The search goes forward only, so all searches together read the file at most once.
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
            FrameKind::DATA => Ok(Some(Content::Data)),
            FrameKind::COMMIT => {
                let Some(raw) = self.payload_of(entry)? else { return Ok(None) };
                // What is whole and doesn't decode is of a newer version, and no damage.
                let Some(commit) = decode::<Commit>(&raw) else { return Ok(Some(Content::Unknown)) };
                Ok(is_sound(&commit, &entry).then_some(Content::Commit(commit)))
            }
            FrameKind::RECORD => {
                let Some(raw) = self.payload_of(entry)? else { return Ok(None) };
                Ok(Some(decode(&raw).map_or(Content::Unknown, Content::Record)))
            }
            _ => Ok(Some(Content::Unknown)),
        }
    }

    /// The payload of a frame, if it is what was written.
    fn payload_of(&mut self, entry: FrameEntry) -> Result<Option<Vec<u8>>, ReadError> {
        let start = entry.offset + FRAME_HEADER_BYTES as u64;
        let stored = self
            .window
            .bytes(start, u64::from(entry.header.stored_len))
            .map_err(|source| self.segment.unreadable(start, source))?;
        Ok(stored.and_then(|stored| self.opener.open(&entry.header, stored.to_vec()).ok()))
    }

    /// Notes what lies between the last good frame and this one.
    fn note_gap(&mut self, frame: &Frame) {
        let is_adjacent = frame.entry.offset == self.offset;
        let is_next = frame.entry.header.place.sequence == self.next_sequence;
        if is_adjacent && is_next {
            return;
        }
        self.found.damage.push(DamagedRange { from: self.offset, to: frame.entry.offset });
        self.open = None;
    }

    fn accept(&mut self, frame: Frame) -> Result<(), ReadError> {
        let Frame { entry, content } = frame;
        let counter = entry.header.place.counter;
        self.found.newest_counter = self.found.newest_counter.max(Some(counter));
        match content {
            Content::Data => self.accept_data(entry),
            Content::Commit(commit) => self.accept_commit(entry, commit),
            Content::Record(record) => {
                // Records stand between groups, so this one's writer had given a group up.
                self.open = None;
                self.found.records.push((entry.header.place.sequence, record));
            }
            Content::Unknown => self.accept_unknown(entry)?,
        }
        Ok(())
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

/// Whether a commit says what a writer could have said.
fn is_sound(commit: &Commit, entry: &FrameEntry) -> bool {
    let place = entry.header.place;
    place.last
        && commit.counter == place.counter
        && commit.base.is_none_or(|base| base < commit.counter)
        && commit.types.len() <= limits::TYPES
}

fn decode<T: DeserializeOwned>(raw: &[u8]) -> Option<T> {
    rmp_serde::from_slice(raw).ok()
}

/// The part of a file that was read last, so that small frames don't cost a system call each.
struct Window<'a> {
    file: &'a dyn ReadAt,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    const USUAL_BYTES: u64 = 16 << 10;
    const SEARCH_BYTES: u64 = 64 << 10;

    fn new(file: &'a dyn ReadAt, length: u64) -> Self {
        Self { file, length, start: 0, bytes: Vec::new() }
    }

    /// `count` bytes from `offset` on; `None` if the file ends before.
    fn bytes(&mut self, offset: u64, count: u64) -> io::Result<Option<&[u8]>> {
        let Some(end) = offset.checked_add(count).filter(|end| *end <= self.length) else {
            return Ok(None);
        };
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            self.fill(offset, count.max(Self::USUAL_BYTES))?;
        }
        let from = (offset - self.start) as usize;
        Ok(self.bytes.get(from..from + count as usize))
    }

    /// The next place from `offset` on where a frame may begin.
    fn find_magic(&mut self, mut offset: u64) -> io::Result<Option<u64>> {
        while offset + FRAME_HEADER_BYTES as u64 <= self.length {
            let count = Self::SEARCH_BYTES.min(self.length - offset);
            let bytes = self.bytes(offset, count)?.unwrap_or_default();
            let found = bytes.windows(FRAME_MAGIC.len()).position(|bytes| *bytes == FRAME_MAGIC);
            if let Some(position) = found {
                return Ok(Some(offset + position as u64));
            }
            // The next part overlaps, for a magic that lies across the border.
            offset += count - (FRAME_MAGIC.len() as u64 - 1);
        }
        Ok(None)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample::{self, SegmentBytes, commit, header, removed, values};
    use crate::journal::{Block, Segment, SegmentEncoder};
    use crate::session::SessionStatus;

    /// A snapshot, a record and two deltas, the last of which has two data frames.
    fn sample() -> SegmentBytes {
        let mut segment = SegmentBytes::new(&header(1, 0));
        segment
            .group(vec![values("game::Health", &[(2, b"full"), (3, b"half")])], &commit(1, None))
            .record(&Record::Status {
                status: SessionStatus::Paused,
                time: jiff::Timestamp::UNIX_EPOCH,
                play_time: std::time::Duration::ZERO,
            })
            .group(vec![removed("game::Health", &[2])], &commit(2, Some(1)));
        let blocks = [values("game::Health", &[(3, b"low")]), values("game::Name", &[(4, b"Eve")])];
        two_frames(&mut segment, blocks, &commit(3, Some(2)));
        segment
    }

    /// Appends a group with one small frame per block, as large blocks would have.
    fn two_frames(segment: &mut SegmentBytes, blocks: [Block; 2], commit: &Commit) {
        for (position, block) in blocks.iter().enumerate() {
            let mut raw = Vec::new();
            crate::journal::block_codec::Piece::single(block, 0).encode(&mut raw);
            let frame = segment.encoder.data_frame(commit.counter, position == 0, &raw);
            segment.bytes.extend_from_slice(&frame);
        }
        let frame = segment.encoder.commit_frame(commit);
        segment.bytes.extend_from_slice(&frame);
    }

    impl SegmentEncoder {
        fn data_frame(&mut self, counter: u64, first: bool, raw: &[u8]) -> Vec<u8> {
            self.seal(FrameKind::DATA, counter, first, false, raw)
        }

        fn commit_frame(&mut self, commit: &Commit) -> Vec<u8> {
            let raw = rmp_serde::to_vec_named(commit).unwrap();
            self.seal(FrameKind::COMMIT, commit.counter, false, true, &raw)
        }
    }

    /// Every frame of a good segment, in order.
    fn frames(segment: &Segment, length: u64) -> Vec<FrameEntry> {
        let nonce = segment.header().nonce;
        let mut window = Window::new(segment.file(), length);
        let mut offset = segment.frames_start();
        let mut frames = Vec::new();
        while offset < length {
            let bytes = window.bytes(offset, FRAME_HEADER_BYTES as u64).unwrap().unwrap();
            let header = FrameHeader::decode(bytes, nonce).unwrap();
            frames.push(FrameEntry { offset, header });
            offset += header.frame_len();
        }
        frames
    }

    /// Asserts that nothing is found that wasn't written.
    fn assert_no_false_group(segment: &Segment, scan: &Scan, original: &Segment) {
        let written = original.scan().unwrap().groups;
        for group in &scan.groups {
            let counter = group.commit.counter;
            let same = written.iter().find(|group| group.commit.counter == counter).unwrap();
            assert_eq!(group.commit, same.commit);
            if let Ok(blocks) = sample::blocks(segment, group) {
                assert_eq!(blocks, sample::blocks(original, same).unwrap());
            }
        }
    }

    #[test]
    fn a_good_segment_has_neither_tail_nor_damage() {
        let scan = sample().segment().scan().unwrap();
        let counters: Vec<_> = scan.groups.iter().map(|group| group.commit.counter).collect();
        assert_eq!(counters, [1, 2, 3]);
        assert_eq!((scan.records.len(), scan.records[0].0), (1, 2));
        assert_eq!((scan.tail, scan.newest_counter), (None, Some(3)));
        assert!(scan.damage.is_empty() && scan.broken.is_empty() && scan.carried.is_empty());
    }

    #[test]
    fn every_cut_leaves_a_tail_and_what_was_whole_before_it() {
        let original = sample();
        let segment = original.segment();
        let whole = segment.scan().unwrap();
        let record_end = frames(&segment, whole.length)[3].offset;
        for length in segment.frames_start()..whole.length {
            let cut = sample::open(original.bytes[..length as usize].to_vec());
            let scan = cut.scan().unwrap();
            let expected: Vec<_> =
                whole.groups.iter().filter(|group| group.end <= length).cloned().collect();
            let record = (record_end <= length).then_some(record_end);
            let last_end = expected.last().map_or(segment.frames_start(), |group| group.end);
            let last_end = last_end.max(record.unwrap_or(0));

            assert!(scan.damage.is_empty() && scan.broken.is_empty(), "cut at {length}");
            assert_eq!(scan.tail, (last_end < length).then_some(last_end), "cut at {length}");
            assert_eq!(scan.groups, expected, "cut at {length}");
            assert!(scan.groups.iter().all(|group| cut.verify(group).is_ok()));
        }
    }

    #[test]
    fn every_flipped_byte_is_told_apart_as_tail_or_damage() {
        let original = sample();
        let segment = original.segment();
        let whole = segment.scan().unwrap();
        let frames = frames(&segment, whole.length);
        let last = frames.last().unwrap().offset;
        for position in segment.frames_start()..whole.length {
            let mut bytes = original.bytes.clone();
            bytes[position as usize] ^= 0x11;
            let flipped = sample::open(bytes);
            let scan = flipped.scan().unwrap();
            assert_no_false_group(&flipped, &scan, &segment);

            let hit = frames.iter().rfind(|frame| frame.offset <= position).unwrap();
            let in_payload = position >= hit.offset + FRAME_HEADER_BYTES as u64;
            if in_payload && hit.header.kind == FrameKind::DATA {
                assert_eq!(scan, whole, "a scan doesn't read data");
                let bad: Vec<_> =
                    scan.groups.iter().filter(|group| flipped.verify(group).is_err()).collect();
                assert_eq!(bad.len(), 1, "byte {position}");
                assert!(bad[0].start <= position && position < bad[0].end);
            } else if hit.offset == last {
                assert_eq!(scan.tail, Some(whole.groups[2].start), "byte {position}");
                assert!(scan.damage.is_empty() && scan.broken.is_empty());
                assert_eq!(scan.groups.len(), 2);
            } else {
                let range = DamagedRange { from: hit.offset, to: hit.offset + hit.header.frame_len() };
                assert_eq!((&*scan.damage, scan.tail), (&[range][..], None), "byte {position}");
                let is_data = usize::from(hit.header.kind == FrameKind::DATA);
                assert_eq!(scan.broken.len(), is_data, "byte {position}");
                let is_record = usize::from(hit.header.kind == FrameKind::RECORD);
                assert_eq!(scan.groups.len(), 2 + is_record, "byte {position}");
                assert_eq!(scan.records.len(), 1 - is_record, "byte {position}");
            }
        }
    }

    #[test]
    fn frames_that_vanished_without_a_trace_are_damage() {
        let original = sample();
        let frames = frames(&original.segment(), original.bytes.len() as u64);
        let (from, to) = (frames[3].offset as usize, frames[5].offset as usize);
        let mut bytes = original.bytes.clone();
        bytes.drain(from..to);
        let scan = sample::open(bytes).scan().unwrap();
        assert_eq!(scan.damage, [DamagedRange { from: from as u64, to: from as u64 }]);
        let counters: Vec<_> = scan.groups.iter().map(|group| group.commit.counter).collect();
        assert_eq!(counters, [1, 3]);
    }

    #[test]
    fn an_older_copy_of_a_frame_is_never_read_again() {
        let mut segment = sample();
        let first = segment.segment().scan().unwrap().groups[0].clone();
        let copy = segment.bytes[first.start as usize..first.end as usize].to_vec();
        segment.bytes.extend_from_slice(&copy);
        let scan = segment.segment().scan().unwrap();
        assert_eq!(scan.groups.len(), 3);
        assert_eq!(scan.tail, Some(scan.groups[2].end), "a copy at the end is a torn tail");
    }

    #[test]
    fn zeros_at_the_end_are_a_tail() {
        let mut segment = sample();
        let end = segment.bytes.len() as u64;
        segment.bytes.extend_from_slice(&[0; 10_000]);
        let scan = segment.segment().scan().unwrap();
        assert_eq!((scan.groups.len(), scan.tail), (3, Some(end)));
        assert!(scan.damage.is_empty());
    }

    #[test]
    fn damage_larger_than_the_window_is_bridged() {
        let mut segment = SegmentBytes::new(&header(1, 0));
        let noise: Vec<u8> = (0..300_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        segment
            .group(vec![values("game::Map", &[(2, &noise)])], &commit(1, None))
            .group(vec![values("game::Map", &[(3, b"x")])], &commit(2, Some(1)));
        let start = segment.segment().frames_start() as usize;
        let second = segment.segment().scan().unwrap().groups[1].start as usize;
        segment.bytes[start..second].fill(0xaa);
        let scan = segment.segment().scan().unwrap();
        assert_eq!(scan.damage, [DamagedRange { from: start as u64, to: second as u64 }]);
        assert_eq!(scan.groups.len(), 1);
    }

    #[test]
    fn a_group_that_was_given_up_is_neither_there_nor_damage() {
        let mut segment = SegmentBytes::new(&header(1, 0));
        let frame = segment.encoder.data_frame(1, true, b"never committed");
        segment.bytes.extend_from_slice(&frame);
        segment.group(vec![values("game::Health", &[(2, b"x")])], &commit(2, None));
        let scan = segment.segment().scan().unwrap();
        assert_eq!((scan.groups.len(), scan.tail), (1, None));
        assert!(scan.damage.is_empty() && scan.broken.is_empty());
    }

    #[test]
    fn unknown_kinds_are_carried_skipped_or_refused() {
        let kind = |byte| FrameKind::from_byte(byte).unwrap();
        let carried = FrameKind::MAY_BE_SKIPPED | FrameKind::MUST_BE_CARRIED | 9;
        let mut segment = SegmentBytes::new(&header(1, 0));
        for byte in [carried, FrameKind::MAY_BE_SKIPPED | 9] {
            let frame = segment.encoder.encode_opaque(kind(byte), b"future").unwrap();
            segment.bytes.extend(frame);
        }
        let reader = segment.segment();
        let scan = reader.scan().unwrap();
        assert_eq!(scan.carried.len(), 1);
        assert_eq!(reader.payload(&scan.carried[0]).unwrap(), b"future");

        let frame = segment.encoder.encode_opaque(kind(9), b"essential").unwrap();
        segment.bytes.extend(frame);
        let error = segment.segment().scan().unwrap_err();
        assert!(matches!(error, ReadError::UnknownFrame { kind: 9, .. }));
        assert!(!error.is_damage());
    }

    #[test]
    fn a_record_of_a_newer_version_is_carried() {
        let mut segment = SegmentBytes::new(&header(1, 0));
        let raw = rmp_serde::to_vec_named("RecordOfTomorrow").unwrap();
        let frame = segment.encoder.encode_opaque(FrameKind::RECORD, &raw).unwrap();
        segment.bytes.extend(frame);
        let scan = segment.segment().scan().unwrap();
        assert_eq!((scan.records.len(), scan.carried.len()), (0, 1));
        assert!(scan.damage.is_empty());
    }

    #[test]
    fn a_read_error_is_no_damage() {
        struct Unreadable(Vec<u8>, std::sync::atomic::AtomicU32);

        impl ReadAt for Unreadable {
            fn len(&self) -> io::Result<u64> {
                ReadAt::len(&self.0)
            }

            fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
                let reads = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if reads > 0 {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                self.0.read_exact_at(offset, buffer)
            }
        }

        let file = Unreadable(sample().bytes, std::sync::atomic::AtomicU32::new(0));
        let path = std::path::Path::new("sample.journal");
        let error = Segment::open(path, std::sync::Arc::new(file)).unwrap().scan().unwrap_err();
        assert!(matches!(error, ReadError::Unreadable { .. }));
    }
}
