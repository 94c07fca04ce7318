//! Files that were made up: well-formed outside, anything inside.
//!
//! Checksums guard against accidents and not against people, so a hostile file has good ones. Here every change is
//! sealed again, by `docs/FORMAT.md` and not by the code under test.

// Feature: Damaged and forged files give no false state; the newest intact checkpoint is offered.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::opening::{Depth, layout};
use super::{Action, Opened, Play, Random, Script, rounds, tell};
use crate::disk::simulated_disk::{Content, Image, Node, Place, SimulatedDisk};
use crate::format::sample::{Counted, SegmentBytes, at, commit, header, removed, values};
use crate::format::{
    ENTITIES, Predecessor, ReadAt, Record, Segment, SegmentHeader, SegmentSummary, SessionIndex,
    missing_ends, work,
};

/// Bytes of a frame's header.
const FRAME_HEADER: usize = 48;
/// Bytes of a segment's header before its body.
const PRELUDE: usize = 24;
/// Bytes that may be read, checked or unpacked for each byte of an input, and for any input at all.
const WORK: (u64, u64) = (64, 1 << 16);
/// No input of a few thousand bytes may take longer than this, on however busy a machine: work may be none of bytes.
const PATIENCE: Duration = Duration::from_mins(2);
/// Seeds that were found to do harm once. Every test run plays them again.
const ONCE_HARMFUL: [u64; 0] = [];

fn seeds(ordinary: u64) -> impl Iterator<Item = u64> {
    let deep = rounds().map_or(ordinary, |rounds| ordinary * rounds);
    ONCE_HARMFUL.into_iter().chain(0..deep)
}

/// A segment with a little of everything in it.
fn specimen() -> Vec<u8> {
    let long = vec![b'x'; 3000];
    let mut segment = SegmentBytes::new(&header(1, 0));
    let all = vec![
        values(ENTITIES, &[(2, b""), (3, b""), (9, b"")]),
        values("game::Health", &[(2, b"1234"), (3, b"5678")]),
        values("game::Map", &[(9, &long)]),
    ];
    segment.group(all, &commit(1, None));
    segment.record(&Record::Forgotten);
    let some = vec![removed(ENTITIES, &[3]), values("game::Health", &[(2, b"0")])];
    segment.group(some, &commit(2, Some(1)));
    segment.bytes.clone()
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number[..N].copy_from_slice(&bytes[at..at + N]);
    u64::from_le_bytes(number)
}

/// Seals the header of a segment.
fn seal_header(bytes: &mut [u8]) {
    let body = number::<4>(bytes, 12) as usize;
    let end = (PRELUDE + body).min(bytes.len());
    let mut hasher = Xxh3::new();
    hasher.update(&bytes[..16]);
    hasher.update(&bytes[PRELUDE..end]);
    let checksum = hasher.digest().to_le_bytes();
    bytes[16..24].copy_from_slice(&checksum);
}

/// Seals the frame at this offset.
fn seal_frame(bytes: &mut [u8], at: usize, nonce: u64) {
    let stored = number::<4>(bytes, at + 24) as usize;
    let end = (at + FRAME_HEADER + stored).min(bytes.len());
    let payload = xxh3_64_with_seed(&bytes[at + FRAME_HEADER..end], nonce).to_le_bytes();
    bytes[at + 32..at + 40].copy_from_slice(&payload);
    let checksum = xxh3_64_with_seed(&bytes[at..at + 40], nonce).to_le_bytes();
    bytes[at + 40..at + 48].copy_from_slice(&checksum);
}

/// The offsets of the frames.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let mut at = PRELUDE + number::<4>(bytes, 12) as usize;
    let mut found = Vec::new();
    while at + FRAME_HEADER <= bytes.len() {
        found.push(at);
        at += FRAME_HEADER + number::<4>(bytes, at + 24) as usize;
    }
    found
}

/// Changes a few bytes, some of them to what is likely to do harm.
fn spoil(bytes: &mut [u8], random: &mut Random) {
    const NASTY: [u8; 12] = [0, 1, 0x7f, 0x80, 0xff, 0xc1, 0xdd, 0xdf, 0xdb, 0xc6, 0xcf, 0xfe];
    for _ in 0..1 + random.below(4) {
        let length = bytes.len() as u64;
        if length == 0 {
            return;
        }
        let at = random.below(length) as usize;
        let run = if random.one_in(4) { 1 + random.below(9) as usize } else { 1 };
        for byte in bytes.iter_mut().skip(at).take(run) {
            *byte = match random.one_in(2) {
                true => random.pick(&NASTY).copied().unwrap_or_default(),
                false => random.number() as u8,
            };
        }
    }
}

