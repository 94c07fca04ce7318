//! The cost of reading files that an attacker made: `cargo bench --bench numbers -- hostile`.
//!
//! An honest journal and forged ones of the same length are looked at as a start looks at them. The
//! forged ones are sealed as `docs/FORMAT.md` says, so that nothing is refused for its checksum.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::game::{memory_app, play, request, spawn_mixed, start};
use crate::measure::{median, row};

/// Bytes before the body of a segment's header.
const PRELUDE: usize = 24;
/// Bytes of a frame's header.
const HEADER: usize = 48;
const DATA: u8 = 1;
const COMMIT: u8 = 2;
const RECORD: u8 = 3;
const CARRIED: u8 = 0x80 | 0x40 | 9;
/// The most times its stored bytes that a frame may have unpacked.
const PACKING: usize = 32;
const MIB: usize = 1 << 20;

/// The part of a header that is needed to forge what follows.
#[derive(Deserialize)]
struct Header {
    nonce: u64,
}

/// The beginning of a journal, and what is appended to it.
struct Forger {
    bytes: Vec<u8>,
    nonce: u64,
    sequence: u64,
}

impl Forger {
    fn of(honest: &[u8]) -> Self {
        let length = u32::from_le_bytes(honest[12..16].try_into().unwrap_or_default()) as usize;
        let header: Header =
            rmp_serde::from_slice(&honest[PRELUDE..PRELUDE + length]).expect("it was just written");
        Self { bytes: honest[..PRELUDE + length].to_vec(), nonce: header.nonce, sequence: 0 }
    }

    fn header(&mut self, kind: u8, counter: u64, sizes: (usize, usize), checksum: u64) {
        let (stored, raw) = sizes;
        let flags = if kind == DATA { 1 } else { 2 };
        let mut header = b"bvF\x1e".to_vec();
        header.extend([kind, flags, u8::from(stored != raw), 0]);
        header.extend(self.sequence.to_le_bytes());
        header.extend(counter.to_le_bytes());
        header.extend((stored as u32).to_le_bytes());
        header.extend((raw as u32).to_le_bytes());
        header.extend(checksum.to_le_bytes());
        header.extend(xxh3_64_with_seed(&header, self.nonce).to_le_bytes());
        self.bytes.extend(header);
        self.sequence += 1;
    }

    /// A frame whose checksums hold.
    fn frame(&mut self, kind: u8, counter: u64, stored: &[u8], raw: usize) {
        self.header(kind, counter, (stored.len(), raw), xxh3_64_with_seed(stored, self.nonce));
        self.bytes.extend_from_slice(stored);
    }
}

/// Packed as small as a reader accepts it.
fn bomb(raw: &[u8]) -> Vec<u8> {
    let mut packed = zstd::bulk::compress(raw, 1).unwrap_or_default();
    let padding = (raw.len() / PACKING).saturating_sub(packed.len() + 8);
    packed.extend(0x184d_2a50_u32.to_le_bytes());
    packed.extend((padding as u32).to_le_bytes());
    packed.resize(packed.len() + padding, 0);
    packed
}

/// Headers one after the other, each with a payload that isn't what it announces.
fn nested(forger: &mut Forger, length: usize) {
    while forger.bytes.len() + HEADER < length {
        let rest = (length - forger.bytes.len() - HEADER).min(4 * MIB);
        forger.header(COMMIT, 1, (rest, rest), 0);
    }
}

fn magic(forger: &mut Forger, length: usize) {
    while forger.bytes.len() < length {
        forger.bytes.extend(b"bvF\x1e");
    }
}

fn bombs(kind: u8, raw: usize) -> impl Fn(&mut Forger, usize) {
    move |forger, length| {
        let zeros = bomb(&vec![0; raw]);
        while forger.bytes.len() < length {
            forger.frame(kind, 1, &zeros, raw);
        }
    }
}

/// Checkpoints of nothing but zeros, of which each is found to be damaged when it is read.
fn damaged_checkpoints(forger: &mut Forger, length: usize) {
    let raw = 16 * MIB;
    let zeros = bomb(&vec![0; raw]);
    checkpoints(forger, length, |forger, counter| forger.frame(DATA, counter, &zeros, raw));
}

/// As many checkpoints as there is room for, all empty.
fn empty_checkpoints(forger: &mut Forger, length: usize) {
    checkpoints(forger, length, |_, _| {});
}

