//! Entities that a level places, found again by their [`SaveKey`](crate::SaveKey).

pub use crate::lifecycle::{DuplicateSaveKey, PlacedCommands, PlacedRestored};