/// Reads everything that there is to read, and counts how much work that is.
fn devour(bytes: Vec<u8>, what: &str) {
    let most = bytes.len() as u64 * WORK.0 + WORK.1;
    let bytes = Arc::new(Counted::new(bytes));
    let (before, begun) = (work::done(), Instant::now());
    let file: Arc<dyn ReadAt> = bytes.clone();
    if let Ok(segment) = Segment::open(Path::new("hostile.journal"), file)
        && let Ok(scan) = segment.scan()
    {
        for group in &scan.groups {
            let _ = segment.verify(group);
        }
        for frame in &scan.carried {
            let _ = segment.payload(frame);
        }
    }
    let work = work::done() - before + bytes.read();
    assert!(work <= most, "{what} takes {work} for {} bytes", bytes.bytes.len());
    assert!(begun.elapsed() < PATIENCE, "{what} took {:?}", begun.elapsed());
}

#[test]
fn forged_frames_are_read_safely() {
    let nonce = header(1, 0).nonce;
    let good = specimen();
    let places = frames(&good);
    assert_eq!(
        Segment::open(Path::new("x"), Arc::new(good.clone())).unwrap().scan().unwrap().groups.len(),
        2
    );
    let mut played = 0;
    for seed in seeds(3_000) {
        let mut random = Random::new(seed);
        let mut bytes = good.clone();
        for _ in 0..1 + random.below(2) {
            let at = places[random.below(places.len() as u64) as usize];
            let stored = number::<4>(&bytes, at + 24) as usize;
            let end = (at + FRAME_HEADER + stored).min(bytes.len());
            match random.below(3) {
                // The sizes in the header.
                0 => spoil(&mut bytes[at + 4..at + 32], &mut random),
                // The content of the frame.
                _ => spoil(&mut bytes[at + FRAME_HEADER..end], &mut random),
            }
            seal_frame(&mut bytes, at, nonce);
        }
        devour(bytes, &format!("seed {seed}"));
        played += 1;
    }
    tell(&format!("hostile frames: {played}"));
}

#[test]
fn forged_headers_are_read_safely() {
    let good = specimen();
    let body = number::<4>(&good, 12) as usize;
    for seed in seeds(2_000) {
        let mut random = Random::new(seed);
        let mut bytes = good.clone();
        if random.one_in(4) {
            spoil(&mut bytes[8..16], &mut random);
        }
        spoil(&mut bytes[PRELUDE..PRELUDE + body], &mut random);
        seal_header(&mut bytes);
        devour(bytes, &format!("seed {seed}"));
    }
}

#[test]
fn headers_with_the_highest_numbers_are_indexed() {
    let predecessor = Some(Predecessor { length: u64::MAX, sequence: u64::MAX });
    let highest = SegmentHeader {
        predecessor,
        base: Some(u64::MAX),
        ancestors: vec![at(1, u64::MAX), at(2, u64::MAX)],
        supersedes: vec![at(1, u64::MAX)],
        ..header(1, u32::MAX)
    };
    let mut segment = SegmentBytes::new(&highest);
    segment.group(Vec::new(), &commit(u64::MAX, None));
    segment.group(Vec::new(), &commit(7, Some(6)));
    let segment = segment.segment();
    let scan = segment.scan().unwrap();
    assert_eq!(scan.groups.len(), 2);
    let header = segment.shared_header();
    let summary = SegmentSummary { name: String::new(), header, scan };
    let segments = vec![summary.clone(), summary];
    assert!(missing_ends(&segments).is_empty(), "neither is the one before the other");
    let index = SessionIndex::new(segments, Vec::new());
    assert_eq!(index.newest_counter(), 7, "there should be numbers left to count on");
    assert!(index.plan(at(1, u64::MAX)).is_some());
}

