//! The header of a segment: who wrote it, and where it belongs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Begun, FileKind};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::SessionMetadata;

/// First bytes of every segment and slot.
pub const MAGIC: [u8; 8] = *b"bvysess\x1a";
/// A file of another major version is refused.
pub const FORMAT_MAJOR: u16 = 1;
/// A file of a newer minor version is read, as long as its required features are known.
pub const FORMAT_MINOR: u16 = 3;
/// The optional feature of a run that records events of the game's own: who doesn't know it would hand
/// them out twice, or never.
pub const FEATURE_EVENTS: u64 = 1;
/// The optional feature of a session without a world, since it was archived so or is a draft: a build that doesn't know
/// it would resume the session with an empty one.
pub const FEATURE_WITHOUT_WORLD: u64 = 2;

/// The header of a segment, which comes before its first frame.
///
/// Stored as MessagePack with field names behind a fixed prelude, so fields can be added.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SegmentHeader {
    /// Feature bits that a reader must know to read this file.
    #[serde(default)]
    pub required_features: u64,
    /// Feature bits that a writer must know to take this session up.
    #[serde(default)]
    pub optional_features: u64,
    /// The session that the segment belongs to.
    pub session: SessionId,
    /// The run that wrote it.
    pub run: RunId,
    /// The checkpoint that the run set out from, then the one that its run had set out from, and so
    /// on, as far as they were still there. Empty for a session's first run.
    ///
    /// Each run names them all, since retention may remove the runs in between: the nearest ones
    /// here, the others in [`Record::Lineage`](super::Record::Lineage).
    #[serde(default)]
    pub ancestors: Vec<CheckpointId>,
    /// The newest checkpoints of the runs that this one takes the place of: the head that it resumed, and the runs that
    /// that had taken the place of and that were still there and aren't on this run's line. Like the ancestors, they
    /// continue in records.
    #[serde(default)]
    pub supersedes: Vec<CheckpointId>,
    /// The reason of the run's begin, and the checkpoint that it left. `None` of a session's first run, and of one that
    /// an older release wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Begun>,
    /// The machine that wrote it.
    pub host: u64,
    /// The boot of that machine.
    #[serde(default)]
    pub boot: String,
    /// The segment's number within its run, from 0.
    pub segment: u32,
    /// Random; every checksum of the file is mixed with it.
    pub nonce: u64,
    /// The segment of the same run before this one, as it was left.
    #[serde(default)]
    pub predecessor: Option<Predecessor>,
    /// `None` if the segment begins with a snapshot; else the checkpoint that it continues from.
    #[serde(default)]
    pub base: Option<u64>,
    /// Version of the game that wrote it.
    #[serde(default)]
    pub game_version: String,
    /// Fingerprint of the types that the game saved.
    #[serde(default)]
    pub schema: u64,
    /// The time at which the segment was begun, by the machine's clock.
    pub created: Timestamp,
    /// The session's metadata at that moment.
    pub metadata: SessionMetadata,
    /// The kind of the file.
    #[serde(flatten)]
    pub kind: FileKind,
}

impl SegmentHeader {
    /// Returns true if the run is a copy of its first ancestor, made for a player's other devices.
    pub fn is_copied(&self) -> bool {
        self.begun.as_ref().is_some_and(|begun| begun.copied)
    }

    /// Returns true if copies of the session went from one device to another.
    pub fn is_shared(&self) -> bool {
        self.begun.as_ref().is_some_and(|begun| begun.copied || begun.shared)
    }
}

/// The end of the segment before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Predecessor {
    /// Its length in bytes as far as it was acknowledged.
    pub length: u64,
    /// The sequence number of its last acknowledged frame.
    pub sequence: u64,
}
