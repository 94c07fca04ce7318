//! The limits that a reader checks before it allocates anything.
//!
//! The limits are part of the format: a writer never exceeds them, so a file that does is damaged
//! or hostile.

/// Raw bytes of an ordinary frame.
pub const FRAME_BYTES: usize = 1 << 20;
/// Raw bytes up to which a frame is filled. The worlds of tests are small, and there most groups are to
/// have several frames.
pub(crate) const FILLED_BYTES: usize = if cfg!(test) { 250 } else { FRAME_BYTES };
/// Raw bytes of a frame that holds one single large value.
pub const LARGE_FRAME_BYTES: usize = 16 << 20;
/// Raw bytes of one commit.
pub const COMMIT_BYTES: usize = 4 << 20;
/// Raw bytes of one record.
pub const RECORD_BYTES: usize = 1 << 20;
/// The largest size of an unpacked frame, as a multiple of its stored bytes.
pub const PACKING: usize = 32;
/// Raw bytes of all frames together that a session's files hold and that must be carried on.
pub const CARRIED_BYTES: u64 = 16 << 20;
/// Bytes of memory that a reader sets aside for what it must know of a session, beside the frame that
/// it is reading.
pub const INDEX_BYTES: u64 = 48 << 20;
/// Encoded bytes of one value. The rest of a frame leaves room for the longest type path.
pub const VALUE_BYTES: usize = LARGE_FRAME_BYTES - 2 * STRING_BYTES;
/// Rows in one block.
pub const BLOCK_ROWS: usize = 1 << 20;
/// Types in one checkpoint.
pub const TYPES: usize = 1 << 14;
/// Bytes of a type path, name, label or any other string that the format itself reads.
pub const STRING_BYTES: usize = 4096;
/// Tags of a session.
pub const TAGS: usize = 32;
/// Bytes of a tag, and of a link's relation.
pub const TAG_BYTES: usize = 64;
/// Links of a session.
pub const LINKS: usize = 16;
/// Bytes of a text that a session is linked with.
pub const LINK_BYTES: usize = 512;
/// Bytes of each text about the program and machine that a session is played with.
pub const CONTEXT_TEXT_BYTES: usize = 512;
/// Bytes of the names of mods that a session's files name.
pub const MODS_BYTES: usize = 16 << 10;
/// Bytes of the arguments that a session's files name.
pub const ARGUMENTS_BYTES: usize = 4 << 10;
/// Bytes of a segment's header.
pub const HEADER_BYTES: usize = 1 << 16;
/// Bytes of zeros that a file may be which a power cut left. A longer one is damaged.
pub const ZEROED_BYTES: u64 = 16 << 20;
/// Checkpoints before it that one in an archive names.
pub const ORIGIN_ANCESTORS: usize = 16;
/// Raw bytes of one checkpoint.
pub const CHECKPOINT_BYTES: u64 = 1 << 30;
/// Bytes of one attachment.
pub const ATTACHMENT_BYTES: usize = 1 << 20;
/// Letters of an attachment's name.
pub const ATTACHMENT_NAME_BYTES: usize = 40;
/// Bytes of one event.
pub const EVENT_BYTES: usize = 1 << 20;
/// Events in one frame.
pub const EVENTS_IN_FRAME: usize = 1 << 16;
/// Raw bytes of one frame of events.
pub const EVENT_FRAME_BYTES: usize = 2 << 20;
/// Bytes of events that are handed out at once, about.
pub const EVENTS_AT_ONCE: usize = 64 << 20;
/// Runs before its own that a run's file of events names: the last of them knows of more.
pub const EVENT_STRETCHES: usize = 64;
/// Runs that a file of events names at the most. One that was gathered names those between its own as well.
pub const MOST_STRETCHES: usize = GATHERED_RUNS + EVENT_STRETCHES;
/// Runs whose events are gathered in one file.
pub const GATHERED_RUNS: usize = 192;
/// Nesting of one value.
pub const VALUE_DEPTH: usize = 128;
/// Bytes of one segment file.
pub const SEGMENT_BYTES: u64 = 4 << 30;
/// Numbers of checkpoints. Higher ones are read, and no run counts on from them: only forged files have them.
pub const COUNTERS: u64 = 1 << 62;
