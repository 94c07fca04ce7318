//! The journal: what a session looks like as bytes, and how those bytes are written, read, merged
//! and planned with.
//!
//! Nothing here knows of files, threads or an ECS. A segment is written by `SegmentEncoder` as plain bytes, read by
//! `Segment` from any `ReadAt`, and `SessionIndex` decides from all segments of a session which checkpoints there are
//! and what has to be read to restore one. `docs/FORMAT.md` describes every byte.

mod attachment;
mod begun;
mod block;
mod block_codec;
mod commit;
mod encode_error;
mod event;
mod event_codec;
mod file_kind;
mod frame;
mod good_frames;
mod group_encoder;
mod group_payloads;
mod header;
mod header_codec;
mod header_room;
mod index;
mod interleave;
mod lineage;
mod merge;
mod order;
mod packed_group;
mod payload;
mod read_at;
mod read_error;
mod scan;
mod segment_reader;
mod segment_writer;
mod slot;
mod type_list;
mod wire;

#[cfg(test)]
pub(crate) mod sample;

// The parts of the journal's own types, for their users.
pub use crate::model::ids::{ChapterId, CheckpointId, RunId, SaveId, SessionId, SlotId, limits};
pub use crate::model::session::{SlotKind, WrittenBy};
pub use block_codec::BlockError;
pub use commit::CheckpointKind;
pub use encode_error::EncodeError;
pub use event::{
    EventBatch, EventColumn, EventFileHeader, EventMoment, EventPrivacy, EventSource, EventStretch,
    EventType, EventValueError, HeldEvents, RecordedEvent,
};
pub use event_codec::EventError;
pub(crate) use event_codec::{EncodedBatch, EventFrame, EventPayload, encode as encode_events};
pub(crate) use file_kind::FileKind;
pub use frame::FrameError;
#[cfg(test)]
pub(crate) use frame::work;
#[cfg(test)]
pub(crate) use frame::{FRAME_HEADER_BYTES, FrameOpener};
pub use header_codec::SegmentError;
pub use index::Validity;
pub use read_error::{Damage, ReadError};

pub(crate) use attachment::{decode_attachment, encode_attachment};
pub use begun::Begun;
pub use block::{Block, ENTITIES, Rows, Values};
pub(crate) use commit::Origin;
pub use commit::{Commit, Record, TapePosition};
pub(crate) use frame::{FrameHeader, FrameKind};
pub(crate) use group_encoder::GroupEncoder;
pub(crate) use header::{
    FEATURE_EVENTS, FEATURE_WITHOUT_WORLD, FORMAT_MAJOR, FORMAT_MINOR, MAGIC, Predecessor,
    SegmentHeader,
};
pub use index::FileProblem;
pub use index::Plan;
pub use index::is_collapse;
#[cfg(test)]
pub(crate) use index::steps_of;
pub use index::{CheckpointInfo, FileProblemKind, Head, SessionIndex};
pub(crate) use index::{
    GroupRef, LineWalk, Lines, MOST_LINES, SegmentSummary, good_end, missing_ends,
};
pub use interleave::Interleave;
pub use lineage::Lineage;
pub(crate) use lineage::{KnownLineage, nearest};
pub use merge::merge;
pub(crate) use merge::{Merge, rounds};
pub(crate) use packed_group::{GroupPacker, PackedGroup};
pub(crate) use payload::Packer;
pub(crate) use read_at::ReadAhead;
pub use read_at::{Hold, ReadAt};
pub use scan::DamagedRange;
pub(crate) use scan::{FrameEntry, GroupEntry, Scan, ScanBudget, too_large};
pub(crate) use segment_reader::{Blocks, Segment};
pub(crate) use segment_writer::SegmentEncoder;
pub(crate) use slot::SlotHeader;
pub use type_list::{TypeList, TypeRows, TypeSummary};
