//! The identities of sessions, runs, chapters, checkpoints, entities, slots and requests, and the size limits of a
//! file's parts.

mod chapter_id;
mod checkpoint_id;
mod identity;
pub mod limits;
mod random;
mod run_id;
mod save_id;
mod session_id;
mod slot_id;
mod ticket;

pub use chapter_id::ChapterId;
pub use checkpoint_id::CheckpointId;
pub(crate) use random::random_u64;
pub use run_id::RunId;
pub use save_id::SaveId;
pub use session_id::SessionId;
pub use slot_id::SlotId;
pub use ticket::Ticket;