#[test]
fn mutated_segments_are_read_safely() {
    for seed in seeds(1_000) {
        let mut random = Random::new(seed);
        let mut bytes = specimen();
        for _ in 0..1 + random.below(6) {
            match random.below(4) {
                0 => bytes.truncate(random.below(bytes.len() as u64 + 1) as usize),
                1 => spoil(&mut bytes, &mut random),
                2 => bytes.extend((0..random.below(90)).map(|_| random.number() as u8)),
                _ => {
                    let from = random.below(bytes.len() as u64 + 1) as usize;
                    let part = bytes[from..].to_vec();
                    let at = random.below(bytes.len() as u64 + 1) as usize;
                    bytes.splice(at..at, part);
                }
            }
        }
        devour(bytes, &format!("seed {seed}"));
    }
}

/// The small files are sealed as well: 14 bytes, the checksum, the payload.
fn seal_small(bytes: &mut [u8]) {
    let payload = bytes.len().saturating_sub(22) as u32;
    bytes[10..14].copy_from_slice(&payload.to_le_bytes());
    let mut hasher = Xxh3::new();
    hasher.update(&bytes[..14]);
    hasher.update(&bytes[22..]);
    let checksum = hasher.digest().to_le_bytes();
    bytes[14..22].copy_from_slice(&checksum);
}

/// Puts other bytes in the place of one file.
fn with_file(image: &Image, place: &Place, bytes: Vec<u8>) -> Image {
    let mut image = image.clone();
    image.put(place.clone(), Node::File(Content::from(bytes)));
    image
}

#[test]
fn forged_records_and_host_ids_change_no_offer() {
    let actions = vec![Action::Start, Action::Auto, Action::Turn, Action::Kill];
    let play = Play::of(&Script { name: "records".to_owned(), seed: 3, actions });
    let image = play.disk.image();
    let small: Vec<(Place, Content)> = image
        .files()
        .filter(|(place, content)| {
            place.path().starts_with(layout().state) && content.bytes().len() > 22
        })
        .map(|(place, content)| (place.clone(), content.clone()))
        .collect();
    assert!(small.len() >= 2, "a host id and a record should be there");
    for seed in seeds(700) {
        let mut random = Random::new(seed);
        let (place, content) = &small[random.below(small.len() as u64) as usize];
        let mut bytes = content.bytes().to_vec();
        spoil(&mut bytes[22..], &mut random);
        if random.below(4) > 0 {
            seal_small(&mut bytes);
        }
        let disk = SimulatedDisk::from_image(&with_file(&image, place, bytes));
        let opened = Opened::of(&disk, Depth::Newest);
        let offers: usize = opened.sessions.values().map(|session| session.offers.len()).sum();
        assert_eq!(offers, 1, "seed {seed}: the journal counts, whatever the small files say");
    }
}

#[test]
fn a_forged_journal_harms_no_start_and_writes_nowhere_else() {
    let actions = vec![Action::Start, Action::Auto, Action::Merge, Action::Auto, Action::Kill];
    let play = Play::of(&Script { name: "journals".to_owned(), seed: 4, actions });
    let image = play.disk.image();
    let journals: Vec<(Place, Content)> = image
        .files()
        .filter(|(place, _)| super::properties::is_journal(place.path()))
        .map(|(place, content)| (place.clone(), content.clone()))
        .collect();
    for seed in seeds(700) {
        let mut random = Random::new(seed);
        let (place, content) = &journals[random.below(journals.len() as u64) as usize];
        let mut bytes = content.bytes().to_vec();
        let body = PRELUDE + number::<4>(&bytes, 12) as usize;
        spoil(&mut bytes[PRELUDE..body], &mut random);
        seal_header(&mut bytes);
        let image = with_file(&image, place, bytes);
        let disk = SimulatedDisk::from_image(&image);
        let before = image.digest_of(super::properties::is_journal);
        let _ = Opened::of(&disk, Depth::Everything);
        let after = disk.image().digest_of(super::properties::is_journal);
        assert_eq!(before, after, "seed {seed}: looking should change nothing");
        // A game that resumes it mustn't come to harm either, nor write elsewhere.
        let mut next = play.after_power_cut(disk, play.disk.position());
        next.perform_if_known(&[Action::Recover, Action::Auto]);
        let root = layout().data.parent().map(Path::to_path_buf).unwrap_or_default();
        let written = next.disk.image();
        assert!(written.nodes().all(|(place, _)| place.path().starts_with(&root)));
    }
}