fn checkpoints(forger: &mut Forger, length: usize, data: impl Fn(&mut Forger, u64)) {
    #[derive(serde::Serialize)]
    struct Commit {
        counter: u64,
        base: Option<u64>,
        kind: &'static str,
        time: &'static str,
        play_time: u64,
        entities: u64,
        types: [u8; 0],
        next_save_id: u64,
    }
    let mut counter = 1;
    while forger.bytes.len() < length {
        let (kind, time) = ("Auto", "2026-01-01T00:00:00Z");
        let (base, types) = (None, []);
        let (play_time, entities, next_save_id) = (counter, 0, 2);
        let commit = Commit { counter, base, kind, time, play_time, entities, types, next_save_id };
        let raw = rmp_serde::to_vec_named(&commit).unwrap_or_default();
        let begun = forger.sequence;
        data(forger, counter);
        let at = forger.bytes.len();
        forger.frame(COMMIT, counter, &raw, raw.len());
        if forger.sequence == begun + 1 {
            // A separate group: first and last.
            forger.bytes[at + 5] = 3;
            let sealed = xxh3_64_with_seed(&forger.bytes[at..at + 40], forger.nonce);
            forger.bytes[at + 40..at + HEADER].copy_from_slice(&sealed.to_le_bytes());
        }
        counter += 1;
    }
}

/// Looks at a disk as a start does, and says how long that took and how much memory more than before
/// it took at most.
fn look(disk: &MemoryDisk) -> (Duration, u64) {
    let mut times = Vec::new();
    let mut most = 0;
    for _ in 0..5 {
        let disk = disk.snapshot();
        let mut app = App::new();
        let plugin = SessionPlugin::new("Bench", "Numbers").disk(disk);
        app.add_plugins((MinimalPlugins.build(), plugin));
        let before = memory("VmRSS:");
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let begun = Instant::now();
        app.finish();
        times.push(begun.elapsed());
        most = most.max(memory("VmHWM:").saturating_sub(before));
    }
    (median(times), most)
}

/// A line of what Linux says about this process, in KiB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|it| it.strip_prefix(line));
    value.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// The journals of a game that was killed.
fn honest() -> (MemoryDisk, PathBuf, usize) {
    let disk = MemoryDisk::default();
    let mut app = memory_app(&disk);
    let entities = spawn_mixed(&mut app, 2_000);
    start(&mut app);
    let journals = |disk: &MemoryDisk| -> Vec<PathBuf> {
        let is_journal = |path: &PathBuf| path.extension().is_some_and(|it| it == "journal");
        disk.paths().into_iter().filter(is_journal).collect()
    };
    let bytes = |disk: &MemoryDisk| -> usize {
        journals(disk).iter().filter_map(|path| Some(disk.content(path)?.len())).sum()
    };
    for round in 0.. {
        play(&mut app, &entities, 20, round);
        request(&mut app, |commands| commands.session().checkpoint("bench"));
        app.update();
        if bytes(&disk) >= MIB {
            break;
        }
    }
    let killed = disk.snapshot();
    drop(app);
    let newest = journals(&killed).pop().expect("there should be a journal");
    let length = bytes(&killed);
    (killed, newest, length)
}

pub fn hostile() {
    let (killed, journal, length) = honest();
    let (honest_time, honest_memory) = look(&killed);
    let figure = |time: Duration, memory: u64| {
        let times = time.as_secs_f64() / honest_time.as_secs_f64();
        format!(
            "{:.1} ms = {times:.1} × honest, {:.1} MiB of memory",
            time.as_secs_f64() * 1e3,
            memory as f64 / 1024.0
        )
    };
    row(
        &format!("a start beside an honest journal of {:.1} MiB", length as f64 / MIB as f64),
        figure(honest_time, honest_memory),
    );
    let header = killed.content(&journal).unwrap_or_default();
    let kinds: [(&str, Box<dyn Fn(&mut Forger, usize)>); 8] = [
        ("headers that announce the rest", Box::new(nested)),
        ("magic everywhere", Box::new(magic)),
        ("records of zeros", Box::new(bombs(RECORD, MIB))),
        ("commits of zeros", Box::new(bombs(COMMIT, 4 * MIB))),
        ("carried frames of zeros", Box::new(bombs(CARRIED, 16 * MIB))),
        ("data of zeros", Box::new(bombs(DATA, 16 * MIB))),
        ("checkpoints of zeros, all damaged", Box::new(damaged_checkpoints)),
        ("empty checkpoints", Box::new(empty_checkpoints)),
    ];
    for (what, forge) in kinds {
        let mut forger = Forger::of(&header);
        forge(&mut forger, length);
        let disk = killed.snapshot();
        let others = disk.paths().into_iter().filter(|it| it.extension() == journal.extension());
        others.for_each(|path| disk.remove_all(&path));
        disk.put(&journal, &forger.bytes);
        let (time, memory) = look(&disk);
        row(&format!("the same with {what} (aim ≤ 5 ×)"), figure(time, memory));
    }
}
