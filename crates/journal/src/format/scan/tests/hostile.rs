//! Files that are made so that reading them takes much time or memory.

use std::sync::Arc;

use super::*;
use crate::format::frame::{FramePlace, work};
use crate::format::sample::{Counted, at};
use crate::format::{TypeList, TypeSummary};

/// The cost of a scan, in bytes.
struct Cost {
    length: u64,
    read: u64,
    checked: u64,
    unpacked: u64,
    scan: Result<Scan, ReadError>,
}

fn scan(bytes: Vec<u8>) -> Cost {
    let file = Arc::new(Counted::new(bytes));
    let path = std::path::Path::new("hostile.journal");
    let segment = Segment::open(path, Arc::clone(&file) as Arc<dyn ReadAt>).unwrap();
    let (checked, unpacked) = (work::CHECKED.get(), work::UNPACKED.get());
    let scan = segment.scan();
    Cost {
        length: file.len().unwrap(),
        read: file.read(),
        checked: work::CHECKED.get() - checked,
        unpacked: work::UNPACKED.get() - unpacked,
        scan,
    }
}

fn place(sequence: u64) -> FramePlace {
    FramePlace { first: true, last: true, sequence, counter: 1 }
}

/// Headers one after the other, each announcing what `stored` says for this many bytes that follow.
fn headers(kind: FrameKind, length: usize, stored: impl Fn(usize) -> usize) -> Vec<u8> {
    let header = header(1, 0);
    let mut bytes = SegmentBytes::new(&header).bytes;
    let end = bytes.len() + length;
    let mut sequence = 1;
    while bytes.len() + 2 * FRAME_HEADER_BYTES <= end {
        let stored = stored(end - bytes.len() - FRAME_HEADER_BYTES) as u32;
        let forged = FrameHeader::forged(kind, place(sequence), stored, stored);
        bytes.extend_from_slice(&forged.encode(header.nonce));
        sequence += 1;
    }
    bytes
}

#[test]
fn payloads_announced_by_forged_headers_are_read_once() {
    let shapes: [fn(usize) -> usize; 4] =
        [|rest| rest, |rest| rest / 2, |rest| rest.min(70_000), |rest| rest.min(200)];
    for kind in [FrameKind::COMMIT, FrameKind::RECORD] {
        for shape in shapes {
            let most = kind.most_raw_bytes();
            let cost = scan(headers(kind, 400_000, |rest| shape(rest).min(most)));
            assert!(cost.checked <= cost.length, "{} of {}", cost.checked, cost.length);
            assert!(cost.read <= 4 * cost.length, "{} of {}", cost.read, cost.length);
            let scan = cost.scan.unwrap();
            assert!(scan.groups.is_empty() && scan.records.is_empty());
        }
    }
}

#[test]
fn magic_everywhere_is_read_once() {
    let mut bytes = SegmentBytes::new(&header(1, 0)).bytes;
    bytes.extend(FRAME_MAGIC.repeat(100_000));
    let cost = scan(bytes);
    assert!(cost.read <= 2 * cost.length && cost.checked == 0, "{}", cost.read);
}

#[test]
fn commits_between_damaged_ones_are_found() {
    // Every second commit is damaged, so reading each of them is wasted; together that is less than the file.
    let mut segment = SegmentBytes::new(&header(1, 0));
    for counter in 1..=40 {
        segment.group(vec![values("game::Health", &[(2, b"x")])], &commit(counter, None));
    }
    let groups = segment.segment().scan().unwrap().groups;
    for group in groups.iter().step_by(2) {
        segment.bytes[group.end as usize - 1] ^= 1;
    }
    let scan = segment.segment().scan().unwrap();
    let left: Vec<u64> = scan.groups.iter().map(|group| group.commit.counter).collect();
    assert_eq!(left, (2..=40).step_by(2).collect::<Vec<_>>());
    assert_eq!(scan.damage.len(), 20);
}

#[test]
fn records_packed_beyond_the_allowed_ratio_are_refused() {
    let mut bytes = SegmentBytes::new(&header(1, 0)).bytes;
    let nonce = header(1, 0).nonce;
    let packed = zstd::bulk::compress(&vec![0; limits::RECORD_BYTES], 1).unwrap();
    for sequence in 0..500 {
        let (stored, raw) = (packed.len() as u32, limits::RECORD_BYTES as u32);
        let forged = FrameHeader::forged(FrameKind::RECORD, place(sequence), stored, raw);
        bytes.extend_from_slice(&forged.sealing(&packed, nonce).encode(nonce));
        bytes.extend_from_slice(&packed);
    }
    let cost = scan(bytes);
    assert!(cost.unpacked <= limits::PACKING as u64 * cost.length, "{}", cost.unpacked);
    assert!(cost.scan.unwrap().carried.is_empty());
}

#[test]
fn a_highly_compressible_record_is_written_readably() {
    let mut segment = SegmentBytes::new(&header(1, 0));
    segment.record(&Record::declined(vec![at(1, 4); 10_000]));
    let cost = scan(segment.bytes);
    let scan = cost.scan.unwrap();
    assert_eq!(scan.records, [(0, Record::declined(vec![at(1, 4)]))]);
    assert!(scan.damage.is_empty() && scan.tail.is_none());
}

#[test]
fn type_lists_over_the_memory_budget_are_unreadable() {
    let mut budget = ScanBudget::default();
    let types = |number: u64| -> TypeList {
        let path = |part| format!("{}{number}.{part}", "game::".repeat(100));
        (0..1_000).map(|part| TypeSummary { path: path(part), version: 0, rows: 1 }).collect()
    };
    let mut of_equal_types = ScanBudget::default();
    let mut taken = 0;
    let refused = loop {
        let mut next = commit(1, None);
        next.types = types(taken);
        match budget.take_commit(&mut next) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        let mut same = commit(1, None);
        same.types = types(0);
        of_equal_types.take_commit(&mut same).unwrap();
    };
    assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
    assert!((70..90).contains(&taken), "{taken} of 600,000 bytes each");
    for counter in 0..80_000 {
        let mut same = commit(counter, None);
        of_equal_types.take_commit(&mut same).unwrap();
    }
}
