//! Slots: named saves, each a copy of a checkpoint that is complete in itself and outlives its
//! session.
//!
//! They are written and loaded through [`slots()`](crate::SessionCommands::slots), which returns
//! [`SlotCommands`]. [`SaveSlot`](crate::SaveSlot) describes one, and
//! [`SlotSaved`](crate::SlotSaved) reports that it is durable.

pub use bevy_session_journal::{SlotEntry, SlotError, SlotId, SlotKind, UnreadableSlot};

pub use crate::lifecycle::{
    SlotCommands, SlotCopied, SlotDeleted, SlotFailed, SlotImported, SlotRenamed, SlotRequest,
};
