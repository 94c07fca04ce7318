//! Saved types over time: what a type must implement, and how values of earlier builds are read.
//!
//! A type's own steps are [`Migrations`]; a [`CheckpointEdit`] changes a whole checkpoint before it is restored.

pub use crate::capture::{
    CheckpointEdit, CheckpointEditError, Migrations, Saveable, SaveableState,
};
