//! Restoring a checkpoint into the world.
//!
//! [`WorldImage::decode`] does everything that needs no world, on any thread. Its other methods are
//! the steps of a restore that need one, in the order in which they are called.

mod checkpoint_migrations;
mod comparing;
mod current_form;
mod dangling;
mod decoder;
mod despawn;
mod difference;
mod doomed;
mod extra;
mod hooks;
mod image;
mod in_place;
mod incomplete;
mod late_markers;
mod leftovers;
mod lists;
mod living;
mod loss;
mod manner;
mod one_to_one;
mod order;
mod others;
mod overwriting;
mod overwritten;
mod placed;
mod ragged;
mod reappearance;
mod replace;
mod replacement;
mod report;
mod rows_by_entity;
mod side_by_side;
mod stamp;
mod stand_ins;
mod state_override;
mod staying;
mod sweep;
mod unsaved;
mod unusable;
mod who_stays;

pub use loss::{RestoreLoss, RestoreLossReason};
pub use manner::RestoreManner;
pub use report::{
    DanglingReference, ExtraEntities, NewComponents, PlacedReport, RespawnedEntity, RestoreReport,
    WorldClearing,
};
pub use sweep::DespawnOnRestore;

pub(crate) use despawn::despawn_all;
pub(crate) use image::WorldImage;
pub(crate) use leftovers::{ClearedMessages, Leftovers};
pub(crate) use manner::DroppedTypes;
pub(crate) use reappearance::{NotPutBack, Reappearance};
pub(crate) use replace::{ChangedEntity, EntitiesReplaced, WorldKept};
pub(crate) use state_override::{HeldState, StateOverride};

#[cfg(test)]
mod tests;
