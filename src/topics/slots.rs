//! Slots: saves with a name, each a copy of a checkpoint that is complete in itself and outlives its session.
//!
//! Written and loaded through [`slots()`](crate::SessionCommands::slots), whose methods [`SlotCommands`] has.
//! [`SaveSlot`](crate::SaveSlot) names one, and [`SlotSaved`](crate::SlotSaved) says that it is durable.

pub use bevy_session_journal::{SlotEntry, SlotError, SlotId, SlotKind, UnreadableSlot};

pub use crate::lifecycle::{
    SlotCommands, SlotCopied, SlotDeleted, SlotFailed, SlotImported, SlotRenamed, SlotRequest,
};
