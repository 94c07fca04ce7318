//! Placed entities, which a level spawns and which are found by their [`SaveKey`](crate::SaveKey).

pub use crate::lifecycle::{DuplicateSaveKey, PlacedCommands, PlacedRestored};
