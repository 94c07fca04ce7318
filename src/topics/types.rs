//! Changes of saved types over time: the bounds of a saved type, and reading values of earlier
//! builds.
//!
//! A type's own steps are [`Migrations`]; a [`CheckpointEdit`] changes a whole checkpoint before it
//! is restored.

pub use crate::capture::{
    CheckpointEdit, CheckpointEditError, Migrations, Saveable, SaveableState,
};
