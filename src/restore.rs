//! A checkpoint on its way back into the world.
//!
//! [`WorldImage::decode`] does what can be done without a world, on any thread. Its other methods
//! are the steps of a restore that need one, in the order in which they are called.

mod checkpoint_migrations;
mod current_form;
mod dangling;
mod decoder;
mod despawn;
mod extra;
mod hooks;
mod image;
mod late_markers;
mod leftovers;
mod lists;
mod loss;
mod order;
mod others;
mod overwritten;
mod placed;
mod reappearance;
mod replace;
mod replacement;
mod report;
mod rows_by_entity;
mod side_by_side;
mod stamp;
mod state_override;
mod sweep;
mod unsaved;
mod unusable;

pub use loss::{RestoreLoss, RestoreLossReason};
pub use report::{DanglingReference, ExtraEntities, NewComponents, RestoreReport};
pub use sweep::DespawnOnRestore;

pub(crate) use despawn::despawn_all;
pub(crate) use image::WorldImage;
pub(crate) use leftovers::{ClearedMessages, Leftovers};
pub(crate) use reappearance::{NotPutBack, Reappearance};
pub(crate) use replace::{EntitiesReplaced, WorldKept};
pub(crate) use state_override::StateOverride;

#[cfg(test)]
mod tests;
