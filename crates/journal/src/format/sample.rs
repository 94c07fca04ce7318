//! Small journals for tests.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Block, CheckpointKind, Commit, FileKind, GroupEntry, ReadAt, ReadError, Segment,
    SegmentEncoder, SegmentHeader, SlotHeader, TypeList, TypeSummary, Values,
};
use crate::model::ids::{CheckpointId, RunId, SaveId, SessionId, SlotId};
use crate::model::session::{CheckpointSummary, NewSession, SlotKind};

/// The one session that all samples belong to.
pub fn session() -> SessionId {
    SessionId::from(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001))
}

/// The identity of a checkpoint, from plain numbers.
pub fn at(run: u64, counter: u64) -> CheckpointId {
    CheckpointId { run: RunId(run), counter }
}

/// The header of a segment that begins with a snapshot.
pub fn header(run: u64, segment: u32) -> SegmentHeader {
    SegmentHeader {
        required_features: 0,
        optional_features: 0,
        session: session(),
        run: RunId(run),
        ancestors: Vec::new(),
        supersedes: Vec::new(),
        host: 77,
        boot: "boot".to_owned(),
        segment,
        nonce: run.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(segment) ^ 1,
        predecessor: None,
        base: None,
        game_version: "1.0".to_owned(),
        schema: 5,
        created: Timestamp::UNIX_EPOCH,
        metadata: NewSession::named("Sample").begin(session(), Timestamp::UNIX_EPOCH),
        kind: FileKind::Segment,
        begun: None,
    }
}

/// The header of a slot that a player saved by hand.
pub fn slot(id: SlotId, name: &str) -> SlotHeader {
    SlotHeader {
        id,
        revision: 0,
        name: name.to_owned(),
        kind: SlotKind::Manual,
        game: String::new(),
        counter: 1,
        time: Timestamp::UNIX_EPOCH,
        play_time: Duration::ZERO,
        entities: 0,
        summary: CheckpointSummary::default(),
        attachments: Vec::new(),
        protected: false,
    }
}

/// The commit of an automatic checkpoint.
pub fn commit(counter: u64, base: Option<u64>) -> Commit {
    Commit {
        counter,
        base,
        kind: CheckpointKind::Auto,
        label: None,
        time: Timestamp::UNIX_EPOCH,
        play_time: Duration::from_secs(counter),
        entities: 3,
        types: [TypeSummary { path: "game::Health".to_owned(), version: 0, rows: 3 }]
            .into_iter()
            .collect(),
        carried: TypeList::default(),
        incomplete: Vec::new(),
        next_save_id: SaveId(100),
        summary: None,
        events_through: 0,
        origin: None,
        without_world: false,
        after_failure: false,
        tape: None,
    }
}

/// A block of values.
pub fn values(path: &str, rows: &[(u64, &[u8])]) -> Block {
    let mut values = Values::default();
    rows.iter().for_each(|(id, value)| values.push(SaveId(*id), value));
    Block::values(Arc::from(path), 0, values)
}

/// A block of removals.
pub fn removed(path: &str, ids: &[u64]) -> Block {
    Block::removed(Arc::from(path), ids.iter().copied().map(SaveId).collect())
}

/// The bytes of a segment that is being written.
pub struct SegmentBytes {
    /// The bytes that were written so far.
    pub bytes: Vec<u8>,
    /// The encoder that writes them.
    pub encoder: SegmentEncoder,
}

impl SegmentBytes {
    /// A segment without a frame.
    pub fn new(header: &SegmentHeader) -> Self {
        let (encoder, bytes) = SegmentEncoder::new(header).unwrap();
        Self { bytes, encoder }
    }

    /// Appends a group.
    pub fn group(&mut self, blocks: Vec<Block>, commit: &Commit) -> &mut Self {
        let bytes = &mut self.bytes;
        let mut sink = |frame: &[u8]| {
            bytes.extend_from_slice(frame);
            Ok(())
        };
        self.encoder.encode_group(blocks, commit, &mut sink).unwrap();
        self
    }

    /// Appends a record.
    pub fn record(&mut self, record: &super::Record) -> &mut Self {
        self.bytes.extend(self.encoder.encode_record(record).unwrap());
        self
    }

    /// The segment as a reader sees it.
    pub fn segment(&self) -> Segment {
        open(self.bytes.clone())
    }
}

/// Opens a segment whose header is good.
pub fn open(bytes: Vec<u8>) -> Segment {
    Segment::open(Path::new("sample.journal"), Arc::new(bytes)).unwrap()
}

/// All blocks of a group, if all of them are good.
pub fn blocks(segment: &Segment, group: &GroupEntry) -> Result<Vec<Block>, ReadError> {
    segment.blocks(group).collect()
}

/// Bytes that don't get smaller by packing.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(step).take(len).collect()
}

/// Bytes in memory, with a count of those that were read.
pub struct Counted {
    /// The bytes.
    pub bytes: Vec<u8>,
    read: AtomicU64,
}

impl Counted {
    /// Bytes of which nothing was read.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, read: AtomicU64::new(0) }
    }

    /// The number of bytes that were read.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

impl ReadAt for Counted {
    fn len(&self) -> io::Result<u64> {
        ReadAt::len(&self.bytes)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.bytes.read_exact_at(offset, buffer)
    }
}
