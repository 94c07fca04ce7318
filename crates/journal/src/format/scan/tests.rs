//! Every cut, every flip, and what a writer may leave behind.

mod hostile;

use super::*;
use crate::format::frame::FRAME_MAGIC;
use crate::format::sample::{self, SegmentBytes, commit, header, removed, values};
use crate::format::{Block, ReadAt, Segment, SegmentEncoder};
use crate::model::session::SessionStatus;

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
        crate::format::block_codec::Piece::single(block, 0).encode(&mut raw);
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
fn every_cut_leaves_the_whole_groups_before_it_and_a_tail() {
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
fn every_flipped_byte_is_classified_as_tail_or_damage() {
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
fn missing_frames_are_damage() {
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
fn an_uncommitted_group_is_neither_listed_nor_damage() {
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
